"""The networks of the family as they are mostly written, under timm's names.

Layers of PyTorch, a strided convolution for the patches, `nn.Linear` on the transposed
table, attention by PyTorch's fused function: what a programmer in a hurry would write,
and no slower than it needs to be.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class MLP(nn.Module):
    """Two linear maps and a GELU, on the last axis."""

    def __init__(self, dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the MLP."""
        return self.fc2(F.gelu(self.fc1(x)))


class Patches(nn.Module):
    """A strided convolution, and its places in a row."""

    def __init__(self, patch_size: int, dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, dim, patch_size, stride=patch_size)

    def forward(self, image: Tensor) -> Tensor:
        """Embed the patches."""
        return self.proj(image).flatten(2).transpose(1, 2)


# ## Mixer


class MixerBlock(nn.Module):
    """A Mixer block with two transpositions."""

    def __init__(
        self, tokens: int, dim: int, tokens_dim: int, channels_dim: int
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp_tokens = MLP(tokens, tokens_dim)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp_channels = MLP(dim, channels_dim)

    def forward(self, x: Tensor) -> Tensor:
        """Mix tokens, then channels."""
        x = x + self.mlp_tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.mlp_channels(self.norm2(x))


class Mixer(nn.Module):
    """The Mixer."""

    def __init__(
        self,
        image_size: int,
        patch_size: int,
        layers: int,
        dim: int,
        tokens_dim: int,
        channels_dim: int,
        classes: int = 1000,
    ) -> None:
        super().__init__()
        tokens = (image_size // patch_size) ** 2
        self.stem = Patches(patch_size, dim)
        self.blocks = nn.Sequential(
            *(MixerBlock(tokens, dim, tokens_dim, channels_dim) for _ in range(layers))
        )
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.head = nn.Linear(dim, classes)

    def forward(self, image: Tensor) -> Tensor:
        """Score each class for each image."""
        return self.head(self.norm(self.blocks(self.stem(image))).mean(dim=1))


# ## ConvMixer


class Residual(nn.Module):
    """Adds what went in."""

    def __init__(self, fn: nn.Module) -> None:
        super().__init__()
        self.fn = fn

    def forward(self, x: Tensor) -> Tensor:
        """Apply and add."""
        return self.fn(x) + x


class ConvMixer(nn.Module):
    """ConvMixer, by layers of PyTorch alone, as in the paper's appendix."""

    def __init__(
        self,
        patch_size: int,
        layers: int,
        dim: int,
        kernel_size: int,
        activation: type[nn.Module] = nn.GELU,
        classes: int = 1000,
    ) -> None:
        super().__init__()

        def then_norm(convolution: nn.Module) -> list[nn.Module]:
            return [convolution, activation(), nn.BatchNorm2d(dim)]

        def depthwise() -> nn.Module:
            return nn.Conv2d(dim, dim, kernel_size, groups=dim, padding="same")

        self.stem = nn.Sequential(
            *then_norm(nn.Conv2d(3, dim, patch_size, stride=patch_size))
        )
        self.blocks = nn.Sequential(
            *(
                nn.Sequential(
                    Residual(nn.Sequential(*then_norm(depthwise()))),
                    *then_norm(nn.Conv2d(dim, dim, kernel_size=1)),
                )
                for _ in range(layers)
            )
        )
        self.head = nn.Linear(dim, classes)

    def forward(self, image: Tensor) -> Tensor:
        """Score each class for each image."""
        return self.head(self.blocks(self.stem(image)).mean(dim=(2, 3)))


# ## Vision Transformer


class Attention(nn.Module):
    """Self-attention."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Let each token look at all."""
        batch, tokens, dim = x.shape
        qkv = self.qkv(x).reshape(batch, tokens, 3, self.heads, dim // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        x = F.scaled_dot_product_attention(q, k, v)
        return self.proj(x.transpose(1, 2).reshape(batch, tokens, dim))


class ViTBlock(nn.Module):
    """Attention, then an MLP."""

    def __init__(self, dim: int, heads: int, hidden_dim: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, heads)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = MLP(dim, hidden_dim)

    def forward(self, x: Tensor) -> Tensor:
        """Mix tokens, then channels."""
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    """The Vision Transformer with a class token."""

    def __init__(
        self,
        image_size: int,
        patch_size: int,
        layers: int,
        dim: int,
        heads: int,
        hidden_dim: int,
        classes: int = 1000,
    ) -> None:
        super().__init__()
        tokens = (image_size // patch_size) ** 2
        self.patch_embed = Patches(patch_size, dim)
        self.cls_token = nn.Parameter(torch.randn(1, 1, dim) * 0.02)
        self.pos_embed = nn.Parameter(torch.randn(1, 1 + tokens, dim) * 0.02)
        self.blocks = nn.Sequential(
            *(ViTBlock(dim, heads, hidden_dim) for _ in range(layers))
        )
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.head = nn.Linear(dim, classes)

    def forward(self, image: Tensor) -> Tensor:
        """Score each class for each image."""
        x = self.patch_embed(image)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], dim=1)
        return self.head(self.norm(self.blocks(x + self.pos_embed))[:, 0])
