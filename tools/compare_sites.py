"""What differs between two builds of a site: text, links and anchors of every page.

    python tools/compare_sites.py BEFORE AFTER

For whoever changes the renderer: build before and after, and mean each line of this.
"""

import argparse
import difflib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bs4 import BeautifulSoup

_NO_TEXT = ("script", "style", "template")


def facts(path: Path) -> list[str]:
    """A page in lines: its words, where its links lead, what can be linked to."""
    page = BeautifulSoup(path.read_bytes(), "html.parser")
    for element in page(_NO_TEXT):
        element.decompose()
    found = [" ".join(text.split()) for text in page.stripped_strings]
    found += sorted(
        f"{name}: {element[name]}"
        for name in ("href", "src", "id")
        for element in page.find_all(attrs={name: True})
    )
    return found


def differences(before: Path, after: Path) -> Iterator[str]:
    """Pages of one of the two only, and what differs of those that are in both."""
    names = [
        {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
        for site in (before, after)
    ]
    for sign, gone in (("-", names[0] - names[1]), ("+", names[1] - names[0])):
        yield from (f"{sign} {name}" for name in sorted(gone))
    for name in sorted(names[0] & names[1]):
        if (before / name).read_bytes() != (after / name).read_bytes():
            both = facts(before / name), facts(after / name)
            lines = difflib.unified_diff(*both, name, name, lineterm="", n=0)
            yield from (line for line in lines if not line.startswith("@@"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what differs; 1 if anything does."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    options = parser.parse_args(arguments)
    found = list(differences(options.before, options.after))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
