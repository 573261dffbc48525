"""What tests of sites in other languages share."""

import re
from pathlib import Path

import polib
import pytest
from bs4 import BeautifulSoup, Tag

from litweave.diagnostics import Place
from litweave.features.languages.catalogs import Catalogs
from litweave.features.languages.trees import script_messages
from support import build_here, cache_of, write_files


def write_site(folder: Path, files: dict[str, str]) -> None:
    """Write the sources of a site, and link what was installed into its cache."""
    cache_of(write_files(folder, files))


def say(folder: Path, name: str, said: dict[str, str], reader: str = "") -> None:
    """Put translations into a catalog, as a translator does."""
    path = folder / f"locale/zh/{name}.po"
    file = polib.pofile(str(path), wrapwidth=0)
    for entry in file:
        entry.msgstr = said.get(entry.msgid, entry.msgstr)
    file.metadata.update({"X-Read-By": reader} if reader else {})
    file.save(str(path))


def marked_site(
    folder: Path, files: dict[str, str], *instead: tuple[object, str, object]
) -> Path:
    """A site whose catalogs translate whatever they are asked for: into itself, in ⟦⟧.

    `instead` tells what has another value while it is built.
    """

    def best(self: Catalogs, message: str, domain: str) -> tuple[polib.POEntry, Place]:
        entry = polib.POEntry(msgid=message, msgstr=f"⟦{message}⟧")
        return entry, Place(str(self.path(domain)), 1)

    write_site(folder, files)
    with pytest.MonkeyPatch.context() as patch:
        for place, name, value in ((Catalogs, "best", best), *instead):
            patch.setattr(place, name, value)
        # It has no catalogs, of which it warns.
        result = build_here(folder, "--no-strict")
    assert result.returncode == 0, result.stderr
    return folder / "site"


# What is English in every language, or what a page quotes.
_ENGLISH = (
    "code, pre, script, style, cite, svg, annotation, kbd, math, [lang=en], .katex, "
    ".weave-file"
)
_ATTRIBUTES = ["aria-label", "title", "alt", "placeholder", "content"]
_NOT_SEEN = re.compile("viewport|generator|twitter:.*|og:(type|url|image|locale(:.*)?)")
_SAID = re.compile("⟦[^⟦⟧]*⟧")


def english(page: Path) -> set[str]:
    """The English words that a reader sees or hears: translations stand in ⟦⟧."""
    html = page.read_text("utf-8")
    assert not re.search("[\ue000-\uf8ff]", html), "what is to be said is said"
    soup = BeautifulSoup(html, "html.parser")
    for tag in soup.select(_ENGLISH):
        tag.decompose()
    texts = [soup.get_text(" ")]
    for tag in soup.find_all(True):
        assert isinstance(tag, Tag)
        name = str(tag.get("property") or tag.get("name") or "")
        if tag.name != "meta" or not _NOT_SEEN.fullmatch(name):
            texts += [str(tag[a]) for a in _ATTRIBUTES if tag.has_attr(a)]
        runs = BeautifulSoup(str(tag.get("data-runs", "")), "html.parser")
        texts += [str(text) for text in runs.find_all(string=True)]
    text = "\n".join(texts)
    while _SAID.search(text):  # one may stand in another
        text = _SAID.sub(" ", text)
    return set(re.findall(r"[A-Za-z]{2,}", text))


# ## Scripts

_COMMENT = re.compile(r"/\*.*?\*/|^\s*//[^\n]*$|\s// [^\n]*$", re.DOTALL | re.MULTILINE)
_CALL = re.compile(r'\bt\(\s*"(?:[^"\\\n]|\\.)+"')
_LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`')
# A word that begins with a capital, or two that do not.
_WORDS = re.compile(r"\b[A-Z][a-z]+\b|\b[a-z]{2,} +[a-z]{2,}\b")
_NO_LITERAL = re.compile(r"(?<![\w.$])t\((?!\s*[,)}])(?!\().{,40}")
# Where a page shows what it is given.
_SHOWN = re.compile(
    r"""(?: (?:textContent|innerText|ariaLabel|title|alt|placeholder)\b \s* [=:]
    | "(?:aria-(?:label|description|valuetext)|title|alt)" [,:] )
    \s* ["`] (?! \$\{ [^}]* \} ` ) [^"`]*[a-z]""",
    re.VERBOSE,
)
# Names that programs have for something: keys, headers, errors, selectors, Python.
_NAMES = re.compile(
    r"""(?: Arrow(?:Left|Right) | Escape | Home | End | (?:Shift|Mod)-Enter
    | Content-(?:Type|Length) | \w+(?:Error|Interrupt) | weave-code\ code | make\ live
    | \.weave.* | (?:def\ _|from\ labml_style_nn).* | weightDecay
    | uponSanitizeAttribute )""",
    re.VERBOSE | re.DOTALL,
)


def unsaid(script: Path) -> list[str]:
    """What a script shows in English alone, or would ask for and nobody would find."""
    text, is_own = script.read_text("utf-8"), script.name == "words.js"
    code = _CALL.sub("t(", _COMMENT.sub("", text))
    literals = (a or re.sub(r"\$\{[^}]*\}", "", b) for a, b in _LITERAL.findall(code))
    found = [text for text in literals if _WORDS.search(text)]
    found = [text for text in found if not _NAMES.fullmatch(text)] + _SHOWN.findall(
        code
    )
    messages = script_messages(text)
    found += [message for message in messages if re.search(r"\$\{|\bs\}", message)]
    if not is_own:
        found += _NO_LITERAL.findall(code)
        found += _CALL.findall(text)[len(messages) :]
    return found
