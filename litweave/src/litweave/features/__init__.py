"""What a page shows beyond its source: a folder each, with script and style."""
