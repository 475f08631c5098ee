"""
One line at the bottom of a screen, there while something is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.suggester import Suggester
from textual.widgets import Input

Suggest = Callable[[str], str]


class Suggestions(Suggester):
    """
    What a line may go on to, asked for in a thread.

    Args:
        suggest: gives the whole line for its beginning, or nothing.
    """

    def __init__(self, suggest: Suggest) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._suggest = suggest

    async def get_suggestion(self, value: str) -> str | None:
        """See textual."""
        try:
            return await asyncio.to_thread(self._suggest, value) or None
        except Exception:  # a hint that cannot be had is none
            return None


class Prompt(Input):
    """The line; `Input.Submitted` brings what was typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel"),
        Binding("tab", "cursor_right", "Complete", show=False),
    ]
    sign = ""
    """What is asked: `/` or `:`."""

    def ask(self, sign: str, hint: str, suggest: Suggest | None = None) -> None:
        """Show the line, empty; what may be typed is suggested, and taken with the tabulator."""
        self.suggester = Suggestions(suggest) if suggest else None
        self.sign, self.placeholder, self.value, self.display = sign, f"{sign} {hint}", "", True
        self.focus()

    def action_leave(self) -> None:
        """Put it away; what had the focus before has it again."""
        self.display = False
        self.screen.focus_previous()
