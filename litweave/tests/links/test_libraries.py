"""Names of libraries: asked for in isolation, remembered, led to their documents."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from litweave.features.links import introspect, libraries
from litweave.features.links.libraries import LIBRARIES, Answers, Fact, address, ask

Patch = pytest.MonkeyPatch
# Where names are documented, below the address of their library; `*` is the name, and
# behind `none` is why there is no place.
BASES = {
    "torch": "https://docs.pytorch.org/docs/stable/",
    "einops": "https://einops.rocks/",
    "numpy": "https://numpy.org/doc/stable/reference/",
}
PYTHON = "https://docs.python.org/3/library/"
DOCUMENTED = """
torch                              torch.html
torch.nn                           nn.html
torch.nn.Linear                    generated/*.html
torch.nn.modules.linear.Linear     generated/torch.nn.Linear.html
torch.nn.functional.gelu           generated/*.html
torch.nn.functional.conv2d         generated/*.html
torch.conv2d                       generated/torch.nn.functional.conv2d.html
torch.nn.init.zeros_               nn.init.html#*
torch.nn.Module.parameters         generated/torch.nn.Module.html#*
torch.nn.Linear.reset_parameters   generated/torch.nn.Linear.html#*
torch.nn.Parameter                 generated/torch.nn.parameter.Parameter.html
torch.nn.parameter.Parameter       generated/*.html
torch.Tensor                       tensors.html#*
torch.Tensor.expand                generated/*.html
torch.float32                      tensor_attributes.html#torch.dtype
torch.no_grad                      generated/*.html
torch.inference_mode  generated/torch.autograd.grad_mode.inference_mode.html
torch.utils.data.DataLoader        data.html#*
torch.Generator                    generated/*.html
einops
einops.rearrange                   api/rearrange/
numpy.where                        generated/*.html
numpy.abs                          generated/numpy.absolute.html
numpy.ndarray.mean                 generated/*.html
numpy.nan                          constants.html#*
numpy.float32                      arrays.scalars.html#*
functools.partial                  functools.html#*
os.path.join                       os.path.html#*
math.pi                            math.html#*
collections.abc.Sequence           collections.abc.html#*
datetime.datetime.now              datetime.html#*
asyncio                            asyncio.html
json.decoder.JSONDecodeError       json.html#json.JSONDecodeError
torch.typename                     none: it is on no page
torch.AliasDb                      none: it says nothing of itself
asyncio.run                        none: no rule covers it
xml.etree.ElementTree              none: no rule covers it
antigravity                        none: no rule covers it
_thread.start_new_thread           none: no rule covers it
einops.EinopsError                 none: no rule covers it
torch.__version__                  none: it is private
os.environ.get                     none: an instance has it
io.StringIO.nothing                none: it is not there
torch.nowhere                      none: it is not there
torch.nn.Linear.reset_parameters.x none: it is not there
torch.optim.AdamW.step             none: it is inherited
winreg.x                           none: its library is not there
mine.own.name                      none: it is of no library
"""
PLACES = dict(
    (*line.split(maxsplit=1), "")[:2] for line in DOCUMENTED.split("\n")[1:-1]
)
OTHERS = """
    io.StringIO.write numpy.linalg.norm torch.nn.Linar torch.nn.Module.nothing
    torch.baddbmm torch.qqqqq torch.nowhere.x torch.optim.AdamW torch.ops.mine.op
    torch.tensor torch.dtype datetime.datetime pathlib.Path.exists os.environ
    importlib.resources.abc.Traversable re.sub typing.Any
"""
NAMES = [*PLACES, *OTHERS.split()]


@pytest.fixture(scope="module")
def answers(known: Path) -> Answers:
    return ask(NAMES, known)


@pytest.mark.parametrize("name", PLACES)
def test_where_a_name_is_documented(name: str, answers: Answers) -> None:
    place = PLACES[name].replace("*", name)
    base = BASES.get(name.partition(".")[0], PYTHON)
    expected = None if place.startswith("none") else base + place
    assert address(name, answers.facts) == expected


def test_what_is_missing(answers: Answers) -> None:
    facts = answers.facts
    near = {"torch.nn.Linar": "Linear", "torch.nowhere": "where", "torch.qqqqq": ""}
    for name, other in near.items():
        assert (facts[name].kind, facts[name].near) == ("missing", other)
    for name in ("nn.Module.nothing", "nowhere.x", "ops.mine.op"):
        fact = facts[f"torch.{name}"]
        assert (fact.kind, fact.near) == ("unknown", "")
    assert facts["winreg.x"] == fact


CALLED = {
    "torch.nn.Linear": "(in_features: int, out_features: int, bias: bool = True, "
    "device=None, dtype=None)",
    "torch.baddbmm": "(input, batch1, batch2, *, beta=1, alpha=1, out=None) -> Tensor",
    "collections.abc.Sequence": "",
    "einops.rearrange": "(tensor, pattern, **axes_lengths)",
    "functools.partial": "(func, *args, **keywords)",
}


def test_what_is_told_of_a_name(answers: Answers) -> None:
    facts = answers.facts
    assert {name: facts[name].signature for name in CALLED} == {
        name: name + called for name, called in CALLED.items()
    }
    assert facts["torch.nn.Linear"].summary == (
        "Applies an affine linear transformation to the incoming data: y = xA^T + b."
    )
    assert facts["torch.baddbmm"].summary == (
        "Performs a batch matrix-matrix product of matrices in batch1 and batch2."
    )
    # And nothing of a value.
    assert (facts["math.pi"].signature, facts["math.pi"].summary) == ("", "")


def test_a_summary_is_one_short_plain_sentence(answers: Answers) -> None:
    for name, fact in answers.facts.items():
        assert len(fact.summary) <= introspect.LONGEST_SUMMARY + 2, name
        for mark in ("`", ":class:", "\n", "\\"):
            assert mark not in fact.summary, name


def test_nothing_of_this_machine_is_told(monkeypatch: Patch) -> None:
    class Secret:
        def __repr__(self) -> str:
            return "secret"

    # fmt: off
    def mean(
        secret: object = Secret(), environ: object = os.environ,
        folder: str = os.getcwd(), many: str = "x" * 40,
        nested: tuple[object, ...] = (os.environ, 1, "a"),
        made: type = int, number: float = 0.5,
    ) -> None: ...
    # fmt: on

    monkeypatch.setattr(statistics, "mean", mean)
    assert introspect.fact("statistics.mean")["signature"] == (
        "statistics.mean(secret=…, environ=…, folder=…, many=…, "
        'nested=(…, 1, "a"), made=int, number=0.5)'
    )


def test_what_is_known_is_not_asked_again(tmp_path: Path, monkeypatch: Patch) -> None:
    cache = tmp_path / "libraries.json"
    first = ask(["math.pi", "re.sub"], cache)
    before = cache.read_bytes()
    monkeypatch.setattr(subprocess, "run", None)
    assert ask(["re.sub", "math.pi"], cache) == first
    assert set(ask(["re.sub"], cache).facts) == {"re", "re.sub"}
    assert cache.read_bytes() == before
    with pytest.raises(TypeError):  # something new needs a process
        ask(["math.e"], cache)


def test_only_what_is_new_is_asked(tmp_path: Path, monkeypatch: Patch) -> None:
    asked: list[str] = []

    def look_up(names: list[str]) -> dict[str, Fact]:
        asked.append(" ".join(names))
        return {name: Fact("function") for name in names}

    def ask_for(*names: str) -> list[str]:
        """Those that are looked up, each time."""
        asked.clear()
        ask(names, tmp_path / "libraries.json")
        return asked

    monkeypatch.setattr(libraries, "_look_up", look_up)
    both = "math.pi", "torch.cat"
    assert ask_for(*both) == ["math math.pi torch torch.cat"]
    assert ask_for("math.pi", "math.e") == ["math.e"]
    assert ask_for() == []
    # Another version of a library: all of its names, and no others.
    old = libraries._version
    versions = {"torch": "9"}
    monkeypatch.setattr(libraries, "_version", lambda r: versions.get(r) or old(r))
    assert ask_for(*both) == ["torch torch.cat"]
    assert ask_for(*both) == []
    # Another way to look up, or another Python: everything.
    monkeypatch.setattr(libraries, "_key", lambda: "another")
    assert ask_for(*both) == ["math math.pi torch torch.cat"]


def test_a_missing_library_has_no_links(tmp_path: Path, monkeypatch: Patch) -> None:
    members = {"notthere": "{name}"}
    library = libraries.Library("https://example.org/", modules={}, members=members)
    monkeypatch.setitem(LIBRARIES, "notthere", library)
    found = ask(["notthere.x", "math.pi"], tmp_path / "libraries.json")
    assert found.absent == ("notthere",)
    assert set(found.facts) == {"math", "math.pi"}
    assert address("notthere.x", found.facts) is None


def test_a_process_that_fails_says_why(tmp_path: Path, monkeypatch: Patch) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit('no room')")
    monkeypatch.setattr(introspect, "__file__", str(broken))
    with pytest.raises(RuntimeError, match="no room"):
        ask(["math.pi"], tmp_path / "libraries.json")
    assert not (tmp_path / "libraries.json").exists()


def test_no_file_of_the_author_passes_for_a_library(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    spoiled = "open('was_here', 'w').close()\nrearrange = statistics = None\n"
    for name in ("einops.py", "statistics.py", "json.py"):
        (tmp_path / name).write_text(spoiled)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = ask(["einops.rearrange", "statistics.mean"], tmp_path / "cache.json")
    kinds = {name: fact.kind for name, fact in found.facts.items()}
    assert kinds["einops.rearrange"] == kinds["statistics.mean"] == "function"
    assert not (tmp_path / "was_here").exists()


def test_only_libraries_of_the_table_are_imported(tmp_path: Path) -> None:
    found = ask(["pytest.fixture", "yaml.load", "antigravity.fly"], tmp_path / "cache")
    assert found == Answers({}, ())
    assert not (tmp_path / "cache").exists()


def test_what_a_library_prints_is_no_answer() -> None:
    # This one prints a poem while it is imported.
    command = [sys.executable, "-I", introspect.__file__]
    answer = subprocess.run(
        command, input='["this.s", "math.pi"]', capture_output=True, text=True
    )
    assert set(json.loads(answer.stdout)) == {"this.s", "math.pi"}
