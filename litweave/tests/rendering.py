"""A module as a site renders it, without a site."""

from dataclasses import dataclass

from markdown import Markdown

from litweave.diagnostics import Diagnostics
from litweave.dialect import Dialect
from litweave.katex import Formulas
from litweave.names import Names
from litweave.overlay import Overlay
from litweave.page import WovenRow, beside, cut, document, grid
from litweave.parse import Module, parse
from litweave.prose import Context

EXTENSIONS = (
    *("admonition", "attr_list", "def_list", "footnotes", "md_in_html", "tables"),
    *("pymdownx.details", "pymdownx.highlight", "pymdownx.superfences", "toc"),
    *("pymdownx.tabbed", "pymdownx.tasklist", "sane_lists", Dialect()),
)


@dataclass
class Woven:
    """A module, its document and its rows, and what was found on the way."""

    module: Module
    document: str
    cells: list[WovenRow]
    extra: Overlay
    context: Context

    @property
    def rows(self) -> list[str]:
        """The prose of each row as HTML."""
        return [cell.prose for cell in self.cells]

    @property
    def page(self) -> str:
        return grid(self.cells, self.module.path, self.extra)

    @property
    def diagnostics(self) -> list[str]:
        return str(self.context.diagnostics).splitlines()


def woven(
    source: str,
    raw_html: bool = False,
    extra: Overlay | None = None,
    path: str = "a.py",
) -> Woven:
    """Render a module."""
    context = Context(Names(), Formulas(), Diagnostics(), raw_html)
    module, extra = parse(source, path), extra or Overlay()
    settings = {"pymdownx.highlight": {"pygments_lang_class": True}}
    markdown = Markdown(extensions=[*EXTENSIONS], extension_configs=settings)
    text = document(module, "a.md", context)
    cells = beside(cut(markdown.convert(text), module, context), module, extra)
    return Woven(module, text, cells, extra, context)


def docstring(text: str, name: str = "f") -> str:
    """The source of a function with this docstring, which begins on the fourth line."""
    inside = text.strip("\n").replace("\n", "\n    ").replace("\n    \n", "\n\n")
    return f'\n\ndef {name}():\n    r"""{inside}\n    """\n'
