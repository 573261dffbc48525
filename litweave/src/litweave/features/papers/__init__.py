"""The papers that a page links to, from a BibTeX file."""
