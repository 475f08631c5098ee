"""
The command that brings a missing package into the environment of this very kstore, by the tool that made it.

Packages of an extra are asked of what is installed, and named one by one where kstore did not come from an index: there
`kstore[sql]` would ask the index for a kstore that it may not have, or that is another.
"""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from kstore.printable import command_text


def bring_extra(extra: str) -> str:
    """The command that brings what an extra of kstore needs; empty where kstore itself is not installed."""
    try:
        own = distribution("kstore")
    except PackageNotFoundError:
        return ""
    if own.read_text("direct_url.json") is None:  # PEP 610: an index has it
        return _command([f"kstore[{extra}]"])
    wanted = f"extra=='{extra}'"
    rows = (line.partition(";") for line in own.requires or ())
    packages = [name.strip() for name, _, marker in rows if wanted in marker.replace(" ", "").replace('"', "'")]
    return _command(packages) if packages else ""


def bring_package(package: str) -> str:
    """The command that brings a package that an index has."""
    return _command([package])


def _command(packages: list[str]) -> str:
    """By pipx, uv or pip, as the environment was made: each leaves a file of its own, pip itself."""
    environment = Path(sys.prefix)
    extra = packages[0].startswith("kstore[")
    if (environment / "pipx_metadata.json").exists():
        return command_text("pipx", *(["install", "--force"] if extra else ["inject", environment.name]), *packages)
    if (environment / "uv-receipt.toml").exists() and extra:
        return command_text("uv", "tool", "install", *packages)
    if find_spec("pip") is None:
        return command_text("uv", "pip", "install", "--python", sys.executable, *packages)
    return command_text(sys.executable, "-m", "pip", "install", *packages)
