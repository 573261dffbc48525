r"""# Pooling and the head

After the last block, every token has a vector of its own, and the question is about the
image as a whole. The Mixer answers it in the simplest way: average the tokens, then one
linear map to the classes.

$$z = \frac{1}{S} \sum_{j=1}^{S} X_{j,*}, \qquad \text{logits} = W z + b .$$

There is neither the class token of a Vision Transformer nor a hidden layer.

## Notation

- $X$, `x`: the table of tokens after the last layer norm, $S \times C$
- $B$, `batch`: how many images are computed together
- $S$, `num_patches`: the number of tokens (this layer works for any)
- $C$, `hidden_dim`: the number of channels
- $z$, `z`: the average token
- $K$, `num_classes`: the number of classes
- $W$, $b$, `linear`: the classifier, $K \times C$

## What the average does

It forgets the order of the tokens. That is harmless at this point: whatever depends on
position was worked out in the [token mixing][token_mixing] of the blocks.

The average and the linear map may also be exchanged. So one can say that each token
casts its vote for every class, and that the votes are averaged:

>>> import torch
>>> from torch import nn
>>> from labml_style_nn.layers.head import ClassificationHead
>>> _ = torch.manual_seed(0)
>>> batch, num_patches, hidden_dim, num_classes = 2, 24, 20, 7
>>> head = ClassificationHead(hidden_dim, num_classes)
>>> _ = nn.init.normal_(head.linear.weight)
>>> x = torch.randn(batch, num_patches, hidden_dim)
>>> votes = head.linear(x)
>>> votes.shape
torch.Size([2, 24, 7])
>>> torch.allclose(votes.mean(dim=1), head(x), atol=1e-5)
True

The votes, laid out as an image, show which patches speak for a class.

## Why the classifier is initialised with zeros

With $W = 0$ and $b = 0$ a new network gives every class the same probability, for every
image. Its cross-entropy is then $\ln K$, whatever the other weights are. In the first
step the gradient of everything but the classifier is zero, since it reaches the blocks
through $W$; from the second step on, the blocks learn too.

>>> new = ClassificationHead(hidden_dim, num_classes)
>>> loss = nn.functional.cross_entropy(new(x), torch.tensor([3, 5]))
>>> f"{loss:.4f}, {torch.tensor(num_classes).log():.4f}"
'1.9459, 1.9459'

## What differs from the paper

Nothing. The zero is from the code in Supplementary E (`kernel_init=zeros`).

## What it costs

$C K + K$ parameters and $C K$ MACs for each image. The paper's Table 1 leaves
the head out of its parameter counts.

## Example

>>> head(x).shape
torch.Size([2, 7])

## Exercises

**Exercise 1.** The tokens are shuffled right before the head. Which scores change?

**Answer.** None: an average does not know an order.

>>> order = torch.randperm(num_patches)
>>> torch.allclose(head(x[:, order]), head(x), atol=1e-5)
True

**Exercise 2.** Replace the average by the maximum over the tokens. Is it still the same
whether the tokens are pooled first or vote first?

**Answer.** No. The average is linear, and so changes places with a linear map. The
maximum is not.

>>> pooled_first = head.linear(x.amax(dim=1))
>>> torch.allclose(pooled_first, votes.amax(dim=1), atol=1e-5)
False

**Exercise 3.** Write the head with `torch.einsum`, so that it never makes the average
token nor the votes.

>>> from labml_style_nn.exercises import check
>>> def scores(x, weight, bias):
...     return None  # your code
>>> check("head", scores)
Not yet: it returned nothing, and should return a tensor. Here `x` is 2 × 24 × 20,
`weight` 7 × 20, `bias` 7.

**Answer.** Both the tokens and the channels are summed over, in one expression. (In
which order, `einsum` decides.)

>>> def scores(x, weight, bias):
...     return torch.einsum("bsc,kc->bk", x, weight) / x.shape[1] + bias
>>> torch.allclose(scores(x, head.linear.weight, head.linear.bias), head(x), atol=1e-5)
True
"""

from torch import Tensor, nn

from labml_style_nn.layers.checks import check_positive, check_shape
from labml_style_nn.layers.linear import Linear


class GlobalAveragePooling(nn.Module):
    r"""## Global average pooling

    **Shape.** `(batch, tokens, channels)` to `(batch, channels)`.

    **Raises.** `ValueError` for an input without these three axes.

    **Source.** Section 2: "a standard classification head with the global average
    pooling layer".
    """

    def forward(self, x: Tensor) -> Tensor:
        """Average over the tokens."""
        check_shape(x, "batch", "tokens", "channels")
        return x.mean(dim=1)


class ClassificationHead(nn.Module):
    r"""## The classification head

    **Shape.** `(batch, tokens, hidden_dim)` to `(batch, num_classes)`. The results are
    *logits*: any real numbers, which a softmax turns into probabilities.

    **Raises.** `ValueError` for a size below one or a table with another number of
    channels.

    **Source.** Section 2: "followed by a linear classifier"; Supplementary E.
    """

    def __init__(self, hidden_dim: int, num_classes: int) -> None:
        super().__init__()
        check_positive(hidden_dim=hidden_dim, num_classes=num_classes)
        self.hidden_dim = hidden_dim
        self.pooling = GlobalAveragePooling()
        self.linear = Linear(hidden_dim, num_classes)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise again, after the linear map has done so."""
        # The one linear map of a Mixer whose weights are not initialised at random.
        nn.init.zeros_(self.linear.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Score each class for each image."""
        check_shape(x, "batch", "tokens", self.hidden_dim)
        z = self.pooling(x)
        return self.linear(z)
