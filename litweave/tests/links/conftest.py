"""What all tests of links share."""

from pathlib import Path

import pytest

from litweave.features.links.libraries import ask

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def known(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A file of what libraries say of the `NAMES` of each module here, asked once."""
    items = [item for item in request.session.items if item.path.parent == HERE]
    modules = {getattr(item, "module", None) for item in items}
    names = [name for module in modules for name in getattr(module, "NAMES", ())]
    path = tmp_path_factory.mktemp("known") / "libraries.json"
    ask(names, path)
    return path
