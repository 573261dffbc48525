r"""# Fourier mixing

Token mixing needs no weights. FNet lets the tokens meet in a *Fourier transform*: one
along the channels, one along the tokens, and of the complex numbers that come out, the
real part (Lee-Thorp and others, 2021, "FNet: Mixing Tokens with Fourier Transforms",
[arXiv:2105.03824](https://arxiv.org/abs/2105.03824), section 3):

$$Y = \operatorname{Re}\bigl(F_S \, X F_C\bigr), \qquad
(F_N)_{m,n} = e^{-2\pi i \, m n / N} .$$

$F_N$ is the matrix of the discrete Fourier transform of $N$ numbers, whose rows and
columns are counted from zero. Each row is a wave of another frequency, and the product
with it says how much of this wave is in the numbers. On the left of the table it mixes
tokens, on the right it mixes channels. Written with cosines and sines,
$F_N = A_N - i B_N$, nothing complex is left:

$$\begin{aligned}
Y &= A_S \, X A_C - B_S \, X B_C , \\
(A_N)_{m,n} &= \cos \frac{2\pi m n}{N} , \\
(B_N)_{m,n} &= \sin \frac{2\pi m n}{N} .
\end{aligned}$$

## Notation

- $X$, `x`: the table of tokens, $S \times C$
- $Y$, `y`: the table that comes out; it has the same shape
- $B$, `batch`: how many tables are computed together
- $S$, `num_tokens`: the number of tokens, the rows of the table
- $C$, `hidden_dim`: the number of channels, its columns
- $N$, `size`: the size of a transform, $S$ or $C$
- $F_N$, $F_S$, $F_C$: the matrix of such a transform, complex
- $A_N$, $A_S$, $A_C$, `cosines`: its real part
- $B_N$, $B_S$, $B_C$, `sines`: minus its imaginary part
- $m, n$: the indices of a row and of a column, from zero
- $i$: the imaginary unit
- $E$, `even`: the even part of the table, see below

## What mixes what

Almost everything mixes with everything. Each number of $Y$ is a sum over *all* numbers
of $X$, with factors between $-1$ and $1$ that are fixed once and for all; some of them
are zero. The first number, where every factor is one, is the sum of the table:

>>> import torch
>>> from labml_style_nn.layers.fourier_mixing import FourierMixing, fourier_mixing
>>> _ = torch.manual_seed(0)
>>> batch, num_tokens, hidden_dim = 2, 24, 20
>>> mixing = FourierMixing()
>>> x = torch.randn(batch, num_tokens, hidden_dim)
>>> y = mixing(x)
>>> torch.allclose(y[:, 0, 0], x.sum(dim=(1, 2)), atol=1e-4)
True

So one layer reaches nearly what a Mixer reaches in one [block][MixerBlock], but it
cannot choose: whatever is learned must be learned by the layers around it.

The map is linear, and $X_{m',n'}$ has the same factor in $Y_{m,n}$ as $X_{m,n}$ has in
$Y_{m',n'}$. The map is its own transpose, so its backward pass is its forward pass:

>>> cotangent = torch.randn(batch, num_tokens, hidden_dim)
>>> leaf = x.clone().requires_grad_()
>>> (gradient,) = torch.autograd.grad((mixing(leaf) * cotangent).sum(), leaf)
>>> torch.allclose(gradient, mixing(cotangent), atol=1e-4)
True

## What the real part leaves out

The complex transform loses nothing. Its real part does. Split the table into an *even*
and an *odd* part, where an index below zero counts from the end,

$$\begin{aligned}
E_{m,n} &= \tfrac{1}{2} \bigl(X_{m,n} + X_{-m,-n}\bigr), \\
X &= E + (X - E) .
\end{aligned}$$

The real part sees $E$ alone, and what it puts out is even again. Twice in a row gives
back $S C \, E$:

>>> def turned(x):
...     return x.flip(1, 2).roll((1, 1), dims=(1, 2))
>>> even = (x + turned(x)) / 2
>>> torch.allclose(mixing(x), mixing(even), atol=1e-4)
True
>>> torch.allclose(turned(y), y, atol=1e-4)
True
>>> twice = mixing(mixing(x)) / (num_tokens * hidden_dim)
>>> torch.allclose(twice, even, atol=1e-4)
True

Of the $480$ numbers of such a table, $242$ survive. Four are their own mirror image
($m$ is $0$ or $12$, $n$ is $0$ or $10$); the other $476$ form $238$ pairs, and of each
pair only the mean is left. What is lost is still in the table that the
[block][FNetBlock] adds to this one.

>>> unit_tables = torch.eye(480).unflatten(1, (num_tokens, hidden_dim))
>>> torch.linalg.matrix_rank(mixing(unit_tables).flatten(1)).item()
242

## What it knows of positions

Attention knows nothing of positions: exchange two tokens, and the results are exchanged
with them. Here a token at another place has other factors, so the order counts, and in
that sense the positions are known:

>>> order = torch.randperm(num_tokens)
>>> torch.allclose(mixing(x[:, order]), mixing(x)[:, order], atol=1e-4)
False

Not in every sense, though. Some orders go unnoticed, and one of them exists for any
number of tokens: keep the first token and reverse the others, and the results are
reversed likewise, nothing more.

>>> reverse = -torch.arange(num_tokens) % num_tokens
>>> torch.allclose(mixing(x[:, reverse]), mixing(x)[:, reverse], atol=1e-4)
True

A model that should tell a sequence from its mirror image has to be told the positions;
[`fnet`][] adds them.

## How large the numbers become

No factor $1 / N$ stands before the sums. Where the numbers of a table are independent,
they grow by about $\sqrt{S C / 2}$: half of the variance of a sum of $S C$ numbers is
in its real part.

>>> import math
>>> noise = torch.randn(1000, num_tokens, hidden_dim)
>>> f"{mixing(noise).std():.1f}, {math.sqrt(num_tokens * hidden_dim / 2):.1f}"
'15.6, 15.5'
>>> round(math.sqrt(512 * 768 / 2))
443

The last line is FNet-Base, with $512$ tokens of $768$ channels. The
[norm][layers.layer_norm] that follows removes this factor.

## What differs from the paper

The transform is computed in float32 where the table is of half precision, since PyTorch
has no other for it on a CPU, and half precision has no room for the sums.

## What it costs

No parameters. There are two ways to compute it. As it is written above, with the
matrices $A$ and $B$, it takes $2 S C (S + C)$ MACs: quadratic in the tokens,
as attention is. The fast Fourier transform finds the same in the order of
$S C \log_2 (S C)$ operations, and no matrices are multiplied. For $512$ tokens of $768$
channels, the first number is $138$ times the second:

>>> round(2 * (512 + 768) / math.log2(512 * 768))
138

The authors' code takes the fast transform unless `use_fft` is switched off. The
comments in their `models.py` recommend it on a CPU or a GPU; on a TPU, whose strength
is the product of matrices, they recommend the matrices for shorter sequences.

## Example

>>> y.shape
torch.Size([2, 24, 20])
>>> torch.allclose(y, fourier_mixing(x), atol=1e-4)
True

It was built for no size, so it takes every size:

>>> mixing(torch.randn(batch, 7, 3)).shape
torch.Size([2, 7, 3])
>>> mixing(x.bfloat16()).dtype
torch.bfloat16
>>> mixing(x[:0]).shape
torch.Size([0, 24, 20])
"""

import math

import torch
from torch import Tensor, nn

from labml_style_nn.layers.checks import check_shape


def cosines_and_sines(size: int, like: Tensor) -> tuple[Tensor, Tensor]:
    r"""$A_N$ and $B_N$, of the type and on the device of another tensor.

    **Shape.** Both `(size, size)`.

    **Source.** Section 3 of the paper defines the discrete Fourier transform.
    """
    numbers = torch.arange(size, device=like.device)
    # $m n$, up to whole turns: the cosine of a large angle would lose its last digits.
    turns = (numbers[:, None] * numbers) % size
    angles = turns.to(like.dtype) * (2 * math.pi / size)
    return angles.cos(), angles.sin()


def fourier_mixing(x: Tensor) -> Tensor:
    """The equation, as products of matrices.

    **Shape.** `(batch, num_tokens, hidden_dim)` to the same.

    **Source.** Section 3; the authors' `two_dim_matmul`.
    """
    # $A_C$ and $B_C$ mix the channels, from the right; $A_S$ and $B_S$ the tokens, from
    # the left.
    channel_cosines, channel_sines = cosines_and_sines(x.shape[2], x)
    cosines, sines = cosines_and_sines(x.shape[1], x)
    # The product of two imaginary parts is real, with a minus: $i \cdot i = -1$.
    return cosines @ x @ channel_cosines - sines @ x @ channel_sines


class FourierMixing(nn.Module):
    r"""## Fourier mixing as a layer

    The function above is the definition. The layer calls the fast Fourier transform of
    PyTorch. The tests hold the two together, and both to NumPy's and to the mixing of
    Hugging Face's FNet.

    **Shape.** `(batch, num_tokens, hidden_dim)` to the same.

    **Raises.** `ValueError` for an input without these three axes.

    **Source.** Section 3: the real part, of the transform along both axes.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Transform, and keep the real part."""
        check_shape(x, "batch", "tokens", "channels")
        # PyTorch's transform refuses an empty batch.
        if x.shape[0] == 0:
            return x
        # Half precision is widened for the sums, and for them only.
        wide = x if x.dtype in (torch.float, torch.double) else x.float()
        # `fft2` transforms along the last two axes, channels and tokens. Which comes
        # first makes no difference.
        return torch.fft.fft2(wide).real.to(x.dtype)
