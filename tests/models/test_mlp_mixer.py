"""The Mixer: who hears whom, and what the order of the patches means to it."""

import torch
from torch import nn

from labml_style_nn.models.mlp_mixer import MixerBlock, MLPMixer
from tests.tensors import close, draw, randomised

SMALL = {
    "image_size": (16, 24),
    "patch_size": 4,
    "num_classes": 7,
    "num_layers": 2,
    "hidden_dim": 20,
    "tokens_mlp_dim": 10,
    "channels_mlp_dim": 80,
}


def test_after_one_block_every_number_depends_on_every_other():
    block = randomised(MixerBlock(6, 5, 4, 8))
    assert (torch.func.jacrev(block)(draw(1, 6, 5)) != 0).all()


def test_shuffled_patches_and_shuffled_weights_cancel():
    # Section 3.4 of the paper: the order of the patches carries nothing that training
    # could not find again in another order. The proof shuffles the first map of pixels
    # as well, by `permuted`; here the weights of the blocks are moved by hand.
    model, shuffled = randomised(MLPMixer(**SMALL)), randomised(MLPMixer(**SMALL))
    order = torch.randperm(24, generator=torch.Generator().manual_seed(0))
    for block in shuffled.blocks:
        mixing = block.token_mixing
        with torch.no_grad():
            mixing.fc1.weight.copy_(mixing.fc1.weight[:, order])
            mixing.fc2.weight.copy_(mixing.fc2.weight[order])
            mixing.fc2.bias.copy_(mixing.fc2.bias[order])
    image = draw(2, 3, 16, 24)
    patches = nn.functional.unfold(image, 4, stride=4)[:, :, order]
    other = nn.functional.fold(patches, (16, 24), 4, stride=4)
    assert not torch.allclose(model(other), model(image))
    close(shuffled(other), model(image), 1e-10)
