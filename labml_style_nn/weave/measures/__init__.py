r"""# Measures

What the examples of a module show about its lines.

- [`trace`][measures.trace]: the process that runs the examples and looks at every
  tensor.
- [`shapes`][measures.shapes]: starts it for what has changed, and keeps what it found.
- [`dependencies`][measures.dependencies]: what a result depends on, and so when it is
  out of date.
- [`hints`][measures.hints]: the shapes at the ends of lines.
"""
