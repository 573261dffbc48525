r"""# Copying: three forms of a module

| form | what it is | of `layers/gelu.py` |
|---|---|---|
| standalone | with all it needs from its package | `layers/gelu.standalone.py` |
| annotated | the file as it stands | `layers/gelu.py` |
| clean | the same code without the essay | `layers/gelu.clean.py` |

All three are files of the site, so that they can be downloaded where no script runs.
One that cannot stand alone says why at the end of the menu, which fails no build.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import partial
from html import escape
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from litweave.book import Book, Chapter
from litweave.cache import Cache, digest, own
from litweave.features.copy.clean import all_formatted
from litweave.features.copy.opening import StandaloneError, head
from litweave.features.copy.standalone import Package, standalone
from litweave.imports import dotted, root
from litweave.names import Target
from litweave.parse import ParseError, read
from litweave.words import word

if TYPE_CHECKING:
    from litweave.site import Site

# Where a preview is served. Nobody else finds a page there.
_PRIVATE = {None, "localhost", "127.0.0.1", "::1"}
# The `text` of a form, or else the `refusal`, which says why there is none.
_Made = dict[str, str]


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
    chapters, stamp = book.chapters.values(), book.dependencies.stamp
    offered = [c for c in chapters if any(fnmatch(c.download, p) for p in alone)]
    package = packaged(book, ((c.name, c.path) for c in offered))
    shelf, made = _Shelf(Cache.read(cache)), dict[str, _Made]()
    as_it_was, makers = dict[str, bool](), digest(own(), version("ruff"))
    for c in chapters:
        key = digest(makers, stamp(c.path))
        as_it_was[c.name] = stale and shelf.kept.holds(c.name, key)
        make = partial(_clean, package, c.name)
        made[_uri(c, "clean")] = shelf.get(c.name, key, make)
    shelf.lay_out(sort=False)
    for c in offered:
        address = book.href(Target("", c.page, ""), "index.md")
        top = head(c.name, c.path, site and urljoin(site, address))
        needed = map(stamp, book.dependencies.of(c.name, c.path))
        key = digest(makers, top, *needed)
        make = partial(_standalone, package, c.name, top)
        name, old = f"{c.name} standalone", as_it_was[c.name]
        made[_uri(c, "standalone")] = shelf.get(name, key, make, old)
    shelf.lay_out(sort=True)
    shelf.kept.write()
    for c in chapters:
        menu = _menu(book, c, made.get(_uri(c, "standalone"), {}))
        c.overlay.tools.append(menu)
    return {uri: form["text"] for uri, form in made.items() if "text" in form}


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


def _clean(package: Package, name: str) -> _Made:
    return {"text": package.source(name).without_prose()}


def _standalone(package: Package, name: str, top: str) -> _Made:
    try:
        return {"text": standalone(name, package, top)}
    except (StandaloneError, RecursionError) as error:
        return {"refusal": str(error)}


@dataclass
class _Shelf:
    """The forms that are kept, and those that are made anew."""

    kept: Cache
    new: dict[str, _Made] = field(default_factory=dict)

    def get(
        self, name: str, key: str, make: Callable[[], _Made], stale: bool = False
    ) -> _Made:
        """What is kept, or else what is made; that is not laid out yet."""
        found: _Made = self.kept.get(
            name, key, lambda: self.new.setdefault(name, make()), stale
        )
        return found

    def lay_out(self, sort: bool) -> None:
        """Lay out what is new, all of it at once."""
        texts = {n: made["text"] for n, made in self.new.items() if "text" in made}
        for name, text in all_formatted(texts, sort).items():
            self.new[name]["text"] = text
        self.new.clear()


def _uri(chapter: Chapter, form: str) -> str:
    """Where a form of a module lies in the site."""
    path = PurePosixPath(chapter.download)
    return str(path if form == "annotated" else path.with_suffix(f".{form}.py"))


def _menu(book: Book, chapter: Chapter, alone: _Made) -> str:
    item, name = partial(_item, book, chapter), PurePosixPath(chapter.download).name
    items = [
        item("annotated", word("Annotated"), word("the file as it stands"), name),
        item("clean", word("Clean"), word("the code without the essay"), name),
    ]
    if "text" in alone:
        # It runs as it is pasted: that is what most want.
        title, about = word("Standalone"), word("with all it needs, in one file")
        name = f"{chapter.name.rpartition('.')[2]}.py"
        items.insert(0, item("standalone", title, about, name))
    elif why := alone.get("refusal"):
        about = word("not possible: {why}", why=f'<span lang="en">{escape(why)}</span>')
        items.append(item("standalone", word("Standalone"), about, ""))
    listed = "\n".join(items)
    return f"""<button class="weave-button" type="button"
 popovertarget="weave-copy">{word("Copy")}</button>
<div class="weave-copy" id="weave-copy" popover
 role="group" aria-label="{word("Copy the module")}">
<ul>
{listed}
</ul>
</div>"""


def _item(
    book: Book, chapter: Chapter, form: str, title: str, about: str, name: str
) -> str:
    """A form in the menu, by its `title` and what it is `about`, as HTML.

    `name` is what it is saved as, if there is such a form.
    """
    key = f"weave-copy-{form}"
    words = f"<strong>{title}</strong> <small>{about}</small>"
    address = escape(book.link(_uri(chapter, form), chapter.page))
    buttons = f"""
<button class="weave-button" type="button" aria-describedby="{key}"
 data-weave-copy="{address}" hidden>{word("Copy")}</button>
<a class="weave-button" href="{address}" aria-describedby="{key}"
 download="{escape(name)}">{word("Download")}</a>"""
    return f'<li><span id="{key}">{words}</span>{buttons if name else ""}</li>'
