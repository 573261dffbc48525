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


def test_a_log_has_a_line_for_each_step(caplog: pytest.LogCaptureFixture) -> None:
    progress = Progress(io.StringIO())
    with caplog.at_level(logging.INFO), progress.part("notebooks", 2) as part:
        for name in ("a.py", "b.py"):
            with part.step(name):
                pass
    assert caplog.messages == ["notebooks 1 of 2: a.py", "notebooks 2 of 2: b.py"]


def test_many_short_steps_are_no_lines_in_a_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    progress = Progress(io.StringIO())
    with caplog.at_level(logging.INFO), progress.part("pages", 1, quick=True) as part:
        part.next("a.md")
    assert caplog.messages == []


def test_a_terminal_has_one_line_with_all_parts() -> None:
    terminal = Terminal()
    progress = Progress(terminal)
    examples, proofs = progress.open("examples", 3), progress.open("proofs", 1)
    examples.begin("one")
    proofs.begin("page")
    examples.end("one")
    examples.next("two")
    assert terminal.lines()[-1] == (
        "[#####...............] examples 1/3 two | proofs 0/1 page"
    )
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


def test_a_step_that_fails_is_not_done() -> None:
    progress = Progress(io.StringIO())
    with progress.part("notebooks", 2) as part:
        with pytest.raises(ValueError, match="a reason"), part.step("a.py"):
            raise ValueError("a reason")
        assert (part.begun, part.done) == (1, 0)
