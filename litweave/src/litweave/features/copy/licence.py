r"""# Licence: what goes along with a copy

Most licences ask one thing of who copies: that their notice comes along. A standalone
file carries it at its top, with the name of what it was taken from. Both are read from
the project around the package, or, where the package is installed, from what the
installer noted about it.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

_INSTALLED = {"site-packages", "dist-packages"}
_FILES = ("LICENSE", "LICENCE", "COPYING", "UNLICENSE")


@dataclass(frozen=True)
class Project:
    """Where a package comes from: “name version”, and the words of its licence."""

    name: str
    licence: str = ""

    @classmethod
    @cache
    def around(cls, folder: Path) -> "Project":
        """The project that a package belongs to, as far as it can be told."""
        for above in (folder, *folder.parents):
            if above.name in _INSTALLED:
                break  # What is around belongs to somebody else.
            if (above / "pyproject.toml").is_file():
                return cls._of_source(above, folder.name)
        installed = any(folder.parent.glob("*.dist-info"))
        found = cls._of_installed(folder.name) if installed else None
        return found or cls(folder.name, _beside(folder))

    @classmethod
    def _of_source(cls, root: Path, package: str) -> "Project":
        try:
            settings = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
        except ValueError:
            settings = {}
        project = settings.get("project", {})
        name = f"{project.get('name', package)} {project.get('version', '')}"
        return cls(name.strip(), _beside(root))

    @classmethod
    def _of_installed(cls, package: str) -> "Project | None":
        names = metadata.packages_distributions().get(package)
        if not names:
            return None
        found = metadata.distribution(names[0])
        files = [file for file in found.files or () if _is_licence(file.name)]
        texts = [file.read_text("utf-8") for file in files[:1]]
        return cls(f"{names[0]} {found.version}", "".join(texts))

    def head(self, module: str, address: str = "") -> str:
        """What a file says at its top, of the module that it was made from."""
        source = f"From {self.name}{f', {address}' if address else '.'}"
        lines = [f"{module}, with all it needs, in one file.", source]
        lines += ["", *self.licence.strip().splitlines()] if self.licence else []
        return "\n".join(lines)


def _beside(folder: Path) -> str:
    found = sorted(path for path in folder.iterdir() if _is_licence(path.name))
    return found[0].read_text("utf-8", "replace") if found else ""


def _is_licence(name: str) -> bool:
    return name.upper().startswith(_FILES) and not name.endswith(".py")
