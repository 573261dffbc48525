r"""# Formulas

From TeX to a formula on the page, and from its letters to the code.

- [`mathematics`][formulas.mathematics]: a formula is set aside, set by KaTeX, and put
  in its slot.
- [`node`][formulas.node]: the program and the packages that this takes.
- [`tex`][formulas.tex]: a formula is read as TeX reads it, for its symbols.
- [`notation`][formulas.notation]: what a module says its letters stand for.
- [`symbols`][formulas.symbols]: the letters of a notation are found in the formulas.
- [`variables`][formulas.variables]: and the variables of a notation in the code.
- [`letters`][formulas.letters]: symbols outside of formulas, such as those of a shape.
"""
