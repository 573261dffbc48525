r"""# Tiny Shakespeare

A million characters out of Shakespeare's plays, in one text file. A. Karpathy put it
together for an article about what a network can learn from characters alone: "The
Unreasonable Effectiveness of Recurrent Neural Networks", 2015
([article](https://karpathy.github.io/2015/05/21/rnn-effectiveness/)). Ever since,
people have tried their language models on it first: it is learned in minutes, and one
sees at a glance how far a model is.

Shakespeare's works are in the public domain. The file is in
[the repository char-rnn](https://github.com/karpathy/char-rnn), under the MIT licence.

## Fetch it

```console
$ python -m labml_style_nn.data tiny-shakespeare
```

## Training and test set

The first 90 % of the characters are the training set, and the rest is the test set
([`split_text`][]): 1,003,854 and 111,540. This is the split of
[nanoGPT](https://github.com/karpathy/nanoGPT), so results can be compared with its own.
The plays stand one after another, so the test is the end of *The Taming of the Shrew*
and *The Tempest*: Prospero speaks in it, and was never heard before.

## Example

The file is not on every machine, so this only tells what is known of it:

>>> from labml_style_nn.data.tiny_shakespeare import TINY_SHAKESPEARE
>>> TINY_SHAKESPEARE.name, TINY_SHAKESPEARE.size
('input.txt', 1115394)
"""

from pathlib import Path

from labml_style_nn.data.characters import split_text
from labml_style_nn.data.download import DataFile, default_folder, fetch

TINY_SHAKESPEARE = DataFile(
    "input.txt",
    1_115_394,
    "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    "6fb458f1232090904fb40fe944165e91",
    (
        "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/"
        "input.txt",
    ),
)


def load_tiny_shakespeare(
    folder: Path | None = None, *, mirror: str | None = None, verify: bool = True
) -> tuple[str, str]:
    """Load the training text and the test text.

    `folder` is where the file is, or will be put: by default, the one that
    [`default_folder`][] says. [`fetch`][] explains `mirror` and `verify`.

    **Raises.** [`DataError`][] if the file cannot be had, or is not what it should be.
    """
    folder = folder or default_folder("tiny-shakespeare")
    path = fetch(TINY_SHAKESPEARE, folder, mirror=mirror, verify=verify)
    # The bytes are those that were checked: no line end is translated.
    return split_text(path.read_bytes().decode("utf-8"))
