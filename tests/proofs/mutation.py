"""Whether a proof notices what was made wrong."""

from collections.abc import Iterator

from labml_style_nn.proofs.__main__ import PROOFS, Proof, prove
from labml_style_nn.proofs.facts import Fact
from labml_style_nn.proofs.formula import Page


def failures(page: str, message: str) -> list[str]:
    """What fails of a page, up to the first fact of which the message is said."""
    name = next(name for name in PROOFS if name.endswith(f".{page}"))

    def until_it_fails(read: Page) -> Iterator[Fact]:
        for fact in PROOFS[name](read):
            yield fact
            if any(message in failure for failure in Proof([fact]).failures()):
                return

    return prove(name, until_it_fails).failures()
