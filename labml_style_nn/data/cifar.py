r"""# CIFAR-10 and CIFAR-100

60,000 colour photographs each, of $32 \times 32$ pixels: 50,000 for training and 10,000
for the test. In CIFAR-10 they show ten kinds of things, in CIFAR-100 a hundred, and
each kind as often as any other. A. Krizhevsky, V. Nair and G. Hinton chose and labelled
them from 80 million small images of the web: A. Krizhevsky, 2009, "Learning Multiple
Layers of Features from Tiny Images"
([report](https://www.cs.toronto.edu/~kriz/learning-features-2009-TR.pdf)).

The [authors' page](https://www.cs.toronto.edu/~kriz/cifar.html) names no licence. It
asks that the report be cited.

## Fetch them

```console
$ python -m labml_style_nn.data cifar-10
$ python -m labml_style_nn.data cifar-100
```

Each is one archive of about 170 MB. What is fetched is the authors' *binary version*.
Their version for Python is pickled, and to open that means to run whatever it says
([`archives`][]). If you have the files already, unpacked or not, pass their folder.

## The format

A file is a row of records without anything between them. A record is one byte for the
label, or two in CIFAR-100, then 3,072 bytes for the image: all its red values, all its
green ones and all its blue ones, each row by row from the top.

CIFAR-100 has two labels for each image: one of 20 superclasses, such as *fish*, and one
of 100 classes, such as *trout*. The first is called *coarse*, the second *fine*.

## Notation

- $N$, `number`: how many images there are
- $H$, `HEIGHT`: the rows of an image, 32
- $W$, `WIDTH`: its columns, 32

## Example

Two records of CIFAR-10: all black and a frog, all white and a truck.

>>> from labml_style_nn.data.cifar import CIFAR10_CLASSES, read_records
>>> records = bytes([6]) + bytes(3072) + bytes([9]) + b"\xff" * 3072
>>> labels, images = read_records(records, num_labels=1)
>>> labels.tolist(), images.shape
([[6], [9]], torch.Size([2, 3, 32, 32]))
>>> [CIFAR10_CLASSES[label] for (label,) in labels.tolist()]
['frog', 'truck']
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from labml_style_nn.data.archives import gunzip, members
from labml_style_nn.data.download import (
    DataError,
    DataFile,
    check_file,
    default_folder,
    fetch,
)
from labml_style_nn.data.images import Images

_CHANNELS, HEIGHT, WIDTH = 3, 32, 32
_PIXELS = _CHANNELS * HEIGHT * WIDTH

_NAMES = "airplane automobile bird cat deer dog frog horse ship truck"
CIFAR10_CLASSES = tuple(_NAMES.split())

CIFAR100_SUPERCLASSES = (
    "aquatic mammals",
    "fish",
    "flowers",
    "food containers",
    "fruit and vegetables",
    "household electrical devices",
    "household furniture",
    "insects",
    "large carnivores",
    "large man-made outdoor things",
    "large natural outdoor scenes",
    "large omnivores and herbivores",
    "medium mammals",
    "non-insect invertebrates",
    "people",
    "reptiles",
    "small mammals",
    "trees",
    "vehicles 1",
    "vehicles 2",
)

_MORE_NAMES = """
    apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge
    bus butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud
    cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish forest fox
    girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man
    maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree
    pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray
    road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel
    streetcar sunflower sweet_pepper table tank telephone television tiger tractor train
    trout tulip turtle wardrobe whale willow_tree wolf woman worm
"""
CIFAR100_CLASSES = tuple(_MORE_NAMES.split())


@dataclass(frozen=True)
class CifarLayout:
    """## How a set is published

    The archive, and the files in it with the training images and the test images.
    `classes` holds the number of classes of each label in a record.
    """

    archive: DataFile
    train: tuple[DataFile, ...]
    test: tuple[DataFile, ...]
    classes: tuple[int, ...]


# The authors publish an MD5 of each archive. Sizes and SHA-256 of the archives are
# those that TensorFlow Datasets checks, and those of the files in them are from the
# port of torchvision to Ruby, which checks these.
CIFAR_HOSTS = ("https://www.cs.toronto.edu/~kriz", "https://cave.cs.toronto.edu/kriz")


def archive_file(name: str, size: int, md5: str, sha256: str) -> DataFile:
    """Describe an archive."""
    return DataFile(
        name, size, sha256, md5, tuple(f"{host}/{name}" for host in CIFAR_HOSTS)
    )


def packed_files(
    folder: str, size: int, sums: Mapping[str, str]
) -> tuple[DataFile, ...]:
    """Describe the files in an archive, each with its SHA-256."""
    return tuple(
        DataFile(f"{folder}/{name}", size, sha256) for name, sha256 in sums.items()
    )


CIFAR10 = CifarLayout(
    archive_file(
        "cifar-10-binary.tar.gz",
        170_052_171,
        "c32a1d4ab5d03f1284b67883e8d87530",
        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    ),
    packed_files(
        "cifar-10-batches-bin",
        10_000 * (1 + _PIXELS),
        {
            "data_batch_1.bin": "cee916563c9f80d84e3cc88e17fdc094"
            "1787f1244f00a67874d45b261883ada5",
            "data_batch_2.bin": "a591ca11fa1708a91ee40f54b3da4784"
            "ccd871ecf2137de63f51ada8b3fa57ed",
            "data_batch_3.bin": "bbe8596564c0f86427f876058170b84d"
            "ac6670ddf06d79402899d93ceea26f67",
            "data_batch_4.bin": "014e562d6e23c72197cc727519169a60"
            "359f5eccd8945ad5a09d710285ff4e48",
            "data_batch_5.bin": "755304fc0b379caeae8c14f0dac912fb"
            "c7d6cd469eb67a1029a08a39453a9add",
        },
    ),
    packed_files(
        "cifar-10-batches-bin",
        10_000 * (1 + _PIXELS),
        {
            "test_batch.bin": "8e2eb146ae340b09e24670f29cabc632"
            "6dba54da8789dab6768acf480273f65b"
        },
    ),
    (10,),
)

CIFAR100 = CifarLayout(
    archive_file(
        "cifar-100-binary.tar.gz",
        168_513_733,
        "03b5dce01913d631647c71ecec9e9cb8",
        "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
    ),
    packed_files(
        "cifar-100-binary",
        50_000 * (2 + _PIXELS),
        {
            "train.bin": "f31298fc616915fa142368359df1c4ca"
            "2ae984d6915ca468b998a5ec6aeebf29"
        },
    ),
    packed_files(
        "cifar-100-binary",
        10_000 * (2 + _PIXELS),
        {
            "test.bin": "d8b1e6b7b3bee4020055f0699b111f60"
            "b1af1e262aeb93a0b659061746f8224a"
        },
    ),
    (20, 100),
)


def load_cifar10(
    folder: Path | None = None, *, mirror: str | None = None, verify: bool = True
) -> tuple[Images, Images]:
    """Load the training and the test images, with their ten classes.

    `folder` is where the archive is, or the folder `cifar-10-batches-bin` that was in
    it, or where the archive will be put: by default, what [`default_folder`][] says.
    [`fetch`][] explains `mirror` and `verify`.

    **Shape.** `images`: `(50000, 3, 32, 32)` and `(10000, 3, 32, 32)`, bytes. `labels`:
    `(50000,)` and `(10000,)`, int64.

    **Raises.** [`DataError`][] if a file cannot be had, or is not what it should be.
    """
    folder = folder or default_folder("cifar-10")
    return load_set(CIFAR10, folder, mirror=mirror, verify=verify)


def load_cifar100(
    folder: Path | None = None,
    *,
    coarse: bool = False,
    mirror: str | None = None,
    verify: bool = True,
) -> tuple[Images, Images]:
    """Load the training and the test images, with their 100 classes.

    `coarse` asks for the 20 superclasses instead. The rest is as for
    [`load_cifar10`][], and so are shapes and errors; the folder in the archive is
    called `cifar-100-binary`.
    """
    folder = folder or default_folder("cifar-100")
    which = 0 if coarse else 1
    return load_set(CIFAR100, folder, mirror=mirror, verify=verify, which=which)


def load_set(
    layout: CifarLayout,
    folder: Path,
    *,
    mirror: str | None,
    verify: bool,
    which: int = 0,
) -> tuple[Images, Images]:
    """Load a set, with one of its labels."""
    contents = set_contents(layout, folder, mirror=mirror, verify=verify)
    train, test = (
        gather((contents[file.name] for file in part), layout.classes, which)
        for part in (layout.train, layout.test)
    )
    return train, test


def set_contents(
    layout: CifarLayout, folder: Path, *, mirror: str | None, verify: bool
) -> dict[str, bytes]:
    """Read the files of a set: out of its archive, or as they were unpacked."""
    files = [*layout.train, *layout.test]
    unpacked = (folder / files[0].name).parent
    if unpacked.exists() and not (folder / layout.archive.name).exists():
        return {
            file.name: unpacked_content(file, folder, verify=verify) for file in files
        }
    archive = fetch(layout.archive, folder, mirror=mirror, verify=verify)
    sizes = {file.name: file.size for file in files}
    try:
        # Beside the images there is a page and a list of the classes, and each entry
        # has a head.
        return members(gunzip(archive.read_bytes(), sum(sizes.values()) + 2**20), sizes)
    except DataError as error:
        raise DataError(f"{archive}: {error}") from error


def unpacked_content(file: DataFile, folder: Path, *, verify: bool) -> bytes:
    """Read a file that was unpacked before.

    **Raises.** [`DataError`][] if it is missing, or is not what it should be.
    """
    path = folder / file.name
    if not path.exists():
        raise DataError(
            f"there is no {path}. Unpack the archive anew, or remove {path.parent} to "
            "have it fetched."
        )
    check_file(file, path, verify=verify)
    return path.read_bytes()


def read_records(data: bytes, num_labels: int) -> tuple[Tensor, Tensor]:
    r"""Read a row of records: the labels, and the images.

    **Shape.** `labels`: $N$ rows of `num_labels` bytes. `images`:
    $N \times 3 \times 32 \times 32$ bytes.

    **Raises.** [`DataError`][] if the last record is not whole.
    """
    length = num_labels + _PIXELS
    if not data or len(data) % length:
        raise DataError(
            f"a record has {length:,} bytes, and {len(data):,} bytes are no whole "
            "number of records, or none"
        )
    # A tensor may be changed, so it wants a `bytearray`, which may be, too.
    records = torch.frombuffer(bytearray(data), dtype=torch.uint8).view(-1, length)
    number = len(records)
    images = records[:, num_labels:].reshape(number, _CHANNELS, HEIGHT, WIDTH)
    return records[:, :num_labels], images


def gather(contents: Iterable[bytes], classes: tuple[int, ...], which: int) -> Images:
    """Put the records of several files together, with one of their labels.

    **Raises.** [`DataError`][] for a label that is none.
    """
    labels, images = zip(
        *(read_records(content, len(classes)) for content in contents), strict=True
    )
    chosen = torch.cat(labels)[:, which].long()
    if chosen.max() >= classes[which]:
        raise DataError(f"there is no class {chosen.max()}")
    return Images(torch.cat(images), chosen)
