r"""# Invariance to input permutations

Shuffle the patches of all images in one and the same way, and the pixels of all patches
in one and the same way. To a Mixer nothing has happened: with its weights in another
order, it computes on the shuffled images what it computed on the original ones. It is
not told which patches are neighbours, nor which pixels of a patch are. This page proves
it, and has the code that reorders the weights.

The experiment is in Tolstikhin and others, 2021, "MLP-Mixer: An all-MLP Architecture
for Vision" ([arXiv:2105.01601](https://arxiv.org/abs/2105.01601)), section 3.4 and
Figure 4: a Mixer and a ResNet are pre-trained on shuffled images. [`pixel_order`][]
does it in small.

Let $\rho$ be the order of the patches and $\pi$ that of the pixels: at place $j$ of the
shuffled image stands patch $\rho(j)$, and its pixel $m$ is what was pixel $\pi(m)$. The
weights of the [patch embedding][patch_embedding] and of each
[token mixing][token_mixing] are reordered likewise:

$$\begin{aligned}
p'_j[m] &= p_{\rho(j)}[\pi(m)], \\
E'[c, m] &= E[c, \pi(m)], \\
W'_1[d, j] &= W_1[d, \rho(j)], \\
W'_2[j, d] &= W_2[\rho(j), d], \\
b'_2[j] &= b_2[\rho(j)] .
\end{aligned}$$

## Notation

- $B$, `batch`: how many images are computed together
- $C_{\text{in}}$, `in_channels`: the channels of the image
- $\rho$, `patch_order`: the order of the patches, the same for all images
- $\pi$, `pixel_order`: the order of the pixels of a patch, the same for all patches
- $p$, $p'$: the pixels of a patch in a row, in the original and in the shuffled image
- $j$, $m$: the index of a place for a patch, and of a pixel in a patch
- $c$, $d$: the index of a channel of a token, and of a hidden unit of token mixing
- $E$, $E'$, `kernel`: the map of the patch embedding, with a column for each pixel
- $W_1$, $W'_1$, `fc1`: the first layer of a token mixing, with a column for each place
- $W_2$, $W'_2$, $b_2$, $b'_2$, `fc2`: the second layer, with a row for each place
- $X$, $X'$: the tables of tokens of the two networks, $X_j$ a row
- $\theta$, $\theta'$: all weights of the original network and of the reordered one
- $\Pi$: the matrix that reorders the weights
- $L$, $L'$: the losses of the two networks
- $\eta$: the learning rate

## The proof

**Patch embedding.** The sum over the pixels of a patch has the same terms in another
order: $\sum_m E'[c, m] \, p'_j[m] = \sum_m E[c, \pi(m)] \, p_{\rho(j)}[\pi(m)]$, which
is channel $c$ of patch $\rho(j)$. So the two tables have the same rows, and
$X'_j = X_{\rho(j)}$.

**Blocks.** [Layer normalisation][layers.layer_norm] and
[channel mixing][channel_mixing] treat each row by itself, so the rows keep their order.
In token mixing a hidden unit is a sum over the places, again of the same terms:
$\sum_j W'_1[d, j] \, X'_j = \sum_j W_1[d, \rho(j)] \, X_{\rho(j)}$. The hidden layers
of the two networks are equal. What row $j$ of $W'_2$ and $b'_2$ makes of them is what
row $\rho(j)$ of $W_2$ and $b_2$ makes of them, so what is added comes in the order of
the rows.

**Head.** The average over the rows does not depend on their order. The logits are
equal.

In floating point, sums in another order differ by rounding. In float64:

>>> import torch
>>> from labml_style_nn.models.mlp_mixer import MLPMixer
>>> from labml_style_nn.permutation import permuted, shuffle_patches
>>> _ = torch.manual_seed(0)
>>> batch, in_channels, image_size, patch_size = 5, 3, (12, 20), 4
>>> mixer = MLPMixer(
...     image_size=image_size, patch_size=patch_size, num_classes=10, num_layers=2,
...     hidden_dim=24, tokens_mlp_dim=11, channels_mlp_dim=36,
... ).double()
>>> _ = torch.nn.init.normal_(mixer.head.linear.weight)
>>> image = torch.randn(batch, in_channels, *image_size, dtype=torch.double)
>>> patch_order, pixel_order = torch.randperm(3 * 5), torch.randperm(4 * 4)
>>> shuffled = shuffle_patches(image, patch_size, patch_order, pixel_order)
>>> reordered = permuted(mixer, patch_order, pixel_order)
>>> bool((mixer(shuffled) - mixer(image)).abs().max() > 0.1)
True
>>> bool((reordered(shuffled) - mixer(image)).abs().max() < 1e-12)
True

## Training commutes with it

Reordering is a permutation of the weights, $\theta' = \Pi \theta$, and the loss of the
reordered network on shuffled images is that of the original on original ones:
$L'(\Pi \theta) = L(\theta)$. Its gradient has the same numbers in the new order. So
after a step of gradient descent,

$$\theta' - \eta \nabla L'(\theta')
= \Pi \, \bigl(\theta - \eta \nabla L(\theta)\bigr),$$

one network still is the other, reordered; and so after each further step. The same is
true of an optimiser that treats each number by itself, as [AdamW][optimizer] does:

>>> def trained(model, image):
...     optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1)
...     for _ in range(5):
...         optimizer.zero_grad()
...         labels = torch.arange(batch)
...         torch.nn.functional.cross_entropy(model(image), labels).backward()
...         optimizer.step()
...     return model
>>> theirs = trained(reordered, shuffled)
>>> ours = permuted(trained(mixer, image), patch_order, pixel_order)
>>> pairs = zip(ours.parameters(), theirs.parameters(), strict=True)
>>> bool(max((a - b).abs().max() for a, b in pairs) < 1e-10)
True

What is left is where training begins. The numbers of a matrix are drawn independently
from one distribution ([`linear`][]), so a draw in another order is as likely. Hence the
test accuracy that a Mixer reaches has, over random initial weights, the same
distribution on shuffled images as on original ones. It is the same with
[dropout][dropout], and with data augmentation if the images are shuffled after it.

## Where it ends

**All pixels shuffled at once.** $E$ is one matrix for all patches, and reads each of
them without the others. Where a pixel may move to any place of the image, a patch of
the shuffled image has pixels of many patches, and no order of the columns of $E$ brings
those of one patch together again. The proof would need a first layer with a weight for
each pixel of the image, as an MLP on all pixels has:

>>> first, other = torch.nn.Linear(240, 24), torch.nn.Linear(240, 24)
>>> pixels, order = torch.randn(batch, 240), torch.randperm(240)
>>> with torch.no_grad():
...     _ = other.weight.copy_(first.weight[:, order]), other.bias.copy_(first.bias)
>>> torch.allclose(other(pixels[:, order]), first(pixels), atol=1e-5)
True

**Convolutions.** A [`ConvMixer`][] has the same patch embedding, so the order of the
pixels within a patch makes no difference to it either. But its kernels have weights for
*offsets* and none for places. Whatever the weights are, a block mixes a patch with
those that stand around it in the shuffled image, and does not reach those that stood
around it in the original one.

**Attention.** In a [`VisionTransformer`][] it is the table of positions that belongs to
places. With its rows in the new order, the proof is the same. Without such a table,
attention has nothing to reorder: it is [permutation-equivariant][layers.attention].

## What differs from the paper

The paper says that this was to be expected, and shows it by training. The proof is not
in it.

## What it costs

Nothing: as many parameters and MACs as before.

## Example

>>> shuffled.shape
torch.Size([5, 3, 12, 20])
>>> permuted(mixer, torch.arange(14), pixel_order)
Traceback (most recent call last):
    ...
ValueError: patch_order must have each number from 0 to 14 once, got 14 numbers

## Exercises

**Exercise 1.** A network is trained on shuffled images, and its weights are published
without a word about the shuffling. The two orders are found later. How do you turn it
into a network for original images?

**Answer.** Shuffling by $\rho$ and $\pi$ is undone by shuffling with the inverse
orders, which `argsort` gives. So is the reordering of the weights:

>>> inverse = patch_order.argsort(), pixel_order.argsort()
>>> again = shuffle_patches(shuffled, patch_size, *inverse)
>>> torch.equal(again, image)
True
>>> bool((permuted(theirs, *inverse)(image) - theirs(shuffled)).abs().max() < 1e-12)
True

**Exercise 2.** Mirror all images. Is that one of these shufflings?

**Answer.** Yes: the columns of patches in opposite order, and in each patch the columns
of pixels. So to a Mixer, mirrored images are as good as any, as long as all of them are
mirrored.

>>> patch_order = torch.arange(15).view(3, 5).flip(1).flatten()
>>> pixel_order = torch.arange(16).view(4, 4).flip(1).flatten()
>>> mirrored = shuffle_patches(image, patch_size, patch_order, pixel_order)
>>> torch.equal(mirrored, image.flip(3))
True
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import cast

import torch
from einops import rearrange
from torch import Tensor

from labml_style_nn.layers.patch_embedding import height_and_width, patches_that_fit
from labml_style_nn.models.mlp_mixer import MixerBlock, MLPMixer


def shuffle_patches(
    image: Tensor,
    patch_size: int | Sequence[int],
    patch_order: Tensor,
    pixel_order: Tensor,
) -> Tensor:
    r"""## Shuffled images

    All images get the same two orders. The channels of a pixel stay together.

    **Shape.** `(batch, in_channels, height, width)` to the same; `patch_order` has a
    number for each patch of the image, `pixel_order` one for each pixel of a patch.

    **Raises.** `ValueError` for sides that the patch size does not divide, or an order
    that does not have each number once.

    **Source.** Section 3.4, transformation (1).
    """
    height, width = height_and_width("patch_size", patch_size)
    rows, columns = patches_that_fit((image.shape[2], image.shape[3]), (height, width))
    check_order("patch_order", patch_order, rows * columns)
    check_order("pixel_order", pixel_order, height * width)
    patches = rearrange(
        image, "b c (rows h) (columns w) -> b c (rows columns) (h w)", h=height, w=width
    )
    # $p'_j[m] = p_{\rho(j)}[\pi(m)]$.
    patches = patches[:, :, patch_order][..., pixel_order]
    return rearrange(
        patches,
        "b c (rows columns) (h w) -> b c (rows h) (columns w)",
        rows=rows,
        h=height,
    )


def permuted(mixer: MLPMixer, patch_order: Tensor, pixel_order: Tensor) -> MLPMixer:
    r"""## The reordered network

    A copy of the Mixer that computes on images shuffled by these two orders what
    `mixer` computes on the original ones.

    **Raises.** `ValueError` for an order that does not have each patch of the image, or
    each pixel of a patch, once.
    """
    other = deepcopy(mixer)
    embedding = other.patch_embedding
    height, width = embedding.patch_size
    check_order("patch_order", patch_order, embedding.num_patches)
    check_order("pixel_order", pixel_order, height * width)
    with torch.no_grad():
        # $E'$. The kernel is a view of the weight, with the pixels on two axes.
        kernel = embedding.kernel()
        kernel.copy_(kernel.flatten(2)[..., pixel_order].view_as(kernel))
        for block in other.blocks:
            mixing = cast(MixerBlock, block).token_mixing
            # $W'_1$, then $W'_2$ and $b'_2$. The hidden units stay in their order, and
            # so does $b_1$.
            mixing.fc1.weight.copy_(mixing.fc1.weight[:, patch_order])
            mixing.fc2.weight.copy_(mixing.fc2.weight[patch_order])
            mixing.fc2.bias.copy_(mixing.fc2.bias[patch_order])
    return other


def check_order(name: str, order: Tensor, size: int) -> None:
    """Refuse an order in which a place is missing, or comes twice.

    **Raises.** `ValueError` that says how many places there are.
    """
    if order.shape != (size,) or not order.sort().values.equal(torch.arange(size)):
        raise ValueError(
            f"{name} must have each number from 0 to {size - 1} once, "
            f"got {len(order)} numbers"
        )
