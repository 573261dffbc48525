# %% [markdown]
# # The Mixer in ten minutes
#
# An MLP-Mixer turns an image into a table of numbers, and then works on the table: down
# its columns, along its rows, and again. Here we make the table from a real image, put
# one block together from matrix products, and end with the whole network.
#
# The code checks the claims by assertions: if one of them failed, this page would not
# have been built.

# %%
import torch
from einops import rearrange
from sklearn.datasets import load_sample_image
from torch.testing import assert_close

from labml_style_nn.data.digits import load_digits
from labml_style_nn.experiments import figures
from labml_style_nn.layers.channel_mixing import ChannelMixing
from labml_style_nn.layers.gelu import gelu_exact
from labml_style_nn.layers.patch_embedding import PatchEmbedding
from labml_style_nn.layers.token_mixing import TokenMixing
from labml_style_nn.models.mlp_mixer import MixerBlock, MLPMixer, mixer_s16, mixer_s32

torch.set_grad_enabled(False)  # we only look; nothing is trained here
_ = torch.manual_seed(0)

# %% [markdown]
# ## An image is a table
#
# We begin with something small enough to see whole: a handwritten digit of
# $8 \times 8$ pixels. It is cut into patches of $2 \times 2$, which are read like text,
# from left to right and from top to bottom. Each patch becomes a row of the table, and
# its four pixels become the four numbers of that row.

# %%
image = load_digits().images[3]
patches = rearrange(image, "c (rows h) (columns w) -> (rows columns) (c h w)", h=2, w=2)
print("image", tuple(image.shape), "→ table", tuple(patches.shape))

# %% [markdown]
# The numbers in the picture are the places of the patches. Find patch 6 on the left,
# and its row on the right.

# %% tags=["hide-input"]
figure, (left, right) = figures.draw(5.2, 3.6, columns=2)
figures.picture(left, figures.tint(0.7 * image[0], figures.INK))
for place in range(16):
    row, column = divmod(place, 4)
    left.text(2 * column - 0.4, 2 * row - 0.4, place, va="top", size=7.5)
edges = [2 * edge - 0.5 for edge in range(5)]
figures.lines(left, edges, edges, linewidth=0.8)
figures.table(right, figures.tint(0.7 * patches, figures.INK), aspect=0.5)
right.set(xticks=range(4), yticks=range(16), xlabel="pixel of the patch")
right.set(ylabel="patch")
right.tick_params(length=0, labelsize=8)
figures.show(
    figure,
    "Left: a handwritten three, cut into 16 numbered patches. Right: a table of 16 "
    "rows, one for each patch, and 4 columns, one for each of its pixels.",
)

# %% [markdown]
# A photograph is larger, but treated in the same way. The paper's Mixer-S/32 reads
# images of $224 \times 224$ pixels in patches of $32 \times 32$. That makes
# $7 \cdot 7 = 49$ patches, each with $32 \cdot 32$ pixels in three colours.

# %%
photo = torch.tensor(load_sample_image("flower.jpg"))[100:324, 180:404]
rows = rearrange(photo, "(rows h) (columns w) c -> (rows columns) (h w) c", h=32, w=32)
print("photo", tuple(photo.shape), "→ table", (rows.shape[0], rows[0].numel()))

# %% [markdown]
# Below, the photograph, and the table made of it. Each patch is unrolled into a row.
# (The picture averages over 16 neighbouring pixels, or the rows would be 1,024 pixels
# long.) The table is the input of the network, which is not told that row 7 was below
# row 0.


# %% tags=["hide-input"]
figure, (left, right) = figures.draw(5.2, 2.7, columns=2)
small = rearrange(photo.float(), "(r h) (c w) k -> r c (h w) k", h=2, w=2).mean(2)
figures.picture(left, small.byte(), extent=(0, 7, 7, 0))
figures.lines(left, range(8), range(8), color="white", linewidth=0.8)
unrolled = rearrange(rows.float(), "s (n k) c -> s n k c", k=16).mean(2)
figures.picture(right, unrolled.byte(), aspect="auto")
right.set(yticks=range(0, 49, 7), ylabel="patch", xlabel="pixels of the patch")
right.tick_params(length=0, labelsize=8)
figures.show(
    figure,
    "Left: a photograph of a flower under a grid of 7 by 7 patches. Right: the same "
    "pixels as a table of 49 rows, in which the flower is not to be seen.",
)

# %% [markdown]
# ## Tokens
#
# Raw pixels are a poor description of a patch. So the first layer,
# [`PatchEmbedding`][], multiplies each row by a matrix $E$ that will be learned, and
# the table gets as many columns as we like. A row is now called a **token**, and a
# column a **channel**:
#
# $$X = \text{patches} \cdot E^\top + \mathbf{1} b^\top$$
#
# Let us take $C = 8$ channels, and do it once with the layer and once by hand.

# %%
S, C = 16, 8
embed = PatchEmbedding(image_size=8, patch_size=2, in_channels=1, hidden_dim=C)
E, b = embed.projection.weight, embed.projection.bias

X = patches @ E.T + b
assert_close(X, embed(image[None])[0])
print("X: S × C =", tuple(X.shape))

# %% [markdown]
# ## Token mixing works on columns
#
# A column of $X$ is one channel, seen at all 16 places of the image. [`TokenMixing`][]
# sends each column through a small MLP, the same one for all columns. With the weights
# on the *left* of the table, two matrix products do it for all columns at once:
#
# $$W_2 \, \sigma\bigl(W_1 X + b_1 \mathbf{1}^\top\bigr) + b_2 \mathbf{1}^\top$$

# %%
token_mixing = TokenMixing(num_patches=S, tokens_mlp_dim=12)
W1, b1 = token_mixing.fc1.weight, token_mixing.fc1.bias
W2, b2 = token_mixing.fc2.weight, token_mixing.fc2.bias

by_hand = W2 @ gelu_exact(W1 @ X + b1[:, None]) + b2[:, None]
assert_close(by_hand, token_mixing(X[None])[0])
print("W1", tuple(W1.shape), "· X", tuple(X.shape), "→", tuple((W1 @ X).shape))

# %% [markdown]
# ## Channel mixing works on rows
#
# A row of $X$ is one place of the image, described in all channels. [`ChannelMixing`][]
# sends each row through another MLP, the same one for all rows. Now the weights stand
# on the *right*:
#
# $$\sigma\bigl(X W_3^\top + \mathbf{1} b_3^\top\bigr) W_4^\top + \mathbf{1} b_4^\top$$

# %%
channel_mixing = ChannelMixing(hidden_dim=C, channels_mlp_dim=32)
W3, b3 = channel_mixing.fc1.weight, channel_mixing.fc1.bias
W4, b4 = channel_mixing.fc2.weight, channel_mixing.fc2.bias

by_hand = gelu_exact(X @ W3.T + b3) @ W4.T + b4
assert_close(by_hand, channel_mixing(X[None])[0])
print("X", tuple(X.shape), "· W3ᵀ", tuple(W3.T.shape), "→", tuple((X @ W3.T).shape))

# %% [markdown]
# ## One number changes: where does it show?
#
# How do the two mixings work together? We change a single number of the table, at token
# 5 and channel 2, and look where the output changes.

# %%
block = MixerBlock(num_patches=S, hidden_dim=C, tokens_mlp_dim=12, channels_mlp_dim=32)
nudged = X.clone()
nudged[5, 2] += 1


def reach(layer):
    return (layer(nudged[None]) != layer(X[None]))[0]


column, row = torch.zeros(S, C, dtype=torch.bool), torch.zeros(S, C, dtype=torch.bool)
column[:, 2], row[5, :] = True, True
assert reach(token_mixing).equal(column)
assert reach(channel_mixing).equal(row)
assert reach(block).all()

# %% [markdown]
# Token mixing reaches all tokens, but stays in its channel. Channel mixing reaches all
# channels, but stays with its token. One after the other, in a block, they reach the
# whole table.


# %% tags=["hide-input"]
figure, axes = figures.draw(5.2, 3.3, columns=3)
for axis, layer, name, colour in zip(
    axes,
    (token_mixing, channel_mixing, block),
    ("token mixing", "channel mixing", "block"),
    (figures.TOKENS, figures.CHANNELS, figures.INK),
    strict=True,
):
    figures.table(axis, figures.tint(reach(layer) * 0.8, colour))
    axis.plot(2, 5, "o", color=figures.INK, markersize=4, markerfacecolor="none")
    axis.set(title=name, xlabel="channels")
axes[0].set(ylabel="tokens")
figures.show(
    figure,
    "Three tables of 16 tokens by 8 channels. A change at token 5, channel 2, reaches "
    "column 2 by token mixing, row 5 by channel mixing, and everything by a block.",
)

# %% [markdown]
# ## One block by hand
#
# A [`MixerBlock`][] has both, one after the other. Each reads a *normalised* copy of
# the table ([`LayerNorm`][]): every token is moved to mean zero and scaled to variance
# one. And each only *adds* to the table, which is called a [skip
# connection][skip_connection]: what was there is kept.
#
# $$\begin{aligned}
# U &= X + \text{TokenMixing}(\text{LayerNorm}(X)) \\
# Y &= U + \text{ChannelMixing}(\text{LayerNorm}(U))
# \end{aligned}$$


# %%
def normalise(table, norm):
    mean = table.mean(dim=1, keepdim=True)
    variance = ((table - mean) ** 2).mean(dim=1, keepdim=True)
    return (table - mean) / (variance + norm.eps).sqrt() * norm.weight + norm.bias


def mix_tokens(table, mlp):
    hidden = gelu_exact(mlp.fc1.weight @ table + mlp.fc1.bias[:, None])
    return mlp.fc2.weight @ hidden + mlp.fc2.bias[:, None]


def mix_channels(table, mlp):
    hidden = gelu_exact(table @ mlp.fc1.weight.T + mlp.fc1.bias)
    return hidden @ mlp.fc2.weight.T + mlp.fc2.bias


U = X + mix_tokens(normalise(X, block.token_norm), block.token_mixing)
Y = U + mix_channels(normalise(U, block.channel_norm), block.channel_mixing)

difference = (Y - block(X[None])[0]).abs().max()
assert difference < 1e-5
print(f"largest difference: {difference:.0e}")

# %% [markdown]
# Four matrix products, two normalisations, two sums. This is the table on its way
# through them.


# %% tags=["hide-input"]
figure, axes = figures.draw(5.2, 3.3, columns=3)
for axis, name, numbers in zip(axes, "XUY", (X, U, Y), strict=True):
    figures.table(axis, figures.signed(numbers))
    axis.set(title=name, xlabel="channels")
axes[0].set(ylabel="tokens")
figures.show(
    figure,
    "The tables X, U and Y as grids of 16 tokens by 8 channels, coloured by sign and "
    "size. The empty patches of X are rows of zeros; in U and Y no row is empty.",
)

# %% [markdown]
# ## Permutations of channels and of tokens
#
# All columns share one MLP, so token mixing is *equivariant* to a permutation of the
# channels: permute them before or after it, the result is the same. A permutation of
# the *tokens* changes the result, since each token has its own column in $W_1$. This is
# why a Mixer needs no position embedding, and also why its weights fit images of one
# size.

# %%
channel_order, token_order = torch.randperm(C), torch.randperm(S)


def mix(table):
    return token_mixing(table[None])[0]


assert_close(mix(X[:, channel_order]), mix(X)[:, channel_order])
assert not torch.allclose(mix(X[token_order]), mix(X)[token_order])

try:
    token_mixing(torch.zeros(1, 25, C))
except ValueError as error:
    print("an image of 25 patches:", error)

# %% [markdown]
# ## The whole network
#
# Embed the patches; run the blocks; normalise; average over the tokens; and read off a
# score for each class. [`MLPMixer`][] is these five steps. Here it is by hand, next to
# the module.

# %%
model = MLPMixer(
    image_size=8,
    patch_size=2,
    in_channels=1,
    num_classes=10,
    num_layers=3,
    hidden_dim=C,
    tokens_mlp_dim=12,
    channels_mlp_dim=32,
)
torch.nn.init.normal_(model.head.linear.weight)

table = model.patch_embedding(image[None])[0]
for one in model.blocks:
    normal = normalise(table, one.token_norm)
    table = table + mix_tokens(normal, one.token_mixing)
    normal = normalise(table, one.channel_norm)
    table = table + mix_channels(normal, one.channel_mixing)
average = normalise(table, model.norm).mean(dim=0)
scores = model.head.linear.weight @ average + model.head.linear.bias

assert_close(scores, model(image[None])[0])
print("scores:", *(f"{score:.2f}" for score in scores))

# %% [markdown]
# (A new model starts with the last layer at zero, so that all classes are equally
# likely. Only to have something to compare, we filled it with random numbers.)
#
# The scores mean nothing yet: nothing has been learned. But the network is complete.
# The paper's are the same, with more blocks and wider tables.

# %%
for name, build in {"Mixer-S/32": mixer_s32, "Mixer-S/16": mixer_s16}.items():
    paper = build()
    parameters = sum(p.numel() for p in paper.parameters())
    print(f"{name}: {len(paper.blocks)} blocks, {parameters:,} parameters")

# %% [markdown]
# ## What it costs
#
# Count the multiplications in a block: token mixing does $2 S D_S C$ of them, channel
# mixing $2 S C D_C$. Both are linear in the number of patches $S$. Self-attention
# compares every patch with every other, so its cost has a term $2 S^2 C$ besides.
# For the sizes of Mixer-S and larger and larger images, in millions:

# %%
width, tokens_mlp_dim, channels_mlp_dim = 512, 256, 2048
print("patches  tokens  channels  attention's S²")
for patch_count in (49, 196, 784, 3136):
    tokens = 2 * patch_count * tokens_mlp_dim * width / 1e6
    channels = 2 * patch_count * width * channels_mlp_dim / 1e6
    attention = 2 * patch_count**2 * width / 1e6
    print(f"{patch_count:7}{tokens:8,.0f}{channels:10,.0f}{attention:16,.0f}")

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Two token-mixing layers in a row, without a channel mixing between
# them: which numbers of the table does a change at token 5 and channel 2 reach?
#
# **Answer.** Still those of its column. Depth does not help a layer that never looks
# across channels, and this is why a block has both.

# %%
other_mixing = TokenMixing(num_patches=S, tokens_mlp_dim=12)
assert reach(lambda table: other_mixing(token_mixing(table))).equal(column)

# %% [markdown]
# **Exercise 2.** Without both skip connections, would a block still reach everything?
# What would be lost?
#
# **Answer.** It would: token mixing reaches the column, and from there channel mixing
# reaches all rows. (The norms, which read a whole row, reach one row even before.) What
# is lost is $X$ itself, which is a part of the result otherwise:

# %%
V = mix_tokens(normalise(X, block.token_norm), block.token_mixing)
V = mix_channels(normalise(V, block.channel_norm), block.channel_mixing)
for name, table in {"with": Y, "without": V}.items():
    similarity = torch.cosine_similarity(X.flatten(), table.flatten(), dim=0)
    print(f"{name} skip connections: cosine similarity {similarity:.2f}")

# %% [markdown]
# **Exercise 3.** Write a whole block as a function of its weights, with norms as they
# are at the beginning: a scale of one, a shift of zero, and $\varepsilon = 10^{-6}$.
# The last line says whether it is right.

# %%
from labml_style_nn.exercises import check


def my_block(x, w1, b1, w2, b2, w3, b3, w4, b4):
    return None  # your code


check("mixer_block", my_block)

# %% [markdown]
# **Answer.** Two lines, as in the paper. The axis of the batch comes first and takes
# part in nothing.


# %%
def my_block(x, w1, b1, w2, b2, w3, b3, w4, b4):
    def norm(table):
        return torch.nn.functional.layer_norm(table, table.shape[-1:], eps=1e-6)

    u = x + w2 @ gelu_exact(w1 @ norm(x) + b1[:, None]) + b2[:, None]
    return u + gelu_exact(norm(u) @ w3.T + b3) @ w4.T + b4


answer = check("mixer_block", my_block)
assert answer
print(answer)

# %% [markdown]
# ## Where to go from here
#
# - See one learn: [train a small Mixer on digits](train_on_digits.py), in a minute.
# - Read the pages of the parts: [`PatchEmbedding`][], [`TokenMixing`][],
#   [`ChannelMixing`][], [`LayerNorm`][], [`MLPMixer`][].
# - Change something. Download this page as a notebook, give the block other sizes, and
#   see which assertion complains.
