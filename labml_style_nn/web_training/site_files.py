r"""# What the page loads

All files of training in the page, by their names below `assets/train/`:

- `manifest.json`: what there is, see [`manifest`][].
- `NAME.step.onnx` and `NAME.probe.onnx`: the graphs of a variant, see
  [`exports`][].
- `digits.bin`: the images, see [`digit_file`][].
- `ort/`: onnxruntime-web, which executes the graphs. It comes from npm, pinned. Its
  scripts end in `.mjs` there; here in `.js`, which every server knows the type of.

The program of onnxruntime-web is compressed here, and the page expands it. So it
travels in a quarter of its bytes from every host, whether that host compresses or not.

    python -m labml_style_nn.web_training.site_files CACHE FOLDER

writes them into `FOLDER/site`, and what is put into the page into `FOLDER/parts.json`.
"""

import gzip
import json
import sys
from pathlib import Path

from litweave import node
from litweave.cache import build_folder

from labml_style_nn.web_training import digit_file, train_page
from labml_style_nn.web_training.exports import Progress, graphs
from labml_style_nn.web_training.manifest import manifest
from labml_style_nn.web_training.record import recorded
from labml_style_nn.web_training.variants import VARIANTS

Files = dict[str, bytes]

PACKAGE = Path(__file__).with_name("package.json")
SCRIPTS = ("ort.wasm.min", "ort-wasm-simd-threaded")
PROGRAM = "ort-wasm-simd-threaded.wasm"


def files(cache: Path, progress: Progress | None = None) -> Files:
    """Every file by its name."""
    found = graphs(cache, progress)
    sizes = {name: len(content) for name, content in found.items()}
    told = manifest(list(VARIANTS.values()), sizes, recorded())
    return {
        **found,
        **{f"ort/{name}": content for name, content in runtime(cache).items()},
        "digits.bin": digit_file.written(),
        "manifest.json": json.dumps(told, ensure_ascii=False).encode(),
    }


def runtime(cache: Path) -> Files:
    """The files of onnxruntime-web, the large one compressed."""
    dist = node.packages(cache, PACKAGE) / "onnxruntime-web" / "dist"

    def compress(folder: Path) -> None:
        packed = gzip.compress((dist / PROGRAM).read_bytes(), mtime=0)
        (folder / f"{PROGRAM}.gz").write_bytes(packed)

    scripts = {f"{name}.js": (dist / f"{name}.mjs").read_bytes() for name in SCRIPTS}
    return scripts | contents(build_folder(dist.with_name("compressed"), compress))


def contents(folder: Path) -> Files:
    """What is in the files of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def main() -> None:
    """Write everything; say in lines of JSON which graph is exported."""
    cache, folder = map(Path, sys.argv[1:])
    for name, content in files(cache, _say).items():
        path = folder / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    parts = json.dumps(train_page.parts(recorded()), ensure_ascii=False)
    (folder / "parts.json").write_text(parts, "utf-8")


def _say(number: int, total: int, name: str) -> None:
    print(json.dumps({"exports": name, "number": number, "of": total}), flush=True)


if __name__ == "__main__":
    main()
