r"""# Notebooks

Pages that ran.

- [`notebooks`][jupyter.notebooks]: the plugin that has mkdocs-jupyter run them.
- [`cells`][jupyter.cells]: an executed notebook becomes the site's own Markdown.
"""
