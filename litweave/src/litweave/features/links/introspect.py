r"""Introspect: a library is asked what it holds.

    python -I introspect.py < names.json > facts.json

Whether a library has what a source takes from it, only the library can tell; so this
program imports it, and nothing else. It runs in a process of its own, and isolated
(`-I`), so no file of an author can pass for a library. It needs nothing but Python.

A list of qualified names goes in, and for each comes out a *fact*:

| field | what it says |
|---|---|
| `kind` | `module`, `class`, `function`, `data`; `missing`, `unknown` |
| `signature` | how it is called, as far as that is known |
| `summary` | the first sentence of its docstring |
| `documented` | whether it has a docstring of its own |
| `public` | the shortest name under which the library offers it |
| `own` | whether its class defines it itself, or its module hands it out with `*` |
| `type` | for data, the name of its type |
| `near` | for what is missing, the name most like it |

It is `missing` if there is a module, but no such name in it. It is `unknown` if nothing
can be said, as of what only an instance of a class has.
"""

import contextlib
import difflib
import importlib
import inspect
import io
import json
import os
import re
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

LONGEST_SIGNATURE = 100
LONGEST_SUMMARY = 160
_NOTHING = object()
_UNKNOWN = {"kind": "unknown"}
_CALL = re.compile(r"[\w.]+(\((?:[^()]|\([^()]*\))*\)(?: *-> *[^\n]+)?)")
_ROLE = re.compile(r":\w+(?::\w+)*:`([^`]*)`")


def main() -> None:
    """Answer on standard output what is asked on standard input."""
    names = json.load(sys.stdin)
    # What a library prints while it is imported is no part of the answer.
    with contextlib.redirect_stdout(io.StringIO()):
        facts = {name: _fact_or_unknown(name) for name in names}
    json.dump(facts, sys.stdout)


def _fact_or_unknown(name: str) -> dict[str, Any]:
    try:
        return fact(name)
    except Exception:  # What is asked may do anything: `ctypes.cdll.x` opens a library.
        return _UNKNOWN


def fact(name: str) -> dict[str, Any]:
    """What is known about a name."""
    parent, found = _find(name.split("."))
    if found is _NOTHING:
        # Some modules make their names when they are asked for them: `torch.ops`.
        plain = type(parent) is ModuleType
        return {"kind": "missing", "near": _near(parent, name)} if plain else _UNKNOWN
    kind = _kind(found)
    known: dict[str, Any] = {"kind": kind, "own": _own(parent, name)}
    if kind == "data":
        return known | {"type": f"{type(found).__module__}.{type(found).__qualname__}"}
    if kind in ("class", "function"):
        known["public"] = _public(name, found)
        known["signature"] = _signature(known["public"], found)
    return known | {"summary": _summary(found), "documented": bool(_doc(found))}


def _find(parts: list[str]) -> tuple[Any, Any]:
    """What stands under a name, and what it stands in."""
    parent, found = None, _import(parts[0])
    for end, part in enumerate(parts[1:], start=2):
        if not isinstance(found, ModuleType | type):
            return None, _NOTHING  # Who knows what an object does when it is asked?
        try:
            parent, found = found, getattr(found, part, _NOTHING)
        except Exception:  # A module may say so when it cannot make what is asked for.
            return None, _NOTHING
        if found is _NOTHING and isinstance(parent, ModuleType):
            found = _import(".".join(parts[:end]))
    return parent, found


def _near(parent: Any, name: str) -> str:
    near = difflib.get_close_matches(name.rpartition(".")[2], dir(parent), n=1)
    return near[0] if near else ""


def _import(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except BaseException:  # A module may do anything while it is imported.
        return _NOTHING


def _kind(found: Any) -> str:
    if isinstance(found, ModuleType):
        return "module"
    if isinstance(found, type):
        return "class"
    # The special forms of `typing` can be called only to say that they cannot.
    named = callable(found) and hasattr(found, "__name__")
    return "function" if named and type(found).__module__ != "typing" else "data"


def _own(parent: Any, name: str) -> bool:
    last = name.rpartition(".")[2]
    if isinstance(parent, type):
        return last in vars(parent)
    return last in getattr(parent, "__all__", (last,))


def _public(name: str, found: Any) -> str:
    parts = name.split(".")
    for end in range(1, len(parts) - 1):
        shorter = [*parts[:end], parts[-1]]
        if _find(shorter)[1] is found:
            return ".".join(shorter)
    return name


# ## How it is called


def _signature(name: str, found: Any) -> str:
    try:
        signature = inspect.signature(found)
    except Exception:
        # What is written in C often says it in its docstring alone.
        written = _CALL.match(inspect.getdoc(found) or "")
        return name + _tidy(written[1]) if written else name
    signature = _portable(signature)
    if isinstance(found, type):
        signature = signature.replace(return_annotation=inspect.Signature.empty)
        # A class that says nothing of its arguments takes whatever its base does.
        if _written(signature) in ("()", "(*args, **kwargs)"):
            return name
    return called(name, signature, _written)


def called(
    name: str,
    signature: inspect.Signature,
    written: Callable[[inspect.Signature], str] = str,
) -> str:
    """A signature as it is written: without the types, where it is too long with them.

    >>> called("fill", inspect.signature(lambda size, value=0: None))
    'fill(size, value=0)'
    """
    whole = name + written(signature)
    if len(whole) <= LONGEST_SIGNATURE:
        return whole
    empty = inspect.Parameter.empty
    bare = [p.replace(annotation=empty) for p in signature.parameters.values()]
    return name + written(signature.replace(parameters=bare, return_annotation=empty))


def _written(signature: inspect.Signature) -> str:
    # Of `torch.nn.Linear` only the end matters, and of `<object at 0x7f…>` nothing.
    text = re.sub(r"<[^<>]*>", "…", _tidy(str(signature)))
    text = re.sub(r'(: |-> )"([^"]*)"', r"\1\2", text)  # annotations kept as strings
    return re.sub(r"\b(?:[A-Za-z_]\w*\.)+([A-Za-z_]\w*)", r"\1", text)


class _Shown(str):
    """A text that stands in a signature as it is."""

    __repr__ = str.__str__


def _portable(signature: inspect.Signature) -> inspect.Signature:
    """A signature whose defaults are the same on every machine.

    A default of a function in Python's library, `os.environ`, shows all there is.
    """
    parameters = [
        p if p.default is p.empty else p.replace(default=_Shown(_default(p.default)))
        for p in signature.parameters.values()
    ]
    return signature.replace(parameters=parameters)


def _default(value: Any) -> str:
    if isinstance(value, type) or inspect.isroutine(value):
        return value.__name__
    if type(value) in (tuple, list):
        inside = ", ".join(map(_default, value))
        return f"({inside})" if type(value) is tuple else f"[{inside}]"
    plain = value is None or type(value) in (bool, int, float, str)
    text = repr(value) if plain else ""
    return text if text and len(text) < 30 and os.sep not in text else "…"


def _tidy(call: str) -> str:
    return " ".join(call.replace("'", '"').split())


# ## What it is for


def _doc(found: Any) -> str:
    # A class that says nothing would say what its base says.
    said = isinstance(found, type) and not vars(found).get("__doc__")
    return "" if said else (inspect.getdoc(found) or "").strip()


def _summary(found: Any) -> str:
    """The first sentence of a docstring, in plain text."""
    text = _doc(found)
    written = _CALL.match(text)
    text = text[written.end() :].strip() if written else text
    paragraphs = re.split(r"\n\s*\n|\n[=-]+\n", text)
    prose = (p for p in paragraphs if p and not p.lstrip().startswith((".. ", ">>>")))
    sentence = first_sentence(" ".join(next(prose, "").split()))
    plain = _ROLE.sub(_role, sentence).replace("``", "").replace("`", "")
    # A formula in TeX is nothing to read in one line.
    return "" if "\\" in plain else shortened(plain)


def _role(match: re.Match[str]) -> str:
    # `:class:`~torch.nn.Linear`` is shown as `Linear`, and `:ref:`text <target>`` as
    # its text.
    text = match[1].partition(" <")[0]
    return text.rpartition(".")[2] if text.startswith("~") else text


def first_sentence(text: str) -> str:
    """A text as far as its first full stop."""
    return re.split(r"(?<=[.!?]) +(?=[A-Z:`])", text, maxsplit=1)[0]


def shortened(text: str) -> str:
    """A text that is too long for a hint, up to where it is."""
    if len(text) <= LONGEST_SUMMARY:
        return text
    return text[:LONGEST_SUMMARY].rpartition(" ")[0] + " …"


if __name__ == "__main__":
    main()
