"""Time the renderer.

    python -m benchmarks.litweave_speed pycco --pycco /path/to/an/environment/bin/python
    python -m benchmarks.litweave_speed modules
    python -m benchmarks.litweave_speed site
    python -m benchmarks.litweave_speed weight

- `pycco`: litweave against pycco on the same files, which have no mathematics: the
  modules of einops, and packages of the standard library. pycco is installed where the
  project is not (`python -m venv E; E/bin/pip install pycco`), so each of the two runs
  in a process of its own, which says how long each build took after its imports: from
  source files to a folder of HTML. `plain` is litweave doing what pycco does, prose
  beside code (and search, which pycco has not); `full` also links names, lists uses and
  makes copies. A round builds once with each, in turn, so that a load on the machine
  strikes all alike. How long a process needs to start is in the figures, `--json`.
- `modules`: seconds per module in sites of 30, 100 and 300 modules, which are copies of
  our own under other names. The time is proportional to their number if the last column
  stays as it is.
- `site`: this project's own site without notebooks, training in the page and other
  languages; *cold* with nothing kept from before but the installed KaTeX, *colder* with
  not even that (this asks npm), and *unchanged* when it is built again.
- `weight`: what a reader of the page of the Mixer receives before reading, compressed
  as a server would: its HTML and style sheets. Fonts are apart, and so are scripts,
  which a page does not need to be read.

For `pycco` and `modules`, what is timed is the processor time of the process and of
those that it starts, unless `--clock wall` asks for the clock on the wall. The whole
site is told in both. Medians, with quartiles in brackets.
"""

import argparse
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".cache" / "litweave"
STDLIB = Path(sysconfig.get_path("stdlib"))
ENVIRONMENT = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONHASHSEED": "0"}


def show(times: Sequence[float], unit: float = 1.0, digits: int = 2) -> str:
    """A median with its quartiles."""
    low, middle, high = (unit * value for value in quantiles(times, n=4))
    return f"{middle:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def timed(run: Callable[[], object]) -> tuple[float, float]:
    """The seconds that something takes, on the wall and of the processor."""
    wall, cpu = time.perf_counter(), sum(os.times()[:4])
    run()
    return time.perf_counter() - wall, sum(os.times()[:4]) - cpu


# ## Against pycco

CLOCKS = {
    "cpu": "import os; clock = lambda: sum(os.times()[:4])",
    "wall": "import time; clock = time.perf_counter",
}

# Each program reads a line, builds once, and answers with the seconds it took. No page
# is taken from the build before.
_WEAVE = """
import shutil, sys
from pathlib import Path
from litweave.build import build
from litweave.settings import Settings
source, out, cache = map(Path, sys.argv[1:4])
settings = Settings((source,), cache=cache, extras=sys.argv[4:] != ["plain"])
print("ready", flush=True)
for _ in sys.stdin:
    shutil.rmtree(cache / "pages", ignore_errors=True)
    start = clock()
    build(settings, out)
    print(clock() - start, flush=True)
"""
_PYCCO = """
import contextlib, io, sys
from pathlib import Path
from pycco.main import process
source, out = sys.argv[1:3]
files = sorted(map(str, Path(source).rglob("*.py")))
print("ready", flush=True)
for _ in sys.stdin:
    start = clock()
    with contextlib.redirect_stdout(io.StringIO()):
        process(files, outdir=out, preserve_paths=True)
    print(clock() - start, flush=True)
"""


class Contender:
    """A program in a process of its own, that builds when it is asked to."""

    def __init__(
        self, clock: str, python: str, program: str, *arguments: object
    ) -> None:
        start = time.perf_counter()
        self.process = subprocess.Popen(
            [python, "-c", f"{CLOCKS[clock]}\n{program}", *map(str, arguments)],
            cwd=ROOT,
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.answer()
        self.started = time.perf_counter() - start

    def answer(self) -> str:
        """The next line that it says."""
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the program ended with {self.process.wait()}")
        return line

    def build(self) -> float:
        """Build once; the seconds that it took."""
        self.process.stdin.write("build\n")
        self.process.stdin.flush()
        return float(self.answer())

    def end(self) -> None:
        """Close it."""
        self.process.stdin.close()
        self.process.wait()


def packages(folder: Path) -> dict[str, Path]:
    """Copies of packages that are installed here, without what is empty."""
    import einops

    found = {"einops": Path(einops.__file__).parent}
    found |= {name: STDLIB / name for name in ("asyncio", "email", "importlib", "json")}
    for name, source in found.items():
        shutil.copytree(source, folder / name, ignore=_not_a_module)
        found[name] = folder / name
    return found


def _not_a_module(folder: str, names: list[str]) -> list[str]:
    # Without words there is nothing to render, and pycco stumbles over an empty file.
    paths = (Path(folder, name) for name in names)
    return [
        path.name
        for path in paths
        if path.name == "__pycache__"
        or (path.is_file() and (path.suffix != ".py" or not path.read_text().strip()))
    ]


def against_pycco(options: argparse.Namespace) -> dict[str, object]:
    """Compare, package by package and all together."""
    print("package    files  pycco ms/file         plain / pycco      full / pycco")
    results: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as name:
        sources = packages(Path(name, "sources"))
        sources["all"] = Path(name, "sources")
        for package, source in sources.items():
            count = len(list(source.rglob("*.py")))
            found = _compare(options, source, Path(name))
            theirs = found["pycco"]
            ratios = {
                kind: [a / b for a, b in zip(found[kind], theirs, strict=True)]
                for kind in ("plain", "full")
            }
            print(
                f"{package:9} {count:6}  {show(theirs, 1000 / count, 1):20}  "
                + "  ".join(f"{show(ratios[kind]):17}" for kind in ratios),
                flush=True,
            )
            results[package] = {
                "files": count,
                "milliseconds": {k: 1000 * median(t) / count for k, t in found.items()},
                "ratios": {kind: median(ratio) for kind, ratio in ratios.items()},
            }
    return results


def _compare(
    options: argparse.Namespace, source: Path, folder: Path
) -> dict[str, list[float]]:
    """The seconds of each contender, round by round."""
    weave = (options.clock, sys.executable, _WEAVE, source)
    cache = folder / "cache"
    contenders = {
        "plain": Contender(*weave, folder / "plain", cache, "plain"),
        "full": Contender(*weave, folder / "full", cache),
        "pycco": Contender(
            options.clock, options.pycco, _PYCCO, source, folder / "pycco"
        ),
    }
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for contender in contenders.values():
        contender.build()  # what is compiled or cached once is not timed
    names = list(contenders)
    for number in range(options.rounds):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            times[name].append(contenders[name].build())
    for name, contender in contenders.items():
        times[f"start of {name}"] = [contender.started]
        contender.end()
    return times


# ## By the number of modules


def by_modules(options: argparse.Namespace) -> dict[str, object]:
    """Build sites of ever more modules."""
    print("modules    seconds               ms/module")
    results: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as name:
        contenders, cache = {}, _cache(Path(name))
        for count in options.counts:
            source = Path(name, f"sources{count}", "copies")
            _write_copies(source, count)
            out = Path(name, f"site{count}")
            contender = Contender(
                options.clock, sys.executable, _WEAVE, source, out, cache
            )
            contender.build()
            contenders[count] = contender
        times: dict[int, list[float]] = {count: [] for count in contenders}
        for _ in range(options.rounds):
            for count, contender in contenders.items():
                times[count].append(contender.build())
        for count, contender in contenders.items():
            contender.end()
            each = show(times[count], 1000 / count, 1)
            print(f"{count:7}    {show(times[count]):20}  {each}", flush=True)
            results[str(count)] = median(times[count]) / count
    return results


def _write_copies(folder: Path, count: int) -> None:
    """Our layers, as often as it takes, ten to a package, each under its own name."""
    layers = sorted((ROOT / "labml_style_nn" / "layers").glob("*.py"))
    originals = [path for path in layers if path.stem != "__init__"]
    for number in range(count):
        original = originals[number % len(originals)]
        package = folder / f"part_{number // 10}"
        package.mkdir(parents=True, exist_ok=True)
        text = original.read_text()
        # Links by name lead to the copy in the same package, or to nobody.
        (package / f"{original.stem}_{number}.py").write_text(text)


# ## The whole site


# The program builds the site of the folder that it runs in, without what takes longest.
_SITE = """
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.utils.yaml import yaml_load

LEFT_OUT = {
    "mkdocs-jupyter", "litweave-notebooks", "litweave-languages", "train-in-browser",
    "live",
}

def pages(items):
    for item in items:
        if isinstance(item, str):
            if not item.endswith(".py"):
                yield item
            continue
        (title, below), = item.items()
        if isinstance(below, list):
            yield {title: list(pages(below))}
        elif not below.endswith(".py"):
            yield item

with open("mkdocs.yml") as file:
    options = yaml_load(file)
options["nav"] = list(pages(options["nav"]))
options["plugins"] = [
    plugin
    for plugin in options["plugins"]
    if (plugin if isinstance(plugin, str) else next(iter(plugin))) not in LEFT_OUT
]
config = load_config("mkdocs.yml", **options | {"hooks": [], "strict": False})
config.plugins.on_startup(command="build", dirty=False)
build(config)
config.plugins.on_shutdown()
"""


@contextmanager
def project(cache: Path) -> Iterator[Path]:
    """A copy of this project; of a cache, it has what npm has installed."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path in filter(None, listed.stdout.decode().split("\0")):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, folder / path)
        _cache(folder, cache)
        yield folder


def _cache(folder: Path, known: Path = CACHE) -> Path:
    """A cache in a folder, with nothing in it but what npm has installed."""
    kept = folder / ".cache" / "litweave"
    kept.mkdir(parents=True)
    for path in known.glob("node-*"):
        (kept / path.name).symlink_to(path)
    return kept


def build_site(folder: Path) -> None:
    """Build the site of a project."""
    paths = os.pathsep.join(map(str, (folder, folder / "litweave" / "src")))
    done = subprocess.run(
        [sys.executable, "-c", _SITE],
        cwd=folder,
        env={**ENVIRONMENT, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)


def whole_site(options: argparse.Namespace) -> dict[str, object]:
    """Build this project's site with less and less kept from before."""
    times: dict[str, list[tuple[float, float]]] = {}
    for number in range(options.rounds):
        with project(CACHE) as folder:
            for name in ("cold", "unchanged", "unchanged"):
                times.setdefault(name, []).append(timed(lambda: build_site(folder)))
        if number < options.colder:
            with project(Path("nothing")) as folder:
                times.setdefault("colder", []).append(timed(lambda: build_site(folder)))
    results: dict[str, object] = {}
    for name, pairs in times.items():
        wall, cpu = (median(seconds) for seconds in zip(*pairs, strict=True))
        print(f"{name:10} {wall:6.2f} s, processor {cpu:6.2f} s ({len(pairs)} builds)")
        results[name] = {"wall": wall, "cpu": cpu}
    return results


# ## The weight of a page


def weight(options: argparse.Namespace) -> dict[str, object]:
    """Weigh the page of the Mixer and what it needs to be read."""
    with project(CACHE) as folder:
        if not options.built:
            build_site(folder)
        site = (options.built or folder / "site").resolve()
        page = site / "models" / "mlp_mixer" / "index.html"
        html = page.read_text()
        styles = re.findall(r'<link rel="stylesheet" href="([^"]+)"', html)
        needed = [page, *((page.parent / style).resolve() for style in styles)]
        sizes = {str(path.relative_to(site)): _compressed(path) for path in needed}
    for name, size in sizes.items():
        print(f"{size:8,} bytes  {name}")
    print(f"{sum(sizes.values()):8,} bytes in all")
    return {"bytes": sizes, "all": sum(sizes.values())}


def _compressed(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 6))


# ## The command line


def main() -> None:
    """Parse the options and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="WHAT")
    pycco = _command(commands, "pycco", against_pycco, rounds=11)
    pycco.add_argument("--pycco", required=True, help="the Python that has pycco")
    modules = _command(commands, "modules", by_modules, rounds=5)
    modules.add_argument("--counts", type=int, nargs="+", default=[30, 100, 300])
    site = _command(commands, "site", whole_site, rounds=3)
    site.add_argument(
        "--colder", type=int, default=0, help="builds for which npm installs KaTeX anew"
    )
    page = _command(commands, "weight", weight, rounds=1)
    page.add_argument("--built", type=Path, help="a site that is built already")
    options = parser.parse_args()
    results = options.measure(options)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    measure: Callable[[argparse.Namespace], dict[str, object]],
    rounds: int,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=measure.__doc__)
    parser.set_defaults(measure=measure)
    parser.add_argument("--rounds", type=int, default=rounds, help="timings of each")
    parser.add_argument("--clock", choices=CLOCKS, default="cpu", help="what is timed")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    return parser


if __name__ == "__main__":
    main()
