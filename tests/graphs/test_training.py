"""The setting of the page learns. `benchmarks/seeds.py` counts with how many seeds."""

import pytest

from benchmarks import seeds


def test_the_setting_of_the_page_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    """With this seed it is quick, too."""
    monkeypatch.setattr(seeds, "EPOCHS", 4)
    assert seeds.best(seed=3) >= seeds.BAR
