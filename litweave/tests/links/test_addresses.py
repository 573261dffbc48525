"""Links and images in prose: check and build judge them alike, each with its line."""

from pathlib import Path

import pytest

from litweave.build import build
from litweave.site import check
from support import settings_of, write_files

FILES = ["images/idea.png", "images/Two words.svg", "data/table.csv", "paper.pdf"]
OTHER = '''"""# Other

## A part { #part }

A note.[^1]

[^1]: Said below.
"""
class Thing:
    def act(self):
        def inner(): pass
'''
# What leads somewhere, and what comes into the site by being named.
GOOD = {
    "![idea](images/idea.png)": "images/idea.png",
    '![idea](images/idea.png "with a title")': "images/idea.png",
    "![two](images/Two%20words.svg)": "images/Two words.svg",
    "![two](<images/Two words.svg>)": "images/Two words.svg",
    "![by name][idea]\n\n[idea]: images/idea.png": "images/idea.png",
    "[table](data/table.csv), [paper](paper.pdf#page=2)": "paper.pdf",
    "[code](part/other.py#L3)": "",
    "[page](part/other.md), [part](part/other.md#part)": "",
    "[class](part/other.md#Thing), [function](part/other.md#Thing.act.inner)": "",
    "[note](part/other.md#fn:1), [top](#), [itself](index.md#here)": "",
    "[web](https://example.org/no.md), <me@example.org>, [f](ftp://example.org)": "",
    "`<the id>` and *words*{.wide name}": "",
    "`[code](no.md)`\n\n```\n[code](no.md)\n```": "",
}
# What does not, and a word of the reason.
BAD = {
    **dict.fromkeys(
        [
            *("[x](no.md)", "[x](part/Other.md)", "[x](other.md)", "[x](notes.md)"),
            *("![x](images/Idea.png)", "![x](images/no.png)", "[x](images/)"),
            *("[x](.secret)", "[x](../outside.txt)", "[x](leads_out.txt)"),
            "[again](no.md) and `(no.md.txt)`",
            *("[x](<a b.md>)", "[x](a%20c.md)", "[x](part/other.html)"),
            "[x][ref]\n\nWords.\n\n[ref]: no.md",
        ],
        "leads nowhere",
    ),
    "![x](/images/idea.png)": "where the site stands",
    "[x](/part/other.md)": "where the site stands",
    "![x](https://example.org/idea.png)": "its host would learn",
    "![x](data:image/png;base64,AAAA)": "is left out: put it",
    "[x](javascript:alert(1))": "links to ftp, http",
    "[x](http://[no)": "no address",
    "[x](#no)": "no “#no” on the page “index.md”",
    "[x](part/other.md#no)": "no “#no” on the page “part/other.md”",
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    names = [*FILES, "notes.md", ".secret", "../outside.txt"]
    files = {**dict.fromkeys(names, "a file"), "part/other.py": OTHER}
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "leads_out.txt").symlink_to(tmp_path / "outside.txt")
    return write_files(tmp_path / "pkg", files)


def write(package: Path, prose: str) -> None:
    (package / "__init__.py").write_text(f'r"""# Pkg\n\n## Here\n\n{prose}\n"""\n')


def checked(package: Path, raw_html: bool = False) -> list[str]:
    found = check(settings_of(package, raw_html=raw_html)).context.diagnostics.found
    return [str(problem) for problem in sorted(found) if problem.kind != "words"]


def built(package: Path, raw_html: bool = False) -> tuple[list[str], Path]:
    made = build(settings_of(package, raw_html=raw_html), package.parent / "site")
    found = map(str, sorted(made.book.context.diagnostics.found))
    return [*found, *made.remarks], package.parent / "site"


def test_what_leads_nowhere_is_a_problem_and_nothing_else_is(package: Path) -> None:
    # What is bad stands in one paragraph, and yet each has its own line.
    prose = "\n\n".join([*GOOD, "\n".join(BAD)])
    write(package, prose)
    problems = checked(package)
    lines = prose.split("\n")
    for (bad, reason), problem in zip(BAD.items(), problems, strict=True):
        # A reference leads where its definition says, and stands there.
        line = 5 + lines.index(bad.split("\n")[-1])
        assert problem.startswith(f"pkg/__init__.py:{line}: ")
        assert reason in problem
    # A build says the same, and brings what is there.
    diagnostics, pages = built(package)
    assert diagnostics == problems
    for name in filter(None, GOOD.values()):
        assert (pages / name).read_text() == "a file"
    home = (pages / "index.html").read_text()
    assert 'src="images/Two%20words.svg"' in home
    for name in ("notes.md", ".secret", "leads_out.txt", "no.md"):
        assert not (pages / name).exists()
        assert f'="{name}' not in home
    write(package, "\n\n".join(GOOD))
    assert not built(package)[0]


def test_raw_html_is_read_as_a_browser_reads_it(package: Path) -> None:
    write(
        package,
        '<img src="images/idea.png">\n\n'
        '<p id="own"><a href="#own">y</a></p>\n\n'
        '<img alt="z"\n src="images/no.png">\n\n'
        "![v](https://example.org/v.png)",
    )
    diagnostics, pages = built(package, raw_html=True)
    assert diagnostics == checked(package, raw_html=True)
    assert [problem.partition(" leads")[0] for problem in diagnostics] == [
        "pkg/__init__.py:10: “images/no.png”",
    ]
    assert (pages / "images" / "idea.png").exists()
