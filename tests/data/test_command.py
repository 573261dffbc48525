"""The command: what it says, and how it ends."""

from unittest.mock import Mock

import pytest
import torch

from labml_style_nn.data import __main__ as command
from labml_style_nn.data import tiny_shakespeare
from labml_style_nn.data.images import Images

TEXT = b"To be, or not to be.\n" * 10


@pytest.fixture(autouse=True)
def text(host, monkeypatch, tmp_path) -> None:
    """Let a short text be the published one, and be on the host."""
    monkeypatch.setenv("LABML_STYLE_NN_DATA", str(tmp_path / "default"))
    file = host.publish("input.txt", TEXT)
    monkeypatch.setattr(tiny_shakespeare, "TINY_SHAKESPEARE", file)


def test_it_fetches_and_says_what_it_is(tmp_path, capsys) -> None:
    assert command.main(["tiny-shakespeare"]) == 0
    said = capsys.readouterr().out
    assert "189 training characters, 21 test characters" in said
    assert "11 different characters" in said
    assert str(tmp_path / "default" / "tiny-shakespeare") in said


def test_folder_and_mirror(host, tmp_path) -> None:
    host.files["mirror/input.txt"] = TEXT
    folder = tmp_path / "mine"
    options = ["--folder", str(folder), "--mirror", host.url("mirror")]
    assert command.main(["tiny-shakespeare", *options]) == 0
    assert (folder / "input.txt").read_bytes() == TEXT
    assert [asked.path for asked in host.asked] == ["/mirror/input.txt"]


def test_a_changed_file_ends_it_unless_it_is_allowed(tmp_path, capsys) -> None:
    (tmp_path / "input.txt").write_bytes(TEXT + b"That is the question.\n")
    options = ["tiny-shakespeare", "--folder", str(tmp_path)]
    wrong = f"{tmp_path / 'input.txt'} is not the published"
    assert command.main(options) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"error: {wrong}")
    assert command.main([*options, "--no-verify"]) == 0
    said = capsys.readouterr()
    assert said.err.startswith(f"warning: {wrong}")
    assert "USED ALL THE SAME" in said.err
    assert "208 training characters" in said.out


def test_images_are_counted_by_class(monkeypatch, capsys) -> None:
    # Two images of clothing to learn from, one black and one white, and one to test.
    images = torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1)
    train = Images(images, torch.tensor([0, 1]))
    test = Images(*(part[:1] for part in train))
    found = (lambda *_, **__: (train, test)), "31 MB"
    monkeypatch.setitem(command.IMAGES, "fashion-mnist", found)
    assert command.main(["fashion-mnist"]) == 0
    said = capsys.readouterr().out
    assert "2 training images: 1 × 1 × 1, 2 classes, 1 of each" in said
    assert "1 test images" in said
    assert "mean 0.5000, standard deviation 0.5000" in said


def test_what_is_wrong_ends_it_and_ctrl_c_can_go_on(host, monkeypatch, capsys) -> None:
    assert command.main(["tiny-shakespeare", "--mirror", "/folder"]) == 1
    assert "error: mirror must be an address" in capsys.readouterr().err
    host.files.clear()
    assert command.main(["tiny-shakespeare"]) == 1
    assert "error: input.txt could not be fetched" in capsys.readouterr().err
    stopped = Mock(side_effect=KeyboardInterrupt)
    monkeypatch.setattr(command, "load_tiny_shakespeare", stopped)
    assert command.main(["tiny-shakespeare"]) == 130
    assert "the same command goes on" in capsys.readouterr().err
