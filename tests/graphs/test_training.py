"""The setting of the page learns. `benchmarks/seeds.py` counts with how many seeds."""

from benchmarks.seeds import BAR, best


def test_the_setting_of_the_page_learns() -> None:
    assert best(seed=1) >= BAR
