r"""# Copies

A module in three forms: as it is, clean, and standalone.

- [`copying`][copies.copying]: offers the forms on the page;
  [`terminal`][copies.terminal] does so on the command line.
- [`clean`][copies.clean]: the code without the essay.
- [`spacing`][copies.spacing]: and with the blank lines that belong between its
  statements.
- [`standalone`][copies.standalone]: a module with all that it needs, in one file.
- [`units`][copies.units], [`imports`][copies.imports]: what a module is made of, and
  what it takes from outside.
- [`examples`][copies.examples]: what of the essay a standalone file keeps.
- [`licence`][copies.licence]: what goes along with a copy.
"""
