r"""# Copying: three forms of a module

| form | what it is | of `layers/gelu.py` |
|---|---|---|
| standalone | with all it needs from its package | `layers/gelu.standalone.py` |
| annotated | the file as it stands | `layers/gelu.py` |
| clean | the same code without the essay, see [`clean`][] | `layers/gelu.clean.py` |

All three are files of the site, so that they can be downloaded where no script runs.
The first runs as it is pasted, and is offered of the modules that the option
`standalone` names. One that cannot stand alone says why at the end of the menu. That is
no mistake of the author's, and fails no build.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import partial
from html import escape
from pathlib import Path, PurePosixPath
from urllib.parse import urljoin, urlsplit

from litweave.book import Book, Chapter
from litweave.cache import Cache, digest, own
from litweave.dependencies import dotted, root
from litweave.features.copy.imports import StandaloneError
from litweave.features.copy.licence import Project
from litweave.features.copy.clean import formatted as spaced
from litweave.features.copy.standalone import Package, standalone
from litweave.names import Target
from litweave.parse import Module, ParseError, read
from litweave.words import word

# Where a preview is served. Nobody else finds a page there.
_PRIVATE = {None, "localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Form:
    """A form of a module: where it lies in the site, and what it is saved as.

    `text` is none for the file as it stands. Without a `uri`, `about` says why there is
    no such form. Both `title` and `about` are words as HTML.
    """

    key: str
    title: str
    about: str
    uri: str
    name: str
    text: str | None = None


def enrich(
    book: Book,
    cache: Path,
    site: str = "",
    stale: bool = False,
    alone: Sequence[str] = ("*",),
) -> dict[str, str]:
    """Offer the forms of each module on its page; the texts to bring, by address.

    `cache` is the file that keeps what was made
    before, and `site` where the site will stand. With `stale`, a module that is as it
    was keeps its standalone form, even if one that it imports has changed. `alone` has
    the patterns of the modules that are offered in that form.
    """
    site = "" if urlsplit(site).hostname in _PRIVATE else site
    maker = _Maker(book, Cache.read(cache), stale, alone)
    texts: dict[str, str] = {}
    for chapter in book.chapters.values():
        address = urljoin(site, book.href(Target("", chapter.page, ""), "index.md"))
        head = Project.around(_package(chapter)).head(
            chapter.name, address if site else ""
        )
        made = {"clean": maker.clean(chapter.path), **maker.whole(chapter, head)}
        forms = list(_forms(chapter, made))
        chapter.overlay.tools.append(_menu(book, chapter, forms))
        texts |= {form.uri: form.text for form in forms if form.text is not None}
    maker.kept.write()
    return texts


def _package(chapter: Chapter) -> Path:
    """The folder of the package that a module belongs to, or its own."""
    folder = root(chapter.name, chapter.path) / chapter.name.partition(".")[0]
    return folder if folder.is_dir() else chapter.path.parent


@dataclass
class _Maker:
    """Makes the forms of modules, or takes those that are kept."""

    book: Book
    kept: Cache
    stale: bool
    alone: Sequence[str]
    own: str = field(default_factory=own)

    def __post_init__(self) -> None:
        self.stamp = self.book.dependencies.stamp
        self.pages = {chapter.path for chapter in self.book.chapters.values()}
        modules = dict(self.book.modules)
        names = {module.path: name for name, module in modules.items()}
        known = self.book.dependencies.modules.items()
        self.names = {path: names[module.path] for path, module in known}
        self._read_more(modules)
        self.package = Package(modules)

    def _read_more(self, modules: dict[str, Module]) -> None:
        """Read the modules without a page that those with one import."""
        for chapter in filter(self.is_offered, self.book.chapters.values()):
            folder = root(chapter.name, chapter.path)
            for path in self.book.dependencies.of(chapter.name, chapter.path):
                name = dotted(path, folder)
                if path not in self.names and name not in modules:
                    with suppress(ParseError):
                        modules[name] = read(path, path.relative_to(folder).as_posix())
                        self.names[path] = name

    def is_offered(self, chapter: Chapter) -> bool:
        """Whether a module is offered in its standalone form."""
        return any(fnmatch(chapter.download, pattern) for pattern in self.alone)

    def clean(self, path: Path) -> str:
        """The clean form of a page's module; of another file, its digest."""
        if path not in self.pages:
            return self.stamp(path)
        sheet = self.package.sheets[self.names[path]]
        text: str = self.kept.get(
            sheet.name,
            self._key(path),
            lambda: spaced(sheet.source.edited(sheet.prose)),
        )
        return text

    def whole(self, chapter: Chapter, head: str) -> dict[str, str]:
        """The standalone form of a module, or why there is none, if it is offered."""
        if not self.is_offered(chapter):
            return {}
        name, path = f"{chapter.name} standalone", chapter.path
        # It has the clean code of what the module imports, so the prose there is of no
        # matter. A refusal names a line, and that moves with the prose.
        refused = "refusal" in self.kept.known(name, {})
        text = self.stamp if refused else self.clean
        sources = map(text, self.book.dependencies.of(chapter.name, path))
        key = digest(self._key(path), head, *sources)
        stale = self.stale and self.kept.holds(chapter.name, self._key(path))
        make = partial(_whole, chapter.name, self.package, head)
        made: dict[str, str] = self.kept.get(name, key, make, stale)
        return made

    def _key(self, path: Path) -> str:
        return digest(self.own, self.stamp(path))


def _whole(name: str, package: Package, head: str) -> dict[str, str]:
    try:
        return {"standalone": standalone(name, package, head)}
    except (StandaloneError, RecursionError) as error:
        return {"refusal": str(error)}


def _forms(chapter: Chapter, made: Mapping[str, str]) -> Iterator[Form]:
    stem = chapter.download.removesuffix(".py")
    name = PurePosixPath(chapter.download).name
    if "standalone" in made:
        # It runs as it is pasted: that is what most want.
        about, uri = word("with all it needs, in one file"), f"{stem}.standalone.py"
        title, last = word("Standalone"), chapter.name.rpartition(".")[2]
        text = made["standalone"]
        yield Form("standalone", title, about, uri, f"{last}.py", text)
    title, about = word("Annotated"), word("the file as it stands")
    yield Form("annotated", title, about, chapter.download, name)
    about, uri = word("the code without the essay"), f"{stem}.clean.py"
    yield Form("clean", word("Clean"), about, uri, name, made["clean"])
    if "refusal" in made:
        why = f'<span lang="en">{escape(made["refusal"])}</span>'
        about = word("not possible: {why}", why=why)
        yield Form("standalone", word("Standalone"), about, "", "")


def _menu(book: Book, chapter: Chapter, forms: list[Form]) -> str:
    items = "\n".join(_item(book, chapter, form) for form in forms)
    return f"""<button class="weave-button" type="button"
 popovertarget="weave-copy">{word("Copy")}</button>
<div class="weave-copy" id="weave-copy" popover
 role="group" aria-label="{word("Copy the module")}">
<ul>
{items}
</ul>
</div>"""


def _item(book: Book, chapter: Chapter, form: Form) -> str:
    key = f"weave-copy-{form.key}"
    name, about = f"<strong>{form.title}</strong>", f"<small>{form.about}</small>"
    words = f'<span id="{key}">{name} {about}</span>'
    if not form.uri:
        return f"<li>{words}</li>"
    address = escape(book.link(form.uri, chapter.page))
    return f"""<li>{words}
<button class="weave-button" type="button" aria-describedby="{key}"
 data-weave-copy="{address}" hidden>{word("Copy")}</button>
<a class="weave-button" href="{address}" aria-describedby="{key}"
 download="{escape(form.name)}">{word("Download")}</a></li>"""
