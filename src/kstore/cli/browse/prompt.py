"""
One line at the bottom of a screen, there while something is asked.
"""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input


class Prompt(Input):
    """The line; `Input.Submitted` brings what was typed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Cancel")]
    sign = ""
    """What is asked: `/` or `:`."""

    def ask(self, sign: str, hint: str) -> None:
        """Show the line, empty."""
        self.sign, self.placeholder, self.value, self.display = sign, f"{sign} {hint}", "", True
        self.focus()

    def action_leave(self) -> None:
        """Put it away; what had the focus before has it again."""
        self.display = False
        self.screen.focus_previous()
