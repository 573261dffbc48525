"""What a build is doing is said: a bar on a terminal, plain lines in a log."""

import io
import logging

import pytest

from litweave.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def lines(self) -> list[str]:
        """What was drawn on the line, one after another."""
        return self.getvalue().split("\r\x1b[K")[1:]


def test_a_log_has_a_line_for_each_step_unless_they_are_many_and_short(
    caplog: pytest.LogCaptureFixture,
) -> None:
    progress = Progress(io.StringIO())
    with caplog.at_level(logging.INFO), progress.part("notebooks", 3) as part:
        for name in ("a.py", "b.py"):
            with part.step(name):
                pass
        # One that fails is not done.
        with pytest.raises(ValueError, match="a reason"), part.step("c.py"):
            raise ValueError("a reason")
        assert (part.begun, part.done) == (3, 2)
    with caplog.at_level(logging.INFO), progress.part("pages", 1, quick=True) as part:
        part.next("a.md")
    steps = enumerate(("a.py", "b.py", "c.py"), 1)
    assert caplog.messages == [f"notebooks {n} of 3: {name}" for n, name in steps]


def test_a_terminal_has_one_line_with_all_parts() -> None:
    terminal = Terminal()
    progress = Progress(terminal)
    examples, proofs = progress.open("examples", 3), progress.open("proofs", 1)
    examples.begin("one")
    proofs.begin("page")
    examples.end("one")
    examples.next("two")
    drawn = "[#####...............] examples 1/3 two | proofs 0/1 page"
    assert terminal.lines()[-1] == drawn
    progress.close(examples)
    assert terminal.lines()[-1] == "[....................] proofs 0/1 page"
    progress.close(proofs)
    assert terminal.lines()[-1] == ""


def test_a_message_begins_on_a_line_of_its_own() -> None:
    terminal = Terminal()
    progress = Progress(terminal)
    logger = logging.Logger("a log")
    handler = logging.StreamHandler(terminal)
    logger.addHandler(handler)
    progress.make_room(logger)
    with progress.part("examples", 1) as part:
        part.begin("one")
        logger.warning("a.py:3: a mistake")
    assert "one\r\x1b[Ka.py:3: a mistake\n" in terminal.getvalue()
