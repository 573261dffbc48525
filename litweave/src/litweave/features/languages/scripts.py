"""Scripts: what those of a page say, which the page brings with it in its language."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from posixpath import dirname

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

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
    # No text can end the element.
    text = json.dumps(said, ensure_ascii=False).replace("<", "\\u003c")
    element = f'<script type="application/json" id="weave-words">{text}</script>'
    return html.replace("</head>", f"{element}\n</head>", 1)
