r"""Libraries: where their names are documented, and what there is to tell of them.

    python -I libraries.py < names.json > answers.json

The place follows from the rules in `libraries.toml`. Whether there is such a name, only
its library can tell; so this program, which needs nothing but Python, imports it,
isolated (`-I`), so that no file of an author can pass for a library.
"""

import importlib
import inspect
import io
import json
import os
import re
import sys
import tomllib
from ast import literal_eval
from contextlib import redirect_stdout, suppress
from pathlib import Path
from textwrap import shorten
from types import ModuleType
from typing import Any, NamedTuple

LONGEST_SIGNATURE = 100
LONGEST_SUMMARY = 161
_PARAGRAPH = re.compile(r"\n\s*\n|\n[=~^*+#-]{3,}(?:\n|\Z)")
_STOP = re.compile(r"(?<=[.!?]) +(?=[A-Z:`])")
# What begins with one of these is no sentence; in bold type, it is about a part.
_NO_PROSE = ("---", "$$", "```", "~~~", "|", "- ", "* ", "**", "[!")
_CALL = re.compile(r"\A[\w.]+(\((?:[^()]|\([^()]*\))*\)(?: *-> *[^\n]+)?)(?: - )?")
_LINK = re.compile(r"!?\[([^\[\]]+)\](?:\[[^\[\]]*\]|\([^()]*\))")
# A role of reStructuredText, and what it is about: a name, or words before its target.
_ROLE = re.compile(
    r"(?<![\w:]):(?:\w+:){1,2}`(?:~(?:\w+\.)*)?([^`<]+?)(?:\s*<[^`>]*>)?`"
)
_FORMULA = re.compile(r"\$\$?([^$]+)\$\$?")
_EMPHASIS = re.compile(r"(?<![\w.])(\*{1,3}|_{1,3})(?=\w)(.+?)(?<=\S)\1(?!\w)")


class Answer(NamedTuple):
    """Where a name is documented, how it is called, what it is for, what it is."""

    href: str
    called: str
    summary: str
    is_class: bool


def answer(name: str) -> Answer | None:
    """What there is to tell of a name, if a rule covers it."""
    found, page = _find(name)[1], _page(name)
    if page is None:
        return None
    kind, shown = _kind(found), name
    if kind == "data" and page.endswith(f"#{_type(found)}"):
        shown = _type(found)
    elif kind in ("class", "function"):
        shown = _signature(name, found)
    said = "" if kind == "data" else summary(_CALL.sub("", _doc(found)))
    base = LIBRARIES[name.partition(".")[0]]["base"]
    return Answer(base + page, shown, said, kind == "class")


def _read() -> dict[str, dict[str, Any]]:
    """The rules for each library, by its name; the file tells what they mean."""
    rules = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    # Of Python's own library each module is one.
    python = rules.pop("python")
    own = {name for name in sys.stdlib_module_names if not name.startswith("_")}
    names = own.union(python["inner"]).difference(python["without"])
    # What `asyncio` holds is spread over many pages.
    python["pages"] = {"{name}.html": names}
    python["members"] = {"{owner}.html#{name}": names - {"asyncio"}}
    for library in (python, *rules.values()):
        for kind in ("pages", "members"):
            pages = library.get(kind, {}).items()
            library[kind] = {name: page for page, names in pages for name in names}
        library["pages"] |= dict.fromkeys(library.get("without", ()))
    return rules | dict.fromkeys(own & names, python)


LIBRARIES = _read()


def _page(name: str) -> str | None:
    """The page of a name, below the address of its library."""
    library, (parent, found) = LIBRARIES[name.partition(".")[0]], _find(name)
    (owner, _, last), kind = name.rpartition("."), _kind(found)
    page: str | None = library["pages"].get(name)
    if name in library["pages"]:
        return page and page.format(name=name, last=last)
    constants = library.get("constants", False)
    if kind == "data" and not constants:
        # `torch.float32` is explained where its type is.
        return _page(_type(found)) if _type(found) in library["pages"] else None
    # Beside what is documented, `torch` holds much that is there for its own use.
    if kind == "module" or last.startswith("_") or not (_doc(found) or constants):
        return None
    of_class = isinstance(parent, type)
    # What a class inherits, or a module leaves out of `__all__`, stands elsewhere.
    own = last in (vars(parent) if of_class else getattr(parent, "__all__", [last]))
    if owner in library["members"] and (own or of_class):
        return str(library["members"][owner].format(name=name, owner=owner))
    if library.get("methods") and own and of_class:
        page = _page(owner)
        return page and f"{page.partition('#')[0]}#{name}"
    return None


def _find(name: str) -> tuple[Any, Any]:
    """What a name stands in, and what it names."""
    path, *others = name.split(".")
    parent, found = None, importlib.import_module(path)
    for part in others:
        if not isinstance(found, ModuleType | type):
            raise LookupError  # Who knows what an object does when it is asked?
        parent, path = found, f"{path}.{part}"
        try:
            found = getattr(found, part)
        except AttributeError:
            found = importlib.import_module(path)
    return parent, found


def _kind(found: Any) -> str:
    if isinstance(found, ModuleType):
        return "module"
    if isinstance(found, type):
        return "class"
    # The special forms of `typing` can be called only to say that they cannot.
    named = callable(found) and hasattr(found, "__name__")
    return "function" if named and type(found).__module__ != "typing" else "data"


def _type(found: Any) -> str:
    return f"{type(found).__module__}.{type(found).__qualname__}"


def _doc(found: Any) -> str:
    # A class that says nothing would say what its base says.
    silent = isinstance(found, type) and not vars(found).get("__doc__")
    return "" if silent else (inspect.getdoc(found) or "").strip()


class _Shown(str):
    """A text that stands in a signature as it is."""

    __repr__ = str.__str__


def _signature(name: str, found: Any) -> str:
    """How a thing is called; without types, where that is too long with them."""
    try:
        signature = inspect.signature(found)
    except Exception:
        # What is written in C often says it in its docstring alone.
        written = _CALL.match(inspect.getdoc(found) or "")
        return name + _tidy(written[1]) if written else name
    values, empty = signature.parameters.values(), inspect.Parameter.empty
    shown = [value.replace(default=_default(value.default)) for value in values]
    bare = [value.replace(annotation=empty) for value in shown]
    returns = empty if isinstance(found, type) else signature.return_annotation
    whole = _written(inspect.Signature(shown, return_annotation=returns))
    # A class that says nothing of its arguments takes whatever its base does.
    if isinstance(found, type) and whole in ("()", "(*args, **kwargs)"):
        return name
    is_long = len(name + whole) > LONGEST_SIGNATURE
    return name + (_written(inspect.Signature(bare)) if is_long else whole)


def _default(value: Any) -> Any:
    """A default as it is on every machine: `os.environ` would show all there is."""
    if value is inspect.Parameter.empty:
        return value
    if isinstance(value, type) or inspect.isroutine(value):
        return _Shown(value.__name__)
    text = repr(value)
    with suppress(Exception):
        if len(text) < 30 and os.sep not in text and literal_eval(text) == value:
            return _Shown(text)
    return _Shown("…")


def _written(signature: inspect.Signature) -> str:
    # Of `torch.nn.Linear` only the end matters, and of `<object at 0x7f…>` nothing.
    text = re.sub(r"<[^<>]*>", "…", _tidy(str(signature)))
    text = re.sub(r'(: |-> )"([^"]*)"', r"\1\2", text)  # annotations kept as strings
    return re.sub(r"\b(?:[A-Za-z_]\w*\.)+([A-Za-z_]\w*)", r"\1", text)


def _tidy(call: str) -> str:
    return " ".join(call.replace("'", '"').split())


def summary(docstring: str) -> str:
    """What a docstring says first, in one line that is not too long."""
    return shorten(". ".join(gist(docstring)), LONGEST_SUMMARY, placeholder=" …")


def gist(docstring: str) -> list[str]:
    r"""The heading of a docstring and its first sentence, those that it has, as words.

    >>> gist("## The *factor*\n\nBy which [`x`][scale] is scaled. So.")
    ['The factor', 'By which x is scaled.']
    """
    heading, _, rest = docstring.strip().partition("\n")
    if not heading.startswith("#"):
        heading, rest = "", docstring
    paragraphs = _PARAGRAPH.split(rest.strip())
    first = next((p for p in paragraphs if not p.startswith((".. ", ">>>"))), "")
    sentence = _STOP.split(" ".join(first.split()), maxsplit=1)[0]
    said = heading.strip("# "), "" if sentence.startswith(_NO_PROSE) else sentence
    # A formula in TeX is nothing to read in one line.
    words = [plain(part) for part in said if "\\" not in part]
    return [text for text in words if any(map(str.isalnum, text))]


def plain(markdown: str) -> str:
    """The words of a line of Markdown.

    >>> plain("[The *layer*][Mixer] of $C$ `channels`")
    'The layer of C channels'
    """
    text = _FORMULA.sub(r"\1", _LINK.sub(r"\1", _ROLE.sub(r"\1", markdown)))
    return _EMPHASIS.sub(r"\2", text).replace("`", "").strip()


if __name__ == "__main__":
    answers = dict[str, Answer | None].fromkeys(json.load(sys.stdin))
    # What a library prints while it is imported is no part of the answer.
    with redirect_stdout(io.StringIO()):
        for name in answers:
            with suppress(Exception, SystemExit):  # A module may do anything.
                answers[name] = answer(name)
    json.dump(answers, sys.stdout)
