r"""# FNet

A Transformer in which tokens meet in a [Fourier transform][fourier_mixing]. Nothing
about their meeting is learned: but for the norms, all the weights of a block are in its
MLP, which works on each token by itself and learns to make sense of what the transform
hands it.

This page is the network of Lee-Thorp and others, 2021, "FNet: Mixing Tokens with
Fourier Transforms" ([arXiv:2105.03824](https://arxiv.org/abs/2105.03824)). It is a
network for text. To set it beside the others of this family, there is one for images
here as well.

$$\begin{aligned}
U &= \text{LayerNorm}\bigl(X + \operatorname{Re}(F_S \, X F_C)\bigr), \\
Y &= \text{LayerNorm}\bigl(U + \sigma(U \, W_1^\top)\, W_2^\top\bigr) .
\end{aligned}$$

The first line mixes tokens, and channels too; the second mixes channels, in each row.

## Notation

- $X$, `x`: the table before a block
- $U$, `u`: the table between its halves
- $Y$, `y`: the table after it
- $F_S$, $F_C$, `token_mixing`: the matrices of [`fourier_mixing`][]
- $W_1$, $W_2$, `channel_mixing`: the weights of [`channel_mixing`][]
- $\sigma$: the nonlinearity, [`gelu`][] in its tanh form
- $B$, `batch`: how many texts or images are computed together
- $S$, `num_tokens`: the number of tokens, the rows of the table
- $C$, `hidden_dim`: the number of channels, its columns
- $D_C$, `channels_mlp_dim`: the hidden width of the channel mixing
- $N$, `num_layers`: the number of blocks
- $V$, `vocabulary_size`: how many different tokens a text may have
- $L$, `max_len`: the most tokens that a text may have
- $T$, `num_types`: how many types of text there are, such as question and answer
- $P$, `patch_size`: the side of a patch of an image, in pixels
- $C_{\text{in}}$, `in_channels`: the channels of an image
- $K$, `num_classes`: the number of classes

## The norm comes last

A Mixer normalises what a branch reads, and leaves the sum alone (*pre-norm*). FNet
normalises the sum (*post-norm*), as the Transformer of 2017 did. The transform makes
independent numbers grow by about $\sqrt{S C / 2}$:

>>> import torch
>>> from labml_style_nn.models.fnet import FNet, FNetBlock, FNetEncoder
>>> _ = torch.manual_seed(0)
>>> batch, num_tokens, hidden_dim, channels_mlp_dim = 2, 24, 20, 80
>>> block = FNetBlock(hidden_dim, channels_mlp_dim)
>>> x = torch.randn(batch, num_tokens, hidden_dim)
>>> mixed = block.token_mixing(x)
>>> f"{x.std():.0f}, {mixed.std():.0f}, {block(x).std():.0f}"
'1, 17, 1'

Some norm is needed. Without any, the numbers grow by about this factor in the first
block, and by about $\sqrt{S C}$ in each further one: what a transform puts out is even,
so that the real part of the next leaves nothing out. This growth is exponential in
depth. Pre-norm would do as well: each block then adds an update of the same size, and
the growth is linear. This is the standard deviation after one, two, four and eight
transforms, with no norm, with pre-norm and with post-norm:

>>> from labml_style_nn.layers.layer_norm import LayerNorm
>>> transform, norm = block.token_mixing, LayerNorm(hidden_dim)
>>> none = pre = post = x
>>> with torch.no_grad():
...     for number in range(1, 9):
...         before, none = none, none + transform(none)
...         pre = pre + transform(norm(pre))
...         post = norm(post + transform(post))
...         if number in (1, 2, 4, 8):
...             print(f"{number}: {none.std():.0e}, {pre.std():.0f}, {post.std():.0f}")
1: 2e+01, 16, 1
2: 4e+02, 29, 1
4: 2e+05, 72, 1
8: 5e+10, 159, 1
>>> f"{none.std() / before.std():.1f}, {(num_tokens * hidden_dim) ** 0.5:.1f}"
'22.5, 21.9'

In post-norm a token is, after the first norm, mostly what the transform gave it. Its
own content is there, but small. These are its cosines with the two:

>>> u = block.token_norm(x + mixed)
>>> similar = torch.nn.functional.cosine_similarity
>>> f"{similar(u.flatten(), mixed.flatten(), dim=0):.2f}"
'0.96'
>>> f"{similar(u.flatten(), x.flatten(), dim=0):.2f}"
'0.09'

## What it knows of positions

The transform has other factors for each place, so the order of the tokens counts. But a
text whose first token stays and whose others are reversed gives the same rows, reversed
likewise ([`fourier_mixing`][] says why). A whole network that averages its rows in the
end cannot tell the two apart, unless positions are added first. The authors add learned
ones, and so does this page, for images too:

>>> model = FNet(
...     image_size=28, patch_size=7, in_channels=1, num_classes=10,
...     num_layers=2, hidden_dim=hidden_dim, channels_mlp_dim=channels_mlp_dim,
... )
>>> def blocks_and_average(x):
...     for block in model.blocks:
...         x = block(x)
...     return x.mean(dim=1)
>>> x = torch.randn(batch, 16, hidden_dim)
>>> mirrored = x[:, -torch.arange(16) % 16]
>>> same = blocks_and_average(x), blocks_and_average(mirrored)
>>> torch.allclose(*same, atol=1e-3)
True
>>> _ = torch.nn.init.normal_(model.positions.table)
>>> told = [blocks_and_average(model.positions(x)) for x in (x, mirrored)]
>>> torch.allclose(*told, atol=1e-3)
False

## There is no mask

Attention can leave out the padding at the end of a short text. A Fourier transform
cannot: every token is in every sum, and what is longer by a token has other factors
everywhere. So texts are padded to the length that was used in training, and the padding
is read as text:

>>> vocabulary_size, max_len, num_types = 90, 32, 4
>>> encoder = FNetEncoder(
...     vocabulary_size=vocabulary_size, max_len=max_len, num_types=num_types,
...     num_layers=2, hidden_dim=hidden_dim, channels_mlp_dim=channels_mlp_dim,
... )
>>> tokens = torch.randint(vocabulary_size, (batch, num_tokens))
>>> padded = torch.nn.functional.pad(tokens, (0, 1))
>>> torch.allclose(encoder(tokens), encoder(padded)[:, :-1], atol=1e-2)
False

## What differs from the paper

- The network for images is ours: the patches and the head of the [Mixer][mlp_mixer],
  learned positions, and no norm but those of the blocks.
- The [encoder][FNetEncoder] ends with the table of tokens. The authors' code goes on
  with a layer for the first of them, and with heads for what they train it for.
- Linear maps are initialised as in [`linear`][]. So is the map before the blocks in the
  authors' code; but the weights of an MLP, and the biases of its first map, have a
  standard deviation of 0.02 there. The tables are initialised as theirs.
- [Dropout][dropout] may be applied after the GELU and after the second layer of an MLP,
  in the authors' code after the second. It is off by default; theirs is 0.1.

Nothing else: $\varepsilon = 10^{-12}$, the tanh form of GELU and the order of norm and
sum are those of the authors' code, and of Hugging Face's. Both `eps` and `approximate`
may be given.

## What it costs

A block has $2 C D_C + D_C + C$ parameters in its channel mixing and $4 C$ in its norms;
the transform has none. In the encoder there stand before the $N$ blocks the tables,
$(V + L + T) C$, a norm, $2C$, and a linear map, $C^2 + C$. In the network for images it
is $C\,(C_{\text{in}} P^2 + 1)$ for the patches and $S C$ for the positions, and the
head has $(C + 1) K$. The MACs of the encoder are

$$\underbrace{S C^2}_{\text{map}} + N \underbrace{2 S C D_C}_{\text{channels}} ,$$

and those of the network for images

$$\underbrace{S \, C_{\text{in}} P^2 \, C}_{\text{patches}}
+ N \underbrace{2 S C D_C}_{\text{channels}} + \underbrace{C K}_{\text{head}} .$$

The transform is not in them. It takes in the order of $S C \log_2 (S C)$ operations,
see [`fourier_mixing`][]. These are the encoders of the paper, for $512$ tokens:

>>> from torch.utils.flop_counter import FlopCounterMode
>>> from labml_style_nn.models.fnet import fnet_base, fnet_large
>>> def describe(build):
...     with torch.device("meta"):
...         model, x = build(), torch.zeros(batch, 512, dtype=torch.int64)
...     with FlopCounterMode(display=False) as counter, torch.no_grad():
...         model(x)
...     parameters = sum(parameter.numel() for parameter in model.parameters())
...     macs = counter.get_total_flops() / 2 / batch
...     print(f"{build.__name__}: {parameters:,} parameters, {macs / 1e9:.1f} GMACs")
>>> describe(fnet_base)
fnet_base: 82,270,464 parameters, 29.3 GMACs
>>> describe(fnet_large)
fnet_large: 235,895,808 parameters, 103.6 GMACs

## Example

>>> encoder(tokens).shape
torch.Size([2, 24, 20])
>>> types = torch.randint(num_types, (batch, num_tokens))
>>> encoder(tokens, types).shape
torch.Size([2, 24, 20])
>>> model(torch.randn(batch, 1, 28, 28)).shape
torch.Size([2, 10])
"""

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from labml_style_nn.layers.channel_mixing import ChannelMixing
from labml_style_nn.layers.checks import check_positive, check_shape
from labml_style_nn.layers.dropout import Dropout
from labml_style_nn.layers.fourier_mixing import FourierMixing
from labml_style_nn.layers.head import ClassificationHead
from labml_style_nn.layers.layer_norm import LayerNorm
from labml_style_nn.layers.linear import Linear
from labml_style_nn.layers.patch_embedding import PatchEmbedding
from labml_style_nn.layers.positional_encoding import LearnedPositions
from labml_style_nn.layers.token_embedding import look_up

# So small that it changes nothing but the norm of a constant token.
EPS = 1e-12


class FNetBlock(nn.Module):
    r"""## The FNet block

    Both halves have the same form: mix, add, normalise. Compared with the Mixer's
    block, the norms have moved behind the sums, and the token mixing has lost its
    weights. No size of the table but $C$ is known to it, so it takes texts of any
    length.

    **Shape.** `(batch, num_tokens, hidden_dim)` to the same.

    **Raises.** `ValueError` for a size below one, a rate outside $[0, 1)$, an unknown
    form of GELU, for `eps` not above zero, or a table of another shape.

    **Source.** Section 3; `EncoderBlock` in the authors' `layers.py`.
    """

    def __init__(
        self,
        hidden_dim: int,
        channels_mlp_dim: int,
        dropout_rate: float = 0.0,
        approximate: Literal["none", "tanh"] = "tanh",
        eps: float = EPS,
    ) -> None:
        super().__init__()
        # The first line. $F_S$ and $F_C$ are not weights.
        self.token_mixing = FourierMixing()
        self.token_norm = LayerNorm(hidden_dim, eps)
        # The second line: $W_1$ and $W_2$, all a block can learn besides its norms.
        self.channel_mixing = ChannelMixing(
            hidden_dim, channels_mlp_dim, dropout_rate, approximate
        )
        self.channel_norm = LayerNorm(hidden_dim, eps)

    def forward(self, x: Tensor) -> Tensor:
        """Mix the tokens, then the channels."""
        # $U = \text{LayerNorm}(X + \operatorname{Re}(F_S X F_C))$. The real part leaves
        # out half of the table; the sum brings it back.
        u = self.token_norm(x + self.token_mixing(x))
        # $Y = \text{LayerNorm}(U + \sigma(U W_1^\top) W_2^\top)$.
        y = self.channel_norm(u + self.channel_mixing(u))
        return y


class FNetEncoder(nn.Module):
    r"""## The encoder for text

    A token is looked up three times: in a table of words, in one of positions, and in
    one of types, which says to which of several texts it belongs. The sum of the three
    is normalised and mapped, and then come the blocks. The arguments are given by name.

    With the weights of Hugging Face's `FNetModel`, the outputs and all gradients equal
    its own, to $10^{-10}$ in float64 (tests).

    **Shape.** `(batch, num_tokens)`, whole numbers below `vocabulary_size`, to
    `(batch, num_tokens, hidden_dim)`. `types` has the shape of `tokens` and numbers
    below `num_types`; without it, all are of type 0.

    **Raises.** `ValueError` for a size below one, a rate outside $[0, 1)$, an unknown
    form of GELU, for `eps` not above zero, a text that is too long, numbers of tokens
    or types that are not in their tables, or types of another shape.

    **Source.** Section 3; `EmbeddingLayer` and `EncoderModel` in the authors' code
    (github.com/google-research/google-research, `f_net`).
    """

    def __init__(
        self,
        *,
        vocabulary_size: int,
        max_len: int,
        num_types: int,
        num_layers: int,
        hidden_dim: int,
        channels_mlp_dim: int,
        dropout_rate: float = 0.0,
        approximate: Literal["none", "tanh"] = "tanh",
        eps: float = EPS,
    ) -> None:
        super().__init__()
        check_positive(
            vocabulary_size=vocabulary_size,
            num_types=num_types,
            num_layers=num_layers,
            hidden_dim=hidden_dim,
        )
        # Three tables, with a row for each word, position and type.
        self.words = nn.Embedding(vocabulary_size, hidden_dim)
        self.positions = LearnedPositions(max_len, hidden_dim)
        self.types = nn.Embedding(num_types, hidden_dim)
        # The tables are initialised small, so their sum is normalised. The map would
        # allow tables that are narrower than the blocks; by default the authors' are
        # not.
        self.norm = LayerNorm(hidden_dim, eps)
        self.projection = Linear(hidden_dim, hidden_dim)
        self.dropout = Dropout(dropout_rate)
        self.blocks = nn.ModuleList(
            FNetBlock(hidden_dim, channels_mlp_dim, dropout_rate, approximate, eps)
            for _ in range(num_layers)
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise again, after all layers have done so: the tables are small."""
        for table in (self.words, self.types):
            nn.init.normal_(table.weight, std=0.02)

    def forward(self, tokens: Tensor, types: Tensor | None = None) -> Tensor:
        """Let each token know of the others."""
        check_shape(tokens, "batch", "tokens")
        types = torch.zeros_like(tokens) if types is None else types
        check_shape(types, *tokens.shape)
        # $X$, the first table.
        words = look_up(tokens, self.words.weight)
        x = self.positions(words + look_up(types, self.types.weight, "types"))
        x = self.dropout(self.projection(self.norm(x)))
        for block in self.blocks:
            x = block(x)
        return x


class FNet(nn.Module):
    r"""## A network for images

    Patches and positions, then blocks, then the head. The last block has normalised
    what the head reads. The arguments are given by name.

    **Shape.** `(batch, in_channels, height, width)` to `(batch, num_classes)`: logits.

    **Raises.** `ValueError` for a size below one, an image size which the patch size
    does not divide, a rate outside $[0, 1)$, an unknown form of GELU, for `eps` not
    above zero, or an image of another shape.

    **Source.** The blocks are those of section 3; the rest is that of the Mixer.
    """

    def __init__(
        self,
        *,
        image_size: int | Sequence[int],
        patch_size: int | Sequence[int],
        in_channels: int = 3,
        num_classes: int,
        num_layers: int,
        hidden_dim: int,
        channels_mlp_dim: int,
        dropout_rate: float = 0.0,
        approximate: Literal["none", "tanh"] = "tanh",
        eps: float = EPS,
    ) -> None:
        super().__init__()
        check_positive(num_layers=num_layers)
        self.patch_embedding = PatchEmbedding(
            image_size, patch_size, in_channels, hidden_dim
        )
        # The only weights that belong to a place. Without them, an image gets the same
        # scores if its first patch stays and the others come in reverse order.
        num_tokens = self.patch_embedding.num_patches
        self.positions = LearnedPositions(num_tokens, hidden_dim)
        self.blocks = nn.ModuleList(
            FNetBlock(hidden_dim, channels_mlp_dim, dropout_rate, approximate, eps)
            for _ in range(num_layers)
        )
        self.head = ClassificationHead(hidden_dim, num_classes)

    def forward(self, image: Tensor) -> Tensor:
        """Score each class for each image."""
        # From pixels to tokens, each told where it stands.
        x = self.positions(self.patch_embedding(image))
        for block in self.blocks:
            x = block(x)
        # The mean over tokens, and a score for each class.
        return self.head(x)


def from_the_paper(
    num_layers: int, hidden_dim: int, options: dict[str, Any]
) -> FNetEncoder:
    """Build an encoder of the paper: 32,000 words, 512 positions, four types.

    **Source.** The authors' `README.md` and `configs/base.py`; the options are those of
    [`FNetEncoder`][], and any may be changed.
    """
    sizes: dict[str, Any] = {
        "vocabulary_size": 32_000,
        "max_len": 512,
        "num_types": 4,
        "num_layers": num_layers,
        "hidden_dim": hidden_dim,
        "channels_mlp_dim": 4 * hidden_dim,
    }
    return FNetEncoder(**(sizes | options))


# ## The sizes
#
# The authors published the weights of these two.


def fnet_base(**options: Any) -> FNetEncoder:
    """FNet-Base: 12 blocks of 768 channels."""
    return from_the_paper(12, 768, options)


def fnet_large(**options: Any) -> FNetEncoder:
    """FNet-Large: 24 blocks of 1024 channels."""
    return from_the_paper(24, 1024, options)
