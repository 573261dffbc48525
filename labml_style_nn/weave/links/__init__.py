r"""# Links

Names in the code lead to what they name. Nothing of an author's is imported.

- [`scopes`][links.scopes]: what each name is bound to, in one source.
- [`meanings`][links.meanings]: a name is followed through imports, from module to
  module.
- [`references`][links.references]: the names become links.
- [`libraries`][links.libraries]: where torch, einops, NumPy and Python document their
  own.
- [`lookup`][links.lookup]: the process that asks an installed library what it holds.
- [`signatures`][links.signatures]: how a definition is called, and what it is for, in
  two lines.
- [`addresses`][links.addresses]: whether the links and images in prose lead somewhere.
- [`uses`][links.uses]: which page uses which.
"""
