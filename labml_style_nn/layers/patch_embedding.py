r"""# Patch embedding

## Example

>>> import torch
>>> embed = PatchEmbedding((16, 24), patch_size=4, in_channels=3, hidden_dim=20)
>>> embed(torch.zeros(2, 3, 16, 24)).shape
torch.Size([2, 24, 20])
"""

from einops import rearrange
from torch import Tensor, nn

from labml_style_nn.layers.checks import check_positive, check_shape
from labml_style_nn.layers.linear import Linear


class PatchEmbedding(nn.Module):
    """## From an image to a table of tokens"""

    def __init__(
        self,
        image_size: int | tuple[int, int],
        patch_size: int | tuple[int, int],
        in_channels: int,
        hidden_dim: int,
    ) -> None:
        super().__init__()
        check_positive(in_channels=in_channels, hidden_dim=hidden_dim)
        self.in_channels = in_channels
        self.image_size = height_and_width(image_size=image_size)
        self.patch_size = height_and_width(patch_size=patch_size)
        self.grid_size = grid(self.image_size, self.patch_size)
        self.num_patches = self.grid_size[0] * self.grid_size[1]
        pixels = self.patch_size[0] * self.patch_size[1]
        self.projection = Linear(in_channels * pixels, hidden_dim)

    def forward(self, image: Tensor) -> Tensor:
        """Cut the image into patches and project each."""
        check_shape(image, "batch", self.in_channels, *self.image_size)
        height, width = self.patch_size
        patches = rearrange(
            image,
            "b c (rows h) (columns w) -> b (rows columns) (c h w)",
            h=height,
            w=width,
        )
        return self.projection(patches)

    def kernel(self) -> Tensor:
        """Show the weight as the kernel of the equal convolution."""
        return self.projection.weight.unflatten(1, (self.in_channels, *self.patch_size))


def height_and_width(**size: int | tuple[int, int]) -> tuple[int, int]:
    """Read a size that is one number or a pair."""
    ((name, value),) = size.items()
    height, width = (value, value) if isinstance(value, int) else value
    check_positive(**{f"{name} (height)": height, f"{name} (width)": width})
    return height, width


def grid(image_size: tuple[int, int], patch_size: tuple[int, int]) -> tuple[int, int]:
    """How many patches stand below and beside one another."""
    if image_size[0] % patch_size[0] or image_size[1] % patch_size[1]:
        raise ValueError(
            "image_size must be a multiple of patch_size in both directions, "
            f"got image_size {image_size} and patch_size {patch_size}"
        )
    return image_size[0] // patch_size[0], image_size[1] // patch_size[1]
