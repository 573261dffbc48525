"""A module as a site renders it, without a site."""

from dataclasses import dataclass, field

from markdown import Markdown

from litweave.diagnostics import Diagnostics
from litweave.exercises import Exercises
from litweave.headings import HeadingAnchors
from litweave.katex import Formulas
from litweave.names import Names
from litweave.overlay import Overlay
from litweave.page import beside, cut, document
from litweave.parse import parse
from litweave.prose import Context
from litweave.sanitise import LiteralTags

EXTENSIONS = (
    *("admonition", "attr_list", "def_list", "footnotes", "tables", "toc"),
    *("pymdownx.details", "pymdownx.highlight", "pymdownx.superfences"),
    *("pymdownx.tabbed", HeadingAnchors(), LiteralTags()),
    Exercises(),
)


@dataclass
class Woven:
    """The prose of each row as HTML, and what was found on the way."""

    rows: list[str]
    context: Context = field(repr=False)

    @property
    def diagnostics(self) -> list[str]:
        return str(self.context.diagnostics).splitlines()

    @property
    def formulas(self) -> list[tuple[str, bool]]:
        return [(f.tex, f.display) for f in self.context.formulas.numbers]


def woven(source: str, raw_html: bool = False) -> Woven:
    """Render the prose of a module, whose file is called `a.py`."""
    context = Context(Names(), Formulas(), Diagnostics(), raw_html)
    module = parse(source, "a.py")
    settings = {"pymdownx.highlight": {"pygments_lang_class": True}}
    markdown = Markdown(extensions=[*EXTENSIONS], extension_configs=settings)
    html = markdown.convert(document(module, "a.md", context))
    rows = beside(cut(html, module, raw_html), module, Overlay())
    return Woven([row.prose for row in rows], context)


def docstring(text: str, name: str = "f") -> str:
    """The source of a function with this docstring, which begins on the fourth line."""
    inside = text.strip("\n").replace("\n", "\n    ").replace("\n    \n", "\n\n")
    return f'\n\ndef {name}():\n    r"""{inside}\n    """\n'
