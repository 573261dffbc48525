"""Many sheets become one, and what they point to stays where it is."""

from litweave.theme import joined


def test_sheets_become_one_in_their_order_and_addresses_follow() -> None:
    sheets = {
        "assets/katex/a.css": "a { src: url(fonts/a.woff2), url('b.svg') }",
        "own.css": "/* words */ b { src: url(/c.svg), url(data:x), url(#d) }",
    }
    assert joined(sheets, "assets/styles.css") == (
        "a{src:url(katex/fonts/a.woff2),url(katex/b.svg)}"
        "b{src:url(/c.svg),url(data:x),url(#d)}"
    )
