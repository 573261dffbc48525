"""Scripts: what those of a page need in its language.

Some say words of their own, which the page brings with it. That of the search has to
know where the words of Chinese and Japanese end: in the index of a tree, U+200B, which
has no width, stands between them.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from posixpath import dirname

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

from litweave import node
from litweave.overlay import island

# ## What they say

# What a script of ours has that says something, and where it does.
_IMPORT = "/words.js"
_CALL = re.compile(r'\bt\(\s*"((?:[^"\\\n]|\\.)+)"')


def script_messages(script: str, name: str) -> list[str]:
    """What a script says with `t("…")`, if it brings in `words.js`.

    **Raises.** `PluginError` if a string is none of JSON's, with the script's name.
    """
    found = _CALL.findall(script) if _IMPORT in script else []
    try:
        return [str(json.loads(f'"{text}"')) for text in found]
    except ValueError:
        message = f"{name}: write each t(“…”) as JSON has it: {found}"
        raise PluginError(message) from None


def words(
    files: Iterable[File], word: Callable[[str], str]
) -> dict[str, dict[str, str]]:
    """What the scripts in each folder say, and how a language says it."""
    found = dict[str, dict[str, str]]()
    for file in files:
        if file.src_uri.endswith(".js"):
            script = file.content_bytes.decode("utf-8", "replace")
            messages = script_messages(script, file.src_uri)
            said = found.setdefault(f"{dirname(file.url)}/", {})
            said.update({message: word(message) for message in messages})
    return found


def with_words(html: str, known: Mapping[str, Mapping[str, str]]) -> str:
    """A page with the words of those scripts that it asks for."""
    folders = [folder for folder in known if re.search(rf'src="[./]*{folder}\w', html)]
    said = {k: v for folder in folders for k, v in known[folder].items() if k != v}
    return html.replace("</head>", f"{island('weave-words', said)}\n</head>", 1)


# ## The search

INDEX = "search/search_index.json"
# Runs of Chinese characters and of kana.
_RUN = re.compile("[\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]{2,}")
# The reader's browser parts by the same rules (`assets/search.js`).
_PROGRAM = """
const { language, runs } = JSON.parse(require("fs").readFileSync(0, "utf-8"));
const segmenter = new Intl.Segmenter(language, { granularity: "word" });
const cut = (run) => Array.from(segmenter.segment(run), ({ segment }) => segment);
process.stdout.write(JSON.stringify(runs.map((run) => cut(run).join("\\u200b"))));
"""
# Languages whose words have no stemmer, and the search for them: a word ends where one
# does in English, and at the punctuation of both.
_PARTED = {"zh", "ja", "si"}
_ENDS = r"\s\u200b\u3000\-,:;!?=(){}\[\]<>\"'/"
_ENDS += "、。，．：；？！（）「」『』“”‘’《》〈〉【】…·・／"
SEARCH = {"lang": ["en"], "pipeline": [], "separator": rf"[{_ENDS}]+|\.(?!\d)|&[a-z]+;"}


def is_parted(language: str) -> bool:
    """Whether the search in a language knows its words by these rules."""
    return language.partition("-")[0] in _PARTED


def part_words(index: Path, language: str) -> None:
    """Part the words in an index of the search, and write letters as they are.

    MkDocs writes six characters for each: a sixth more to load, compressed.

    **Raises.** `PluginError` if there is no Node to do it.
    """
    if not index.is_file():
        return
    known = json.loads(index.read_text("utf-8"))
    runs = sorted(set(_RUN.findall(json.dumps(known["docs"], ensure_ascii=False))))
    try:  # by the rules of Unicode
        asked = {"language": language, "runs": runs}
        parts = node.run(_PROGRAM, asked) if runs else []
    except node.NodeError as error:
        raise PluginError(f"words for the search in {language}: {error}") from error
    words = dict(zip(runs, parts, strict=True))

    def parted(text: str) -> str:
        return _RUN.sub(lambda match: words[match[0]], text)

    for entry in known["docs"]:
        for key in {"title", "text", "tags"} & entry.keys():
            said = entry[key]
            entry[key] = parted(said) if isinstance(said, str) else [*map(parted, said)]
    text = json.dumps(known, ensure_ascii=False, separators=(",", ":"))
    index.write_text(text, "utf-8")
