r"""# Published weights

The authors pre-trained Mixers on ImageNet, ImageNet-21k and JFT-300M, and published the
weights of those on the first two; JFT-300M is not public. Most people load these
through timm, which has its own names for them. This module copies such a state dict
into the annotated code, so that you can read a network line by line and run it as it
was trained.

```python
import timm
from labml_style_nn.models.mlp_mixer import mixer_b16
from labml_style_nn.pretrained import load_timm_weights

published = timm.create_model("mixer_b16_224.goog_in21k_ft_in1k", pretrained=True)
model = mixer_b16().eval()
load_timm_weights(model, published.state_dict())
```

timm is not needed for the loading, only as one way to get the file. The images must be
prepared as for timm, whose models say how in `pretrained_cfg`. The authors' Mixers ask
for 224 pixels and for red, green and blue scaled to $[-1, 1]$; ResMLP asks for the mean
and the standard deviation of ImageNet's colours instead.

## What the authors published

Their own files have other names, and [`load_weights`][] reads these as well:

| `origin` | models, and the repository |
|---|---|
| `"timm"` | all that are named here, and gMLP |
| `"google-research"` | Mixer, Vision Transformer: `vision_transformer`, in Flax |
| `"facebookresearch"` | ResMLP: `deit` |
| `"sail-sg"` | PoolFormer: `poolformer` |
| `"locuslab"` | ConvMixer: `convmixer` |

Flax multiplies from the other side, so its matrices are transposed, and it keeps the
attention heads apart. Its files hold arrays of NumPy, under names with a slash:

```python
import numpy as np
import torch
from labml_style_nn.models.mlp_mixer import mixer_b16
from labml_style_nn.pretrained import load_weights

arrays = np.load("Mixer-B_16.npz")
model = mixer_b16(num_classes=21843, approximate="tanh")
weights = {name: torch.from_numpy(array) for name, array in arrays.items()}
load_weights(model, weights, origin="google-research")
```

## What is strict about it

A weight which is silently left at random makes a network that works, and works badly.
So either everything fits and everything is copied, or nothing is touched and the error
lists all that is wrong: names that are missing, names that nobody expects, shapes that
differ, and values that are no numbers a weight can have. What counts is the whole
state: the running statistics of a [batch norm][layers.batch_norm] are loaded like
weights. Only how many batches it has seen may be missing, since nothing depends on it.

The same weights can give different functions: timm averages the last map of a
PoolFormer before the norm, the authors of the Mixer approximate GELU, and each norm has
its $\varepsilon$. Where the model was not built for the function of the weights, the
error says that too, and nothing is loaded. What the tensors do not tell is the
nonlinearity, and in timm's files the number of heads: ConvMixer-768/32 has ReLU, so
build it with [`convmixer_768_32`][].

## Checkpoints of other trainings

A checkpoint of a training may have the state dict under a key, such as `state_dict` or
`model`; if there is one, it is found. What a wrapper has put before all names or
between their parts (`module`, `_orig_mod`) is left out. The model may be compiled,
wrapped or of a class of its own that is derived from ours.

A head for another number of classes has another shape. To fine-tune the published
weights with a new head, pass `keep_head=True`.

## Notation

- `checkpoint`: the published tensors, by their published names
- `wanted`: our tensors, by the published names and in the published shapes

## Example

Without a published file at hand, random numbers under the right names will do.

>>> import torch
>>> from labml_style_nn.models.mlp_mixer import MLPMixer
>>> from labml_style_nn.pretrained import load_timm_weights, timm_targets
>>> sizes = dict(
...     image_size=8, patch_size=4, num_layers=1,
...     hidden_dim=8, tokens_mlp_dim=4, channels_mlp_dim=16,
... )
>>> model = MLPMixer(num_classes=3, **sizes)
>>> shapes = {name: target.shape for name, target in timm_targets(model).items()}
>>> list(shapes)[:4]
['stem.proj.weight', 'stem.proj.bias', 'blocks.0.norm1.weight', 'blocks.0.norm1.bias']
>>> weights = {name: torch.randn(shape) for name, shape in shapes.items()}
>>> load_timm_weights(model, weights)
>>> bool((model.blocks[0].token_norm.bias == weights["blocks.0.norm1.bias"]).all())
True

A checkpoint of a training, and a model for another number of classes:

>>> checkpoint = {"epoch": 7, "model": {f"net.{n}": w for n, w in weights.items()}}
>>> other = MLPMixer(num_classes=5, **sizes)
>>> load_timm_weights(other, checkpoint, keep_head=True)
>>> bool((other.norm.bias == weights["norm.bias"]).all())
True
>>> bool(other.head.linear.weight.any())
False

A layer may have other shapes elsewhere: in Flax the attention heads have an axis of
their own, and to timm the MLP of a feature map is two convolutions.

>>> from labml_style_nn.models.poolformer import PoolFormer
>>> from labml_style_nn.models.resmlp import ResMLP
>>> from labml_style_nn.models.vit import VisionTransformer
>>> from labml_style_nn.pretrained import targets
>>> vit = VisionTransformer(
...     image_size=8, patch_size=4, num_classes=3, num_layers=1,
...     hidden_dim=10, num_heads=2, channels_mlp_dim=16, approximate="tanh",
... )
>>> name = "Transformer.encoderblock_0.MultiHeadDotProductAttention_1.out.kernel"
>>> targets(vit, "google-research")[name].shape
torch.Size([2, 5, 10])
>>> poolformer = PoolFormer(num_classes=3, depths=[1], dims=[8], average_first=True)
>>> timm_targets(poolformer)["stages.0.blocks.0.mlp.fc1.weight"].shape
torch.Size([32, 8, 1, 1])
>>> resmlp = ResMLP(
...     image_size=8, patch_size=4, num_classes=3, num_layers=1,
...     hidden_dim=10, channels_mlp_dim=16,
... )
>>> timm_targets(resmlp)["blocks.0.norm1.alpha"].shape
torch.Size([1, 1, 10])

One name taken away, one added, one tensor too large:

>>> weights["extra"] = weights.pop("norm.bias")
>>> weights["head.weight"] = torch.randn(1000, 8)
>>> load_timm_weights(model, weights)
Traceback (most recent call last):
    ...
ValueError: nothing was loaded
missing: norm.bias
unexpected: extra
wrong shape: head.weight is (1000, 8), the model needs (3, 8)
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from labml_style_nn.layers.affine import Affine
from labml_style_nn.layers.attention import MultiHeadAttention
from labml_style_nn.layers.channel_mixing import ChannelMixing
from labml_style_nn.layers.layer_norm import LayerNorm
from labml_style_nn.layers.linear import Linear
from labml_style_nn.layers.patch_embedding import PatchEmbedding
from labml_style_nn.layers.positional_encoding import LearnedPositions
from labml_style_nn.layers.token_mixing import TokenLinear
from labml_style_nn.models.conv_mixer import ConvMixer
from labml_style_nn.models.gmlp import GMLP
from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.models.poolformer import PoolFormer
from labml_style_nn.models.resmlp import ResMLP
from labml_style_nn.models.vit import VisionTransformer

Names = dict[str, str]
View = Callable[[Any], dict[str, Tensor]]
Views = Mapping[type[nn.Module], View]
T = TypeVar("T")


class Layout(NamedTuple):
    """## How a model lies in the files of one origin

    `names`, made for a model, says what its parts are called there: one part of a
    dotted name or several, whole ones. What is not named is called the same.

    `views` gives the tensors of a layer in the shapes that they have there, by their
    names within the layer. They share their memory with the layer.

    `needs` are the options of the model without which it computes something else.
    """

    names: Callable[[Any], Names]
    views: Mapping[type[nn.Module], View] = {}
    needs: Mapping[str, object] = {}


Layouts = dict[type[nn.Module], Layout]

# The norms of most have one epsilon, and those of ConvMixer and PoolFormer another.
PLAIN: Mapping[str, object] = {"approximate": "none", "eps": 1e-6}
MAPS: Mapping[str, object] = {"approximate": "none", "eps": 1e-5}

# ## Layers that have another shape elsewhere


def convolved_patches(layer: PatchEmbedding) -> dict[str, Tensor]:
    """The kernel of the equivalent convolution, as [`patch_embedding`][] shows."""
    return {
        "projection.weight": layer.kernel(),
        "projection.bias": layer.projection.bias,
    }


def positions_with_a_batch(layer: LearnedPositions) -> dict[str, Tensor]:
    """The table has an axis of size one for the batch."""
    return {"table": layer.table[None]}


def affine_with_a_batch(layer: Affine) -> dict[str, Tensor]:
    """The vectors have axes of size one for the batch and for the tokens."""
    return {"alpha": layer.alpha[None, None], "beta": layer.beta[None, None]}


def pointwise_mlp(layer: ChannelMixing) -> dict[str, Tensor]:
    """The MLP of a feature map is two convolutions of size one."""
    fc1, fc2 = layer.fc1, layer.fc2
    first = {"fc1.weight": fc1.weight[:, :, None, None], "fc1.bias": fc1.bias}
    return first | {"fc2.weight": fc2.weight[:, :, None, None], "fc2.bias": fc2.bias}


def flax_dense(layer: Linear | TokenLinear) -> dict[str, Tensor]:
    """Flax multiplies by the transposed matrix."""
    return {"kernel": layer.weight.T, "bias": layer.bias}


def flax_norm(layer: LayerNorm) -> dict[str, Tensor]:
    """The weight is called by what it does."""
    return {"scale": layer.weight, "bias": layer.bias}


def flax_patches(layer: PatchEmbedding) -> dict[str, Tensor]:
    """Of a kernel, rows and columns come first and what comes out is last."""
    kernel = layer.kernel().permute(2, 3, 1, 0)
    return {"projection.kernel": kernel, "projection.bias": layer.projection.bias}


def flax_attention(layer: MultiHeadAttention) -> dict[str, Tensor]:
    """Three maps, and of each the heads: an axis of the matrix becomes two."""
    heads = layer.num_heads, layer.dim // layer.num_heads
    tensors = {}
    for number, name in enumerate(("query", "key", "value")):
        third = slice(number * layer.dim, (number + 1) * layer.dim)
        tensors[f"{name}.kernel"] = layer.qkv.weight[third].T.unflatten(1, heads)
        tensors[f"{name}.bias"] = layer.qkv.bias[third].unflatten(0, heads)
    tensors["out.kernel"] = layer.projection.weight.T.unflatten(0, heads)
    return tensors | {"out.bias": layer.projection.bias}


FLAX: Views = {
    Linear: flax_dense,
    TokenLinear: flax_dense,
    LayerNorm: flax_norm,
    PatchEmbedding: flax_patches,
    MultiHeadAttention: flax_attention,
    LearnedPositions: positions_with_a_batch,
}

# ## timm
#
# The names below a layer (`fc1`, `fc2`, `weight`, `bias`) and the numbers of the blocks
# are the same as here. Another family needs one more entry.
TIMM: Layouts = {
    MLPMixer: Layout(
        lambda _: {
            "patch_embedding.projection": "stem.proj",
            "token_norm": "norm1",
            "token_mixing": "mlp_tokens",
            "channel_norm": "norm2",
            "channel_mixing": "mlp_channels",
            "head.linear": "head",
        },
        {PatchEmbedding: convolved_patches},
        needs=PLAIN,
    ),
    # timm numbers the layers of a `Sequential`; `fn` is the branch beside the residual.
    ConvMixer: Layout(
        lambda _: {
            "patch_embedding": "stem.0",
            "patch_norm": "stem.2",
            "token_mixing": "0.fn.0",
            "token_norm": "0.fn.2",
            "channel_mixing": "1",
            "channel_norm": "3",
        },
        needs=MAPS,
    ),
    # A norm that comes after an average has a name of its own.
    VisionTransformer: Layout(
        lambda model: {
            "patch_embedding.projection": "patch_embed.proj",
            "class_token": "cls_token",
            "positions.table": "pos_embed",
            "token_norm": "norm1",
            "token_mixing.qkv": "attn.qkv",
            "token_mixing.projection": "attn.proj",
            "channel_norm": "norm2",
            "channel_mixing": "mlp",
            "norm": "norm" if model.pooling == "class" else "fc_norm",
        },
        {PatchEmbedding: convolved_patches, LearnedPositions: positions_with_a_batch},
        needs=PLAIN,
    ),
    # A layer scale is a layer here, and one tensor of the block there.
    ResMLP: Layout(
        lambda _: {
            "patch_embedding.projection": "stem.proj",
            "token_norm": "norm1",
            "token_mixing": "linear_tokens",
            "token_scale.weight": "ls1",
            "channel_norm": "norm2",
            "channel_mixing": "mlp_channels",
            "channel_scale.weight": "ls2",
            "head.linear": "head",
        },
        {PatchEmbedding: convolved_patches, Affine: affine_with_a_batch},
        needs={"approximate": "none"},
    ),
    # timm puts the two maps and the gate into an MLP of their own.
    GMLP: Layout(
        lambda _: {
            "patch_embedding.projection": "stem.proj",
            "channel_norm": "norm",
            "fc1": "mlp_channels.fc1",
            "token_mixing.norm": "mlp_channels.gate.norm",
            "token_mixing.projection": "mlp_channels.gate.proj",
            "fc2": "mlp_channels.fc2",
            "head.linear": "head",
        },
        {PatchEmbedding: convolved_patches},
        needs={**PLAIN, "gate_eps": 1e-5},
    ),
    # Here the first stage begins with the stem, and timm's head has the last norm.
    PoolFormer: Layout(
        lambda _: {
            "stages.0.embedding": "stem.conv",
            "embedding": "downsample.conv",
            "token_norm": "norm1",
            "token_scale.weight": "layer_scale1.scale",
            "channel_norm": "norm2",
            "channel_mixing": "mlp",
            "channel_scale.weight": "layer_scale2.scale",
            "head.linear": "head.fc",
            "norm": "head.norm",
        },
        {ChannelMixing: pointwise_mlp},
        needs={**MAPS, "average_first": True, "pool_size": 3},
    ),
}

# ## The authors
#
# A slash in a name of Flax is a dot here. With an average, the authors' Vision
# Transformer normalises first, which ours cannot.
GOOGLE_RESEARCH: Layouts = {
    MLPMixer: Layout(
        lambda model: {
            "patch_embedding.projection": "stem",
            **{f"blocks.{n}": f"MixerBlock_{n}" for n in range(len(model.blocks))},
            "token_norm": "LayerNorm_0",
            "channel_norm": "LayerNorm_1",
            "fc1": "Dense_0",
            "fc2": "Dense_1",
            "norm": "pre_head_layer_norm",
            "head.linear": "head",
        },
        FLAX,
        needs={**PLAIN, "approximate": "tanh"},
    ),
    VisionTransformer: Layout(
        lambda model: {
            "patch_embedding.projection": "embedding",
            "class_token": "cls",
            "positions.table": "Transformer.posembed_input.pos_embedding",
            **{
                f"blocks.{n}": f"Transformer.encoderblock_{n}"
                for n in range(len(model.blocks))
            },
            "token_norm": "LayerNorm_0",
            "token_mixing": "MultiHeadDotProductAttention_1",
            "channel_norm": "LayerNorm_2",
            "channel_mixing": "MlpBlock_3",
            "fc1": "Dense_0",
            "fc2": "Dense_1",
            "norm": "Transformer.encoder_norm",
        },
        FLAX,
        needs={**PLAIN, "approximate": "tanh", "pooling": "class"},
    ),
}
FACEBOOKRESEARCH: Layouts = {
    ResMLP: Layout(
        lambda _: {
            "patch_embedding.projection": "patch_embed.proj",
            "token_norm": "norm1",
            "token_mixing": "attn",
            "token_scale.weight": "gamma_1",
            "channel_norm": "norm2",
            "channel_mixing": "mlp",
            "channel_scale.weight": "gamma_2",
            "head.linear": "head",
        },
        {PatchEmbedding: convolved_patches},
        needs={"approximate": "none"},
    ),
}
# Stages and what makes a new map between them are in one list.
SAIL_SG: Layouts = {
    PoolFormer: Layout(
        lambda model: {
            "stages.0.embedding": "patch_embed.proj",
            **{
                f"stages.{n}.blocks": f"network.{2 * n}"
                for n in range(len(model.stages))
            },
            **{
                f"stages.{n + 1}.embedding": f"network.{2 * n + 1}.proj"
                for n in range(len(model.stages))
            },
            "token_norm": "norm1",
            "token_scale.weight": "layer_scale_1",
            "channel_norm": "norm2",
            "channel_mixing": "mlp",
            "channel_scale.weight": "layer_scale_2",
            "head.linear": "head",
        },
        {ChannelMixing: pointwise_mlp},
        needs={**MAPS, "average_first": False, "pool_size": 3},
    ),
}
# The whole network is one list: three layers for the patches, the blocks, an average,
# one layer that flattens, and the classifier.
LOCUSLAB: Layouts = {
    ConvMixer: Layout(
        lambda model: {
            "patch_embedding": "0",
            "patch_norm": "2",
            **{f"blocks.{n}": f"{n + 3}" for n in range(len(model.blocks))},
            "token_mixing": "0.fn.0",
            "token_norm": "0.fn.2",
            "channel_mixing": "1",
            "channel_norm": "3",
            "head": f"{len(model.blocks) + 5}",
        },
        needs=MAPS,
    ),
}
ORIGINS: dict[str, Layouts] = {
    "timm": TIMM,
    "google-research": GOOGLE_RESEARCH,
    "facebookresearch": FACEBOOKRESEARCH,
    "sail-sg": SAIL_SG,
    "locuslab": LOCUSLAB,
}


# ## Loading


def load_weights(
    model: nn.Module,
    checkpoint: Mapping[str, Any],
    origin: str = "timm",
    *,
    keep_head: bool = False,
) -> None:
    """Copy published weights into one of our models: all of them, or none.

    The numbers take the type and the device that the model has. With `keep_head` the
    head of the model stays as it is, and that of the checkpoint is not read.

    **Raises.** `ValueError` which lists every missing name, every unexpected name, and
    every value that does not fit; or which says that the model is none of those above,
    or has no memory.
    """
    wanted = targets(model, origin)
    if any(target.is_meta for target in wanted.values()):
        raise ValueError(
            "nothing was loaded: the model is on the meta device and has no memory; "
            "model.to_empty(device=...) gives it some"
        )
    known = known_names(model)
    found = their_tensors(checkpoint, set().union(*known.values()))
    if keep_head:
        for name in targets(model, origin, "head."):
            del wanted[name]
            found.pop(name, None)
    # Everything is compared before anything is copied.
    if reasons := [*other_options(model, origin), *told(misfits(wanted, found))]:
        reasons = [*other_origin(known, origin, found)] or reasons
        raise ValueError("\n".join(["nothing was loaded", *reasons]))
    # What is wanted shares its memory with the model, so this fills the model.
    with torch.no_grad():
        for name, target in wanted.items():
            if name in found:
                target.copy_(found[name])


def load_timm_weights(
    model: nn.Module, checkpoint: Mapping[str, Any], *, keep_head: bool = False
) -> None:
    """Copy timm's weights into one of our models: [`load_weights`][] from timm."""
    load_weights(model, checkpoint, keep_head=keep_head)


# ## Our tensors, by the names of an origin


def targets(model: nn.Module, origin: str, part: str = "") -> dict[str, Tensor]:
    """Our tensors, by the names and in the shapes of an origin.

    `part` is how our own names begin, if not all are asked for.

    **Raises.** `ValueError` for another origin, and for a model whose names there are
    not known.

    >>> targets(nn.Linear(3, 2), "timm")
    Traceback (most recent call last):
        ...
    ValueError: no timm names for Linear; ORIGINS['timm'] has those of the models
    """
    if origin not in ORIGINS:
        raise ValueError(f"origin must be one of {', '.join(ORIGINS)}, got {origin!r}")
    model = unwrapped(model)
    layout = by_type(ORIGINS[origin], model)
    if layout is None:
        raise ValueError(
            f"no {origin} names for {type(model).__name__}; "
            f"ORIGINS[{origin!r}] has those of the models"
        )
    names = layout.names(model)
    return {
        translated(name, names): tensor.detach()
        for name, tensor in tensors(model, layout.views)
        if name.startswith(part)
    }


def timm_targets(model: nn.Module) -> dict[str, Tensor]:
    """Our tensors, by timm's names and in timm's shapes."""
    return targets(model, "timm")


def tensors(
    module: nn.Module, views: Views, prefix: str = ""
) -> Iterator[tuple[str, Tensor]]:
    """The whole state of a model by our names, each layer as it is viewed."""
    module = unwrapped(module)
    if view := by_type(views, module):
        for name, tensor in view(module).items():
            yield f"{prefix}{name}", tensor
        return
    for name, tensor in module.state_dict(keep_vars=True).items():
        if "." not in name:
            yield f"{prefix}{name}", tensor
    for name, child in module.named_children():
        yield from tensors(child, views, f"{prefix}{name}.")


def by_type(table: Mapping[type[nn.Module], T], module: nn.Module) -> T | None:
    """The entry for the class of a module, or for the nearest of its bases."""
    return next((table[kind] for kind in type(module).__mro__ if kind in table), None)


# What `DataParallel`, `torch.compile`, checkpointing and FSDP call what they wrap.
WRAPPED = {
    "module",
    "_orig_mod",
    "_checkpoint_wrapped_module",
    "_fsdp_wrapped_module",
}


def unwrapped(module: nn.Module) -> nn.Module:
    """What is inside of all wrappers."""
    while (names := {name for name, _ in module.named_children()}) and names <= WRAPPED:
        (module,) = module.children()
    return module


def translated(name: str, names: Names) -> str:
    """Replace the parts of a name that are called otherwise; the longest go first.

    >>> names = {"norm": "fc_norm", "token_mixing.norm": "gate"}
    >>> translated("norm.bias", names), translated("blocks.3.token_mixing.norm", names)
    ('fc_norm.bias', 'blocks.3.gate')
    >>> translated("token_norm.bias", names)
    'token_norm.bias'
    """
    parts = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return re.sub(rf"(?<![^.])({parts})(?![^.])", lambda part: names[part[0]], name)


# ## Their tensors


def known_names(model: nn.Module) -> dict[str, set[str]]:
    """How our tensors are called by each origin, and under an empty name by us."""
    kind = unwrapped(model)
    theirs = [origin for origin, models in ORIGINS.items() if by_type(models, kind)]
    known = {origin: set(targets(model, origin)) for origin in theirs}
    return known | {"": {name for name, _ in tensors(model, {})}}


def their_tensors(checkpoint: Any, known: Set[str]) -> dict[str, Any]:
    """What a checkpoint holds, by the names that the model without wrappers has.

    **Raises.** `ValueError` for what has no state dict, or several, and for a name that
    occurs twice.
    """
    found: dict[str, Any] = {}
    given = state_dict_of(checkpoint, known)
    # What stands before the names belongs to whatever the model was part of.
    prefix = prefix_of(given, known) or ""
    for name, value in given.items():
        short = bare(name).removeprefix(prefix)
        if short in found:
            raise ValueError(f"nothing was loaded: {short} is there twice")
        found[short] = value
    return found


def state_dict_of(checkpoint: Any, known: Set[str]) -> Mapping[str, Any]:
    """The nearest mapping that has known names: the checkpoint, or one within it."""
    level, modules = {"checkpoint": checkpoint}, list[str]()
    while level:
        inside = {at: part for at, part in level.items() if isinstance(part, Mapping)}
        fits = [at for at in inside if prefix_of(inside[at], known) is not None]
        if len(fits) > 1:
            raise ValueError(f"nothing was loaded: give one of {', '.join(fits)}")
        if fits:
            return inside[fits[0]]
        modules += (at for at, part in level.items() if isinstance(part, nn.Module))
        level = {f"{at}[{key!r}]": v for at in inside for key, v in inside[at].items()}
    if modules:
        raise ValueError(f"{modules[0]} is a model: give its state_dict()")
    if not isinstance(checkpoint, Mapping):
        kind = type(checkpoint).__name__
        raise ValueError(f"a state dict is needed, got a {kind}")
    return checkpoint


def prefix_of(given: Mapping[str, Any], known: Set[str]) -> str | None:
    """What stands before the most of the known names, if there are any.

    >>> prefix_of({"net.fc.bias": 0, "net.fc.weight": 0, "loss.weight": 0}, {"fc.bias"})
    'net.'
    """
    names = [bare(name) for name, v in given.items() if not isinstance(v, Mapping)]
    starts = ((name, dot.end()) for name in names for dot in re.finditer(r"^|\.", name))
    before = Counter(name[:start] for name, start in starts if name[start:] in known)
    return max(before, key=lambda prefix: (before[prefix], -len(prefix)), default=None)


def bare(name: object) -> str:
    """A name without the parts of wrappers, and with dots for slashes."""
    parts = str(name).replace("/", ".").split(".")
    return ".".join(part for part in parts if part not in WRAPPED)


# ## What does not fit

# What it is, the name that it is about, and the rest of the sentence.
Misfit = tuple[str, str, str]


def misfits(wanted: Mapping[str, Tensor], found: Mapping[str, Any]) -> Iterator[Misfit]:
    """Every name and every value that stands in the way."""
    for name in wanted:
        if name not in found and not name.endswith("num_batches_tracked"):
            yield "missing", name, ""
    for name in found:
        if name not in wanted:
            yield "unexpected", name, ""
    for name, target in wanted.items():
        if name in found and (reason := misfit(found[name], target)):
            yield reason[0], name, f" {reason[1]}"


def misfit(value: Any, target: Tensor) -> tuple[str, str] | None:
    """Why a value cannot be copied to where it belongs, if it cannot.

    >>> ones = torch.ones(2)
    >>> others = torch.nested.nested_tensor([ones]), ones.to_sparse(), ones.int()
    >>> for value in ([1.0], ones.to("meta"), *others, ones / 0):
    ...     print(*misfit(value, target=torch.zeros(2)))
    no tensor is a list
    no numbers is on the meta device
    wrong layout is nested
    wrong layout is torch.sparse_coo
    wrong type is torch.int32, the model needs torch.float32
    wrong numbers is not finite in torch.float32
    """
    if not isinstance(value, Tensor):
        return "no tensor", f"is a {type(value).__name__}"
    if value.is_meta:
        return "no numbers", "is on the meta device"
    if value.is_nested:
        return "wrong layout", "is nested"
    if value.layout != torch.strided:
        return "wrong layout", f"is {value.layout}"
    if value.shape != target.shape:
        needs = f"the model needs {tuple(target.shape)}"
        return "wrong shape", f"is {tuple(value.shape)}, {needs}"
    # A float will do where a whole number is needed, but not the other way round.
    if value.is_complex() or value.is_floating_point() < target.is_floating_point():
        return "wrong type", f"is {value.dtype}, the model needs {target.dtype}"
    return _wrong_numbers(value.to(target.dtype))


def _wrong_numbers(value: Tensor) -> tuple[str, str] | None:
    try:
        finite = bool(value.isfinite().all())
    except RuntimeError as error:  # A fake tensor has shape and type alone.
        kinds = type(value).__name__, type(error).__name__
        return "no numbers", "is a {}, which cannot be read ({})".format(*kinds)
    return None if finite else ("wrong numbers", f"is not finite in {value.dtype}")


def told(problems: Iterable[Misfit], most: int = 20) -> list[str]:
    """A line for each, and one for all whose names differ in their numbers alone.

    >>> for line in told(("missing", f"blocks.{n}.bias", "") for n in range(12)):
    ...     print(line)
    missing: blocks.0.bias (and 11 like it)
    """
    groups: dict[Misfit, list[str]] = {}
    for kind, name, rest in problems:
        groups.setdefault((kind, re.sub(r"\d+", "", name), rest), []).append(name)
    lines = [
        f"{kind}: {names[0]}{like_it(len(names) - 1)}{rest}"
        for (kind, _, rest), names in groups.items()
    ]
    left = len(lines) - most
    return lines if left <= 0 else [*lines[:most], f"and {left} lines like these"]


def like_it(others: int) -> str:
    """How many more there are, in brackets."""
    return f" (and {others} like it)" if others else ""


def other_options(model: nn.Module, origin: str) -> Iterator[str]:
    """The options that the model was built without, and that the weights need."""
    model = unwrapped(model)
    layout = by_type(ORIGINS[origin], model)
    for option, value in layout.needs.items() if layout else ():
        if (ours := getattr(model, option)) != value:
            yield (
                f"another function: with {option}={ours!r} the model does not compute "
                f"what that of {origin} does; build it with {option}={value!r}"
            )


def other_origin(
    known: Mapping[str, Set[str]], origin: str, found: Mapping[str, Any]
) -> Iterator[str]:
    """One line, if the names are rather those of another origin, or our own."""
    best = max([origin, *known], key=lambda other: len(known[other] & found.keys()))
    if not best:
        yield "these are our own names: model.load_state_dict(...) reads them"
    elif best != origin:
        yield f"these are the names of {best}: load them with origin={best!r}"
