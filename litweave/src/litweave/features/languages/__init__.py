r"""# Languages

The same pages in another language: same code, same formulas, same anchors, other words.

- [`blocks`][languages.blocks]: prose is cut into units, and put together again.
- [`tags`][languages.tags]: the words within HTML.
- [`tokens`][languages.tokens]: what is the same in every language.
- [`extract`][languages.extract]: all units of a book.
- [`catalogs`][languages.catalogs]: translations in files, and what changed since.
- [`translator`][languages.translator]: a unit becomes words, with their state.
- [`marks`][languages.marks]: how a page knows the state of each block.
- [`glossary`][languages.glossary]: the words for the terms of the field.
- [`checks`][languages.checks]: what a translation must keep.

Nothing here knows of MkDocs.
"""
