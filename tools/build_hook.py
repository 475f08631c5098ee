"""
Puts the manual pages into the wheel while hatch builds it: pip and pipx lay them into `share/man/man1`.

They are made from the commands' own help, so that no page can be older than its command, and none is kept in the tree.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ManualPages(BuildHookInterface[Any]):
    """hatch finds the one class of this file."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before a wheel is made; an editable install, which lays out nothing, has no pages."""
        if version == "editable":
            return
        sys.path[:0] = [self.root, str(Path(self.root) / "src")]
        from tools.generate_man_pages import write

        self._folder = tempfile.TemporaryDirectory()  # as long as the hook, which is as long as the build
        for page in write(Path(self._folder.name)):
            build_data["shared_data"][str(page)] = f"share/man/man1/{page.name}"
