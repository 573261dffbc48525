r"""# The command

    python -m labml_style_nn.data cifar-10

brings a data set to this machine, checks it, and says what it is. Stop it when you
like: the same command goes on from there. An experiment fetches what it needs by
itself, so this is for whoever wants to have it beforehand.

    python -m labml_style_nn.data cifar-10 --folder ~/sets/cifar

looks in a folder first, and puts there what it lacks. Without the option it is
[`default_folder`][]. `--mirror URL` asks another host before the official ones, and
`--no-verify` accepts files of yours that differ from the published ones.
"""

import argparse
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from labml_style_nn.console import reason, show_what_it_can
from labml_style_nn.data import cifar, fashion_mnist
from labml_style_nn.data.characters import CharacterVocabulary
from labml_style_nn.data.download import DataError, default_folder
from labml_style_nn.data.images import Images, channel_statistics
from labml_style_nn.data.standard_library import load_standard_library
from labml_style_nn.data.tiny_shakespeare import load_tiny_shakespeare

Loader = Callable[..., tuple[Images, Images]]

IMAGES: dict[str, tuple[Loader, str]] = {
    "fashion-mnist": (fashion_mnist.load_fashion_mnist, "31 MB"),
    "cifar-10": (cifar.load_cifar10, "170 MB"),
    "cifar-100": (cifar.load_cifar100, "169 MB"),
}
NAMES = (*IMAGES, "tiny-shakespeare", "standard-library")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status, as shells count it."""
    show_what_it_can()
    options = command_line().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = show_warning
            for line in describe(options):
                print(line)
    except (DataError, ValueError, OSError) as error:
        print(f"error: {reason(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def command_line() -> argparse.ArgumentParser:
    """Describe the command."""
    parser = argparse.ArgumentParser(
        prog="python -m labml_style_nn.data",
        description="Fetch a data set, check it, and say what it is.",
        epilog="Interrupt it with Ctrl-C: the same command goes on where it stopped.",
    )
    sizes = ", ".join(f"{name} ({size})" for name, (_, size) in IMAGES.items())
    about = (
        f"which: {sizes}, tiny-shakespeare (1 MB), standard-library (nothing to fetch)"
    )
    parser.add_argument("name", metavar="NAME", choices=NAMES, help=about)
    about = "where the files are, or will be put (default: in the user's cache)"
    parser.add_argument("--folder", type=Path, help=about)
    about = (
        "the address of a folder with the same files, to ask before the official ones"
    )
    parser.add_argument("--mirror", metavar="URL", help=about)
    parser.add_argument(
        "--no-verify",
        dest="verify",
        action="store_false",
        help="accept files in the folder that are not the published ones",
    )
    return parser


def describe(options: argparse.Namespace) -> Iterator[str]:
    """Load a set, and say what it is."""
    if options.name == "standard-library":
        corpus = load_standard_library(folder=options.folder)
        yield from (f"{name}: {value}" for name, value in corpus.description().items())
        yield about_text(corpus.text)
        return
    folder = options.folder or default_folder(options.name)
    chosen = {"mirror": options.mirror, "verify": options.verify}
    if options.name == "tiny-shakespeare":
        train, test = load_tiny_shakespeare(folder, **chosen)
        yield f"{len(train):,} training characters, {len(test):,} test characters"
        yield about_text(train + test)
    else:
        loader, _ = IMAGES[options.name]
        yield from about_images(*loader(folder, **chosen))
    yield f"in {folder.resolve()}"


def about_images(train: Images, test: Images) -> Iterator[str]:
    """Say how many images there are of each class, and how bright they are."""
    for images, purpose in ((train, "training"), (test, "test")):
        number, *shape = images.images.shape
        counts = images.labels.bincount().tolist()
        each = f"{min(counts)} to {max(counts)}" if len(set(counts)) > 1 else counts[0]
        yield (
            f"{number:,} {purpose} images: {' × '.join(map(str, shape))}, "
            f"{len(counts)} classes, {each} of each"
        )
    mean, std = channel_statistics(train.images)
    yield f"mean {numbers(mean)}, standard deviation {numbers(std)} of the first"


def about_text(text: str) -> str:
    """Say which characters a text has."""
    characters = CharacterVocabulary(text).characters
    return f"{len(characters)} different characters: {''.join(characters)!r}"


def numbers(values: Sequence[float]) -> str:
    """Write a number for each channel.

    >>> numbers([0.49139, 0.48216])
    '0.4914 0.4822'
    """
    return " ".join(f"{value:.4f}" for value in values)


def show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show a warning as people want to read it: without a line of the program."""
    print(f"warning: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
