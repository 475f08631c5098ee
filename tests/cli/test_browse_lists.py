"""
The browser's lists at three sizes: whole cells, help, order, comparison, going to an object, following a store.
"""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from rich.cells import cell_len
from tests.cli.test_browse import Hands, browse, opened
from tests.patience import SECONDS
from textual.widgets import DataTable, Static
from tools.cluster import Etcd

from kstore.cli.browse import lists as lists_module
from kstore.cli.browse.contents import Contents, Line
from kstore.cli.browse.help_screen import HelpScreen
from kstore.cli.browse.object_screen import ComparisonScreen, ObjectScreen
from kstore.cli.browse.order import Order, amount_of
from kstore.cli.browse.prompt import Prompt
from kstore.records import Put
from kstore.source.interface import WritableSource
from kstore.source.location.address import open_source

SIZES = ((80, 24), (120, 40), (200, 60))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the cursor is on is shown without a pause."""
    monkeypatch.setattr(lists_module, "_PAUSE", 0.01)


def assert_whole(hands: Hands) -> None:
    """Every column of the table is as wide as its widest cell."""
    table = hands.app.screen.query_one(DataTable)
    for at, column in enumerate(table.ordered_columns):
        widest = max([cell_len(row[at]) for row in hands.rows], default=0)
        assert column.get_render_width(table) - 2 * table.cell_padding >= widest, hands.rows[0][at]


@pytest.mark.large
@pytest.mark.parametrize("size", SIZES)
def test_columns_are_as_wide_as_their_cells(size: tuple[int, int]) -> None:
    """Sizes of the first table, too, which is drawn before they are counted; then a list, wide, sorted."""

    async def do(hands: Hands) -> None:
        assert_whole(hands)
        assert any("KiB" in row[2] for row in hands.rows[1:])
        await hands.go("pods")
        for keys in ((), ("w",), ("o",), ("o",)):
            await hands.press(*keys)
            assert_whole(hands)
            assert len(hands.rows) == 3

    with opened("demo") as contents:
        browse(contents, do, size)


@pytest.mark.large
@pytest.mark.parametrize("size", SIZES)
def test_help(size: tuple[int, int]) -> None:
    """`?` shows what the keys do, and goes away again, over lists and objects."""

    async def do(hands: Hands) -> None:
        await hands.press("question_mark")
        assert isinstance(hands.app.screen, HelpScreen)
        text = str(hands.app.screen.query_one(Static).render())
        assert max(map(len, text.splitlines())) <= 76
        assert "compare another one with it" in text
        await hands.press("escape")
        await hands.go("pods")
        await hands.press("enter")
        assert isinstance(hands.app.screen, ObjectScreen)
        await hands.press("question_mark")
        assert isinstance(hands.app.screen, HelpScreen)

    with opened("demo") as contents:
        browse(contents, do, size)


@pytest.mark.large
def test_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the next column, and the other way round; over all pages, with amounts by how much they are."""
    monkeypatch.setattr("kstore.cli.browse.contents._PAGE", 7)

    async def do(hands: Hands) -> None:
        counts = [int(row[1]) for row in hands.rows[1:]]
        await hands.press("o", "o")
        assert [int(row[1]) for row in hands.rows[1:]] == sorted(counts)
        assert hands.rows[0][1] == "COUNT ↑"
        await hands.press("O")
        assert [int(row[1]) for row in hands.rows[1:]] == sorted(counts, reverse=True)
        await hands.go("clusterroles")
        assert len(hands.rows) < 60  # not all is read before it is needed
        await hands.press("o", "O")
        names = [row[0] for row in hands.rows[1:]]
        assert names == sorted(names, reverse=True)
        assert len(names) == 74

    with opened("demo") as contents:
        browse(contents, do)


AMOUNTS = (
    ("945 B", "1.2 KiB"), ("99 KiB", "2 MiB"), ("5m", "4d18h"), ("9s", "2m5s"), ("2", "10"), ("0/1", "1/1"), ("a", "b"),
)  # fmt: skip


@pytest.mark.parametrize(("less", "more"), AMOUNTS)
def test_amounts(less: str, more: str) -> None:
    """Sizes, ages and numbers; other cells are texts."""
    order = Order(0)
    assert order.of(Line(b"", (less,))) < order.of(Line(b"", (more,)))
    assert amount_of("web-1") is None
    assert order.of(Line(b"", ())) == (1, 0.0, "")


@pytest.mark.large
def test_comparison() -> None:
    """Two objects, field by field; what is missing is said."""

    async def do(hands: Hands) -> None:
        await hands.go("deploy/shop")
        await hands.press("c")
        assert "m marks an object" in hands.status
        await hands.press("m")
        assert "marked: /registry/deployments/shop/cart" in hands.status
        await hands.press("down", "c")
        assert isinstance(hands.app.screen, ComparisonScreen)
        assert hands.text.startswith("- /registry/deployments/shop/cart\n+ /registry/deployments/shop/frontend")
        assert 'metadata.name: "cart" → "frontend"' in hands.text
        await hands.press("y")
        assert "name: frontend" in hands.text

    with opened("demo") as contents:
        browse(contents, do)


def test_secrets_are_compared_masked() -> None:
    """As everywhere."""
    with opened("demo") as contents:
        keys = list(contents._store.source.keys(b"/registry/secrets/"))
        text = "".join(contents.compared(keys[0], keys[-1], 100))
        assert "*****" in text
        assert "".join(contents.compared(keys[0], keys[0], 100)).endswith("no difference\n")


COMPLETED = {
    "dep": "deployments", "deploy/sh": "deploy/shop/", "deploy/shop/c": "deploy/shop/cart",
    "nodes/node-b": "nodes/node-b", "qqq": None, "qqq/a": None, "": None,
}  # fmt: skip


@pytest.mark.large
def test_going_to_an_object() -> None:
    """`:deploy/shop/cart` opens it; what is typed is completed."""

    async def do(hands: Hands) -> None:
        await hands.press("colon")
        prompt = hands.app.screen.query_one(Prompt)
        assert prompt.suggester is not None
        for typed, whole in COMPLETED.items():
            assert await prompt.suggester.get_suggestion(typed) == whole
        await hands.type("deploy/shop/cart")
        assert isinstance(hands.app.screen, ObjectScreen)
        assert "name: cart" in hands.text
        await hands.press("escape", "colon")
        await hands.type("nodes/node-b")
        assert "name: node-b" in hands.text
        await hands.press("escape", "colon")
        await hands.type("deploy/shop/nobody")
        assert hands.status == "no deploy/shop/nobody in this store"

    with opened("demo") as contents:
        browse(contents, do)


@pytest.mark.large
@pytest.mark.etcd
@pytest.mark.parametrize("answers_after", [0.0, 0.7], ids=["at once", "slower than it is asked"])
def test_following(etcd_server: Etcd, monkeypatch: pytest.MonkeyPatch, answers_after: float) -> None:
    """What is stored meanwhile appears without a key being pressed."""
    monkeypatch.setattr(lists_module, "_BETWEEN_LOOKS", 0.5)

    def revision(contents: Contents) -> int:
        time.sleep(answers_after)
        return contents._session.source.status().revision

    monkeypatch.setattr(Contents, "revision", property(revision))

    def put(source: WritableSource, name: str) -> None:
        metadata = {"name": name, "namespace": "default"}
        obj = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata}
        source.commit([Put(f"/registry/configmaps/default/{name}".encode(), json.dumps(obj).encode(), 0)])

    with open_source(etcd_server.endpoint) as source:
        assert isinstance(source, WritableSource)
        put(source, "a")

        async def do(hands: Hands) -> None:
            await hands.go("cm")
            await hands.press("f")
            assert len(hands.rows) == 2
            put(source, "b")
            give_up = time.monotonic() + SECONDS
            while len(hands.rows) < 3:
                assert time.monotonic() < give_up, "it never appeared"
                await asyncio.sleep(0.05)
            await hands.settle()
            assert [row[1] for row in hands.rows[1:]] == ["a", "b"]
            await hands.press("f")
            assert hands.status == "no longer following"

        with opened(etcd_server.endpoint) as contents:
            browse(contents, do)
