r"""# How this site is made

Litweave turns annotated Python into pages like this one: prose on the left, the code
that it explains on the right. These pages are its own source, rendered by itself.

```text
file.py ──parse──▶ Module ──page──▶ Markdown ──site──▶ HTML ──page──▶ two columns
                     └──────enrich──▶ shapes, symbols, links, proofs, copies ─┘
```

To write a page of your own, begin with the [guide](../guide/write.md). To read how it
works, begin with these four, in this order:

1. [`parse`][litweave.parse]: a source becomes rows, and no line is lost.
2. [`prose`][litweave.prose]: what prose may contain beside Markdown.
3. [`page`][litweave.page]: rows become a document, and the document a page.
4. [`plugin`][litweave.mkdocs_plugin]: the thin adapter that hands all of it to MkDocs.

The others add one thing each, and are read where they lie, in `litweave/src/litweave/`:

| folder or module | what it adds |
|---|---|
| `names`, `anchors`, `safety`, `highlight` | links by name, addresses, colours |
| `book`, `enrich` | the modules of a site, and what a page shows beyond its source |
| `formulas/` | mathematics, and symbols that light up |
| `links/` | names in the code that lead to what they name |
| `measures/` | shapes, measured by running the examples |
| `evidence/` | what was proved, and whom to cite |
| `copies/` | the module as it is, clean, or standalone |
| `jupyter/` | pages that ran |
| `languages/` | the same pages in another language |
| `child`, `progress`, `kept`, `unchanged` | what a build runs, says, and keeps |
| `site`, `check`, `preview` | the commands, without configuration |

Nothing but `plugin`, `unchanged`, `jupyter/` and `site` knows of MkDocs.
"""
