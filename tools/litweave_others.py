"""Make pages of code that nobody here wrote, and tell how it went.

    python tools/litweave_others.py
    python tools/litweave_others.py json einops --report report.txt

Without names it takes what is installed of `torch.nn`, einops and the standard library.
Every module becomes a page, or is skipped with the reason; nothing of it is run. The
table shows pages, rows of prose and code, seconds, and what litweave had to remark, by
its kind. The report lists every remark and everything skipped.
"""

import argparse
import importlib.util
import sysconfig
import tempfile
import time
from collections import Counter
from pathlib import Path

from litweave.book import Chapter
from litweave.build import Built, build
from litweave.settings import Settings

ROOT = Path(__file__).parent.parent
STDLIB = Path(sysconfig.get_path("stdlib"))
EXCLUDE = {STDLIB: ("site-packages/*",)}


def source_of(name: str) -> Path:
    """The folder or file of a package, or of the standard library as a whole."""
    if name == "stdlib":
        return STDLIB
    folder, *rest = name.split(".")
    # A package is found without being imported; what lies in it is looked up in it.
    found = importlib.util.find_spec(folder)
    if found is None or found.origin is None:
        raise SystemExit(f"there is no package “{folder}” here")
    origin = Path(found.origin)
    return (origin.parent if origin.stem == "__init__" else origin).joinpath(*rest)


def weave(name: str) -> tuple[Built, str]:
    """Build the site of a package; a line about it, too."""
    source = source_of(name)
    settings = Settings(
        (source,), EXCLUDE.get(source, ()), cache=ROOT / ".cache" / "litweave"
    )
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        built = build(settings, Path(folder, "site"))
        seconds = time.perf_counter() - start
        missing = [p for p in built.book.chapters if not _page(folder, p).exists()]
    if missing:
        raise SystemExit(f"{name}: no page of {', '.join(missing)}")
    chapters = built.book.chapters.values()
    cut = [chapter.module.path for chapter in chapters if not _whole(chapter)]
    if cut:
        raise SystemExit(f"{name}: the rows are not the file: {', '.join(cut)}")
    rows = sum(len(chapter.module.rows) for chapter in chapters)
    kinds = Counter(found.kind for found in built.book.context.diagnostics.found)
    remarks = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    skipped = len(built.book.skipped)
    line = f"{name:10} {len(chapters):6} {rows:7} {skipped:8} {seconds:8.1f}  {remarks}"
    return built, line


def _page(folder: str, uri: str) -> Path:
    return Path(folder, "site", uri).with_suffix(".html")


def _whole(chapter: Chapter) -> bool:
    """Whether the rows of a module are its file, byte for byte."""
    module = chapter.module
    pieces = (module.lines[row.start - 1 : row.end] for row in module.rows)
    text = "".join(line for piece in pieces for line in piece)
    return text.encode(module.encoding) == chapter.path.read_bytes()


def report(name: str, built: Built) -> str:
    """All that was skipped and remarked."""
    skipped = [f"{path}: {reason}" for path, reason in built.book.skipped.items()]
    diagnostics = [
        str(problem) for problem in sorted(built.book.context.diagnostics.found)
    ]
    return "\n".join(
        [
            f"# {name}",
            "",
            "## Skipped",
            *skipped,
            "",
            "## Remarks",
            *diagnostics,
            "",
            "",
        ]
    )


def main() -> None:
    """Parse the options and go through the packages."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("packages", nargs="*", default=["torch.nn", "einops", "stdlib"])
    parser.add_argument("--report", type=Path, help="write everything there")
    options = parser.parse_args()
    print("package     pages    rows  skipped  seconds  remarks")
    reports = []
    for name in options.packages:
        built, line = weave(name)
        print(line, flush=True)
        reports.append(report(name, built))
    if options.report:
        options.report.write_text("".join(reports), "utf-8")


if __name__ == "__main__":
    main()
