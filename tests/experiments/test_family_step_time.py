"""Step times of the family: networks take turns, the median is kept."""

import time
from typing import Any

from labml_style_nn.experiments import family_step_time
from labml_style_nn.experiments.family_budget import FAMILY, PARAMETERS, recorded
from labml_style_nn.experiments.family_step_time import seconds
from tests.experiments.common import refused


class Clock:
    """A clock that steps move on, each by the next of its durations."""

    def __init__(self) -> None:
        self.now, self.turns = 0.0, list[str]()

    def network(self, name: str, durations: list[float]) -> Any:
        clock, left = self, iter(durations)

        class Stub:
            def advance(self) -> None:
                clock.turns.append(name)
                clock.now += next(left)

        return Stub()


def test_networks_take_turns_and_the_median_is_kept(monkeypatch) -> None:
    clock = Clock()
    monkeypatch.setattr(time, "process_time", lambda: clock.now)
    networks = {
        ("a", 1): clock.network("a", [99.0, 1.0, 2.0, 90.0]),
        ("a", 2): clock.network("b", [99.0, 4.0, 0.0, 5.0]),
    }
    # The first round warms up. The median is no sum, and no mean.
    assert seconds(networks, range(4)) == {"a": {"1": 2.0, "2": 4.0}}
    assert clock.turns == ["a", "b"] * 4


def test_the_record_has_every_network() -> None:
    (measured,) = recorded("family_step_time", "fashion-mnist")
    times = measured["seconds_per_step"]
    assert [*times] == [*FAMILY]
    for sizes in times.values():
        assert [*sizes] == [str(parameters) for parameters in PARAMETERS]
        assert all(value > 0 for value in sizes.values())
    assert measured["threads"] == 1


def test_no_rounds_are_refused(capsys) -> None:
    message = "rounds must be at least 1, got 0"
    refused(family_step_time.main, ["--rounds", "0"], message, capsys)
