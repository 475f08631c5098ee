"""
What the keys do, on a screen of its own.
"""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

HELP = """\
Tree and lists
  enter     open what the cursor is on
  escape    back; or take the filter away
  / TEXT    only names with the text; / -l SELECTOR only these labels
  : NAME    to a resource, a namespace of it, an object: deploy/shop/cart
  o  O      sort by the next column; the other way round
  w         the columns of -o wide
  m  c      mark an object; compare another one with it
  f  r      follow the store's changes; read again
  j k g G   down, up, to the first, to the last

An object
  y d s h   YAML, described, byte by byte, its history with what changed
  / TEXT n  find a text, and again
  x         copy to the clipboard

  ?  q      this page; quit
"""


class HelpScreen(ModalScreen[None]):
    """The page; any of the keys that leave takes it away."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > VerticalScroll { width: 78; height: auto; max-height: 100%; border: solid ansi_bright_black; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key, "app.pop_screen", "Close") for key in ("escape", "question_mark", "enter")
    ]

    def compose(self) -> ComposeResult:
        """The text."""
        with VerticalScroll():
            yield Static(HELP, markup=False)
