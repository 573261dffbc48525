r"""# Handwritten digits

1,797 grey images of $8 \times 8$ pixels, each a digit that somebody wrote by hand. They
are installed with scikit-learn, so nothing is downloaded, and they are small enough
that a Mixer learns them in under a minute on one processor core.

The set is the test part of "Optical Recognition of Handwritten Digits" (E. Alpaydin and
C. Kaynak, 1998). Each image began as a bitmap of $32 \times 32$ black or white pixels.
It was cut into blocks of $4 \times 4$, and a pixel here is the number of black ones in
its block: a whole number from 0 to 16.

## Notation

- $N$: the number of images
- $x$, `images`: the images, $N \times 1 \times 8 \times 8$, from 0 (paper) to 1 (ink)
- $y$, `labels`: what each image shows, from 0 to 9; there are $N$ of them

## What a test on these images says

A part of the images is the test set, which is not used to choose anything. The draw is
*stratified*: each digit has the same share of both parts.

One thing the draw does not do. The 13 people who wrote these digits have images in both
parts, because the set does not say who wrote which. So the test asks whether a model
reads *other digits of the same hands*, which is easier than reading a stranger's.

## Example

>>> digits = load_digits()
>>> digits.images.shape, digits.labels.shape
(torch.Size([1797, 1, 8, 8]), torch.Size([1797]))
>>> train, test = split_digits(seed=0)
>>> len(train.labels), len(test.labels)
(1437, 360)
>>> test.labels.bincount().tolist()
[36, 36, 35, 37, 36, 37, 36, 36, 35, 36]
"""

import torch

from labml_style_nn.data.images import Images, take


def load_digits() -> Images:
    """Load all 1,797 digits, in the order of the original file.

    **Shape.** `images`: `(N, 1, 8, 8)`, float32 in $[0, 1]$. `labels`: `(N,)`, int64.
    """
    # Its import takes a second, which is only for those who want digits.
    from sklearn import datasets

    bunch = datasets.load_digits()
    # The grey axis of size one is the axis of colours: a model reads
    # (batch, channels, height, width). Dividing by 16 maps the counts to [0, 1].
    images = torch.tensor(bunch.images, dtype=torch.float32)[:, None] / 16
    return Images(images, torch.tensor(bunch.target))


def split_digits(seed: int, test_fraction: float = 0.2) -> tuple[Images, Images]:
    """Draw the training set and the test set.

    The draw is scikit-learn's own, so that a classifier of theirs can be compared on
    exactly the same images: `train_test_split(…, random_state=seed)`. The same seed
    gives the same split, always.

    **Raises.** `ValueError` for a `test_fraction` outside $(0, 1)$, or one that leaves
    a part with fewer than one image of each digit.
    """
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    train, test = train_test_split(
        torch.arange(len(digits.labels)).numpy(),
        test_size=test_fraction,
        random_state=seed,
        stratify=digits.labels.numpy(),
    )
    return take(digits, torch.from_numpy(train)), take(digits, torch.from_numpy(test))
