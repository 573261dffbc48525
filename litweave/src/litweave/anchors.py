r"""# Anchors: an address for each row

A row that opens a class or function has its qualified name for an address. Any other
row is addressed by the name around it and its own first words,
`#MixerBlock.forward:mix-tokens`. No address is a running number, so an address that
somebody wrote down stays right when rows come and go around it.
"""

import re
from collections.abc import Iterator
from itertools import count, islice

from litweave.headings import words
from litweave.parse import Module, Row

_WORDS = 6


def anchors(module: Module) -> list[str]:
    """The address of each row, no two alike."""
    taken: set[str] = set()
    found = []
    for row in module.rows:
        name = next(name for name in _candidates(row, module) if name not in taken)
        taken.add(name)
        found.append(name)
    return found


def _candidates(row: Row, module: Module) -> Iterator[str]:
    """Addresses from the shortest to the most particular, without an end."""
    first = row.definition.name if row.definition else None
    if first is None:
        said = _words(" ".join(prose.text for prose in row.prose))
        code = _words(module.code(row))
        slugs = ["-".join(s) for s in (said[:_WORDS], said, [*said, *code]) if s]
        named = [f"{row.scope}:{slug}" for slug in slugs or ["row"]]
        yield from named
        first = named[0]
    else:
        yield first
    # Two rows alike to the letter, a name defined twice: only their order tells them.
    yield from (f"{first}~{number}" for number in count(2))


def _words(text: str) -> list[str]:
    # What is set as mathematics has no words to give.
    text = re.sub(r"\$\$.*?\$\$|\$.*?\$", " ", text, flags=re.DOTALL)
    return list(islice(words(text), 40))
