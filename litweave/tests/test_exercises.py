"""Exercises: what a reader is asked stands open, and the answer is folded."""

from bs4 import BeautifulSoup
from markdown import Markdown

from litweave.exercises import Exercises
from rendering import woven

SOURCE = '''\
r"""# Doubling

It is $2x$.[^1]

[^1]: A note.

## Exercises

**Exercise 1.** What is the *double* of one?

Think before you look.

**Answer.** It is $2$:

>>> double(1)
2

- A list.

**Exercise 2.** And of two?

**Answer.**

>>> double(2)
4
"""


class Doubler:
    """## A

    **Exercise 3.** Why?

    **Answer.** Because.
    """

    # An answer ends where the next row begins, also if that has no heading.
    a = 1
'''


def test_each_answer_is_folded_and_each_question_open() -> None:
    first_row, *others = woven(SOURCE).rows
    found = BeautifulSoup(first_row + "".join(others), "html.parser")
    answers = found.find_all("details", "weave-answer")
    assert [a.find("summary", recursive=False).text for a in answers] == ["Answer"] * 3
    assert not any(a.has_attr("open") for a in answers)
    third, first, second = (a.text for a in answers)
    assert third.endswith("Because.\n")
    assert "double(1)" in first
    assert "A list." in first
    assert "Answer." not in found.text
    assert "double(2)" in second
    assert "And of two?" not in first
    for asked in ("What is the double of one?", "Think before", "And of two?"):
        [paragraph] = [p for p in found("p") if asked in p.text]
        assert not paragraph.find_parent("details")
    # Nothing else is folded.
    assert "details" not in first_row
    [comment] = [row for row in others if "where the next row begins" in row]
    assert "details" not in comment
    assert all(row.count("<details") == row.count("</details>") for row in others)
    [note] = found.find_all("div", "footnote")
    assert not note.find_parent("details")


def test_an_answer_to_nothing_is_prose() -> None:
    text = "**Answer.** 42.\n\n**Exercise 1.** Why?\n\n## Next\n\n**Answer.** No.\n"
    assert "<details" not in Markdown(extensions=[Exercises()]).convert(text)
