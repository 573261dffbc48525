"""Catalogs: read, updated, written, and left alone by the tools of translators."""

from dataclasses import replace
from pathlib import Path

import polib
import pytest

from litweave.diagnostics import Place
from litweave.features.languages.catalogs import Catalogs, Entry, Unit, domain, pair

LONG = 'The number of patches, $S \\times C$, is “fixed”, and said "so"' + " again" * 30


def unit(message: str, path: str = "pkg/layers/a.py", kind: str = "paragraph") -> Unit:
    return Unit(message, kind, domain(path, "pkg"), Place(path, 3))


def translated(folder: Path, said: dict[str, str], *units: Unit) -> Catalogs:
    catalogs = Catalogs("zh", folder)
    catalogs.update(units)
    for entries in catalogs.domains.values():
        for message, entry in entries.items():
            entries[message] = replace(entry, translation=said.get(message, ""))
    catalogs.write()
    return Catalogs.read(folder, "zh")


def test_a_folder_has_a_catalog() -> None:
    layers = ["pkg/layers/mlp.py", "pkg/layers/deep/mlp.py"]
    assert [domain(path, "pkg") for path in layers] == ["layers", "layers"]
    others = ["pkg/pretrained.py", "guide/read.md", "index.md"]
    assert [domain(path, "pkg") for path in others] == ["pages", "guide", "pages"]


def test_a_file_that_is_no_catalog_is_named(tmp_path: Path) -> None:
    assert not Catalogs.read(tmp_path, "zh").domains
    (tmp_path / "zh").mkdir()
    (tmp_path / "zh" / "a.po").write_text("nonsense\n")
    with pytest.raises(OSError, match=r"a\.po is no catalog"):
        Catalogs.read(tmp_path, "zh")


def test_a_catalog_is_written_without_lines_and_dates(tmp_path: Path) -> None:
    translated(tmp_path, {}, unit("Words", kind="entry: $S$, num"), unit("More"))
    text = (tmp_path / "zh" / "layers.po").read_text("utf-8")
    assert text.endswith(
        "\n\n#. entry: $S$, num\n#: pkg/layers/a.py\n"
        'msgid "Words"\nmsgstr ""\n'
        '\n#. paragraph\n#: pkg/layers/a.py\nmsgid "More"\nmsgstr ""\n'
    )
    assert "Date" not in text


def test_tools_leave_a_catalog_as_it_is(tmp_path: Path) -> None:
    names = (f"pkg/layers/a_file_with_a_long_name_{n}.py" for n in range(9))
    now = [unit(LONG), *(unit("Often", name) for name in names)]
    catalogs = translated(tmp_path, {LONG: "很" * 90, "Old": "旧"}, unit("Old"), *now)
    catalogs.update(now)
    catalogs.write()
    path = tmp_path / "zh" / "layers.po"
    text = path.read_text("utf-8")
    assert '# was in: pkg/layers/a.py\n#~ msgid "Old"\n#~ msgstr "旧"\n' in text
    assert all(len(line) < 80 for line in text.split("\n") if line[:2] == "#:")
    file = polib.pofile(str(path), wrapwidth=0)
    file.save(str(path))
    assert path.read_text("utf-8") == text
    again = Catalogs.read(tmp_path, "zh")
    assert not again.write()
    assert again.domains["layers"]["Old"].sources == ("pkg/layers/a.py",)
    assert not again.update(now).files
    # Who has read it says so in the header, or in a comment.
    file.metadata["X-Read-By"] = "Somebody, 2026-11-29"
    file.find(LONG).tcomment = "long, but right"
    file.save(str(path))
    read = Catalogs.read(tmp_path, "zh")
    read.update([*now, unit("Newer")])
    read.write()
    text = path.read_text("utf-8")
    assert "X-Read-By: Somebody" in text
    assert "# long, but right\n" in text


def test_an_update_keeps_what_vanished_and_takes_it_back(tmp_path: Path) -> None:
    catalogs = translated(tmp_path, {"One": "一"}, unit("One"), unit("Two"))
    changes = catalogs.update([unit("Three")])
    assert str(changes) == "1 new, 0 back, 2 gone"
    assert [path.name for path in changes.files] == ["layers.po"]
    assert list(catalogs.domains["layers"]) == ["Three", "One"]
    assert [entry.message for entry in catalogs.entries()] == ["Three"]
    changes = catalogs.update([unit("One"), unit("Three")])
    assert str(changes) == "0 new, 1 back, 0 gone"
    assert [entry.message for entry in catalogs.entries()] == ["One", "Three"]


def test_a_translation_elsewhere_is_taken(tmp_path: Path) -> None:
    catalogs = translated(tmp_path, {"Example": "示例"}, unit("Example"))
    catalogs.update([unit("Example", "pkg/models/b.py")])
    for name in ("models", "layers"):
        assert catalogs.domains[name]["Example"].translation == "示例"


def test_what_an_update_does_not_cover_stays(tmp_path: Path) -> None:
    own, others = unit("Words", "pkg/a.py"), unit("Words", "b.md")
    catalogs = translated(tmp_path, {}, own, others, unit("More", "b.md"))
    assert not catalogs.update([own], lambda path: path.startswith("pkg/")).files
    assert catalogs.update([own]).gone == 1


def test_one_in_doubt_serves_in_its_own_file_alone() -> None:
    entry = Entry("One", "一", ("a.py",), (), Place("a.po", 1), in_doubt=True)
    catalogs = Catalogs("zh", Path("locale"), {"layers": {"One": entry}})
    assert catalogs.find("One", "layers") == entry
    assert catalogs.find("One", "models") is None
    catalogs.domains["models"] = {"One": replace(entry, in_doubt=False)}
    assert catalogs.find("One", "layers") == catalogs.domains["models"]["One"]


def test_a_changed_sentence_finds_what_it_was() -> None:
    rows, columns = (f"It mixes the {what} of a table" for what in ("rows", "columns"))
    place = Place("a.po", 1)
    old = [Entry(text, "译", ("a.py",), (), place) for text in (rows, columns, "Else")]
    all_columns = rows.replace("the rows", "all columns")
    found = pair([all_columns, "Nothing like it", "It mixes rows of a table"], old)
    assert {text: entry.message for text, entry in found.items()} == {
        "It mixes all columns of a table": columns,
        "It mixes rows of a table": rows,
    }
