r"""# The digits as a file

A page has no scikit-learn, so it gets the digits as one file of bytes: first the pixels
of all images, from 0 (paper) to 16 (ink), row by row; then the label of each. The
images to learn from come before those of the test, and both are in the order of
`split_digits(seed=0)`.

## Example

>>> data, told = written(), described()
>>> len(data) == (told["train"] + told["test"]) * (8 * 8 + 1)
True
>>> train, test = split_digits(seed=0)
>>> first_of_the_test = told["labels_offset"] + told["train"]
>>> data[first_of_the_test] == int(test.labels[0])
True
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
    numbers = torch.cat([(images * LEVELS).flatten(), labels])
    return numbers.to(torch.uint8).numpy().tobytes()


def described() -> dict[str, Any]:
    """What a reader of the file has to know."""
    train, test = (part.images for part in split_digits(seed=0))
    return {
        "file": "digits.bin",
        "train": len(train),
        "test": len(test),
        "image_size": train.shape[-1],
        "levels": LEVELS,
        "labels_offset": train.numel() + test.numel(),
    }
