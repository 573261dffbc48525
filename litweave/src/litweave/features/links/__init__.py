"""Names in code and prose become links: to this site, or to the docs of libraries."""
