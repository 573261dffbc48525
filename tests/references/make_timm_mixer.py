"""Make `timm_mixer.npz`: what timm's MlpMixer computes, to compare ours with.

    python -m venv /tmp/reference
    /tmp/reference/bin/pip install torch numpy
    /tmp/reference/bin/pip install pyyaml huggingface_hub safetensors
    /tmp/reference/bin/pip install --no-deps timm==1.0.31
    /tmp/reference/bin/python -m tests.references.make_timm_mixer

Nothing else needs timm: the tests read the committed file.

The case is small and deliberately asymmetric. The image, the patch and the grid of
patches are not square, and S = 24, C = 20, D_S = 10, D_C = 80, P = 4 x 6 and 7 classes
all differ, so that a transposed axis, swapped widths or another order of the tokens
cannot go unseen. Every weight is random, also those which start as zero or one (biases,
LayerNorm, the head), so that a forgotten term cannot hide.

Weights and input are drawn by numpy, rounded to float32 (so that they are the same
numbers in both precisions) and stored as such. timm then computes in float64:

- `x`, `y`: the input and the output
- `w/NAME`: the weights, under timm's names
- `tap/STAGE`: what leaves the patch embedding, each MLP, each block, the last norm
- `c`, `gx`, `g/NAME`: for the loss sum(y * c), its gradients by input and by weights
- `meta`: the sizes and the versions, as JSON
"""

import json
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from labml_style_nn.proofs.reference import FOLDER

MIXER = FOLDER / "timm_mixer.npz"

SIZES = {
    "img_size": (16, 36),
    "patch_size": (4, 6),
    "num_classes": 7,
    "num_blocks": 2,
    "embed_dim": 20,
}
# timm derives both widths from the hidden dimension: D_S = C / 2 and D_C = 4 C.

Arrays = dict[str, np.ndarray[Any, Any]]


def draw(model: nn.Module, seed: int = 0) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """Draw weights of a useful size, an input and the cotangent."""
    rng = np.random.default_rng(seed)

    def normal(*shape: int) -> Tensor:
        return torch.from_numpy(rng.standard_normal(shape).astype(np.float32))

    weights = {}
    for name, weight in model.state_dict().items():
        scale = weight[0].numel() ** -0.5 if weight.dim() > 1 else 0.2
        offset = 1.0 if "norm" in name and name.endswith("weight") else 0.0
        weights[name] = normal(*weight.shape) * scale + offset
    height, width = SIZES["img_size"]
    return weights, normal(2, 3, height, width), normal(2, SIZES["num_classes"])


def compute(
    model: nn.Module, weights: dict[str, Tensor], x: Tensor, c: Tensor
) -> Arrays:
    """Run the reference in float64 and collect what the tests compare."""
    model = model.double().eval()
    model.load_state_dict(weights)
    arrays: Arrays = {}

    def tap(name: str, module: nn.Module) -> None:
        def keep(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
            arrays[f"tap/{name}"] = output.detach().numpy()

        module.register_forward_hook(keep)

    tap("stem", model.stem)
    for number, block in enumerate(model.blocks):
        tap(f"block{number}.mlp_tokens", block.mlp_tokens)
        tap(f"block{number}.mlp_channels", block.mlp_channels)
        tap(f"block{number}", block)
    tap("norm", model.norm)

    image = x.double().requires_grad_()
    y = model(image)
    (y * c.double()).sum().backward()
    arrays |= {"y": y.detach().numpy(), "gx": image.grad.numpy()}
    arrays |= {f"g/{name}": p.grad.numpy() for name, p in model.named_parameters()}
    return arrays


def main() -> None:
    """Build timm's model, run it, write the file."""
    from tests.references.torchvision_stand_in import install

    install()
    import timm
    from timm.models.mlp_mixer import MlpMixer

    model = MlpMixer(**SIZES)
    weights, x, c = draw(model)
    arrays = compute(model, weights, x, c)
    versions = {"timm": timm.__version__, "torch": torch.__version__}
    inputs: Arrays = {f"w/{name}": weight.numpy() for name, weight in weights.items()}
    inputs |= {"x": x.numpy(), "c": c.numpy()}
    meta = json.dumps({**SIZES, **versions})
    np.savez_compressed(MIXER, meta=np.array(meta), **inputs, **arrays)
    print(f"{MIXER.name}: {MIXER.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
