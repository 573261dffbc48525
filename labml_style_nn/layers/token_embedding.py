r"""# Token embedding

A text reaches a network as numbers: each token, here a character, has a number in a
vocabulary. Such a number is a name. That 17 is larger than 3 says nothing about the
characters. So the first thing a model of text does is to look the name up in a table
with a vector for each, and the vectors are learned:

$$X_{s,*} = \sqrt{C} \; E_{t_s,*}, \qquad s = 1 \ldots S .$$

The factor is from Vaswani and others, 2017, "Attention Is All You Need", section 3.4
([arXiv:1706.03762](https://arxiv.org/abs/1706.03762)).

## Notation

- $t_s$, `tokens`: the number of the token at place $s$, from $0$ to $V - 1$
- $V$, `vocabulary_size`: how many tokens there are
- $E$, `weight`: the table, $V \times C$
- $X$: the sequence as a table of vectors, $S \times C$
- $B$, `batch`: how many sequences are computed together
- $S$, `num_tokens`: the number of tokens of a sequence
- $C$, `dim`: the number of channels

## An embedding is a linear map

Write a token as a row of $V$ numbers, a one at its own place and zeros elsewhere. That
row times $E$ is row $t$ of $E$. So an embedding *is* a linear map, the first one of the
network, and is only computed in another way: nothing is multiplied by zero.

>>> import torch
>>> from labml_style_nn.layers.token_embedding import TokenEmbedding
>>> _ = torch.manual_seed(0)
>>> batch, num_tokens, vocabulary_size, dim = 2, 24, 90, 20
>>> embedding = TokenEmbedding(vocabulary_size, dim)
>>> tokens = torch.randint(vocabulary_size, (batch, num_tokens))
>>> one_hot = torch.nn.functional.one_hot(tokens, vocabulary_size).float()
>>> one_hot.shape
torch.Size([2, 24, 90])
>>> multiplied = dim**0.5 * (one_hot @ embedding.weight)
>>> torch.allclose(embedding(tokens), multiplied, atol=1e-6)
True

## Initialisation

Normally distributed, with a variance of $1 / C$: each vector then has a norm of about
one, whatever the number of its channels. The factor $\sqrt{C}$ brings every number of
$X$ to variance one. That is the size at which the rest of the network works. The maps
of [`linear`][] keep it, and the waves of a [positional encoding][positional_encoding],
which lie between $-1$ and $1$, neither drown in it nor cover it.

>>> table = TokenEmbedding(1000, 500)
>>> x = table(torch.arange(1000).reshape(10, 100))
>>> f"{table.weight.norm(dim=1).mean():.2f} long, a spread of {x.std():.2f}"
'1.00 long, a spread of 1.00'

## Tokens outside the vocabulary

A number outside the table is refused, and so is any type but int64 and int32.

>>> embedding(torch.tensor([[3, 90, 7]]))
Traceback (most recent call last):
    ...
ValueError: tokens must lie from 0 to 89, got 3 to 90

The numbers are not looked at beforehand. That would take a pass over the batch and a
wait for the GPU, and within `torch.func.vmap` Python cannot read them. PyTorch notices
by itself: on a CPU with `index out of range in self`, which becomes the message above;
on a GPU with an assertion of the device, which is not caught. Within `vmap` the message
has the rule alone:

>>> texts = torch.tensor([[3], [90]])
>>> torch.func.vmap(lambda text: embedding(text[None]))(texts)
Traceback (most recent call last):
    ...
ValueError: tokens must lie from 0 to 89

## What differs from the paper

- Vaswani and others share the table with the map that reads out the tokens at the end.
  Here it stands alone; see [`masked_language_model`][].
- The section does not say how the table begins.

## What it costs

$V C$ parameters. Rows are copied and no matrices are multiplied.

## Example

>>> embedding(tokens).shape
torch.Size([2, 24, 20])
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labml_style_nn.layers.checks import check_positive, check_shape

# The types in which PyTorch takes the numbers of rows.
WHOLE = torch.int64, torch.int32


def look_up(tokens: Tensor, table: Tensor, name: str = "tokens") -> Tensor:
    """The row of the table for each token. `name` is what a message calls them.

    **Shape.** `(...)`, int64 or int32, and `(vocabulary_size, dim)`, to `(..., dim)`.

    **Raises.** `ValueError` for another type, and on a CPU for a number outside the
    table, with the smallest and the largest that were found.
    """
    if tokens.dtype not in WHOLE:
        raise ValueError(f"{name} must be int64 or int32, got {tokens.dtype}")
    try:
        return F.embedding(tokens, table)
    except IndexError:
        last = len(table) - 1
        raise ValueError(f"{name} must lie from 0 to {last}{found(tokens)}") from None


def found(tokens: Tensor) -> str:
    """What a message says of the numbers, if they can be read."""
    try:
        low, high = (int(bound) for bound in tokens.aminmax())
    except RuntimeError:
        return ""
    return f", got {low} to {high}"


class TokenEmbedding(nn.Module):
    r"""## The table as a layer

    **Shape.** `(batch, num_tokens)`, int64 or int32, to `(batch, num_tokens, dim)`.

    **Raises.** `ValueError` for a size below one, a batch of another shape, and what
    [`look_up`][] refuses.

    **Source.** Vaswani and others, section 3.4.
    """

    def __init__(self, vocabulary_size: int, dim: int) -> None:
        super().__init__()
        check_positive(vocabulary_size=vocabulary_size, dim=dim)
        self.vocabulary_size, self.dim = vocabulary_size, dim
        # $E$, with rows of length one on average.
        self.weight = nn.Parameter(torch.empty(vocabulary_size, dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the table anew."""
        nn.init.normal_(self.weight, std=self.dim**-0.5)

    def forward(self, tokens: Tensor) -> Tensor:
        """Look each token up."""
        check_shape(tokens, "batch", "num_tokens")
        # $\sqrt{C} \; E_{t_s,*}$.
        return math.sqrt(self.dim) * look_up(tokens, self.weight)
