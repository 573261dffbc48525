"""The proofs of FNet and PoolFormer fail as soon as something in them is wrong."""

import pytest
import torch
from torch.nn import functional as F

from labml_style_nn.layers.fourier_mixing import FourierMixing
from labml_style_nn.layers.group_norm import GroupNorm
from labml_style_nn.layers.layer_norm import LayerNorm
from labml_style_nn.layers.pool_mixing import PoolMixing
from labml_style_nn.models import fnet, poolformer
from labml_style_nn.models.fnet import FNetBlock, FNetEncoder
from labml_style_nn.models.poolformer import PoolFormer
from labml_style_nn.proofs import fourier_proofs, pooling_proofs
from tests.proofs.mutation import failures


def pre_norm(self, x):
    u = x + self.token_mixing(self.token_norm(x))
    return u + self.channel_mixing(self.channel_norm(u))


def without_types(self, tokens, types=None):
    x = self.projection(self.norm(self.positions(self.words(tokens))))
    for block in self.blocks:
        x = block(x)
    return x


def one_pass(self, x):
    y = F.group_norm(
        x.movedim(-1, 1), self.num_groups, self.weight, self.bias, self.eps
    )
    return y.movedim(1, -1)


def first_place(self, image):
    x = self.stages(image.permute(0, 2, 3, 1))
    return self.head(self.norm(x)[:, 0])


def padded_pool(self, x):
    average = F.avg_pool2d(x.permute(0, 3, 1, 2), 3, stride=1, padding=1)
    return average.permute(0, 2, 3, 1) - x


@pytest.mark.parametrize(
    ("page", "owner", "name", "wrong", "message"),
    [
        (
            "fourier_mixing",
            FourierMixing,
            "forward",
            lambda self, x: torch.fft.fft2(x).imag,
            "Difference from fft2 of NumPy",
        ),
        (
            "fourier_mixing",
            FourierMixing,
            "forward",
            lambda self, x: torch.fft.fft(x, dim=1).real,
            "Difference from transformers",
        ),
        (
            "fourier_mixing",
            fourier_proofs,
            "fourier_mixing",
            lambda x: torch.fft.fft2(x).real,
            "MACs by matrices",
        ),
        ("fnet", FNetBlock, "forward", pre_norm, "Difference from transformers"),
        ("fnet", FNetEncoder, "forward", without_types, "Error"),
        ("fnet", fourier_proofs, "OF_TEXT", "V C + L C", "Parameters"),
        (
            "fnet",
            fnet,
            "LayerNorm",
            lambda dim, eps: LayerNorm(dim, 1e-3),
            "Difference from transformers",
        ),
        (
            "pool_mixing",
            PoolMixing,
            "forward",
            padded_pool,
            "Difference from timm",
        ),
        (
            "pool_mixing",
            pooling_proofs,
            "pool_mixing",
            lambda x, pool_size: x,
            "to the equation here",
        ),
        (
            "group_norm",
            GroupNorm,
            "forward",
            one_pass,
            "in float64",
        ),
        (
            "group_norm",
            GroupNorm,
            "forward",
            lambda self, x: F.layer_norm(x, (self.dim,), self.weight, self.bias),
            "Difference from timm",
        ),
        ("poolformer", PoolFormer, "forward", first_place, "Difference from nn.Group"),
        ("poolformer", pooling_proofs, "AFTER", ("2C", "C K"), "Parameters"),
        (
            "poolformer",
            poolformer,
            "GroupNorm",
            lambda dim, eps=1e-5: GroupNorm(dim, 1, eps=1e-6),
            "Difference from",
        ),
    ],
)
def test_a_mistake_is_found(
    page, owner, name, wrong, message, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, name, wrong)
    found = failures(page, message)
    assert any(message in failure for failure in found), found
