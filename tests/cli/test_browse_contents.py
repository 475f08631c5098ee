"""
What the browser shows of a store, apart from its screens: lists and their filters, names as they are typed, widths.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("textual")

from kstore.cli.browse.contents import Contents, Line, Page
from kstore.cli.browse.order import Order, amount_of, widths_of
from kstore.cli.session import Session
from kstore.cli.settings import Settings
from kstore.source.location import address
from kstore.testing import MemorySource

VALUE = "aHVudGVyMg=="


def obj(kind: str, namespace: str, name: str, **members: Any) -> dict[str, Any]:
    """An object."""
    return {"kind": kind, "apiVersion": "v1", "metadata": {"name": name, "namespace": namespace}, **members}


@pytest.fixture
def contents(monkeypatch: pytest.MonkeyPatch) -> Iterator[Contents]:
    """A store with ConfigMaps of two namespaces, of which one begins like the other, and a Secret."""
    names = [("shop", "settings"), ("shop", "shop-hours"), ("shop-2", "settings"), ("stage", "maps")]
    values: dict[str, Any] = {
        f"/registry/configmaps/{namespace}/{name}": obj("ConfigMap", namespace, name) for namespace, name in names
    }
    values["/registry/configmaps/shop/torn"] = b"k8s\x00\xff"
    values["/registry/secrets/shop/db"] = obj("Secret", "shop", "db", data={"password": VALUE})
    source = MemorySource(values)
    monkeypatch.setattr(address, "open_location", lambda location: source)
    session = Session(Settings(store="http://127.0.0.1:1"), {})
    yield Contents(session)
    session.close()


def listed(contents: Contents, path: str, search: str = "") -> list[str]:
    """The keys of a list, without what all have."""
    pages = contents.pages(path, search, wide=False, stop=lambda: False)
    return [line.key.decode().removeprefix("/registry/configmaps/") for page in pages for line in page.lines]


@pytest.mark.parametrize(
    ("path", "search", "found"),
    [
        ("configmaps", "", ["shop/torn", "shop/settings", "shop/shop-hours", "shop-2/settings", "stage/maps"]),
        ("configmaps/shop", "", ["shop/torn", "shop/settings", "shop/shop-hours"]),
        ("configmaps/shop-2", "", ["shop-2/settings"]),
        ("configmaps/shop/settings", "", ["shop/settings"]),
        ("configmaps", "maps", ["stage/maps"]),
        ("configmaps", "settings", ["shop/settings", "shop-2/settings"]),
        ("configmaps/shop", "shop", ["shop/shop-hours"]),
        ("configmaps", "registry", []),
    ],
)
def test_what_is_listed(contents: Contents, path: str, search: str, found: list[str]) -> None:
    """What is below a path, up to its slash; a filter looks at what the path does not say, and nowhere else."""
    assert sorted(listed(contents, path, search)) == sorted(found)


def test_an_object_that_cannot_be_read(contents: Contents) -> None:
    """It stands in the columns of the others, its namespace in front, and says why."""
    (page,) = contents.pages("configmaps/shop", "", wide=False, stop=lambda: False)
    assert page.columns[:2] == ("NAMESPACE", "NAME")
    torn = next(line for line in page.lines if line.fault)
    assert torn.cells == ("shop", "torn", "unreadable")
    assert contents.unreadable


def test_a_list_that_nobody_waits_for(contents: Contents) -> None:
    """Nothing more of it is read."""
    assert list(contents.pages("configmaps", "", wide=False, stop=lambda: True)) == [Page(("KEY", "NOTE"), [])]


@pytest.mark.parametrize("turned", [False, True])
def test_a_secret_compared_with_something_else(contents: Contents, turned: bool) -> None:
    """Its values are hidden, whichever of the two it is."""
    old, new = b"/registry/secrets/shop/db", b"/registry/configmaps/shop/settings"
    text = "".join(contents.compared(new, old, 100) if turned else contents.compared(old, new, 100))
    assert "password" in text
    assert VALUE not in text


@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        ("confi", "configmaps"), ("", ""), ("nothing", ""),
        ("cm/sta", "cm/stage"), ("cm/shop/set", "cm/shop/settings"), ("cm/shop-2/", "cm/shop-2/settings"),
        ("cm/stage/x", ""),
    ],
)  # fmt: skip
def test_what_a_name_may_go_on_to(contents: Contents, typed: str, whole: str) -> None:
    """What was typed, and what may follow it."""
    assert contents.suggestion(typed).rstrip("/") == whole


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("12", 12.0), ("2/3", 2.0), ("3 (5m ago)", 3.0), ("945 KiB", 945 * 1024.0), ("1 B", 1.0), ("4d18h", 410_400.0),
        ("59s", 59.0), ("2y1d", 63_158_400.0), ("", None), ("web", None), ("3 pods", None), ("5m later", None),
        ("v1", None), ("x5m", None),
    ],
)  # fmt: skip
def test_how_much_a_cell_is(cell: str, amount: float | None) -> None:
    """Counts, also of restarts with their age, sizes and ages; other cells are texts."""
    assert amount_of(cell) == amount


def test_what_is_sorted_first() -> None:
    """Amounts by how much they are, and then texts; a cell that is not there is an empty one."""
    lines = [Line(b"", cells) for cells in (("10",), ("b",), ("9",), (), ("a",))]
    assert [line.cells for line in sorted(lines, key=Order(0).of)] == [("9",), ("10",), (), ("a",), ("b",)]


def test_how_wide_columns_are() -> None:
    """As their widest cell, in columns of the terminal; their name and the sign of the order have room."""
    lines = [Line(b"", ("ab", "longer cell")), Line(b"", ("日本語です", "x", "too many"))]
    assert widths_of(("NAME", "A"), lines) == (10, 11)
    assert widths_of(("NAME",), []) == (6,)
