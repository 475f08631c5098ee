"""
The screen of one object: as YAML, described, byte by byte, or its history.
"""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Footer, Log, Static
from textual.worker import get_current_worker

from kstore.cli.browse.contents import Contents, worded
from kstore.cli.browse.prompt import Prompt
from kstore.printable import escaped, key_text


class ObjectScreen(Screen[None]):
    """
    One object.

    Args:
        contents: what is asked for it.
        key: its key.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.pop_screen", "Back"),
        Binding("y", "view('yaml')", "YAML"),
        Binding("d", "view('describe')", "Describe"),
        Binding("s", "view('storage')", "Storage"),
        Binding("h", "view('history')", "History"),
        Binding("slash", "ask", "Find", key_display="/"),
        Binding("n", "find", "Next", show=False),
        Binding("x", "copy", "Copy"),
    ]

    def __init__(self, contents: Contents, key: bytes) -> None:
        super().__init__()
        self._contents = contents
        self._key = key
        self._wanted = ""

    def compose(self) -> ComposeResult:
        """A page of text, and above it what it is of."""
        yield Static(key_text(self._key), classes="bar", markup=False)
        yield Log(auto_scroll=False)
        yield Prompt()
        yield Footer()

    first_view = "yaml"
    """What is shown before a key is pressed."""

    def on_mount(self) -> None:
        """Show the first view."""
        self.action_view(self.first_view)

    @work(thread=True, exclusive=True)
    def action_view(self, view: str) -> None:
        """Show the object in one of the ways."""
        worker = get_current_worker()
        try:
            text = self.text(view)
        except Exception as error:
            text = "\n".join(worded(error))
        if not worker.is_cancelled:
            self.app.call_from_thread(self._show, text)

    def text(self, view: str) -> str:
        """The object in one of the ways."""
        return "".join(self._contents.text(self._key, view, self.size.width - 1))

    def _show(self, text: str) -> None:
        log = self.query_one(Log)
        log.clear().write(escaped(text.rstrip("\n")))
        log.scroll_home(animate=False)
        log.focus()

    def action_copy(self) -> None:
        """Put the page on the clipboard, as far as the terminal lets it."""
        self.app.copy_to_clipboard("\n".join(self.query_one(Log).lines))

    def action_ask(self) -> None:
        """Ask for a text."""
        self.query_one(Prompt).ask("/", "text to find")

    @on(Prompt.Submitted)
    def answered(self, event: Prompt.Submitted) -> None:
        """Go to the first line that has the text."""
        self.set_focus(self.query_one(Log))
        event.input.display = False
        self._wanted = event.value
        self.action_find()

    def action_find(self) -> None:
        """Go to the next line that has the text; after the last comes the first."""
        log = self.query_one(Log)
        found = [at for at, line in enumerate(log.lines) if self._wanted and self._wanted in line]
        if found:
            here = int(log.scroll_y)
            log.scroll_to(y=next((at for at in found if at > here), found[0]), animate=False)


class ComparisonScreen(ObjectScreen):
    """
    How two objects differ.

    Args:
        contents: what is asked for them.
        old: the key of the one.
        new: the key of the other.
    """

    first_view = "differences"

    def __init__(self, contents: Contents, old: bytes, new: bytes) -> None:
        super().__init__(contents, new)
        self._old = old

    def text(self, view: str) -> str:
        """The differences; the views of one object are those of the second."""
        if view == self.first_view:
            return "".join(self._contents.compared(self._old, self._key, self.size.width - 1))
        return super().text(view)
