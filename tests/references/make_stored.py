"""Make the `.npz` files: what other implementations compute, to compare ours with.

    python -m venv /tmp/reference
    /tmp/reference/bin/pip install torch==2.13.0 numpy
    /tmp/reference/bin/pip install pillow pyyaml huggingface_hub safetensors
    /tmp/reference/bin/pip install --no-deps timm==1.0.31
    /tmp/reference/bin/pip install transformers==5.23.0
    /tmp/reference/bin/python -m tests.references.make_stored
    /tmp/reference/bin/python -m tests.references.make_stored timm_vit timm_gmlp

Nothing else needs these packages: tests and proofs read the committed files. What is
drawn is the same every time; what is computed may differ in the last digit, where
another processor sums in another order.

The cases are small and deliberately asymmetric. No image is a square, and the numbers
of tokens, of channels and the hidden widths all differ, so that a transposed axis,
swapped widths or another order of the tokens cannot go unseen. Every weight is random,
also those which start as zero or one (biases, norms, running statistics, layer scales,
the head), so that a forgotten term cannot hide.

Weights and input are drawn by numpy, rounded to float32 (so that they are the same
numbers in both precisions) and stored as such. The other side then computes in float64:

- `x`, `y`: the input and the output
- `w/NAME`: the weights and the buffers, under the names of the source
- `tap/STAGE`: what leaves a stage, such as `stem`, `block0.attn` or `stage1.block0`
- `c`, `gx`, `g/NAME`: for the loss sum(y * c), its gradients by input and by weights
- `train/y`, `train/gx`, `train/g/NAME`: the same in training mode, for a network whose
  batch norms then take the statistics of the batch; and `train/running/NAME`, what
  their buffers have become after it
- `meta`: the sizes and the versions, as JSON
"""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from labml_style_nn.proofs.reference import FOLDER
from tests.references.torchvision_stand_in import install

Arrays = dict[str, np.ndarray[Any, Any]]
Sizes = dict[str, Any]
NORMS = (nn.LayerNorm, nn.GroupNorm, nn.BatchNorm2d)
# Weights that multiply a channel: alpha of timm's Affine, and its layer scales.
SCALES = ("alpha", "scale", "ls1", "ls2")

# ## The cases


@dataclass(frozen=True)
class Case:
    """A network to be run once: how to build it, its sizes, what to look at."""

    build: Callable[..., nn.Module]
    sizes: Sizes
    shape: tuple[int, ...]  # of the input
    taps: tuple[str, ...]  # the modules whose output is stored
    options: Sizes = field(default_factory=dict)  # also passed, and not stored
    trains: bool = False  # also run in training mode
    source: str = "timm"


def per_block(number: int, *stages: str, blocks: str = "blocks") -> list[str]:
    """The stages of every block, and the blocks themselves."""
    return [
        f"{blocks}.{n}{stage and '.'}{stage}"
        for n in range(number)
        for stage in (*stages, "")
    ]


def mixer() -> Case:
    """Both widths follow from the hidden dimension: D_S = C / 2, D_C = 4 C."""
    from timm.models.mlp_mixer import MlpMixer

    sizes = {"img_size": (16, 36), "patch_size": (4, 6), "num_classes": 7}
    sizes |= {"num_blocks": 2, "embed_dim": 20}
    taps = ("stem", *per_block(2, "mlp_tokens", "mlp_channels"), "norm")
    return Case(MlpMixer, sizes, (2, 3, *sizes["img_size"]), taps)


# 5 x 6 patches of 3 x 4 pixels.
PATCHES = {"img_size": (15, 24), "patch_size": (3, 4), "num_classes": 7}


def resmlp() -> Case:
    """In timm, ResMLP is the Mixer with another block and another norm."""
    from timm.models.mlp_mixer import Affine, MlpMixer, ResBlock

    sizes = {**PATCHES, "num_blocks": 2, "embed_dim": 14, "mlp_ratio": 4}
    stages = ("norm1", "linear_tokens", "norm2", "mlp_channels")
    taps = ("stem", *per_block(2, *stages), "norm")
    options = {"block_layer": ResBlock, "norm_layer": Affine}
    return Case(MlpMixer, sizes, (2, 3, *sizes["img_size"]), taps, options)


def gmlp() -> Case:
    """In timm's gMLP the norm of the gate has another epsilon than all others."""
    from timm.layers import GatedMlp
    from timm.models.mlp_mixer import MlpMixer, SpatialGatingBlock

    sizes = {**PATCHES, "num_blocks": 2, "embed_dim": 14, "mlp_ratio": 4}
    stages = ("norm", "mlp_channels.fc1", "mlp_channels.gate", "mlp_channels")
    taps = ("stem", *per_block(1, *stages), "blocks.1", "norm")
    options = {"block_layer": SpatialGatingBlock, "mlp_layer": GatedMlp}
    return Case(MlpMixer, sizes, (2, 3, *sizes["img_size"]), taps, options)


def conv_mixer(kernel_size: int = 5, patch_size: int = 3, depth: int = 2) -> Case:
    """An odd kernel on 6 x 8 patches, or an even one."""
    from timm.models.convmixer import ConvMixer

    kernels = {"kernel_size": kernel_size, "patch_size": patch_size}
    sizes = {"dim": 12, "depth": depth, **kernels, "num_classes": 7}
    shape = (2, 3, 6 * patch_size, 8 * patch_size)
    # The depthwise convolution, its GELU and its norm; the sum; the pointwise
    # convolution and its GELU. The last norm is what leaves the block.
    inside = ("0.fn.0", "0.fn.1", "0.fn.2", "0", "1", "2")
    taps = ("stem.0", "stem.1", "stem", *per_block(1, *inside), *per_block(depth)[1:])
    return Case(ConvMixer, sizes, shape, (*taps, "global_pool"), trains=True)


def vit(pool: str = "token") -> Case:
    """With the class token; or averaging the patches, where timm averages first.

    With the average there is no class token, as in the authors' code. It is then that
    timm norms, with weights called `fc_norm`.
    """
    from timm.models.vision_transformer import VisionTransformer

    sizes = {**PATCHES, "embed_dim": 18, "depth": 2, "num_heads": 3, "mlp_ratio": 4}
    sizes |= {"global_pool": pool}
    norm = "norm" if pool == "token" else "fc_norm"
    inside = ("norm1", "attn", "norm2", "mlp")
    taps = ("patch_embed", "pos_drop", *per_block(1, *inside), "blocks.1", norm)
    options = {"class_token": pool == "token"}
    return Case(VisionTransformer, sizes, (2, 3, *sizes["img_size"]), taps, options)


def poolformer() -> Case:
    """Two stages, with the options of timm's `poolformer_s12`.

    The stem makes 6 x 10 of 24 x 40, the second stage 3 x 5.
    """
    from timm.layers import GroupNorm1
    from timm.models.metaformer import MetaFormer

    sizes = {"num_classes": 7, "depths": (1, 2), "dims": (8, 12)}
    options = dict.fromkeys(["downsample_norm", "res_scale_init_values"])
    options |= {"mlp_act": nn.GELU, "mlp_bias": True, "norm_layers": GroupNorm1}
    options |= {"layer_scale_init_values": 1e-5, "use_mlp_head": False}
    inside = ("norm1", "token_mixer", "norm2", "mlp")
    taps = ("stem", *per_block(1, *inside, blocks="stages.0.blocks"))
    taps += ("stages.1.downsample", *per_block(2, blocks="stages.1.blocks"))
    return Case(MetaFormer, sizes, (2, 3, 24, 40), (*taps, "head.norm"), options)


def fnet() -> Case:
    """The encoder alone: vectors in, vectors out."""
    from transformers import FNetConfig
    from transformers.models.fnet.modeling_fnet import FNetEncoder

    sizes = {"hidden_size": 20, "intermediate_size": 52, "num_hidden_layers": 2}
    inside = ("fourier.self", "fourier", "intermediate")
    taps = tuple(per_block(2, *inside, blocks="layer"))

    def build(**sizes: int) -> nn.Module:
        return FNetEncoder(FNetConfig(**sizes))

    return Case(build, sizes, (2, 11, 20), taps, source="transformers")


class FNetText(nn.Module):
    """FNet for text, from the vectors of the words on: their table holds no weights."""

    def __init__(self, **sizes: int) -> None:
        from transformers import FNetConfig, FNetModel

        super().__init__()
        self.fnet = FNetModel(FNetConfig(**sizes), add_pooling_layer=False)
        self.fnet.embeddings.word_embeddings = None

    def forward(self, x: Tensor) -> Tensor:
        """The tokens are of types 0, 1, 2, 0, 1, ..."""
        types = torch.arange(x.shape[1]) % self.fnet.config.type_vocab_size
        types = types.expand(x.shape[:2])
        return first(self.fnet(inputs_embeds=x, token_type_ids=types))


def fnet_text() -> Case:
    """With two positions more than there are tokens."""
    sizes = {"hidden_size": 20, "intermediate_size": 52, "num_hidden_layers": 1}
    sizes |= {"max_position_embeddings": 13, "type_vocab_size": 3}
    taps = ("fnet.embeddings.LayerNorm", "fnet.embeddings", "fnet.encoder.layer.0")
    return Case(FNetText, sizes, (2, 11, 20), taps, source="transformers")


CASES: dict[str, Callable[[], Case]] = {
    "timm_mixer": mixer,
    "timm_resmlp": resmlp,
    "timm_gmlp": gmlp,
    "timm_conv_mixer": conv_mixer,
    "timm_conv_mixer_even": lambda: conv_mixer(kernel_size=4, patch_size=2, depth=1),
    "timm_vit": vit,
    "timm_vit_average": lambda: vit("avg"),
    "timm_poolformer": poolformer,
    "hf_fnet_layer": fnet,
    "hf_fnet_text": fnet_text,
}

# ## Drawing


class Draw:
    """Random numbers of a useful size, the same in float32 and in float64."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)

    def normal(self, *shape: int) -> Tensor:
        """From the standard normal distribution."""
        return torch.from_numpy(self.rng.standard_normal(shape).astype(np.float32))

    def weight(self, module: nn.Module, name: str, like: Tensor) -> Tensor:
        """One weight or buffer of a module."""
        if not like.is_floating_point():
            return torch.tensor(5)  # how many batches a batch norm has seen
        drawn = self.normal(*like.shape)
        if name == "running_var":
            return 0.5 + drawn.abs()
        if name in {"cls_token", "pos_embed"}:
            return drawn * 0.5
        if name in SCALES or (isinstance(module, NORMS) and name == "weight"):
            return 1 + drawn * 0.2
        if like.dim() > 1 and name == "weight":
            return drawn * like[0].numel() ** -0.5
        return drawn * 0.2

    def weights(self, model: nn.Module) -> dict[str, Tensor]:
        """All of a model, in the order of its state dict."""
        drawn = {}
        for path, like in model.state_dict().items():
            parent, _, name = path.rpartition(".")
            drawn[path] = self.weight(model.get_submodule(parent), name, like)
        return drawn


# ## Computing


def stage(path: str) -> str:
    """The name of a tap: `stages.1.blocks.0.mlp` becomes `stage1.block0.mlp`."""
    return re.sub(r"(stage|block|layer)s?\.(\d+)", r"\1\2", path)


def first(output: Any) -> Tensor:
    """The tensor that a module returns, be it in a tuple or a class."""
    return output if isinstance(output, Tensor) else output[0]


def passed(model: nn.Module, x: Tensor, c: Tensor) -> Arrays:
    """The output, and all gradients of the loss sum(y * c)."""
    model.zero_grad()
    x = x.double().requires_grad_()
    y = first(model(x))
    (y * c.double()).sum().backward()
    gradients = {f"g/{n}": p.grad.numpy().copy() for n, p in model.named_parameters()}
    return {"y": y.detach().numpy(), "gx": x.grad.numpy(), **gradients}


def evaluated(model: nn.Module, taps: tuple[str, ...], x: Tensor, c: Tensor) -> Arrays:
    """What evaluation mode computes, with what leaves the stages."""
    arrays: Arrays = {}

    def keep(path: str, _module: nn.Module, _inputs: Any, output: Any) -> None:
        # A copy: timm's MLPs may go on to write into what they were given.
        arrays[f"tap/{stage(path)}"] = first(output).detach().numpy().copy()

    for path in taps:
        model.get_submodule(path).register_forward_hook(partial(keep, path))
    output = passed(model.eval(), x, c)
    return {**arrays, **output}


def trained(model: nn.Module, x: Tensor, c: Tensor) -> Arrays:
    """What training mode computes, and what the buffers become."""
    arrays = {f"train/{n}": array for n, array in passed(model.train(), x, c).items()}
    buffers = {f"train/running/{n}": b.numpy() for n, b in model.named_buffers()}
    return arrays | buffers


def make(case: Case) -> Arrays:
    """Draw the weights, an input and the cotangent; run the network."""
    draw = Draw()
    model = case.build(**case.sizes, **case.options)
    weights = draw.weights(model)
    x = draw.normal(*case.shape)
    model.double().load_state_dict(weights)
    with torch.no_grad():
        c = draw.normal(*first(model.eval()(x.double())).shape)
    arrays: Arrays = {f"w/{name}": weight.numpy() for name, weight in weights.items()}
    arrays |= {"x": x.numpy(), "c": c.numpy()} | evaluated(model, case.taps, x, c)
    return arrays | (trained(model, x, c) if case.trains else {})


def main(names: list[str]) -> None:
    """Build the networks, run them, write the files."""
    install()
    for name in names or CASES:
        case = CASES[name]()
        arrays = make(case)
        source = __import__(case.source)
        versions = {case.source: source.__version__, "torch": torch.__version__}
        meta = json.dumps({**case.sizes, **versions})
        path = FOLDER / f"{name}.npz"
        np.savez_compressed(path, meta=np.array(meta), **arrays)
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
