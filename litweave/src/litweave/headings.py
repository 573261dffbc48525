"""Anchors of headings: qualified names for definitions, and else their own words.

A name travels as a mark: in `{ #Name.__init__ }` Markdown takes `__` for bold type.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import chain, count, islice
from xml.etree.ElementTree import Element

from markdown.extensions.toc import TocTreeprocessor, slugify, unique

from litweave.marks import ANCHOR, SLUG, pattern, said
from litweave.parse import Module

_ANCHOR, _SLUG = re.compile(pattern(ANCHOR)), re.compile(pattern(SLUG))
HEADING = re.compile("h[1-6]")
# A word begins with a letter or a digit. In scripts up to U+1FFF marks go on in it, and
# joiners, which Python takes for no part of a word.
_WORD = r"[^\W_](?:[^\W_]|[\u0300-\u1fff\u200c\u200d])*"


def is_notation(text: str) -> bool:
    """Whether a text begins with the heading above a list of symbols."""
    return bool(re.match(r"#{1,6} +Notation *#*$", text, re.MULTILINE))


def set_anchors(root: Element) -> None:
    """Let each heading with the mark of an anchor have it."""
    taken = set[str]()
    for heading in root.iter():
        for part in heading.iter() if HEADING.fullmatch(str(heading.tag)) else ():
            for attribute in ("text", "tail"):
                text = getattr(part, attribute) or ""
                if match := _ANCHOR.search(text):
                    name = said(match[0])
                    while name in taken:
                        name += "~2"
                    taken.add(name)
                    heading.set("id", name)
                    setattr(part, attribute, _ANCHOR.sub("", text).rstrip())


def set_slugs(toc: TocTreeprocessor, root: Element) -> None:
    """Let each translated heading have the anchor that its English words make."""
    taken = {element.get("id", "") for element in root.iter()}
    for heading in root.iter():
        words = _SLUG.match(heading.text or "")
        if words and HEADING.fullmatch(str(heading.tag)) and heading.get("id") is None:
            heading.set("id", unique(toc.slugify(said(words[0]), toc.sep), taken))


# ## Words


@lru_cache(maxsize=8192)
def slug(words: str, separator: str = "-") -> str:
    """An anchor made of words.

    What has letters of ASCII is written with them, as Markdown does. In any other
    script, letters keep the marks and joiners that belong to them.
    """
    shown = unicodedata.normalize("NFKC", words).lower()
    bare = unicodedata.normalize("NFKD", shown)
    if not any(c.isalnum() and not c.isascii() for c in bare):
        return slugify(words, separator)
    kept = "".join(re.findall(rf"{_WORD}|[-_\s]+", shown))
    return re.sub(rf"[\s{separator}]+", separator, kept.strip())


# ## Rows
# No address is a running number, so one that somebody wrote down stays right when rows
# come and go around it.


@lru_cache(maxsize=1024)
def anchors(module: Module) -> tuple[str, ...]:
    """The address of each row, no two alike."""
    found = dict[str, None]()
    for row in module.rows:
        if row.definition:
            names = [row.definition.name]
        else:
            # What it says first, all that it says, and its code.
            said = _words(" ".join(prose.text for prose in row.prose))
            whole = [*said, *_words(module.code(row))] or ["row"]
            texts = [said[:6], said, whole] if said else [whole]
            names = [f"{row.scope}:{'-'.join(words)}" for words in texts]
        # Rows alike to the letter, a name defined twice: only their order tells them.
        numbered = (f"{names[0]}~{number}" for number in count(2))
        found[next(n for n in chain(names, numbered) if n not in found)] = None
    return tuple(found)


def _words(text: str) -> list[str]:
    # What is set as mathematics has no words to give.
    text = re.sub(r"\$\$.*?\$\$|\$.*?\$", " ", text, flags=re.DOTALL)
    return [slug(match[0]) for match in islice(re.finditer(_WORD, text), 40)]
