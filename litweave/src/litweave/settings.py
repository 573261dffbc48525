"""The options of a site, declared once: for `mkdocs.yml` and for the command line."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, get_args, get_origin


def _option(help: str, default: Any = MISSING) -> Any:
    return field(default=default, metadata={"help": help})


def _value(kind: object, value: Any) -> Any:
    if get_origin(kind) is tuple:
        return tuple(map(get_args(kind)[0], value))
    return Path(value) if value and kind in (Path, Path | None) else value


@dataclass(frozen=True)
class Settings:
    """What a site is made of."""

    source: tuple[Path, ...] = _option(
        "the package whose modules become pages: a folder, or a file; of several, the "
        "first lies at the root of the site, each other in a folder"
    )
    exclude: tuple[str, ...] = _option(
        "leave out modules by their paths in the folder, as in 'tests/*'", ()
    )
    raw_html: bool = _option(
        "let HTML in docstrings and comments be HTML; it can run what it likes", False
    )
    run_examples: bool = _option(
        "run the examples of the modules, to show what they compute", False
    )
    extras: bool = _option(
        "show more than prose beside code: links in it, lists of uses, copies", True
    )
    standalone: tuple[str, ...] = _option(
        "modules to offer as one file with all they need, as in 'layers/*'", ("*",)
    )
    proofs: str = _option(
        "a program to run that tells what was proved of each page", ""
    )
    bibliography: Path | None = _option(  # noqa: RUF009
        "a BibTeX file with the papers that the pages link to", None
    )
    language: str = _option(
        "the language of the pages, as 'zh', if it is not that of their sources", ""
    )
    locale: Path = _option(  # noqa: RUF009
        "the folder of the catalogs and the glossary", Path("locale")
    )
    cache: Path = _option(  # noqa: RUF009
        "keep there what was installed, set and measured", Path(".cache/litweave")
    )

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Settings":
        """What was given in lists and as words, and else the defaults."""
        known = (option for option in fields(cls) if option.name in given)
        return cls(**{o.name: _value(o.type, given[o.name]) for o in known})

    @property
    def root(self) -> Path:
        """The whole path of the package at the root of the site."""
        return self.source[0].resolve()
