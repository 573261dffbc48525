r"""# How this site is made

Litweave turns annotated Python into pages like this one: prose on the left, the code
that it explains on the right. These pages are its own source, rendered by itself.

```text
file.py ──parse──▶ Module ──page──▶ Markdown ──site──▶ HTML ──page──▶ two columns
                     └──features──▶ shapes, symbols, links, proofs, copies ─┘
```

To write a page of your own, begin with the [guide](../guide/write.md). To read how it
works, begin with these four, in this order:

1. [`parse`][litweave.parse]: a source becomes rows, and no line is lost.
2. [`prose`][litweave.prose]: what prose may contain besides Markdown.
3. [`page`][litweave.page]: rows become a document, and the document a page.
4. [`plugin`][litweave.mkdocs_plugin]: the thin adapter that hands all of it to MkDocs.

The others add one thing each, and are read where they lie, in `litweave/src/litweave/`:

| folder or module | what it adds |
|---|---|
| `names`, `headings`, `marks`, `overlay` | links by name, addresses, colours |
| `site`, `book` | the modules of a site, and what a page shows beyond its source |
| `katex`, `features/symbols/` | mathematics, and symbols that light up |
| `features/links/` | names in the code that lead to what they name |
| `features/shapes/` | shapes, measured by running the examples |
| `features/proofs/`, `features/papers/` | what was proved, and whom to cite |
| `features/copy/` | the module as it is, clean, or standalone |
| `features/notebooks/` | pages that ran |
| `features/languages/` | the same pages in another language |
| `process`, `progress`, `cache` | what a build runs, says, and keeps |
| `__main__`, `build` | the commands, without configuration |

## What other programs may use

The commands, the options in `mkdocs.yml`, and the names below stay as they are. Every
other name may change.

- `settings.Settings`: what a site is made of
- `build.build`, `build.Built`: build a site of any path
- `book.Chapter`: what became of a module
- `words.word`: a word of the page in the language of its reader
- `features.languages.catalogs.Catalogs`, `features.languages.catalogs.Glossary`: the
  translations into a language, and its words for the terms
- `features.languages.trees.tag`, `features.languages.trees.territory`: the codes of a
  language
- `features.copy.add`: lend the command `copy` to a package of yours
- `cache.build_folder`, `cache.digest`: keep what was made, under a key
- `dependencies.Dependencies`: a key of all that a program depends on
- `process.begin`, `process.lines`, `process.ChildError`: run a program during a build
- `progress.progress`: show how far it is
- `node.packages`, `node.NodeError`: the packages of npm that a lock file pins
"""
