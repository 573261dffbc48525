r"""# Proofs

What the pages of layers and models say can be checked, and here it is: the parameters
are counted and held against the formula on the page and the number in the paper; the
outputs are held against those of an implementation that somebody else wrote. When the
site is built, this runs, each page shows its part, and a check that fails, fails the
build.

You can run it on your own machine. It needs NumPy beside PyTorch:

```sh
python -m labml_style_nn.proofs token_mixing
```

- [`layer_proofs`][] and [`model_proofs`][] say what is proved of each page of the
  Mixer; the others of the family have files of their own, whose names end in `_proofs`
  too. Of the page `affine`, a function `prove_affine` tells.
- [`facts`][] is the vocabulary: facts, checks and cases.
- [`formula`][] evaluates the formulas as they are printed on the page.
- [`cost`][] counts parameters and multiplications, of layers and of named models.
- [`reference`][] holds what others compute: timm, PyTorch, NumPy.
- [`whole`][] holds a whole model against it.
"""
