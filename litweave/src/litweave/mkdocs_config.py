"""The options as MkDocs checks them, and what the plugin adds to a configuration."""

from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from mkdocs.config import config_options as options
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.livereload import LiveReloadServer
from watchdog.observers.polling import PollingObserver

from litweave import dialect, theme
from litweave.features import shapes
from litweave.settings import Settings
from litweave.site import Site

_LOOK = 0.1  # seconds from one look for changes to the next


class _Sources(options.ListOfItems[str]):
    """A folder or a file, or a list of them."""

    def run_validation(self, value: object) -> list[str]:
        return super().run_validation([value] if isinstance(value, str) else value)


# By the type of an option, what checks it.
_CHECKS: dict[object, Callable[[Any], Any]] = {
    tuple[Path, ...]: lambda _: _Sources(options.FilesystemObject(exists=True)),
    tuple[str, ...]: lambda value: options.ListOfItems(
        options.Type(str), default=list(value)
    ),
    bool: lambda value: options.Type(bool, default=value),
    str: lambda value: options.Type(str, default=value),
    Path: lambda value: options.Dir(default=str(value)),
    Path | None: lambda _: options.Optional(options.File(exists=True)),
}


def _check(option: Field[Any]) -> Any:
    return _CHECKS[option.type](None if option.default is MISSING else option.default)


LitweaveConfig: type[Config] = type(
    "LitweaveConfig",
    (Config,),
    {option.name: _check(option) for option in fields(Settings)},
)
"""The options under `litweave:` in `mkdocs.yml`."""


def extend(config: MkDocsConfig, site: Site) -> None:
    """Add what pages need: extensions of Markdown, the style sheet, the script.

    The theme becomes a quicker one.
    """
    for name, given in dialect.EXTENSIONS.items():
        if name not in config.markdown_extensions:
            config.markdown_extensions.append(name)
            config.mdx_configs[name] = dict(given)
    if site.translator:
        toc = config.mdx_configs.setdefault("toc", {})
        link = toc.get("permalink_title", "Permanent link")
        toc["permalink_title"] = site.translator.word(link)
        notes = config.mdx_configs.setdefault("footnotes", {})
        back = site.translator.word("Jump back to footnote {number} in the text")
        notes.setdefault("BACKLINK_TITLE", back.replace("{number}", "{}"))
    templates = site.settings.cache / "templates"
    config.theme = theme.QuickTheme(config.theme, templates, config.plugins)
    # MkDocs takes an extension itself as well as its name.
    own: list[Any] = [*dialect.OWN, site.addresses]
    config.markdown_extensions.extend(own)
    config.extra_css.insert(0, theme.SHEET)
    script = options.ExtraScriptValue(theme.SCRIPT)
    script.type = "module"
    config.extra_javascript.append(script)


def watch(config: MkDocsConfig, site: Site) -> None:
    """Let a preview build again when a source, a catalog or a shape changes."""
    config.watch.extend(map(str, site.settings.source))
    if site.settings.run_examples and site.is_preview:
        folder = shapes.watched(site.settings.cache)
        folder.mkdir(parents=True, exist_ok=True)
        config.watch.append(str(folder))
    if site.translator and site.settings.locale.is_dir():
        config.watch.append(str(site.settings.locale))


def watch_closely(server: LiveReloadServer) -> None:
    """Look for changes ten times a second: MkDocs does twice, and waits longer."""
    watched = list(server._watched_paths)
    server.observer.unschedule_all()
    server._watched_paths.clear()
    server.observer = PollingObserver(timeout=_LOOK)
    server.build_delay = _LOOK / 2
    for path in watched:
        server.watch(path)
