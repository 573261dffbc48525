r"""# Segments: where the words of Chinese and Japanese are

A search engine looks for words, and takes a space for the end of one. Chinese and
Japanese have none. Unicode's rules and dictionaries part them: `Intl.Segmenter`, in
Node when the site is built, and in the reader's browser when something is looked for
(`assets/search.js`). Both have the same rules, so what is parted in one way here is
looked for in the same way there. Between two words goes U+200B, which has no width.
"""

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

from litweave import node

# Runs of Chinese characters and of kana.
_RUN = re.compile("[\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]{2,}")
_PROGRAM = """
const { language, runs } = JSON.parse(require("fs").readFileSync(0, "utf-8"));
const segmenter = new Intl.Segmenter(language, { granularity: "word" });
const cut = (run) => Array.from(segmenter.segment(run), ({ segment }) => segment);
process.stdout.write(JSON.stringify(runs.map((run) => cut(run).join("\\u200b"))));
"""
# Languages whose words have no stemmer, and the search for them: a word ends where one
# does in English, and at the punctuation of both.
_ENDS = r"\s\u200b\u3000\-,:;!?=(){}\[\]<>\"'/"
_ENDS += "、。，．：；？！（）「」『』“”‘’《》〈〉【】…·・／"
LANGUAGES = {"zh", "ja", "si"}
SEARCH = {
    "lang": ["en"],
    "pipeline": [],
    "separator": rf"[{_ENDS}]+|\.(?!\d)|&[a-z]+;",
}


def cut(entries: Sequence[dict[str, Any]], language: str) -> None:
    """Part the words in the entries of a search index, where a script has no spaces.

    **Raises.** `NodeError` if there is no Node to do it.
    """
    texts = [text for entry in entries for text in _texts(entry)]
    runs = sorted({run for text in texts for run in _RUN.findall(text)})
    if not runs:
        return
    result = subprocess.run(
        [str(node.program()), "-e", _PROGRAM],
        input=json.dumps({"language": language, "runs": runs}),
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    if result.returncode:
        raise node.NodeError(f"words for the search in {language}: {result.stderr}")
    words = dict(zip(runs, json.loads(result.stdout), strict=True))
    for entry in entries:
        for key in ("title", "text"):
            entry[key] = _RUN.sub(lambda m: words[m[0]], entry[key])
        if "tags" in entry:
            tags = entry["tags"]
            entry["tags"] = [_RUN.sub(lambda m: words[m[0]], tag) for tag in tags]


def _texts(entry: dict[str, Any]) -> Iterator[str]:
    yield entry["title"]
    yield entry["text"]
    yield from entry.get("tags", ())
