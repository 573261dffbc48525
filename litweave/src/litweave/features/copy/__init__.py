r"""# Copy: a module to take along

| form | what it is | of `layers/gelu.py` |
|---|---|---|
| standalone | with all it needs from its package | `layers/gelu.standalone.py` |
| annotated | the file as it stands | `layers/gelu.py` |
| clean | the same code without the essay | `layers/gelu.clean.py` |

All three are files of the site, so that they can be downloaded where no script runs.
One that cannot stand alone says why at the end of the menu, which fails no build.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatch
from functools import partial
from html import escape
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from litweave.book import Book, Chapter
from litweave.cache import Cache, digest, own
from litweave.features.copy.clean import all_formatted, joined, without_prose
from litweave.features.copy.standalone import StandaloneError, head, standalone
from litweave.imports import dotted, root
from litweave.names import Target
from litweave.parse import Module, ParseError, read
from litweave.words import word

if TYPE_CHECKING:
    from litweave.site import Site

# Where a preview is served. Nobody else finds a page there.
_PRIVATE = {None, "localhost", "127.0.0.1", "::1"}
# The `text` of a form, or else the `refusal`, which says why there is none.
_Form = dict[str, str]
_Wanted = tuple[str, Callable[[], _Form]]  # its key, and how it is made


def enrich(site: "Site") -> None:
    """The forms in which each module can be taken, and the menu of them."""
    cache, patterns = site.settings.cache / "copies.json", site.settings.standalone
    site.copies = offer(site.book, cache, site.address, patterns)


def offer(
    book: Book, cache: Path, site: str = "", alone: Sequence[str] = ("*",)
) -> dict[str, str]:
    """Offer the forms of each module on its page; the texts to bring, by address.

    `cache` is the file that keeps what was made before, and `site` where the site will
    stand. `alone` has the patterns of the modules that are offered in one file.
    """
    site = "" if urlsplit(site).hostname in _PRIVATE else site
    chapters, text = book.chapters.values(), book.dependencies.text
    offered = [c for c in chapters if any(fnmatch(c.download, p) for p in alone)]
    modules = all_modules(book, ((c.name, c.path) for c in offered))
    kept, makers = Cache.read(cache), digest(own(), version("ruff"))
    wanted = dict[str, _Wanted]()
    for c in chapters:
        key = digest(makers, text(c.path))
        wanted[_uri(c, "clean")] = key, partial(_clean, c.module)
    made = _made(kept, wanted)
    wanted.clear()
    for c in offered:
        address = book.href(Target("", c.page, ""), "index.md")
        top = head(c.name, c.path, site and urljoin(site, address))
        key = digest(makers, top, *map(text, book.dependencies.of(c.name, c.path)))
        wanted[_uri(c, "standalone")] = key, partial(_standalone, c.name, modules, top)
    made |= _made(kept, wanted, sort=True)
    kept.write()
    for c in chapters:
        menu = _menu(book, c, made.get(_uri(c, "standalone"), {}))
        c.overlay.tools.append(menu)
    return {uri: form["text"] for uri, form in made.items() if "text" in form}


def all_modules(book: Book, copied: Iterable[tuple[str, Path]]) -> dict[str, Module]:
    """The modules of a book, and those besides that some of them import."""
    found = dict(book.modules)
    for name, path in copied:
        folder = root(name, path)
        for other in book.dependencies.of(name, path):
            if (full := dotted(other, folder)) not in found:
                with suppress(ParseError):
                    found[full] = read(other, other.relative_to(folder).as_posix())
    return found


def _made(
    kept: Cache, wanted: Mapping[str, _Wanted], sort: bool = False
) -> dict[str, _Form]:
    """What is kept, and what is made anew and then laid out, all at once."""
    new = {
        name: make()
        for name, (key, make) in wanted.items()
        if not kept.holds(name, key)
    }
    texts = {name: form["text"] for name, form in new.items() if "text" in form}
    for name, text in all_formatted(texts, sort).items():
        new[name]["text"] = text
    return {
        name: kept.get(name, key, partial(new.__getitem__, name))
        for name, (key, _) in wanted.items()
    }


def _clean(module: Module) -> _Form:
    return {"text": joined(without_prose(module))}


def _standalone(name: str, modules: Mapping[str, Module], top: str) -> _Form:
    try:
        return {"text": standalone(name, modules, top)}
    except (StandaloneError, RecursionError) as error:
        return {"refusal": str(error)}


def _uri(chapter: Chapter, form: str) -> str:
    """Where a form of a module lies in the site."""
    path = PurePosixPath(chapter.download)
    return str(path if form == "annotated" else path.with_suffix(f".{form}.py"))


def _menu(book: Book, chapter: Chapter, alone: _Form) -> str:
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
