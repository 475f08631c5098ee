"""
The terminal application: its colours, and the line in which something is asked.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType

from kstore.cli.browse.help_screen import HelpScreen
from kstore.cli.browse.lists import Lists

if TYPE_CHECKING:
    from kstore.cli.browse.contents import Contents

_THEMES = ("ansi-dark", "textual-ansi")
"""The terminal's own colours, whether it is dark or light; textual renamed them."""
_PAGER = {"j": "down", "k": "up", "g": "ctrl+home", "G": "ctrl+end"}
"""Keys of pagers, and what they mean here."""


class Browser(App[None]):
    """
    The browser.

    Args:
        contents: what it shows.
    """

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    Tree { width: 28%; min-width: 22; max-width: 44; }
    Tree > .tree--guides, Tree > .tree--guides-hover, Tree > .tree--guides-selected { color: ansi_bright_black; }
    Tree, DataTable, Log { scrollbar-size: 1 1; }
    Tree { overflow-x: hidden; }
    Log { overflow-x: auto; overflow-y: auto; }
    DataTable { width: 1fr; height: 1fr; }
    .bar { height: 1; width: 100%; text-style: reverse; }
    Prompt { height: 1; border: none; display: none; padding: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit"),
        Binding("question_mark", "help", "Help", key_display="?"),
        *(Binding(key, f"simulate_key({meant!r})", show=False) for key, meant in _PAGER.items()),
    ]

    def __init__(self, contents: Contents) -> None:
        super().__init__()
        # without colours, textual makes greys of what a theme has: of the terminal's own nothing would be left
        wanted = ("textual-dark",) if os.environ.get("NO_COLOR") else _THEMES
        self.theme = next(name for name in wanted if name in self.available_themes)
        self._lists = Lists(contents)

    def action_help(self) -> None:
        """Show what the keys do."""
        self.push_screen(HelpScreen())

    def on_mount(self) -> None:
        """Show the tree and the lists."""
        self.push_screen(self._lists)
