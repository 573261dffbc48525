r"""# Weave

Weave turns annotated Python into pages like this one: prose on the left, the code that
it explains on the right. These pages are its own source, rendered by itself.

```text
file.py ──parse──▶ Module ──page──▶ Markdown ──site──▶ HTML ──page──▶ two columns
                     └──────enrich──▶ shapes, symbols, links, proofs, copies ─┘
```

To write a page of your own, begin with the [guide](../guide/write.md). To read how it
works, begin with these four, in this order:

1. [`parse`][weave.parse]: a source becomes rows, and no line is lost.
2. [`prose`][weave.prose]: what prose may contain beside Markdown.
3. [`page`][weave.page]: rows become a document, and the document a page.
4. [`plugin`][weave.plugin]: the thin adapter that hands all of it to MkDocs.

The others add one thing each:

| pages | what they add |
|---|---|
| [From source to page][weave.names] | links by name, anchors, safety, colours |
| [The book][weave.book] | the modules of a site and what they share |
| [Formulas][weave.formulas] | mathematics, and symbols that light up |
| [Links][weave.links] | names in the code that lead to what they name |
| [Measures][weave.measures] | shapes, measured by running the examples |
| [Evidence][weave.evidence] | what was proved, and whom to cite |
| [Copies][weave.copies] | the module as it is, clean, or standalone |
| [Notebooks][weave.jupyter] | pages that ran |
| [The site][weave.site] | commands, plugin, preview |

Nothing but `plugin`, `notebooks` and `site` knows of MkDocs.
"""
