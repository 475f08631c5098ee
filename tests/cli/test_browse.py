"""
The browser driven by textual's own pilot, as a person at the keys would: on the demo store, and on a damaged one.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest
from tests.cli.conftest import Kstore
from tests.cli.damaged import RUBBISH, damaged_store
from tests.cli.planted import plant
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import DataTable, Log, Static, Tree
from tools.cluster import Etcd

from kstore.cli.browse import contents as contents_module
from kstore.cli.browse import lists as lists_module
from kstore.cli.browse.browser import Browser
from kstore.cli.browse.contents import Contents
from kstore.cli.browse.object_screen import ObjectScreen
from kstore.cli.browse.prompt import Prompt
from kstore.cli.session import Session
from kstore.cli.settings import Settings
from kstore.printable import is_unsafe
from kstore.records import Put
from kstore.source.interface import WritableSource
from kstore.source.location.address import open_source

Do = Callable[["Hands"], Awaitable[None]]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the cursor is on is shown without a pause."""
    monkeypatch.setattr(lists_module, "_PAUSE", 0.01)


class Hands:
    """Presses keys, and reads the screen."""

    def __init__(self, pilot: Pilot[None]) -> None:
        self._pilot = pilot
        self.app = pilot.app

    async def press(self, *keys: str) -> None:
        """Press keys one after another, each when what the one before asked for has been read and shown."""
        for key in keys:
            await self._pilot.press(key)
            await self.settle()

    async def type(self, text: str) -> None:
        """Type a line into the prompt."""
        self.app.screen.query_one(Prompt).value = text
        await self.press("enter")

    async def settle(self) -> None:
        """
        Wait until nothing is being read, mounted or about to be shown any more, however busy the machine is.

        One thing leads to another (a key, a message, a timer, a thread, a message), and a look between two of them
        finds nothing: only several quiet ones in a row, all queues worked off before each, mean that it is over.
        """
        quiet = 0
        while quiet < 4:
            await self._pilot.pause(0.02)
            quiet = 0 if self.busy else quiet + 1

    @property
    def busy(self) -> bool:
        """Whether something is on its way to the screen."""
        if any(not worker.is_finished for worker in self.app.workers):
            return True
        for screen in self.app.screen_stack:
            if isinstance(screen, lists_module.Lists) and screen.rests:
                return True
            nodes = screen.walk_children(Widget, with_self=True)
            if any(node.message_queue_size or not node.is_mounted for node in nodes):
                return True
        return bool(self.app.message_queue_size)

    async def go(self, name: str) -> None:
        """Go to a resource, and into its table."""
        await self.press("colon")
        await self.type(name)
        await self.press("enter")

    @property
    def rows(self) -> list[list[str]]:
        """The table: its columns, and its cells."""
        table = self.app.screen.query_one(DataTable)
        rows = [[str(cell) for cell in table.get_row_at(at)] for at in range(table.row_count)]
        return [[str(column.label) for column in table.ordered_columns], *rows]

    @property
    def status(self) -> str:
        """The line below the table."""
        return str(self.app.screen.query_one("#status", Static).render())

    @property
    def text(self) -> str:
        """The page of an object."""
        return "\n".join(self.app.screen.query_one(Log).lines)


@contextmanager
def opened(store: str, *, secrets: bool = False) -> Iterator[Contents]:
    """The contents of a store."""
    session = Session(Settings(store=store, dial_timeout="1s", command_timeout="2s"), {})
    try:
        yield Contents(session, secrets=secrets)
    finally:
        session.close()


def browse(contents: Contents, do: Do, size: tuple[int, int] = (120, 40)) -> None:
    """Start a browser without a terminal, and have something done with it."""

    async def run() -> None:
        async with Browser(contents).run_test(size=size) as pilot:
            hands = Hands(pilot)
            await hands.settle()
            await do(hands)

    asyncio.run(run())


@pytest.mark.large
def test_the_tree_is_what_ls_counts(demo: Kstore) -> None:
    """Groups, resources and namespaces with their counts; the table beside it has the figures of `kstore ls`."""
    counted = {one["path"]: one for one in demo("ls", "-o", "json").json["resources"]}

    async def do(hands: Hands) -> None:
        root = hands.app.screen.query_one(Tree).root
        branches = [node for group in root.children for node in group.children]
        assert {node.data for node in branches} == counted.keys()
        for node in branches:
            assert str(node.label).split()[-1] == str(counted[node.data]["count"])
            assert {str(leaf.label).split()[0] for leaf in node.children} == counted[node.data]["namespaces"].keys()
        names = {one["resource"] or one["path"].partition("/")[2] for one in counted.values()}
        assert {row[0].split()[0] for row in hands.rows[1:]} == names
        assert next(row[:2] for row in hands.rows if row[0] == "deployments") == ["deployments", "4"]

    with opened("demo") as contents:
        browse(contents, do)


@pytest.mark.large
def test_a_list_has_the_columns_of_kubectl(demo: Kstore) -> None:
    """What `kstore ls` prints stands in the table, wide on demand; a filter by name or by labels."""
    printed = demo("ls", "deploy", "-o", "wide").text.splitlines()

    async def do(hands: Hands) -> None:
        await hands.go("deploy")
        assert hands.rows[0] == ["NAMESPACE", "NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
        await hands.press("w")
        assert [row[:4] for row in hands.rows] == [line.split()[:4] for line in printed]
        assert hands.status == "deployments: 4"
        await hands.press("slash")
        await hands.type("front")
        assert [row[1] for row in hands.rows[1:]] == ["frontend"]
        assert hands.status == "deployments: 1  filter 'front'"
        await hands.press("slash")
        await hands.type("-l app in (cart)")
        assert [row[1] for row in hands.rows[1:]] == ["cart"]
        await hands.press("escape", "r")
        assert len(hands.rows) == 5

    with opened("demo") as contents:
        browse(contents, do)


@pytest.mark.large
def test_an_object_in_four_ways() -> None:
    """As YAML, described, byte by byte, and its history; the values of a Secret are hidden in all of them."""

    async def do(hands: Hands) -> None:
        await hands.go("secrets/shop")
        await hands.press("enter")
        assert "kind: Secret" in hands.text
        assert "api-key: '*****'" in hands.text
        await hands.press("d")
        assert "api-key   19 bytes" in hands.text
        await hands.press("s")
        assert "protobuf in an envelope" in hands.text
        await hands.press("h")
        assert "created" in hands.text
        await hands.press("escape")
        assert hands.app.screen.query(DataTable)

    with opened("demo") as contents:
        browse(contents, do)


@pytest.mark.large
def test_secrets_on_demand() -> None:
    """`--show-secrets` shows them."""

    async def do(hands: Hands) -> None:
        await hands.go("secrets/shop")
        await hands.press("enter")
        assert "*****" not in hands.text

    with opened("demo", secrets=True) as contents:
        browse(contents, do)


@pytest.mark.large
def test_a_text_is_found_in_a_page() -> None:
    """`/` goes to the first line that has it, `n` to the next, and after the last comes the first."""

    async def do(hands: Hands) -> None:
        await hands.go("crd")
        await hands.press("enter", "slash")
        await hands.type("type: string")
        log = hands.app.screen.query_one(Log)
        first = int(log.scroll_y)
        assert "type: string" in log.lines[first]
        await hands.press("n")
        assert log.scroll_y > first

    with opened("demo") as contents:
        browse(contents, do, size=(80, 12))


@pytest.mark.large
def test_what_cannot_be_read_is_shown(tmp_path: Path) -> None:
    """It stands in its list with its reason, and its page says what to try; nothing stops."""

    async def do(hands: Hands) -> None:
        await hands.go("deploy")
        faulty = next(at for at, row in enumerate(hands.rows[1:]) if "unreadable" in row)
        assert hands.rows[faulty + 1][:3] == ["shop", "cart", "unreadable"]
        assert "not in an encoding" in hands.status or "rubbish" in hands.status or "neither" in hands.status
        await hands.press("enter")
        assert hands.text.startswith("This object cannot be read: ")
        assert RUBBISH in hands.text
        await hands.press("h")
        assert "keeps no history" in hands.text

    with opened(str(damaged_store(tmp_path / "store"))) as contents:
        browse(contents, do)
        assert contents.unreadable


@pytest.mark.large
def test_long_lists_are_read_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """So much is read as is looked at, and the next page when the cursor nears the end of the last."""
    monkeypatch.setattr(contents_module, "_PAGE", 10)

    async def do(hands: Hands) -> None:
        await hands.go("apiservices")
        assert hands.status == "apiregistration.k8s.io/apiservices: 20+"
        await hands.press("G")
        assert hands.status == "apiregistration.k8s.io/apiservices: 26"

    with opened("demo") as contents:
        browse(contents, do)


@pytest.mark.large
@pytest.mark.etcd
def test_a_running_etcd(etcd_server: Etcd) -> None:
    """What changes meanwhile is there after a refresh; a server that goes away is said, and the browser stays."""
    key = b"/registry/configmaps/default/one"

    def put(name: str, before: int = 0) -> None:
        value = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}, "data": {name: "x"}}
        with open_source(etcd_server.endpoint) as source:
            assert isinstance(source, WritableSource)
            assert source.commit([Put(key, json.dumps(value).encode(), before)]).succeeded

    async def do(hands: Hands) -> None:
        await hands.go("cm")
        await hands.press("enter")
        assert "first: x" in hands.text
        with open_source(etcd_server.endpoint) as source:
            record = source.get(key)
        assert record is not None
        put("second", record.mod_revision)
        await hands.press("y")
        assert "second: x" in hands.text
        await hands.press("h")
        assert "+ data.second" in hands.text
        await hands.press("escape")
        etcd_server.stop()
        await hands.press("r")
        assert hands.rows[0] == ["ERROR"]

    put("first")
    with opened(etcd_server.endpoint) as contents:
        browse(contents, do)


@pytest.mark.large
def test_a_fault_is_shown_where_it_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong with a list or an object, the browser goes on."""
    monkeypatch.setattr(contents_module, "printer_for", lambda *_: 1 / 0)
    monkeypatch.setattr(contents_module, "to_yaml", lambda _: 1 / 0)

    async def do(hands: Hands) -> None:
        await hands.go("pods")
        assert hands.rows == [["ERROR"], ["unexpected ZeroDivisionError: division by zero"]]
        hands.app.push_screen(ObjectScreen(contents, b"/registry/pods/default/webserver"))
        await hands.settle()
        assert hands.text == "unexpected ZeroDivisionError: division by zero\nthis is a fault of kstore"

    with opened("demo") as contents:
        browse(contents, do)


@pytest.mark.large
def test_what_is_not_there_is_said() -> None:
    """A resource that no type has, and one of which nothing is stored."""

    async def do(hands: Hands) -> None:
        await hands.press("colon")
        await hands.type("unicorns")
        assert "unicorns" in hands.status
        await hands.press("colon")
        await hands.type("podtemplates")
        assert hands.status == "no podtemplates in this store"

    with opened("demo") as contents:
        browse(contents, do)


@pytest.mark.large
def test_a_narrow_terminal_is_the_tables_alone() -> None:
    """At 80 columns the tree makes room for the table that is entered, and comes back."""

    async def do(hands: Hands) -> None:
        await hands.go("pods")
        assert not hands.app.screen.query_one(Tree).display
        await hands.press("escape")
        assert hands.app.screen.query_one(Tree).has_focus

    with opened("demo") as contents:
        browse(contents, do, size=(80, 24))


def test_colours_are_the_terminals_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal's own colours suit a dark one and a light one; with NO_COLOR there are greys to be told apart."""
    with opened("demo") as contents:
        monkeypatch.delenv("NO_COLOR", raising=False)
        assert "ansi" in Browser(contents).theme
        monkeypatch.setenv("NO_COLOR", "1")
        assert "ansi" not in Browser(contents).theme


def test_it_needs_textual_and_a_terminal(demo: Kstore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one of them it says so in a line, and what to do."""
    ran = demo("browse")
    assert (ran.code, ran.err.splitlines()[0]) == (2, "kstore: browse needs a terminal")
    monkeypatch.setitem(sys.modules, "kstore.cli.browse.browser", None)
    ran = demo("browse")
    found, hint = ran.err.splitlines()
    assert (ran.code, found) == (2, "kstore: browse needs textual")
    assert "textual" in hint


@pytest.mark.large
@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")
def test_on_a_terminal() -> None:
    """The command starts the browser, and `q` ends it."""
    child = pexpect.spawn(
        sys.executable, ["-m", "kstore", "--store", "demo", "browse"], dimensions=(24, 80), encoding="utf-8"
    )
    child.expect("configmaps")
    child.send("q")
    child.expect(pexpect.EOF, timeout=20)
    child.close()
    assert child.exitstatus == 0


@pytest.mark.large
def test_nothing_stored_steers_the_screen(etcd_server: Etcd) -> None:
    """Whatever names and values hold, the tree, the table, the status and each page of an object show it harmlessly."""
    with open_source(etcd_server.endpoint) as source:
        assert isinstance(source, WritableSource)
        plant(source)

    async def do(hands: Hands) -> None:
        nodes = [hands.app.screen.query_one(Tree).root]
        while nodes:
            node = nodes.pop()
            nodes.extend(node.children)
            assert_harmless(str(node.label))
        for name in ("cm", "pods", "plants"):
            await hands.go(name)
            assert any("evil" in cell for row in hands.rows for cell in row)
            for text in (hands.status, *(cell for row in hands.rows for cell in row)):
                assert_harmless(text)
            await hands.press("enter")
            for view in "ydsh":
                await hands.press(view)
                assert "evil" in hands.text or view == "h"
                assert_harmless(hands.text.replace("\n", ""))
            await hands.press("escape")

    def assert_harmless(text: str) -> None:
        assert not is_unsafe(text)
        assert "\n" not in text

    with opened(etcd_server.endpoint) as contents:
        browse(contents, do)
