"""The answers of the pages are right, and what is wrong is told as it is wrong."""

import doctest
import importlib
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from labml_style_nn.exercises import EXERCISES, check
from tests.test_navigation import HOME, PATH, TITLES, source

STOPS = re.findall(r"\]\(((?:layers|models)/\w+)\.md\)", PATH.findall(HOME)[0])
PAGES = [*STOPS, "models/conv_mixer"]
# Each page asks for one function at most, by its name.
ASKED = re.compile(r'^>>> check\("(\w+)", (\w+)\)$', re.MULTILINE)


def docstring(page: str) -> str:
    module = importlib.import_module(f"labml_style_nn.{page.replace('/', '.')}")
    assert module.__doc__
    return module.__doc__


@cache
def answers() -> dict[str, Callable[..., Tensor]]:
    """The function that answers each exercise, as the page defines it at last."""
    found = {}
    for page in PAGES:
        text = docstring(page)
        for name, function in ASKED.findall(text):
            names: dict[str, Any] = {"torch": torch, "nn": torch.nn, "F": F}
            for example in doctest.DocTestParser().get_examples(text):
                if example.source.startswith(f"def {function}("):
                    exec(example.source, names)
            found[name] = names[function]
    return found


@pytest.mark.parametrize("page", PAGES)
def test_a_page_ends_in_exercises_each_with_its_answer(page: str) -> None:
    *_, last = docstring(page).split("\n## ")
    assert last.startswith("Exercises\n")
    questions = re.findall(r"^\*\*Exercise (\d)\.\*\*", last, re.MULTILINE)
    parts = re.findall(r"^\*\*(Exercise|Answer)\b", last, re.MULTILINE)
    assert 2 <= len(questions) <= 4
    assert [*map(int, questions)] == [*range(1, len(questions) + 1)]
    assert parts == ["Exercise", "Answer"] * len(questions)
    assert ">>>" in last.rpartition("**Answer.**")[2]


NOTEBOOKS = ["mixer_in_ten_minutes", "train_on_digits", "find_it_again"]


def test_notebooks_end_in_exercises_and_the_one_of_code_asks_as_the_pages_do() -> None:
    assert len(STOPS) == 12
    assert {f"{page}.md" for page in PAGES} <= set(TITLES)
    for name in ("family", "findings", *(f"examples/{name}" for name in NOTEBOOKS)):
        _, *last = source(f"{name}.py").read_text("utf-8").split("\n# ## Exercises\n")
        asked, answered = (str(last).count(f"**{w}") for w in ("Exercise ", "Answer."))
        assert asked == answered >= 2, name
    notebook = source("examples/exercises.py").read_text("utf-8")
    cells = re.findall(r"^def (.+\n    return None  .*\n)\n\n(check.+)", notebook, re.M)
    pages = "\n".join(docstring(page) for page in PAGES)
    stubs = r">>> def (.+\n\.\.\.     return None  .*\n)>>> (check.+)"
    asked = re.findall(stubs, pages)
    assert cells == [(stub.replace("... ", ""), last) for stub, last in asked]
    assert len(cells) == len(EXERCISES)
    assert answers().keys() == EXERCISES.keys()


@pytest.mark.parametrize("name", EXERCISES)
def test_the_answer_of_the_page_is_right(name: str) -> None:
    """Also where gradients are off; and chance is left alone."""
    state = torch.random.get_rng_state()
    with torch.no_grad():
        assert check(name, answers()[name])
    assert torch.equal(torch.random.get_rng_state(), state)
    verdict = check(name, answers()[name])
    assert verdict
    assert repr(verdict) == "Right: shape, values and gradients are those of ours."


def right(
    x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor, form: str = "none"
) -> Tensor:
    hidden = F.gelu(w1 @ x + b1[:, None], approximate=form)
    return w2 @ hidden + b2[:, None]


WRONG: dict[str, Callable[..., Any]] = {
    "the result has the shape 2 × 20 × 24, and ours 2 × 24 × 20. Here `x` is 2 × 24 × "
    "20, `w1` 10 × 24": lambda *a: right(*a).mT,
    "it returned nothing": lambda *a: None,
    "it returned a list": lambda *a: [1.0],
    "values differ from ours by up to 0.25 (the largest of ours is": lambda *a: (
        right(*a) + 0.25
    ),
    "values are not finite": lambda *a: right(*a) / 0 * 0,
    "became torch.float32": lambda *a: right(*a).float(),
    # The tanh form of GELU is another function.
    "values differ": lambda *a: right(*a, "tanh"),
    # This is an answer for one size alone.
    "`x` is 3 × 5 × 8": lambda *a: right(*a)[:2, :24],
    "the result has no gradient": lambda *a: right(*a).detach(),
    "the gradient of `w1` is missing": lambda x, w1, *a: right(x, w1.detach(), *a),
    "the gradient of `x` is wrong: numbers differ from ours": (
        lambda x, *a: right(2 * x - x.detach(), *a)
    ),
}


@pytest.mark.parametrize("words", WRONG)
def test_what_is_wrong_is_told_as_it_is_wrong(words: str) -> None:
    verdict = check("token_mixing", WRONG[words])
    assert not verdict
    assert words in repr(verdict).replace("\n", " ")


def test_it_says_which_exercises_there_are_and_an_error_of_the_reader() -> None:
    with pytest.raises(ValueError, match=r"'mixing'; there are \['patch_embedding', "):
        check("mixing", right)
    with pytest.raises(ZeroDivisionError):
        check("linear", lambda *a: 1 / 0)
