"""Catalogs: read, updated, written, and left alone by the tools of translators."""

import shutil
import subprocess
from pathlib import Path

import polib
import pytest

from litweave.diagnostics import Place
from litweave.features.languages.catalogs import Catalogs, Entry, Unit, domain, pair
from support import ROOT

LOCALE = ROOT / "locale"
LONG = 'The number of patches, $S \\times C$, is “fixed”, and said "so"' + " again" * 30


def unit(message: str, path: str = "pkg/layers/a.py", kind: str = "paragraph") -> Unit:
    return Unit(message, kind, Place(path, 3), domain(path, "pkg"))


def translated(folder: Path, said: dict[str, str], *units: Unit) -> Catalogs:
    catalogs = Catalogs("zh", folder)
    catalogs.update(units)
    for name, entries in catalogs.domains.items():
        for message, entry in entries.items():
            words = said.get(message, "")
            entries[message] = Entry(
                message, words, entry.sources, entry.kinds, entry.place, entry.old
            )
        assert name
    catalogs.write()
    return Catalogs.read(folder, "zh")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("pkg/layers/mlp.py", "layers"),
        ("pkg/layers/deep/mlp.py", "layers"),
        ("pkg/pretrained.py", "pages"),
        ("guide/read.md", "guide"),
        ("index.md", "pages"),
    ],
)
def test_a_folder_has_a_catalog(path: str, name: str) -> None:
    assert domain(path, "pkg") == name


def test_nothing_is_read_where_nothing_is(tmp_path: Path) -> None:
    assert not Catalogs.read(tmp_path / "nowhere", "zh").domains


def test_a_file_that_is_no_catalog_is_named(tmp_path: Path) -> None:
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
    many = [
        unit("Often", f"pkg/layers/a_file_with_a_long_name_{n}.py") for n in range(9)
    ]
    catalogs = translated(
        tmp_path, {LONG: "很" * 90, "Old": "旧"}, unit(LONG), unit("Old"), *many
    )
    catalogs.update([unit(LONG), *many])
    catalogs.write()
    path = tmp_path / "zh" / "layers.po"
    text = path.read_text("utf-8")
    assert '# was in: pkg/layers/a.py\n#~ msgid "Old"\n#~ msgstr "旧"\n' in text
    polib.pofile(str(path), wrapwidth=0).save(str(path))
    assert path.read_text("utf-8") == text
    # Who has read it says so in the header.
    file = polib.pofile(str(path), wrapwidth=0)
    file.metadata["X-Read-By"] = "Somebody, 2026-11-29"
    file.save(str(path))
    read = Catalogs.read(tmp_path, "zh")
    read.update([unit(LONG), unit("Newer"), *many])
    read.write()
    assert "X-Read-By: Somebody" in path.read_text("utf-8")
    path.write_text(text, "utf-8")
    again = Catalogs.read(tmp_path, "zh")
    assert not again.write()
    assert again.domains["layers"]["Old"].sources == ("pkg/layers/a.py",)
    assert not again.update([unit(LONG), *many]).files


@pytest.mark.skipif(not shutil.which("msgfmt"), reason="gettext is not installed")
@pytest.mark.parametrize(
    "path",
    sorted(LOCALE.rglob("*.po")),
    ids=lambda path: f"{path.parent.name}/{path.stem}",
)
def test_gettext_accepts_each_catalog_and_leaves_it_as_it_is(path: Path) -> None:
    subprocess.run(["msgfmt", "-c", "-o", "/dev/null", path], check=True)
    shown = subprocess.run(
        ["msgcat", "--no-wrap", path], check=True, capture_output=True
    )
    assert shown.stdout == path.read_bytes()


def test_an_update_keeps_what_vanished_and_takes_it_back(tmp_path: Path) -> None:
    catalogs = translated(tmp_path, {"One": "一"}, unit("One"), unit("Two"))
    changes = catalogs.update([unit("Three")])
    assert (changes.new, changes.gone, changes.back) == (1, 2, 0)
    assert [path.name for path in changes.files] == ["layers.po"]
    assert list(catalogs.domains["layers"]) == ["Three", "One"]
    assert [entry.message for entry in catalogs.entries()] == ["Three"]
    changes = catalogs.update([unit("One"), unit("Three")])
    assert (changes.new, changes.gone, changes.back) == (0, 0, 1)
    assert [entry.message for entry in catalogs.entries()] == ["One", "Three"]


def test_what_is_translated_elsewhere_comes_with_its_translation(
    tmp_path: Path,
) -> None:
    catalogs = translated(tmp_path, {"Example": "示例"}, unit("Example"))
    catalogs.update([unit("Example", "pkg/models/b.py")])
    assert catalogs.domains["models"]["Example"].translation == "示例"
    assert catalogs.domains["layers"]["Example"].translation == "示例"


def test_a_changed_sentence_finds_what_it_was() -> None:
    place = Place("a.po", 1)
    old = [
        Entry(text, "译", ("a.py",), (), place)
        for text in (
            "It mixes the rows of a table",
            "It mixes the columns of a table",
            "Else",
        )
    ]
    new = [
        "It mixes all columns of a table",
        "Nothing like it",
        "It mixes rows of a table",
    ]
    found = {text: entry.message for text, entry in pair(new, old).items()}
    assert found == {
        "It mixes all columns of a table": "It mixes the columns of a table",
        "It mixes rows of a table": "It mixes the rows of a table",
    }
