r"""# Fashion-MNIST

70,000 grey images of $28 \times 28$ pixels, each an article of clothing from the shop
of Zalando. The set was made to take the place of the handwritten digits of MNIST, with
the same sizes and the same format, because those had become too easy: H. Xiao, K. Rasul
and R. Vollgraf, 2017, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine
Learning Algorithms" ([arXiv:1708.07747](https://arxiv.org/abs/1708.07747)).

The images are under the MIT licence, © 2017 Zalando SE. They come as four files with 31
MB in all, from [the authors'
repository](https://github.com/zalandoresearch/fashion-mnist) or from their storage at
Amazon. In an image, 0 is the empty ground.

| class | name | class | name |
|---|---|---|---|
| 0 | T-shirt/top | 5 | Sandal |
| 1 | Trouser | 6 | Shirt |
| 2 | Pullover | 7 | Sneaker |
| 3 | Dress | 8 | Bag |
| 4 | Coat | 9 | Ankle boot |

## Fetch it

```console
$ python -m labml_style_nn.data fashion-mnist
```

## The format

Each file holds one array, in a format of its own called *idx*, packed with gzip. Four
bytes come first: two zeros, the type of the numbers, and how many axes there are. Then
comes the size of each axis, in four bytes with the largest part first, and then the
numbers, one row after another. All files of this set have type 8: bytes from 0 to 255.

## Notation

- $N$: how many images there are: 60,000 for training, 10,000 for the test
- $d$, `num_axes`: how many axes an array has
- $n$, `sizes`: the size of each axis
- $H$, `height`: the rows of an image
- $W$, `width`: its columns

## Example

An array of $2 \times 3$ bytes, as the format has it:

>>> from labml_style_nn.data.fashion_mnist import read_idx
>>> height, width = 2, 3
>>> head = bytes([0, 0, 8, 2]) + height.to_bytes(4, "big") + width.to_bytes(4, "big")
>>> read_idx(head + bytes([1, 2, 3, 4, 5, 6]))
tensor([[1, 2, 3],
        [4, 5, 6]], dtype=torch.uint8)
>>> read_idx(head + bytes([1, 2, 3, 4, 5]))
Traceback (most recent call last):
    ...
labml_style_nn.data.download.DataError: an idx file of (2, 3) has 18 bytes, not 17

A file with one image of that size, and the labels of one or of two images:

>>> import gzip
>>> import tempfile
>>> from pathlib import Path
>>> from labml_style_nn.data.fashion_mnist import FASHION_CLASSES, labelled, unpack_idx
>>> folder = tempfile.TemporaryDirectory()
>>> path = Path(folder.name) / "images.gz"
>>> one = (1).to_bytes(4, "big")
>>> head = bytes([0, 0, 8, 3]) + one + head[4:]
>>> _ = path.write_bytes(gzip.compress(head + bytes([1, 2, 3, 4, 5, 6])))
>>> boots = labelled(unpack_idx(path), torch.tensor([9], dtype=torch.uint8))
>>> boots.images.shape, FASHION_CLASSES[boots.labels[0]]
(torch.Size([1, 1, 2, 3]), 'Ankle boot')
>>> two = torch.tensor([9, 7], dtype=torch.uint8)
>>> labelled(unpack_idx(path), two)
Traceback (most recent call last):
    ...
labml_style_nn.data.download.DataError: images of (1, 2, 3) have labels of (2,)
>>> folder.cleanup()
"""

import math
import struct
from pathlib import Path

import torch
from torch import Tensor

from labml_style_nn.data.archives import gunzip
from labml_style_nn.data.download import DataError, DataFile, default_folder, fetch
from labml_style_nn.data.images import Images

FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

FASHION_HOSTS = (
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
)


def idx_file(name: str, size: int, md5: str, sha256: str) -> DataFile:
    """Describe one of the four files. The MD5 are those of the authors' README."""
    name = f"{name}-ubyte.gz"
    return DataFile(
        name, size, sha256, md5, tuple(f"{host}/{name}" for host in FASHION_HOSTS)
    )


# Images and labels, of each part.
TRAIN_FILES = (
    idx_file(
        "train-images-idx3",
        26_421_880,
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    ),
    idx_file(
        "train-labels-idx1",
        29_515,
        "25c81989df183df01b3e8a0aad5dffbe",
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    ),
)
TEST_FILES = (
    idx_file(
        "t10k-images-idx3",
        4_422_102,
        "bef4ecab320f06d8554ea6380940ec79",
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    ),
    idx_file(
        "t10k-labels-idx1",
        5_148,
        "bb300cfdad3c16e7a12a480ee83cd310",
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    ),
)

# 60,000 images of 784 bytes, and a head of 16, are the largest of the four.
_LIMIT = 60_000 * 784 + 16


def load_fashion_mnist(
    folder: Path | None = None, *, mirror: str | None = None, verify: bool = True
) -> tuple[Images, Images]:
    """Load the training images and the test images.

    `folder` is where the four files are, or where they will be put: by default, the one
    that [`default_folder`][] says. [`fetch`][] explains `mirror` and `verify`.

    **Shape.** `images`: `(60000, 1, 28, 28)` and `(10000, 1, 28, 28)`, bytes. `labels`:
    `(60000,)` and `(10000,)`, int64.

    **Raises.** [`DataError`][] if a file cannot be had, or is not what it should be.
    """
    folder = folder or default_folder("fashion-mnist")
    train, test = (
        labelled(
            *(
                unpack_idx(fetch(file, folder, mirror=mirror, verify=verify))
                for file in part
            )
        )
        for part in (TRAIN_FILES, TEST_FILES)
    )
    return train, test


def unpack_idx(path: Path) -> Tensor:
    """Read the array of a packed file.

    **Raises.** [`DataError`][] which names the file.
    """
    try:
        return read_idx(gunzip(path.read_bytes(), _LIMIT))
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def read_idx(data: bytes) -> Tensor:
    """Read an array of bytes in the idx format.

    **Raises.** [`DataError`][] for another format, another type of numbers, and a file
    that is shorter or longer than it says.
    """
    begin = data[:3].hex(" ")
    if begin != "00 00 08" or len(data) < 4:
        raise DataError(f"an idx file of bytes begins with 00 00 08, not with {begin}")
    num_axes = data[3]
    head = 4 + 4 * num_axes
    if len(data) < head:
        raise DataError(f"an idx file with {num_axes} axes has {head} bytes or more")
    # `>` for the largest part first, `I` for four bytes without a sign.
    sizes = struct.unpack_from(f">{num_axes}I", data, 4)
    end = head + math.prod(sizes)
    if len(data) != end:
        raise DataError(f"an idx file of {sizes} has {end} bytes, not {len(data)}")
    # A tensor may be changed, so it wants a `bytearray`, which may be, too.
    numbers = torch.frombuffer(bytearray(data), dtype=torch.uint8)
    return numbers[head:].view(sizes)


def labelled(images: Tensor, labels: Tensor) -> Images:
    """Put the images with their labels.

    **Raises.** [`DataError`][] if they do not fit together.
    """
    if images.dim() != 3 or labels.shape != images.shape[:1]:
        sizes = tuple(images.shape)
        raise DataError(f"images of {sizes} have labels of {tuple(labels.shape)}")
    if len(labels) and labels.max() >= len(FASHION_CLASSES):
        raise DataError(f"there is no class {labels.max()}")
    # The axis of size one is the axis of colours.
    return Images(images[:, None], labels.long())
