r"""# Evidence

What stands beside the opening of a page, and beside its end.

- [`proof`][evidence.proof]: a program of the author's says what it computed of each
  page.
- [`proof_panel`][evidence.proof_panel]: the panel that shows it.
- [`bibliography`][evidence.bibliography]: the papers that a page links to, with BibTeX
  to copy.
"""
