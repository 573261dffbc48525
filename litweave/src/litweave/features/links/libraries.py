"""Libraries: where their names are documented.

The *address* of a name such as `torch.nn.Linear` follows from the rules for its library
in `libraries.toml`. A name that no rule covers is no link.

Whether the library *has* it is found out when the site is built: [`introspect`][] asks
the one that is installed, which also says how the name is called and what it is for.
The facts are kept in a cache, so the libraries are imported only when a name, a library
or Python is new. A library that is not installed gets no links. Nothing is asked of the
network.
"""

import json
import subprocess
import sys
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from itertools import accumulate, chain
from pathlib import Path
from typing import Any, TypeAlias

from litweave.cache import OTHERS, Cache, digest
from litweave.features.links import introspect

# ## Where things are documented

_GENERATED = "generated/{name}.html"


@dataclass(frozen=True)
class Library:
    """The rules by which addresses in the documentation of a library are written.

    `modules` gives the page of a module, and `members` how the address of a class or
    function in it is written; `special` holds the addresses that follow no rule, and
    `None` for what has none. `methods` tells that a method has a place of its own on
    the page of its class, and `constants` that a constant has one, too.
    """

    base: str
    modules: Mapping[str, str]
    members: Mapping[str, str]
    special: Mapping[str, str | None] = field(default_factory=dict)
    methods: bool = False
    constants: bool = False


def _library(root: str, rules: dict[str, Any]) -> Library:
    """A library by its table in the file."""
    members = dict.fromkeys(rules.get("generated", ()), _GENERATED)
    special: dict[str, str | None] = {
        f"{root}.{short}": _GENERATED.format(name=f"{root}.{long}")
        for short, long in rules.get("aliases", {}).items()
    }
    for pages in rules.get("pages", ()):
        for last in pages["names"]:
            page = pages["page"].format(last=last) if "page" in pages else None
            special[f"{pages['of']}.{last}"] = page
    return Library(
        rules["base"],
        rules["modules"],
        members | rules.get("members", {}),
        special,
        rules.get("methods", False),
        rules.get("constants", False),
    )


def _python(rules: dict[str, Any]) -> dict[str, Library]:
    """Python's own library, under the name of each of its modules."""
    own = {name for name in sys.stdlib_module_names if not name.startswith("_")}
    pages = {n: f"{n}.html" for n in {*own, *rules["inner"]} - {*rules["without"]}}
    # What `asyncio` holds is spread over many pages.
    members = {n: p + "#{name}" for n, p in pages.items() if n != "asyncio"}
    library = _library("", {**rules, "modules": pages, "members": members})
    return dict.fromkeys(own & pages.keys(), library)


_RULES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
LIBRARIES = _python(_RULES.pop("python"))
LIBRARIES |= {root: _library(root, rules) for root, rules in _RULES.items()}


# ## What is known of a name


@dataclass(frozen=True)
class Fact:
    """What [`introspect`][] found out about a name: its table has what each means."""

    kind: str
    own: bool = True
    public: str = ""
    signature: str = ""
    summary: str = ""
    documented: bool = True
    type: str = ""
    near: str = ""


Facts: TypeAlias = dict[str, Fact]


def address(name: str, facts: Mapping[str, Fact]) -> str | None:
    """Where a name is documented, if a rule says so and the library has it."""
    library, fact = LIBRARIES.get(_root(name)), facts.get(name)
    if library is None or fact is None or fact.kind in ("missing", "unknown"):
        return None
    page = _page(library, name, fact, facts)
    if page is None and fact.public not in ("", name):
        page = _page(library, fact.public, fact, facts)
    return None if page is None else library.base + page


def _page(
    library: Library, name: str, fact: Fact, facts: Mapping[str, Fact]
) -> str | None:
    if name in library.special:
        return library.special[name]
    if fact.kind == "module":
        return library.modules.get(name)
    owner, _, last = name.rpartition(".")
    # Beside what is documented, `torch` holds much that is there for its own use.
    if last.startswith("_") or not (fact.documented or library.constants):
        return None
    if fact.kind == "data" and not library.constants:
        # `torch.float32` is explained where its type is.
        return library.special.get(fact.type)
    of_class = owner in facts and facts[owner].kind == "class"
    if owner in library.members:
        shown = fact.own or of_class
        return library.members[owner].format(name=name) if shown else None
    if library.methods and fact.own and of_class:
        page = _page(library, owner, facts[owner], facts)
        return page and f"{page.partition('#')[0]}#{name}"
    return None


# ## Asking the libraries


@dataclass(frozen=True)
class Answers:
    """The facts about names, and the libraries that are not there to be asked."""

    facts: Facts
    absent: tuple[str, ...]


def ask(names: Collection[str], cache: Path) -> Answers:
    """Look names up in the libraries that they belong to, and what they stand in.

    `cache` is a file that keeps what is known. Only for names that are new, or when a
    library or Python is another version, does a process import what is asked for.

    **Raises.** `RuntimeError` if that process fails.
    """
    roots = sorted({_root(name) for name in names} & LIBRARIES.keys())
    keys = {root: digest(_key(), found) for root in roots if (found := _version(root))}
    around = (accumulate(name.split("."), "{}.{}".format) for name in names)
    wanted = {*chain.from_iterable(around)}
    asked = {name: keys[_root(name)] for name in sorted(wanted) if _root(name) in keys}
    kept = Cache.read(cache)
    new = [name for name, key in asked.items() if not kept.holds(name, key)]
    kept.now |= {name: row for name, row in kept.before.items() if name in asked}
    if new:
        answers = _look_up(new)
        kept.now |= {name: (asked[name], asdict(answers[name])) for name in new}
        kept.write(OTHERS)
    facts = {name: Fact(**kept.now[name][1]) for name in asked}
    return Answers(facts, tuple(root for root in roots if root not in keys))


def _root(name: str) -> str:
    return name.partition(".")[0]


def _version(root: str) -> str | None:
    try:
        return sys.version if root in sys.stdlib_module_names else version(root)
    except PackageNotFoundError:
        return None


def _key() -> str:
    """What is asked, and what an answer looks like."""
    return digest(sys.version, files=[Path(introspect.__file__), Path(__file__)])


def _look_up(names: Sequence[str]) -> Facts:
    command = [sys.executable, "-I", introspect.__file__]
    answer = subprocess.run(
        command,
        input=json.dumps(names),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    if answer.returncode:
        raise RuntimeError(f"the libraries cannot be asked for names:\n{answer.stderr}")
    return {name: Fact(**fact) for name, fact in json.loads(answer.stdout).items()}
