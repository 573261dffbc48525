"""The list under `## Notation`: which letter is which variable."""

import pytest

from litweave.features.symbols.symbols import Entry, items, notation
from litweave.parse import parse

LAYER = '''\
# A licence, perhaps.
r"""# Layer

- $A$, `a`: this list is another one

## Notation

- $S$, `num_patches`: the number of patches, $S > 0$
- $W_1$, $b_1$, `fc1`: the first layer,
  `Linear`: as it is
- $H, W_{i,j}$, `height`, `width`: a size

Words in between.

- $i$: an index
- `mask`: one or zero
- words alone
- $S$ and `x`: no list

## Cost

- $B$, `b`: this one, too
"""
'''


def test_entries_are_read_in_order() -> None:
    assert notation(parse(LAYER)) == (
        Entry(("S",), ("num_patches",), "the number of patches, $S > 0$", 8),
        Entry(("W_1", "b_1"), ("fc1",), "the first layer, `Linear`: as it is", 9),
        Entry(("H", "W_{i,j}"), ("height", "width"), "a size", 11),
        Entry(("i",), (), "an index", 15),
        Entry((), ("mask",), "one or zero", 16),
    )
    # An item that is no entry keeps its place.
    assert [line for line, entry in items(parse(LAYER)) if not entry] == [17, 18]


@pytest.mark.parametrize(
    "source",
    [
        *("", "x = 1\n", '"""# Layer"""\n', '"""## Notation\n\nNo list."""\n'),
        '"""# A"""\n\n\ndef f():\n    r"""F.\n\n    ## Notation\n\n    - $x$: x"""\n',
    ],
)
def test_a_module_may_have_no_notation(source: str) -> None:
    assert notation(parse(source)) == ()
