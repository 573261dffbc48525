r"""# The digits as a file

A page has no scikit-learn, so it gets the digits as one file of bytes: first the pixels
of all images, from 0 (paper) to 16 (ink), then the label of each. The images to learn
from come before those of the test; both are in the order of [`split_digits`][].

## Example

>>> data = written()
>>> described()["labels_offset"], len(data)
(115008, 116805)
"""

from typing import Any

import torch

from labml_style_nn.data.digits import split_digits

# The value of a pixel that is all ink.
LEVELS = 16


def written() -> bytes:
    """All digits: pixels, then labels, each a byte."""
    parts = split_digits(seed=0)
    images = torch.cat([part.images for part in parts])
    labels = torch.cat([part.labels for part in parts])
    pixels = (images * LEVELS).to(torch.uint8)
    return pixels.numpy().tobytes() + labels.to(torch.uint8).numpy().tobytes()


def described() -> dict[str, Any]:
    """What a reader of the file has to know."""
    train, test = (len(part.labels) for part in split_digits(seed=0))
    size = 8
    return {
        "file": "digits.bin",
        "train": train,
        "test": test,
        "image_size": size,
        "levels": LEVELS,
        "labels_offset": (train + test) * size * size,
    }
