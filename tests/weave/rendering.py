"""A module as a site renders it, without a site."""

from dataclasses import dataclass, field

from markdown import Markdown

from labml_style_nn.weave.enrich import Enrichment
from labml_style_nn.weave.exercises import Exercises
from labml_style_nn.weave.formulas.mathematics import Formulas
from labml_style_nn.weave.headings import HeadingAnchors
from labml_style_nn.weave.names import Names
from labml_style_nn.weave.page import beside, cut, document
from labml_style_nn.weave.parse import parse
from labml_style_nn.weave.problems import Problems
from labml_style_nn.weave.prose import Desk
from labml_style_nn.weave.safety import LiteralTags

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
    desk: Desk = field(repr=False)

    @property
    def problems(self) -> list[str]:
        return str(self.desk.problems).splitlines()

    @property
    def formulas(self) -> list[tuple[str, bool]]:
        return [(f.tex, f.display) for f in self.desk.formulas.numbers]


def woven(source: str, raw_html: bool = False) -> Woven:
    """Render the prose of a module, whose file is called `a.py`."""
    desk = Desk(Names(), Formulas(), Problems(), raw_html)
    module = parse(source, "a.py")
    settings = {"pymdownx.highlight": {"pygments_lang_class": True}}
    markdown = Markdown(extensions=[*EXTENSIONS], extension_configs=settings)
    html = markdown.convert(document(module, "a.md", desk))
    rows = beside(cut(html, module, raw_html), module, Enrichment())
    return Woven([row.prose for row in rows], desk)


def docstring(text: str, name: str = "f") -> str:
    """The source of a function with this docstring, which begins on the fourth line."""
    inside = text.strip("\n").replace("\n", "\n    ").replace("\n    \n", "\n\n")
    return f'\n\ndef {name}():\n    r"""{inside}\n    """\n'
