r"""# Client: the scripts of a live page

The plugin `live` brings them into a site. They are small modules in `assets/`, which a
browser loads as they stand, and two libraries of others: CodeMirror, an editor, and
DOMPurify, which takes from HTML whatever could run. The libraries come through a pinned
manifest, as `litweave.node` tells. A page that is live loads them, and no
other.

```yaml
plugins:
  - live
```

| in `assets/` | what it is for |
|---|---|
| `live.js` | the first script: is this page live? |
| `token.js` | the token, out of the address and into the browser's storage |
| `examples.js` | what on a page can run, and what of it is code |
| `offer.js` | without a token: how to come by one |
| `page.js`, `header.js` | a live page, and what its header says of Python |
| `kernel.js` | the session, the socket, the messages |
| `cell.js`, `run.js` | a cell, and one run of it |
| `editor.js`, `edits.js` | the editor, and what is kept of an edit |
| `output.js` | what a cell prints and shows |
| `screen.js`, `colours.js` | printed text, as a terminal shows it |
| `rich.js`, `traceback.js` | pictures and tables, and errors |
| `trial.js`, `comparison.js` | *Try this module*, and what became different |
| `make.js`, `live.css` | what all of them are made of, and how it looks |
"""

import json
import re
from pathlib import Path

from litweave import node
from mkdocs.config.base import Config
from mkdocs.config.config_options import Dir, ExtraScriptValue
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin
from mkdocs.structure.files import File, Files

_ASSETS = Path(__file__).parent / "assets"
_MANIFEST = Path(__file__).with_name("package.json")
_PLACE = "assets/live"
# `import … from "name"`, or `export`, where the name is that of a package.
_IMPORT = re.compile(
    r"""^((?:import|export) [^'"]+ from )['"](@?\w[\w/-]*)['"]""", re.MULTILINE
)


class ClientConfig(Config):
    """The options of the plugin."""

    cache = Dir(default=".cache/live")
    """The folder, beside `mkdocs.yml`, that keeps the libraries."""


class ClientPlugin(BasePlugin[ClientConfig]):
    """## The plugin"""

    def on_config(self, config: MkDocsConfig) -> None:
        """Let each page ask for the sheet and the first script."""
        sheet, first = f"{_PLACE}/live.css", f"{_PLACE}/live.js"
        if sheet not in config.extra_css:
            config.extra_css.append(sheet)
            script = ExtraScriptValue(first)
            script.type = "module"
            config.extra_javascript.append(script)

    def on_files(self, files: Files, *, config: MkDocsConfig) -> None:
        """Bring the scripts and the libraries."""
        for path in sorted(_ASSETS.iterdir()):
            uri = f"{_PLACE}/{path.name}"
            files.append(File.generated(config, uri, abs_src_path=str(path)))
        try:
            packages = node.packages(Path(self.config.cache), _MANIFEST)
        except node.NodeError as error:
            raise PluginError(f"live: {error}") from error
        for name, script in libraries(packages).items():
            uri = f"{_PLACE}/vendor/{name}"
            files.append(File.generated(config, uri, content=script))


# ## Libraries without a bundler


def libraries(packages: Path) -> dict[str, str]:
    """The scripts of all packages that the manifest asks for, by their new names.

    A package names another as Node knows it. A browser wants an address, so that is
    what each import gets, and all of them lie in one folder.
    """
    wanted = list(json.loads(_MANIFEST.read_text("utf-8"))["dependencies"])
    scripts: dict[str, str] = {}
    while wanted:
        package = wanted.pop()
        if (name := file_name(package)) in scripts:
            continue
        script = entry(packages / package).read_text("utf-8")
        wanted += [match[2] for match in _IMPORT.finditer(script)]
        scripts[name] = _IMPORT.sub(_by_address, script)
    return scripts


def _by_address(match: re.Match[str]) -> str:
    return f'{match[1]}"./{file_name(match[2])}"'


def entry(package: Path) -> Path:
    """The file of a package that other modules import."""
    facts = json.loads((package / "package.json").read_text("utf-8"))
    script: str = facts.get("module") or facts["exports"]["import"]
    return package / script


def file_name(package: str) -> str:
    """What the script of a package is called in the site.

    >>> file_name("@codemirror/view")
    'codemirror-view.js'
    """
    return package.removeprefix("@").replace("/", "-") + ".js"
