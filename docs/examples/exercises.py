# %% [markdown]
# # Exercises in code
#
# Ten functions to write, from the pages of the layers and models. Download this page as
# a notebook, put your code in the place of `None`, and run the cell: `check` compares
# your function with the one of this package, in shape, values and gradients, and says
# how it differs. The answers are on the pages.
#
# The notebook needs this package, see [Install](../guide/install.md). On a site that is
# served [live](../guide/run.md#live), the cells run in the page.

# %%
import torch
from torch.nn import functional as F

from labml_style_nn.exercises import check

# %% [markdown]
# ## Patch embedding
#
# Cut images into patches without einops, by reshaping and permuting axes. See [Patch
# embedding](../layers/patch_embedding.md#exercises).


# %%
def cut(image, height, width):
    return None  # your code


check("patch_embedding", cut)

# %% [markdown]
# ## Layer normalisation
#
# Write the function with `torch.var_mean`, for $\varepsilon = 10^{-6}$. See [Layer
# normalisation](../layers/layer_norm.md#exercises).


# %%
def by_var_mean(x, weight, bias):
    return None  # your code


check("layer_norm", by_var_mean)

# %% [markdown]
# ## GELU
#
# Write the derivative of the exact GELU, without autograd. See
# [GELU](../layers/gelu.md#exercises).


# %%
def derivative(x):
    return None  # your code


check("gelu_derivative", derivative)

# %% [markdown]
# ## Linear map
#
# Write the map with `torch.einsum`, for any number of axes in front. See [Linear
# map](../layers/linear.md#exercises).


# %%
def linear(x, weight, bias):
    return None  # your code


check("linear", linear)

# %% [markdown]
# ## MLP
#
# Write the MLP as a function of its weights, without a module. See
# [MLP](../layers/mlp.md#exercises).


# %%
def by_hand(x, w1, b1, w2, b2):
    return None  # your code


check("mlp", by_hand)

# %% [markdown]
# ## Token mixing
#
# Write token mixing with `torch.einsum`. See [Token
# mixing](../layers/token_mixing.md#exercises).


# %%
def by_einsum(x, w1, b1, w2, b2):
    return None  # your code


check("token_mixing", by_einsum)

# %% [markdown]
# ## Channel mixing
#
# Write channel mixing with two convolutions of kernel size one. See [Channel
# mixing](../layers/channel_mixing.md#exercises).


# %%
def by_convolution(x, w3, b3, w4, b4):
    return None  # your code


check("channel_mixing", by_convolution)

# %% [markdown]
# ## Pooling and the head
#
# Write the head with `torch.einsum`, so that it never makes the average token nor the
# votes. See [Pooling and the head](../layers/head.md#exercises).


# %%
def scores(x, weight, bias):
    return None  # your code


check("head", scores)

# %% [markdown]
# ## MLP-Mixer
#
# Write equation (1) as a function of its weights, with `F.layer_norm` (at
# $\varepsilon = 10^{-6}$, without a scale and a shift) and `F.gelu`. See
# [MLP-Mixer](../models/mlp_mixer.md#exercises).


# %%
def mixer_block(x, w1, b1, w2, b2, w3, b3, w4, b4):
    return None  # your code


check("mixer_block", mixer_block)

# %% [markdown]
# ## Depthwise convolution
#
# Write the depthwise convolution without a convolution, for kernels with an odd side.
# See [Depthwise convolution](../models/conv_mixer.md#exercises).


# %%
def depthwise(x, weight, bias):
    return None  # your code


check("depthwise_convolution", depthwise)

# %% [markdown]
# ## Where to go from here
#
# [The Mixer in ten minutes](mixer_in_ten_minutes.py) puts a block together by hand, and
# [Train a Mixer on digits](train_on_digits.py) shows one learn.
