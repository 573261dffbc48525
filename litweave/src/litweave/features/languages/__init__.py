"""Languages: the same pages in another one, with other words (see `trees`)."""
