r"""# Kernels: what they are given, and when they end

A kernel is a process of the Python that serves the site, with this package, in a folder
that goes when the server goes. Of the reader's own settings for Jupyter and IPython it
sees nothing, so it is the same for everybody.
"""

import os
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from jupyter_server.services.sessions.sessionmanager import SessionManager
from traitlets import Dict
from traitlets.config import Config

import labml_style_nn

# A kernel whose pages are closed keeps its memory for so long.
IDLE_SECONDS = 30 * 60


def settings() -> Config:
    """How the parts of Jupyter behave."""
    config = Config()
    if os.name == "posix":
        # Sockets that are files of this user. A port could be reached by others.
        config.KernelManager.transport = "ipc"
    # A kernel that starts slowly on a busy machine is not given up.
    config.ZMQChannelsWebsocketConnection.kernel_info_timeout = 3600
    config.MappingKernelManager.kernel_info_timeout = 3600
    # A page can take ten times Jupyter's limit from its own machine.
    config.ZMQChannelsWebsocketConnection.iopub_msg_rate_limit = 10_000
    config.ZMQChannelsWebsocketConnection.iopub_data_rate_limit = 10_000_000
    return config


def manager(
    folder: Path, idle_seconds: int = IDLE_SECONDS
) -> AsyncMappingKernelManager:
    """Start, stop and forget kernels, in a folder of their own."""
    work, connections = folder / "work", folder / "connections"
    work.mkdir()
    connections.mkdir(mode=0o700)
    return AsyncMappingKernelManager(
        config=settings(),
        root_dir=str(work),
        connection_dir=str(connections),
        # In no folder it finds but one: the Python that runs this.
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
        cull_idle_timeout=idle_seconds,
        cull_interval=max(1, idle_seconds // 30),
        buffer_offline_messages=False,
    )


def environment(folder: Path) -> dict[str, str]:
    """The variables of a kernel: those of the server, and its own."""
    package = Path(labml_style_nn.__file__).parent.parent
    path = [str(package), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_NO_CONFIG": "1",
        # The debugger's remark on how Python was started would stand in a cell.
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "PYTHONPATH": os.pathsep.join(path),
    }


class Sessions(SessionManager):
    """Each page has one kernel, whatever else it asks for."""

    env = Dict(help="the variables of each kernel")

    async def start_kernel_for_session(self, *_: Any, **__: Any) -> str:
        """Start the one kind of kernel that there is."""
        return str(await self.kernel_manager.start_kernel(path="", env=self.env))
