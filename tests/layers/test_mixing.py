"""The two mixings: which axis they mix, and what they drop."""

import pytest
import torch

from labml_style_nn.layers.channel_mixing import ChannelMixing
from labml_style_nn.layers.mlp import MLP
from labml_style_nn.layers.token_mixing import TokenMixing
from tests.tensors import alike, close, draw, randomised

S, C, D_S, D_C = 24, 20, 10, 80


def test_token_mixing_is_the_mlp_on_the_transposed_table_with_its_gradients():
    mixing, mlp = randomised(TokenMixing(S, D_S)), MLP(S, D_S).double()
    mlp.load_state_dict(mixing.state_dict())
    x = draw(2, S, C).requires_grad_()
    by_theirs = [x, *mlp.parameters()]
    alike(mixing(x), [x, *mixing.parameters()], mlp(x.mT).mT, by_theirs)


def test_a_square_table_is_not_mistaken_for_its_transpose():
    x = draw(2, C, C)
    channels, tokens = (
        randomised(ChannelMixing(C, D_C)),
        randomised(TokenMixing(C, D_S)),
    )
    row = torch.stack([channels(x[:, token]) for token in range(C)], dim=1)
    close(channels(x), row)
    column = [tokens(x[:, :, [channel]]) for channel in range(C)]
    close(tokens(x), torch.cat(column, dim=2))


@pytest.mark.parametrize("rate", [0.2, 0.6])
def test_dropout_strikes_the_hidden_layer_and_the_output(rate):
    torch.manual_seed(0)
    for mixing in (TokenMixing(S, D_S, rate), ChannelMixing(C, D_C, rate)):
        hidden = []
        mixing.fc2.register_forward_pre_hook(
            lambda _module, inputs, hidden=hidden: hidden.append(inputs[0])
        )
        output = mixing(torch.randn(500, S, C))
        for part in (hidden[0], output):
            assert (part == 0).double().mean().item() == pytest.approx(rate, abs=0.01)
