r"""# Weights that were trained in the page

The page offers its weights as a file in the format *safetensors*: a header that says
which tensors there are, and their numbers. Nothing in such a file can run. Here it
becomes a network again, with the same answers:

```python
from labml_style_nn.web_training.training_step import scaled
from labml_style_nn.web_training.weights import from_file
from labml_style_nn.data.digits import split_digits

model = from_file("mixer.safetensors")
train, test = split_digits(seed=0)
right = model(scaled(test.images)).argmax(dim=1) == test.labels
print(right.float().mean())
```

From there one can go on: it is an [`MLPMixer`][] like any other, and
`torch.optim.AdamW(model.parameters())` trains it further.

## What is in the file

Every parameter is a tensor of float32 under the name it has in the model, such as
`blocks.0.token_mixing.fc1.weight`. Under `__metadata__` stands what it takes to build
the network. All values are texts, as the format demands:

| key | what it is |
|---|---|
| `variant` | the name of one of the [`variants`][], such as `no_skip` |
| `patch_size`, `num_layers`, `hidden_dim` | its sizes, whole numbers |
| `tokens_mlp_dim`, `channels_mlp_dim` | the widths of its two MLPs, whole numbers |

Other keys may stand beside them and are not read: `seed`, `steps`.

## Example

>>> import tempfile
>>> import torch
>>> from labml_style_nn.web_training.variants import VARIANTS
>>> model = VARIANTS["no_skip"].build().eval()
>>> with tempfile.TemporaryDirectory() as folder:
...     path = Path(folder) / "mixer.safetensors"
...     to_file(model, path, "no_skip")
...     again = from_file(path)
>>> images = torch.rand(2, 1, 8, 8)
>>> torch.equal(model(images), again(images))
True
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.web_training.variants import SETTINGS, VARIANTS, Variant


class WeightsError(ValueError):
    """## When a file does not become a network

    The message names the file, what is wrong with it, and what to do.
    """


def from_file(path: Path | str) -> MLPMixer:
    """Build the network whose weights a file holds, ready to answer.

    **Raises.** [`WeightsError`][] for a file that is broken, of another kind, or whose
    weights do not fit what it says of itself. `ImportError` without safetensors.
    """
    tensors, told = read(Path(path))
    model = described(told, Path(path)).build()
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise WeightsError(f"{path}: the weights do not fit. {error}") from None
    return model.eval()


def to_file(model: MLPMixer, path: Path | str, variant: str) -> None:
    """Write a network of a variant as the page does."""
    settings = {name: str(size) for name, size in VARIANTS[variant].settings.items()}
    told = {"variant": variant, **settings}
    tensors = {name: weight.contiguous() for name, weight in model.state_dict().items()}
    library().torch.save_file(tensors, path, metadata=told)


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read all tensors of a file, and what it says of them."""
    safetensors = library()
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return tensors, file.metadata() or {}
    except safetensors.SafetensorError as error:
        raise WeightsError(
            f"{path} is no safetensors file, or not a whole one ({error}). "
            "Download it again."
        ) from error


def described(told: dict[str, str], path: Path) -> Variant:
    """Find the variant, and the sizes, that a file tells of."""
    name = told.get("variant")
    if name not in VARIANTS:
        raise WeightsError(
            f"{path} is not from this site: its variant is {name!r}, "
            f"not one of {', '.join(VARIANTS)}"
        )
    try:
        sizes = {setting: int(told[setting]) for setting in SETTINGS}
    except (KeyError, ValueError) as error:
        raise WeightsError(
            f"{path} does not say its sizes as whole numbers: {error}"
        ) from None
    return replace(VARIANTS[name], settings=sizes)


def library() -> Any:
    """The library that reads the format; not everybody has it."""
    try:
        import safetensors.torch
    except ImportError as error:
        raise ImportError(
            "weights of the page are in the format safetensors: "
            "run “pip install safetensors”"
        ) from error
    return safetensors
