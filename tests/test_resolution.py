"""The enlarged Mixer: what it computes, what is kept, and what is refused."""

import pytest
import torch
from einops import rearrange
from torch import Tensor, nn

from labml_style_nn.layers.token_mixing import TokenMixing
from labml_style_nn.models.mlp_mixer import MixerBlock, MLPMixer
from labml_style_nn.resolution import enlarge, enlarged_mixing, token_order
from tests.models.networks import build
from tests.tensors import close, randomised

ROWS, COLUMNS, PATCH = 2, 3, (4, 5)
HEIGHT, WIDTH = ROWS * PATCH[0], COLUMNS * PATCH[1]


def trained(**options: object) -> MLPMixer:
    """A small Mixer, asymmetric in every size, with nothing left at zero or one."""
    sizes = {"image_size": (HEIGHT, WIDTH), "patch_size": PATCH, "tokens_mlp_dim": 8}
    return randomised(build("mixer", **(sizes | options)), std=0.4)


def images(factor: int) -> Tensor:
    return torch.randn(3, 3, factor * HEIGHT, factor * WIDTH, dtype=torch.double)


def parts_of(image: Tensor, factor: int, parts: str) -> list[Tensor]:
    """The parts of large images, each as images of the original size."""
    # A part has all patches of a corner, or every `factor`-th in both directions.
    large = {"contiguous": "(i r h) (j s w)", "interleaved": "(r i h) (s j w)"}[parts]
    sizes = dict(zip("ijhw", (factor, factor, *PATCH), strict=True))
    return [*rearrange(image, f"b c {large} -> (i j) b c (r h) (s w)", **sizes)]


@pytest.mark.parametrize("parts", ["contiguous", "interleaved"])
@pytest.mark.parametrize("factor", [1, 2, 3])
def test_at_first_logits_are_the_mean_over_parts(factor: int, parts: str) -> None:
    model, image = trained(), images(factor)
    by_part = [model(part) for part in parts_of(image, factor, parts)]
    assert (by_part[0] - by_part[-1]).abs().max() > 0.1 or factor == 1
    found = enlarge(model, factor, parts)(image)
    close(found, torch.stack(by_part).mean(dim=0))


@pytest.mark.parametrize("parts", ["contiguous", "interleaved"])
def test_the_weights_are_those_of_the_paper_in_the_order_of_tokens(parts: str) -> None:
    mixing = randomised(TokenMixing(ROWS * COLUMNS, 5))
    order = token_order((ROWS, COLUMNS), 2, parts)
    assert order.sort().values.tolist() == [*range(4 * ROWS * COLUMNS)]
    larger = enlarged_mixing(mixing, 2, order)
    first, last = larger.fc1.weight[:, order], larger.fc2.weight[order]
    for wide, layer in ((first, mixing.fc1), (last, mixing.fc2)):
        assert torch.equal(wide, torch.kron(torch.eye(4), layer.weight))
    assert torch.equal(larger.fc1.bias, mixing.fc1.bias.repeat(4))
    # In a whole Mixer, the next norm takes away what this adds.
    assert torch.equal(larger.fc2.bias[order], mixing.fc2.bias.repeat(4))


def test_fine_tuning_reaches_the_zeros() -> None:
    larger = enlarge(trained(), 2)
    larger(images(2)).square().sum().backward()
    for block in larger.blocks:
        assert isinstance(block, MixerBlock)
        for layer in (block.token_mixing.fc1, block.token_mixing.fc2):
            zeros = layer.weight == 0
            assert zeros.double().mean() == pytest.approx(3 / 4)
            assert layer.weight.grad is not None
            assert (layer.weight.grad[zeros] != 0).all()


def test_the_original_keeps_its_weights_shares_none_and_gives_type_and_mode() -> None:
    model = trained()
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    for weight in enlarge(model, 2).parameters():
        nn.init.zeros_(weight)
    assert all(torch.equal(w, before[n]) for n, w in model.state_dict().items())
    assert model.patch_embedding.image_size == (HEIGHT, WIDTH)
    assert not enlarge(trained().eval(), 2).blocks[0].training
    larger = enlarge(trained().bfloat16(), 2)
    assert {weight.dtype for weight in larger.parameters()} == {torch.bfloat16}


def test_a_new_mixer_of_that_size_has_the_same_weights_by_name() -> None:
    options = {"dropout_rate": 0.1, "stochastic_depth_rate": 0.2, "approximate": "tanh"}
    larger = enlarge(trained(**options), 2)
    sizes = {"image_size": (2 * HEIGHT, 2 * WIDTH), "tokens_mlp_dim": 4 * 8}
    fresh = trained(**options, **sizes)
    assert str(larger) == str(fresh)
    shapes = [(name, weight.shape) for name, weight in fresh.named_parameters()]
    assert shapes == [(name, w.shape) for name, w in larger.named_parameters()]
    fresh.load_state_dict(larger.state_dict())
    image = images(2)
    assert torch.equal(fresh.eval()(image), larger.eval()(image))


def test_what_cannot_be_enlarged_and_an_image_of_the_old_size_are_refused() -> None:
    factor = "factor must be a whole number from 1 up, got"
    for model, arguments, message in (
        *(("mixer", [n], f"{factor} {n}") for n in (0, -2, 1.5)),
        ("mixer", [2, "rows"], "one of contiguous, interleaved, got 'rows'"),
        ("conv_mixer", [2], "an MLPMixer can be enlarged, got ConvMixer"),
    ):
        with pytest.raises(ValueError, match=message):
            enlarge(build(model), *arguments)
    with pytest.raises(ValueError, match=r"expected shape \(batch, 3, 16, 30\)"):
        enlarge(trained(), 2)(images(1))
