r"""# Copying: three forms of a module

| form | what it is | of `layers/gelu.py` |
|---|---|---|
| standalone | with all it needs from its package | `layers/gelu.standalone.py` |
| annotated | the file as it stands | `layers/gelu.py` |
| clean | the same code without the essay | `layers/gelu.clean.py` |

All three are files of the site, so that they can be downloaded where no script runs.
One that cannot stand alone says why at the end of the menu, which fails no build.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from html import escape
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from litweave.book import Book, Chapter
from litweave.cache import Cache, digest, own
from litweave.features.copy.clean import all_formatted, formatter
from litweave.features.copy.opening import Project, StandaloneError
from litweave.features.copy.standalone import Package, standalone
from litweave.imports import dotted, root
from litweave.names import Target
from litweave.parse import ParseError, read
from litweave.words import word

if TYPE_CHECKING:
    from litweave.site import Site

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


def enrich(site: "Site") -> None:
    """The forms in which each module can be taken, and the menu of them."""
    cache, forms = site.settings.cache / "copies.json", site.settings.standalone
    site.copies = offer(site.book, cache, site.address, site.is_preview, forms)


def offer(
    book: Book,
    cache: Path,
    site: str = "",
    stale: bool = False,
    alone: Sequence[str] = ("*",),
) -> dict[str, str]:
    """Offer the forms of each module on its page; the texts to bring, by address.

    `cache` is the file that keeps what was made before, and `site` where the site will
    stand. With `stale`, a module that is as it was keeps its standalone form, even if
    one that it imports has changed. `alone` has the patterns of the modules that are
    offered in that form.
    """
    site = "" if urlsplit(site).hostname in _PRIVATE else site
    chapters = book.chapters.values()
    offered = [c for c in chapters if any(fnmatch(c.download, p) for p in alone)]
    package = packaged(book, ((c.name, c.path) for c in offered))
    maker = _Maker(book, Cache.read(cache), package)
    clean = maker.clean()
    whole = maker.whole(offered, clean, site, stale)
    texts: dict[str, str] = {}
    for chapter in chapters:
        made = {**clean[chapter.path], **whole.get(chapter.path, {})}
        forms = list(_forms(chapter, made))
        chapter.overlay.tools.append(_menu(book, chapter, forms))
        texts |= {form.uri: form.text for form in forms if form.text is not None}
    maker.kept.write()
    return texts


def packaged(book: Book, modules: Iterable[tuple[str, Path]]) -> Package:
    """The modules of a book, and those besides that some of them import."""
    found = dict(book.modules)
    for name, path in modules:
        folder = root(name, path)
        for other in book.dependencies.of(name, path):
            if (full := dotted(other, folder)) not in found:
                with suppress(ParseError):
                    found[full] = read(other, other.relative_to(folder).as_posix())
    return Package(found)


def head(name: str, path: Path, address: str = "") -> str:
    """What the standalone form of a module says at its top."""
    package = root(name, path) / name.partition(".")[0]
    project = Project.around(package if package.is_dir() else path.parent)
    return project.head(name, address)


# What is made of a module: a form, or the reason why there is none.
_Made = Mapping[str, str]
_REFUSED = "refusal"


@dataclass
class _Maker:
    """Makes the forms of modules, or takes those that are kept."""

    book: Book
    kept: Cache
    package: Package

    def clean(self) -> dict[Path, _Made]:
        """The clean form of each page's module."""
        chapters = self.book.chapters.values()
        wanted = [_Wanted(c, c.name, self.key(c.path), self.stripped) for c in chapters]
        return self.get(wanted, sort=False)

    def stripped(self, chapter: Chapter) -> _Made:
        """The clean form before it is laid out."""
        return {"clean": self.package.sheets[chapter.name].source.without_prose()}

    def whole(
        self,
        chapters: Iterable[Chapter],
        clean: Mapping[Path, _Made],
        site: str,
        stale: bool,
    ) -> dict[Path, _Made]:
        """The standalone forms, or why there are none."""
        wanted = []
        for chapter in chapters:
            name, itself = f"{chapter.name} standalone", self.key(chapter.path)
            address = self.book.href(Target("", chapter.page, ""), "index.md")
            top = head(chapter.name, chapter.path, site and urljoin(site, address))
            # It has the clean code of what the module imports, so the prose there is
            # of no matter. A refusal names a line, and that moves with the prose.
            refused = _REFUSED in self.kept.known(name, {})
            texts = {} if refused else clean
            others = self.book.dependencies.of(chapter.name, chapter.path)
            key = digest(itself, top, *(self.code(other, texts) for other in others))
            as_it_was = stale and self.kept.holds(chapter.name, itself)
            make = partial(self.joined, top=top)
            wanted.append(_Wanted(chapter, name, key, make, as_it_was))
        return self.get(wanted, sort=True)

    def joined(self, chapter: Chapter, top: str) -> _Made:
        """The standalone form before it is laid out, or why there is none."""
        try:
            return {"standalone": standalone(chapter.name, self.package, top)}
        except (StandaloneError, RecursionError) as error:
            return {_REFUSED: str(error)}

    def code(self, path: Path, clean: Mapping[Path, _Made]) -> str:
        """The clean code of a file, or else its digest."""
        found = clean.get(path)
        return found["clean"] if found else self.book.dependencies.stamp(path)

    def key(self, path: Path) -> str:
        """What the clean form of a file depends on."""
        return digest(own(), formatter(), self.book.dependencies.stamp(path))

    def get(self, wanted: Sequence["_Wanted"], sort: bool) -> dict[Path, _Made]:
        """What is wanted; all that is not kept is laid out at once."""
        new = {w.name: w.make(w.chapter) for w in wanted if not w.is_kept(self.kept)}
        forms = {n: made for n, made in new.items() if _REFUSED not in made}
        texts = {n: text for n, made in forms.items() for text in made.values()}
        for name, text in all_formatted(texts, sort).items():
            new[name] = dict.fromkeys(new[name], text)
        found = {}
        for w in wanted:
            make = partial(new.get, w.name)
            found[w.chapter.path] = self.kept.get(w.name, w.key, make, w.stale)
        return found


@dataclass(frozen=True)
class _Wanted:
    """A form of a module, what keeps it by which key, and how it is made."""

    chapter: Chapter
    name: str
    key: str
    make: Callable[[Chapter], _Made]
    stale: bool = False

    def is_kept(self, kept: Cache) -> bool:
        """Whether it need not be made."""
        serves = self.stale and kept.known(self.name) is not None
        return serves or kept.holds(self.name, self.key)


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
    if _REFUSED in made:
        why = f'<span lang="en">{escape(made[_REFUSED])}</span>'
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
