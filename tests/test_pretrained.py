"""Loading timm's weights: all of them, or none and a list of what is wrong."""

import pytest
import torch

from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.pretrained import load_timm_weights, timm_targets

SIZES = {
    "image_size": (16, 24),
    "patch_size": 4,
    "num_classes": 7,
    "num_layers": 2,
    "hidden_dim": 20,
    "tokens_mlp_dim": 10,
    "channels_mlp_dim": 80,
}
# timm 1.0's keys and shapes, written out: this is what published files hold.
BLOCK = {
    "norm1.weight": (20,),
    "norm1.bias": (20,),
    "mlp_tokens.fc1.weight": (10, 24),
    "mlp_tokens.fc1.bias": (10,),
    "mlp_tokens.fc2.weight": (24, 10),
    "mlp_tokens.fc2.bias": (24,),
    "norm2.weight": (20,),
    "norm2.bias": (20,),
    "mlp_channels.fc1.weight": (80, 20),
    "mlp_channels.fc1.bias": (80,),
    "mlp_channels.fc2.weight": (20, 80),
    "mlp_channels.fc2.bias": (20,),
}
SHAPES = {
    "stem.proj.weight": (20, 3, 4, 4),
    "stem.proj.bias": (20,),
    **{f"blocks.{n}.{key}": shape for n in range(2) for key, shape in BLOCK.items()},
    "norm.weight": (20,),
    "norm.bias": (20,),
    "head.weight": (7, 20),
    "head.bias": (7,),
}


@pytest.fixture
def model():
    """A small Mixer."""
    torch.manual_seed(0)
    return MLPMixer(**SIZES)


@pytest.fixture
def state_dict():
    """Random weights under timm's names."""
    torch.manual_seed(1)
    return {key: torch.randn(shape) for key, shape in SHAPES.items()}


def test_the_names_and_shapes_are_timms(model):
    shapes = {key: tuple(tensor.shape) for key, tensor in timm_targets(model).items()}
    assert shapes == SHAPES


def test_every_weight_arrives(model, state_dict):
    load_timm_weights(model, state_dict)
    block = model.blocks[1]
    assert torch.equal(model.patch_embedding.kernel(), state_dict["stem.proj.weight"])
    assert torch.equal(
        block.token_mixing.fc2.weight, state_dict["blocks.1.mlp_tokens.fc2.weight"]
    )
    assert torch.equal(block.channel_norm.bias, state_dict["blocks.1.norm2.bias"])
    for key, target in timm_targets(model).items():
        assert torch.equal(target, state_dict[key])
    # Every number of the model was overwritten: the sums agree.
    ours = sum(parameter.double().sum() for parameter in model.parameters())
    theirs = sum(tensor.double().sum() for tensor in state_dict.values())
    torch.testing.assert_close(ours, theirs)


def test_the_weights_take_the_type_of_the_model_and_stay_trainable(model, state_dict):
    load_timm_weights(model.double(), state_dict)
    assert model.norm.weight.dtype == torch.double
    assert torch.equal(model.norm.weight, state_dict["norm.weight"].double())
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert model.norm.weight.data_ptr() != state_dict["norm.weight"].data_ptr()


def test_everything_wrong_is_listed_and_nothing_is_copied(model, state_dict):
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    del state_dict["norm.bias"], state_dict["blocks.0.norm1.weight"]
    state_dict["blocks.2.norm1.weight"] = torch.zeros(20)
    state_dict["head.weight"] = torch.zeros(21_843, 20)
    state_dict["stem.proj.weight"] = torch.zeros(20, 48)
    with pytest.raises(ValueError, match="nothing was loaded") as error:
        load_timm_weights(model, state_dict)
    assert str(error.value).splitlines()[1:] == [
        "missing: blocks.0.norm1.weight",
        "missing: norm.bias",
        "unexpected: blocks.2.norm1.weight",
        "wrong shape: stem.proj.weight is (20, 48), the model needs (20, 3, 4, 4)",
        "wrong shape: head.weight is (21843, 20), the model needs (7, 20)",
    ]
    for key, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[key])


def test_our_own_names_are_not_timms(model):
    with pytest.raises(ValueError, match="unexpected: patch_embedding"):
        load_timm_weights(model, model.state_dict())


def test_a_model_without_names_is_refused():
    with pytest.raises(ValueError, match=r"no timm names for Linear; TIMM_NAMES has"):
        load_timm_weights(torch.nn.Linear(2, 2), {})
