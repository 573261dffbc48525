"""Who follows the guide “Write your own annotated module” gets what it says."""

import contextlib
import io
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import pytest
import torch
import yaml
from bs4 import BeautifulSoup, Tag
from litweave import build as builder
from litweave.__main__ import main
from litweave.parse import parse
from litweave.settings import Settings

from support import CACHE, ROOT, build_here, cache_of
from tests.test_navigation import load

GUIDE = (ROOT / "docs" / "guide" / "write.md").read_text("utf-8")
PROSE = " ".join(GUIDE.split())
# The numbered steps. A heading within a block of code has no number.
STEPS = re.split(r"^## \d\. ", GUIDE.partition("\n## A template")[0], flags=re.M)[1:]
TEMPLATE = ROOT / "docs" / "guide" / "rms_norm.py"
WEAVE = "litweave "
SERVE = "python -m http.server "
KEPT = ["--cache", str(CACHE / "litweave")]


# ## A reader
# The guide is followed from top to bottom. The title of a block says which file it is,
# and the paragraph before it which part of the file, if it is not the whole.


@dataclass(frozen=True)
class Block:
    """A block of code: its language, its title, its text, and the words before it."""

    language: str
    title: str
    text: str
    before: str = ""


def blocks(text: str) -> Iterator[Block]:
    """The blocks of a text, also those within a tab."""
    pattern = r'^( *)```(\w+)(?: title="([^"]+)")?[^\n]*\n(.*?)^\1```$'
    for found in re.finditer(pattern, text, re.M | re.S):
        indent, language, title, code = found.groups("")
        before = text[: found.start()].rstrip().rpartition("\n\n")[2]
        code = re.sub(f"^{indent}", "", code, flags=re.M)
        yield Block(language, title, code, " ".join(before.split()))


def docstring(text: str) -> int:
    """Where the docstring of a module ends."""
    return text.index('"""', text.index('"""') + 3) + 3


def add_prose(text: str, part: str) -> str:
    """Put something at the end of the docstring: another item, or a section."""
    end = docstring(text) - 3
    gap = "" if part.startswith("- ") else "\n"
    return text[:end] + gap + part + text[end:]


EDITS: dict[str, Callable[[str, str], str]] = {
    "be the docstring": lambda text, part: part.rstrip() + text[docstring(text) :],
    "at the end of the docstring": add_prose,
    "below the docstring": lambda text, part: text[: docstring(text)] + "\n\n" + part,
    "at its beginning": lambda text, part: part + text,
    "at its end": lambda text, part: text + part,
    "": lambda text, part: part,
}


@dataclass
class Reader:
    """Somebody with an empty folder who does as they are told."""

    folder: Path
    said: list[tuple[str, str, str]] = field(default_factory=list)
    """The commands, what the guide shows below them, and what they really say."""

    states: list[dict[str, str]] = field(default_factory=list)
    """All sources and pages after each step."""

    def follow(self, text: str) -> None:
        """Do all that a part of the guide asks for."""
        for block, after in pairwise([*blocks(text), Block("", "", "")]):
            if block.title:
                self.edit(block)
            elif block.language == "sh":
                shown = after.text if after.language == "text" else ""
                self.said.append((block.text, shown, self.run(block.text)))
        self.states.append(self.files())

    def files(self) -> dict[str, str]:
        """The sources and pages that are there."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_text("utf-8")
            for path in self.folder.rglob("*")
            if path.suffix in (".py", ".html", ".xml")
        }

    def edit(self, block: Block) -> None:
        """Write a file, or a part of it."""
        part = next(words for words in EDITS if words in block.before)
        path = self.folder / block.title
        before = path.read_text("utf-8") if path.exists() else ""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(EDITS[part](before, block.text), "utf-8")

    def run(self, commands: str) -> str:
        """Type some commands, and read what they say."""
        said = io.StringIO()
        with (
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
        ):
            for command in commands.splitlines():
                print(type_in(command), end="")
        return said.getvalue()


def type_in(command: str) -> str:
    """Run a command. Weave runs here, to save time, and serves for no time."""
    program, *arguments = shlex.split(command)
    if command.startswith(WEAVE):
        with patch.object(builder, "serve", lambda settings, port: None):
            main([*arguments, *KEPT])
        return ""
    if command.startswith(SERVE):
        return ""
    if program == "python":
        # Here, where PyTorch is imported already.
        with patch.object(sys, "argv", arguments[1:]), pytest.raises(SystemExit):
            runpy.run_module(arguments[1], run_name="__main__")
        del sys.modules[Path(arguments[2]).stem]
        return ""
    result = subprocess.run([program, *arguments], capture_output=True, text=True)
    return result.stdout + result.stderr


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory, katex: Path) -> Reader:
    """Somebody who followed the guide from the empty file to the published package."""
    reader = Reader(tmp_path_factory.mktemp("reader"))
    for step in [*STEPS[:7], STEPS[8]]:
        reader.follow(step)
    return reader


@pytest.fixture
def another(tmp_path: Path, katex: Path) -> Reader:
    """Somebody who does as they like."""
    return Reader(tmp_path)


def test_every_command_says_what_the_guide_shows(reader: Reader) -> None:
    *told, (served, _, _) = reader.said
    assert len(told) == 7
    for command, *both in told:
        # Whatever time it took.
        shown, said = (re.sub(r"\bin [\d.]+ s\b", "", text) for text in both)
        assert said == shown, command
    assert served == f"{SERVE}--bind 127.0.0.1 --directory site\n"


def test_each_step_gives_the_rows_and_page_that_the_guide_tells(reader: Reader) -> None:
    first, measured, package = (reader.states[n] for n in (0, 4, 5))
    home = BeautifulSoup(first["site/index.html"], "html.parser")
    assert home.h1
    assert home.h1.text.strip().startswith("Softmax")
    page = measured["site/index.html"]
    # An argument, two lines that bind, and what is returned.
    assert page.count("B by K, in the example 2 by 3") == 4
    links = BeautifulSoup(page, "html.parser").select(".weave-code a")
    assert "docs.pytorch.org" in {a.text: a["href"] for a in links}["Tensor"]
    other = package["site/cross_entropy.html"]
    assert 'softmax.html#softmax"><code translate="no">softmax</code></a> giv' in other
    assert re.search(r'<h2>Uses</h2>.*?<a href="softmax\.html">', other, re.S)
    used = package["site/softmax.html"]
    assert re.search(r'<h2>Used by</h2>.*?<a href="cross_entropy\.html', used, re.S)
    assert "what it costs to be wrong" in package["site/index.html"]
    rows = parse(reader.states[3]["softmax.py"]).rows
    first_words = [row.prose[0].text.split()[0] for row in rows if row.prose]
    assert first_words == ["#", "Probabilities", "$e^{1000}$", "What"]
    assert "So the page has four:" in PROSE


def test_a_variable_that_was_renamed_is_told_and_equal_sizes_stay_numbers(
    reader: Reader, another: Reader
) -> None:
    text = reader.states[4]["softmax.py"]
    opening, code = text.split("## Example")
    renamed = f"{opening}## Example{code.replace('scores', 'logits')}"
    (another.folder / "softmax.py").write_text(renamed)
    message = re.search(r"the check says `([^`]+)`", PROSE)
    assert message
    assert message[1] in another.run(f"{WEAVE}check softmax.py")
    text = text.replace("num_classes = 2, 3", "num_classes = 3, 3")
    example = text.index(">>> softmax(")
    text = f"{text[:example]}>>> _ = softmax(scores)\n{text[docstring(text) - 3 :]}"
    (another.folder / "softmax.py").write_text(text)
    command = f"{WEAVE}build softmax.py --out site --run-examples"
    assert "no remarks" in another.run(command)
    page = another.files()["site/index.html"]
    assert page.count('3 by 3"') == 4
    assert "B by" not in page


def test_every_option_is_told_with_its_default_and_two_lines_are_enough() -> None:
    told = dict(re.findall(r"^`(\w+)`\n:   (.+?)\n\n", STEPS[7], re.M | re.S))
    options = {option.name: option.default for option in fields(Settings)}
    assert list(told) == list(options)
    for name, default in options.items():
        shown = list(default) if isinstance(default, tuple) else default
        given = default or default is False
        expected = f"by default `{shown}`".lower() if given else "by default: none"
        if name == "source":
            expected = "must be given"
        assert expected in " ".join(told[name].lower().split())
    [lines] = re.findall(r'hl_lines="([\d ]+)"\n(.*?)```', STEPS[7], re.S)
    marked = [lines[1].splitlines()[int(n) - 1] for n in lines[0].split()]
    assert marked == ["  - litweave:", "      source: my_package"]


def test_pages_ask_no_other_host_and_what_a_host_runs_succeeds(reader: Reader) -> None:
    pages = {n: t for n, t in reader.files().items() if n.endswith(".html")}
    assert len(pages) == 4
    for name, page in pages.items():
        soup = BeautifulSoup(page, "html.parser")
        found = soup.select("script[src], link[href], img[src]")
        asked = [element.get("src") or element.get("href") for element in found]
        assert asked
        assert not [address for address in asked if "//" in address], name
    names = [path.name for path in (reader.folder / "site").rglob("*.css")]
    assert any(re.fullmatch(r"main\.[0-9a-f]{8}\.min\.css", name) for name in names)
    [path] = (reader.folder / ".github/workflows").iterdir()
    steps = yaml.safe_load(path.read_text())["jobs"]["site"]["steps"]
    [upload] = [step for step in steps if "upload" in step.get("uses", "")]
    lines = [step["run"] for step in steps if "run" in step]
    job = yaml.safe_load((reader.folder / ".gitlab-ci.yml").read_text())["pages"]
    [published] = job["artifacts"]["paths"]
    for (install, *commands), out in (
        (lines, upload["with"]["path"]),
        (job["script"], published),
    ):
        assert install == "python -m pip install -r requirements.txt"
        assert len(commands) == 2
        with contextlib.chdir(reader.folder):
            for command in commands:
                assert command.startswith(WEAVE)
                assert main([*shlex.split(command)[1:], *KEPT]) == 0
        assert f"--out {out} " in commands[1]


def words(element: Tag) -> str:
    """What an element says."""
    return " ".join(element.get_text().split())


def test_a_project_shows_its_proofs_and_papers(
    reader: Reader, another: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(reader.folder / "my_package", another.folder / "my_package")
    shutil.copy(TEMPLATE, another.folder / "my_package")
    (another.folder / "docs").mkdir()
    another.follow(STEPS[7])
    for block in blocks(STEPS[8]):
        if block.title == "mkdocs.yml":
            another.edit(block)
    # Of its own: what this site has proved is kept in the other.
    cache = f"      cache: {cache_of(another.folder)}\n"
    another.edit(Block("yaml", "mkdocs.yml", cache, "at its end"))
    monkeypatch.setenv("SITE_URL", "https://example.org/below/")
    result = build_here(another.folder)
    assert result.returncode == 0, result.stderr
    files = another.files()
    page = BeautifulSoup(files["site/rms_norm/index.html"], "html.parser")
    [proof], [paper] = page.select(".weave-proof"), page.select(".weave-papers")
    assert "Biao Zhang and Rico Sennrich. Root Mean Square" in words(paper)
    passed = f"✓ at most 1e-12 from PyTorch {torch.__version__}"
    for part in ("Largest difference", passed, "What differs from the paper"):
        assert part in words(proof)
    assert page.select(".weave-shape")
    # The guide to reading tells of what is on such a page.
    read = (ROOT / "docs" / "guide" / "read.md").read_text("utf-8")
    titles = [words(title) for title in page.select(".weave-panel h2, .weave-button")]
    shown = "Checked when this site was built", "Shapes"
    assert {*shown} <= {*titles}
    assert all(part in read for part in (*shown, "*What differs from the paper*"))
    assert "<loc>https://example.org/below/rms_norm/</loc>" in files["site/sitemap.xml"]
    assert 'href="/below/assets/' in files["site/404.html"]


def test_the_template_has_what_is_listed_and_makes_its_page(another: Reader) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    [command] = [b.text for b in blocks(readme) if "litweave build" in b.text]
    with contextlib.chdir(ROOT):
        *arguments, _ = shlex.split(command)[1:]
        site = another.folder / "site"
        assert main([*arguments, str(site), *KEPT]) == 0
    assert "RMS norm" in (site / "index.html").read_text("utf-8")
    assert "[`rms_norm.py`](rms_norm.py){ download }" in GUIDE
    text = TEMPLATE.read_text("utf-8")
    parts = ["arxiv.org", "$$", "class ", "**Shape.**", "**Raises.**", "**Source.**"]
    headings = ("Notation", "What differs from the paper", "What it costs", "Example")
    for part in (*parts, *(f"## {heading}" for heading in headings)):
        assert part in text, part


def test_the_template_computes_the_norm_and_refuses_what_it_says() -> None:
    """Also where `eps` counts, and where there is nothing to divide by."""
    template = load(TEMPLATE)
    norm = template.RMSNorm(8, eps=1e-3).double()
    torch.nn.init.normal_(norm.weight)
    for scale in (1.0, 1e-2, 1e-4):
        x = scale * torch.randn(5, 8, dtype=torch.double)
        expected = torch.nn.functional.rms_norm(x, (8,), norm.weight, 1e-3)
        torch.testing.assert_close(norm(x), expected, rtol=0, atol=1e-12)
    zero = norm(torch.zeros(8, dtype=torch.double))
    assert torch.equal(zero, torch.zeros_like(zero))
    four = template.RMSNorm(4)
    for message, wrong, *arguments in (
        ("dim must be at least 1, got 0", template.RMSNorm, 0),
        ("eps must be above zero, got 0", template.RMSNorm, 4, 0),
        ("must have 4 numbers, got 1", four, torch.zeros(3, 1)),
    ):
        with pytest.raises(ValueError, match=message):
            wrong(*arguments)
