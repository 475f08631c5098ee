"""
The screen of lists: the tree of what there is on the left, a table of what the cursor is on to the right of it.

All that is shown is asked of `Contents` in threads, so that the screen answers at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import DataTable, Footer, Static, Tree
from textual.widgets.tree import TreeNode
from textual.worker import get_current_worker

from kstore.cli.browse.contents import Contents, Line, Page, worded
from kstore.cli.browse.object_screen import ComparisonScreen, ObjectScreen
from kstore.cli.browse.order import Order, justified, versions_first, widths_of
from kstore.cli.browse.prompt import Prompt
from kstore.errors import KstoreError
from kstore.printable import key_text, one_line
from kstore.view.tree_text import HEADINGS, figures, group_of, name_of

if TYPE_CHECKING:
    from kstore.tree import Branch

_CLOSE = 20
"""So many lines before the last that was read, the next page is asked for."""
_PAUSE = 0.15
"""Seconds that the cursor must rest on a branch before its objects are read."""
_BETWEEN_LOOKS = 2.0
"""Seconds from one look at the store's revision to the next, while it is followed."""
_NARROW = 100
"""On a terminal of fewer columns the tree makes room for the table that is entered."""


class _Stopped(Exception):
    """Nobody waits for the count any more."""


class Lists(Screen[None]):
    """
    The tree and the table.

    Args:
        contents: what they show.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "ask('/', 'part of a name, or -l SELECTOR')", "Filter", key_display="/"),
        Binding("colon", "ask(':', 'RESOURCE, RESOURCE/NAMESPACE, RESOURCE/NAMESPACE/NAME')", "Go to", key_display=":"),
        Binding("w", "wide", "Wide"),
        Binding("o", "sort(1)", "Sort"),
        Binding("O", "sort(-1)", "Reverse", show=False),
        Binding("m", "mark", "Mark", show=False),
        Binding("c", "compare", "Compare", show=False),
        Binding("f", "follow", "Follow", show=False),
        Binding("r", "refresh", "Refresh"),
        Binding("escape", "out", "Back"),
    ]

    def __init__(self, contents: Contents) -> None:
        super().__init__()
        self._contents = contents
        self._branches: list[Branch] = []
        self._counted = False
        self._path = self._search = ""
        self._wide = False
        self._pages: Iterator[Page] = iter(())
        self._lines: list[Line] = []
        self._columns: tuple[str, ...] = ()
        self._drawn: tuple[int, ...] = ()
        self._more = self._reading = False
        self._rest: Timer | None = None
        self._order: Order | None = None
        self._marked = b""
        self._following: Timer | None = None
        self._revision = 0

    def compose(self) -> ComposeResult:
        """Two panes between two bars."""
        yield Static(one_line(self._contents.title), classes="bar", markup=False)
        with Horizontal():
            tree = Tree[str](Text(one_line(self._contents.prefix or "/")), data="")
            tree.guide_depth = 2
            yield tree
            yield DataTable[Text](cursor_type="row")
        yield Static("", id="status", classes="bar", markup=False)
        yield Prompt()
        yield Footer()

    def on_mount(self) -> None:
        """Begin to read."""
        self.read_tree()

    def on_unmount(self) -> None:
        """Let whatever is still being read come to its end."""
        self._pages = iter(())

    # ---- the tree

    @work(thread=True, exclusive=True, group="tree")
    def read_tree(self) -> None:
        """Show what there is, and then how much of it."""
        worker, call = get_current_worker(), self.app.call_from_thread

        def progress(count: int) -> None:
            if worker.is_cancelled:
                raise _Stopped
            call(self._say, f"counting: {count:,}")

        try:
            if not self._branches:
                call(self._grow, self._contents.branches(), False)
            call(self._grow, self._contents.counted(progress), True)
        except _Stopped:
            pass
        except Exception as error:
            call(self._say, worded(error)[0])

    def _grow(self, branches: list[Branch], counted: bool) -> None:
        """Make the tree anew; the cursor stays where it was."""
        self._branches, self._counted = sorted(branches, key=group_of), counted
        tree = self.query_one(Tree)
        tree.clear()
        for group, members in groupby(self._branches, group_of):
            node = tree.root.add(Text(one_line(group or "core")), data="", expand=True)
            for branch in members:
                self._add(node, branch)
        tree.root.expand()
        self._go(self._path)
        if not self._path:
            self._show(tree.root)
        self._tell()

    def _add(self, node: TreeNode[str], branch: Branch) -> None:
        label = Text(one_line(branch.resource.resource if branch.resource else branch.path))
        if self._counted:
            label.append(f" {branch.count:,}", "dim")
        if branch.undecodable:
            label.append(f" {branch.undecodable:,} unreadable", "red")
        child = node.add(label, data=branch.path, allow_expand=bool(branch.namespaces))
        for name, count in sorted(branch.namespaces.items()):
            child.add_leaf(Text(one_line(name)).append(f" {count:,}", "dim"), data=f"{branch.path}/{name}")

    def _go(self, path: str) -> bool:
        """Move the tree's cursor to a path, if it is there."""
        tree = self.query_one(Tree)
        nodes = [tree.root]
        while nodes:
            node = nodes.pop()
            if node.data == path:
                if node.parent:
                    node.parent.expand()
                self.call_after_refresh(tree.move_cursor, node)
                return True
            nodes.extend(node.children)
        return False

    @on(Tree.NodeHighlighted)
    def rest(self, event: Tree.NodeHighlighted[str]) -> None:
        """Show what the cursor is on, once it rests there."""
        if self._rest:
            self._rest.stop()
        self._rest = self.set_timer(_PAUSE, lambda: self._rested(event.node))

    @property
    def rests(self) -> bool:
        """Whether the cursor rests on a branch that is not shown yet."""
        return self._rest is not None

    def _rested(self, node: TreeNode[str]) -> None:
        self._rest = None
        self._show(node)

    @on(Tree.NodeSelected)
    def enter(self, event: Tree.NodeSelected[str]) -> None:
        """Go over to the table."""
        self._show(event.node)
        if event.node.data:
            self._enter_table()

    def _enter_table(self) -> None:
        self.set_focus(self.query_one(DataTable))
        self.query_one(Tree).display = self.size.width >= _NARROW

    def _enter_tree(self) -> None:
        tree = self.query_one(Tree)
        tree.display = True
        self.set_focus(tree)

    # ---- the table

    def _show(self, node: TreeNode[str]) -> None:
        """Show the objects of a branch, or the branches of a group."""
        path = node.data or ""
        if path and path == self._path:
            return
        self._path, self._search, self._order = path, "", None
        self.read_list()
        if not path:
            group = None if node.parent is None else str(node.label)
            members = [one for one in self._branches if group in (None, one_line(group_of(one) or "core"))]
            cells = [(name_of(one), *(versions_first(figures(one)) if self._counted else ())) for one in members]
            lines = [Line(one.path.encode(), row) for one, row in zip(members, cells, strict=True)]
            self._append(Page(("RESOURCE", *versions_first(HEADINGS)), lines))

    def read_list(self) -> None:
        """Read the list from its beginning."""
        self.workers.cancel_group(self, "list")
        self._lines, self._columns, self._drawn = [], (), ()
        self._more, self._reading = bool(self._path), False
        self.query_one(DataTable).clear(columns=True)
        pages: Iterator[Page] = iter(())
        if self._path:
            pages = self._contents.pages(
                self._path, self._search, wide=self._wide, stop=lambda: self._pages is not pages
            )
        self._pages = pages
        self._read_on()

    def _read_on(self) -> None:
        if self._more and not self._reading:
            self._reading = True
            self._tell()
            self._read_page(self._pages)

    @work(thread=True, exclusive=True, group="list")
    def _read_page(self, pages: Iterator[Page]) -> None:
        """Read the next page, and show it if it is still wanted."""
        try:
            page = next(pages)
        except Exception as error:
            said, hint = worded(error)
            page = Page(("ERROR",), [Line(b"", (said,), hint)])
        if not get_current_worker().is_cancelled:
            self.app.call_from_thread(self._append, page)

    def _append(self, page: Page) -> None:
        self._columns = self._columns or page.columns
        self._lines += page.lines
        self._more, self._reading = not page.last, False
        if self._order is not None and self._more:
            self._read_on()  # what is sorted is sorted whole
            return
        if self._order is not None:
            self._lines.sort(key=self._order.of, reverse=self._order.reverse)
            self._draw(self._lines)
        else:
            self._draw(page.lines)
        self._tell()

    def _draw(self, lines: list[Line]) -> None:
        """Add lines to the table, whose columns are as wide as their widest cells."""
        table = self.query_one(DataTable)
        widths = widths_of(self._columns, self._lines)
        if widths != self._drawn or self._order is not None:
            table.clear(columns=True)
            self._drawn, lines = widths, self._lines
            for at, (name, width) in enumerate(zip(self._columns, widths, strict=True)):
                sign = self._order.sign if self._order is not None and self._order.column == at else ""
                table.add_column(Text(one_line(name) + sign, justify=justified(name)), width=width)
        for line in lines:
            cells = (*line.cells, *[""] * len(widths))[: len(widths)]
            style = "red" if line.fault else ""
            named = zip(self._columns, cells, strict=False)
            table.add_row(*(Text(one_line(cell), style, justify=justified(name)) for name, cell in named))

    @on(DataTable.RowHighlighted)
    def moved(self, event: DataTable.RowHighlighted) -> None:
        """Read on where the last line is near, and say what is wrong with the object under the cursor."""
        if event.cursor_row > len(self._lines) - _CLOSE:
            self._read_on()
        self._tell()

    @on(DataTable.RowSelected)
    def chosen(self, event: DataTable.RowSelected) -> None:
        """Open an object, or go to a branch."""
        key = self._lines[event.cursor_row].key
        if self._path and key:
            self.app.push_screen(ObjectScreen(self._contents, key))
        elif self._go(key.decode()):
            self._enter_tree()

    # ---- what is said and asked

    def _say(self, text: str) -> None:
        self.query_one("#status", Static).update(one_line(text))

    def _tell(self) -> None:
        """Say how much is shown, and what is wrong with the object under the cursor."""
        row = self.query_one(DataTable).cursor_row
        parts = [f"{self._path or 'resources'}: {len(self._lines):,}{'+' if self._more else ''}"]
        if self._search:
            parts.append(f"filter {self._search!r}")
        if self._reading:
            parts.append("reading…")
        if row < len(self._lines):
            parts.append(self._lines[row].fault)
        self._say("  ".join(filter(None, parts)))

    def action_ask(self, sign: str, hint: str) -> None:
        """Ask for a filter, or where to go."""
        self.query_one(Prompt).ask(sign, hint, self._contents.suggestion if sign == ":" else None)

    @on(Prompt.Submitted)
    def answered(self, event: Prompt.Submitted) -> None:
        """Do what was asked for."""
        prompt = self.query_one(Prompt)
        # what is hidden while it has the focus takes it away from whatever gets it meanwhile
        if prompt.sign == ":" or not self._path:
            self._enter_tree()
        else:
            self._enter_table()
        prompt.display = False
        if prompt.sign == ":":
            self._go_to(event.value)
        elif self._path:
            self._search = event.value
            self.read_list()

    def _go_to(self, name: str) -> None:
        try:
            path, key = self._contents.path_of(name)
            found = self._go(path)
            if key:
                self.app.push_screen(ObjectScreen(self._contents, key))
            elif not found:
                self._say(f"no {name} in this store")
        except KstoreError as error:
            self._say(str(error))

    @property
    def _chosen(self) -> bytes:
        """The key of the object under the cursor; empty where there is none."""
        row = self.query_one(DataTable).cursor_row
        return self._lines[row].key if self._path and row < len(self._lines) else b""

    def action_sort(self, direction: int) -> None:
        """Sort by the next column; or by the same one, the other way round."""
        if not self._columns:
            return
        if direction < 0 and self._order is not None:
            self._order = Order(self._order.column, not self._order.reverse)
        else:
            self._order = Order(((self._order.column if self._order else -1) + 1) % len(self._columns))
        if self._path:
            self.read_list()
            return
        self._lines.sort(key=self._order.of, reverse=self._order.reverse)
        self._draw(self._lines)

    @on(DataTable.HeaderSelected)
    def sort_by(self, event: DataTable.HeaderSelected) -> None:
        """Sort by the column whose header was clicked; by the same once more, the other way round."""
        same = self._order is not None and self._order.column == event.column_index
        self._order = Order(event.column_index - (not same))
        self.action_sort(-1 if same else 1)

    def action_mark(self) -> None:
        """Remember the object under the cursor, to compare another with it."""
        self._marked = self._chosen or self._marked
        if self._marked:
            self._say(f"marked: {key_text(self._marked)}; c compares another object with it")

    def action_compare(self) -> None:
        """Show how the object under the cursor differs from the marked one."""
        key = self._chosen
        if key and self._marked:
            self.app.push_screen(ComparisonScreen(self._contents, self._marked, key))
        else:
            self._say("m marks an object, and c on another one compares them")

    def action_follow(self) -> None:
        """Read again whenever the store has changed, or no longer."""
        if self._following is not None:
            self._following.stop()
            self._following = None
            self._say("no longer following")
            return
        self._following = self.set_interval(_BETWEEN_LOOKS, self._look_unless_looking)
        self._say("following: f ends it")
        self._look_unless_looking()

    def _look_unless_looking(self) -> None:
        """Look, but not beside an earlier look: on a slow server none would come to its end."""
        if all(worker.is_finished for worker in self.workers if worker.group == "follow"):
            self._look()

    @work(thread=True, group="follow")
    def _look(self) -> None:
        """See whether there is another revision."""
        try:
            revision = self._contents.revision
        except Exception as error:
            self.app.call_from_thread(self._say, worded(error)[0])
            return
        before, self._revision = self._revision, revision
        if before and revision != before and not get_current_worker().is_cancelled:
            self.app.call_from_thread(self.read_list if self._path else self.read_tree)

    def action_wide(self) -> None:
        """Show or hide the columns of `-o wide`."""
        self._wide = not self._wide
        if self._path:
            self.read_list()

    def action_refresh(self) -> None:
        """Read again."""
        self.read_tree()
        if self._path:
            self.read_list()

    def action_out(self) -> None:
        """Take the filter away, or go back to the tree."""
        if self._search:
            self._search = ""
            self.read_list()
        else:
            self._enter_tree()
