"""A file of weights becomes a network again, or says why not."""

import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from labml_style_nn.web_training.variants import VARIANTS
from labml_style_nn.web_training.weights import WeightsError, from_file, to_file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    to_file(VARIANTS["no_skip"].build(), tmp_path / "mixer", "no_skip")
    return tmp_path / "mixer"


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_comes_back_with_its_answers(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = VARIANTS[name].build().eval()
    with torch.no_grad():
        model.head.linear.weight.normal_()
    to_file(model, tmp_path / "mixer", name)
    again = from_file(tmp_path / "mixer")
    images = torch.rand(4, 1, 8, 8)
    assert torch.equal(again(images), model(images))
    assert not again.training


OF_ANOTHER_KIND = b"no weights here, but more than eight characters"


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "or not a whole one"), (OF_ANOTHER_KIND, "is no safetensors file")],
)
def test_a_file_cut_off_or_of_another_kind_is_refused(
    content: bytes | None, message: str, path: Path
) -> None:
    path.write_bytes(content or path.read_bytes()[:-100])
    with pytest.raises(WeightsError, match=message):
        from_file(path)


SIZES = {name: str(size) for name, size in VARIANTS["no_skip"].settings.items()}


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({}, "is not from this site: its variant is None"),
        ({"variant": "no_skipp"}, "its variant is 'no_skipp'"),
        ({"variant": "no_skip"}, "does not say its sizes"),
        ({"variant": "no_skip", "patch_size": "two"}, "does not say its sizes"),
        ({"variant": "no_skip", **SIZES, "hidden_dim": "48"}, "weights do not fit"),
    ],
)
def test_a_file_that_says_not_what_it_is_is_refused(
    told: dict[str, str], message: str, path: Path
) -> None:
    save_file(load_file(path), path, metadata=told)
    with pytest.raises(WeightsError, match=message):
        from_file(path)


def test_without_the_library_it_says_what_to_install(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    with pytest.raises(ImportError, match="pip install safetensors"):
        from_file(path)
