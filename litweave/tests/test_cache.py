"""What was made before is kept, under the key of what it was made of."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litweave.cache import Cache, Folder, build_folder, digest


def test_a_thing_is_made_once_for_each_key_and_forgotten_if_nobody_asks(
    tmp_path: Path,
) -> None:
    path = tmp_path / "deep" / "kept.json"
    kept = Cache.read(path)
    assert kept.get("a", "1", lambda: {"b": [1, None]}) == {"b": [1, None]}
    kept.write()
    again = Cache.read(path)
    assert again.get("a", "1", lambda: "made anew") == {"b": [1, None]}
    assert again.get("a", "2", lambda: "made anew") == "made anew"
    again = Cache.read(path)
    again.get("new", "1", lambda: "new")
    again.write()
    assert list(Cache.read(path).before) == ["new"]


def test_a_file_that_is_not_whole_keeps_nothing(tmp_path: Path) -> None:
    for text in ("", "{", "7", '[["a"]]', '{"a": 1}'):
        (tmp_path / "kept.json").write_text(text)
        assert Cache.read(tmp_path / "kept.json").get("a", "1", lambda: 2) == 2


def test_a_thing_in_a_file_is_there_for_whoever_knows_some_of_its_keys(
    tmp_path: Path,
) -> None:
    kept = Folder(tmp_path / "deep")
    kept.keep("a/b", [1], "whole", "part")
    for keys in ([], ["part"], ["whole"], ["part", "whole"]):
        assert kept.get("a/b", *keys) == [1]
    assert kept.get("a/b", "whole", "other") is None
    assert kept.get("none") is None
    for text in ("", "{", "7", "[]", '{"a": 1}', "[1, 2, 3]"):
        kept.file("a/b").write_text(text)
        assert kept.get("a/b", "part") is None


@given(st.lists(st.text()), st.lists(st.text()))
def test_other_parts_have_another_key(some: list[str], others: list[str]) -> None:
    assert (digest(*some) == digest(*others)) == (some == others)


def test_a_key_follows_the_files(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("1")
    before = digest("a", files=[file])
    assert digest("a", files=[file]) == before
    file.write_text("2")
    assert digest("a", files=[file]) != before


def test_a_folder_is_made_once_and_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a"

    def stop(folder: Path) -> None:
        (folder / "half").write_text("")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_folder(path, stop)
    assert not list(path.parent.iterdir())

    made = []

    def make(folder: Path) -> None:
        made.append(folder)
        sleep(0.1)
        (folder / "whole").write_text("")

    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda _: build_folder(path, make), range(4)))
    assert found == [path] * 4
    assert len(made) == 1
    assert [file.name for file in path.iterdir()] == ["whole"]
