"""Notebooks that mkdocs-jupyter runs become pages of the site."""

import sys

# With this, jsonschema would check addresses in foreign letters. There are none, and to
# import it takes longer than all else that Jupyter needs. It has to be said before
# mkdocs-jupyter is imported.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
