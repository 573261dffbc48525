"""The tests of a module are those that use a name of it."""

from pathlib import Path

import pytest

from labml_style_nn.proofs.covering import covering

SOURCE = """
import pytest
from pkg.gelu import GELU, curve as bend
from pkg import gelu
from other import curve
import pkg.gelu as whole

LAYERS = [GELU]
OTHERS = [curve]


@pytest.fixture
def layer():
    return bend


def helper():
    return deeper()


def deeper():
    return gelu.GELU


@pytest.mark.parametrize("kind", LAYERS)
def test_by_a_constant(kind): ...


def test_directly():
    assert GELU()


def test_by_another_name():
    assert bend and whole


def test_by_a_fixture(layer): ...


def test_by_helpers():
    helper()


def test_of_something_else():
    assert OTHERS


class TestAll:
    def test_method(self):
        assert GELU
"""


@pytest.fixture
def tests(tmp_path: Path) -> Path:
    folder = tmp_path / "tests"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "test_gelu.py").write_text(SOURCE)
    (folder / "test_other.py").write_text(
        "from pkg.gelus import GELU\n\n\ndef test_it():\n    GELU\n"
    )
    (folder / "gelu_helper.py").write_text("from pkg.gelu import GELU\n")
    return folder


def test_tests_are_found_by_what_they_use(tests: Path) -> None:
    assert covering("pkg.gelu", tests) == {
        "tests/deep/test_gelu.py": [
            "test_by_a_constant",
            "test_directly",
            "test_by_another_name",
            "test_by_a_fixture",
            "test_by_helpers",
            "TestAll.test_method",
        ]
    }


def test_a_module_that_no_test_imports_has_none(tests: Path) -> None:
    assert covering("pkg.linear", tests) == {}
