"""
The store that a journal is held against: opened as the journal says it, or given, and read as the migration read it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.migrate.conftest import FaultySource, codec, deployment, shop

import kstore
from kstore.catalog.server_flags import ServerFlags
from kstore.library import journals
from kstore.library.opening import Opening
from kstore.migrate.journal_writer import JournalWriter
from kstore.migrate.request import Request

__all__ = ["codec", "deployment", "shop"]

REQUEST = Request(release="1.36", to=("apps/v1",), server_flags=("--emulated-version=1.35",))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The journal of a migration that wrote nothing."""
    path = tmp_path / "j"
    JournalWriter(path, {"store": "https://etcd:2379", "prefix": "/one", **REQUEST.header()}).close()
    return path


def test_a_store_that_the_journal_names(path: Path, shop: FaultySource, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its address and prefix, read by the release and the flags of the server that it was migrated for."""
    opened: list[tuple[str, dict[str, Any]]] = []

    class Noted(Opening):
        def __init__(self, address: str, **named: Any) -> None:
            opened.append((address, named))
            super().__init__(shop, **named)

    monkeypatch.setattr(journals, "Opening", Noted)
    assert [one.code for one in kstore.Journal.open(path).verify().findings] == ["unfinished"]
    ((address, named),) = opened
    assert (address, named["release"], named["prefix"]) == ("https://etcd:2379", "1.36", "/one")
    assert named["flags"] == ServerFlags("1.35")
    assert not named["encryption_config"]


def test_a_store_that_is_given(path: Path, shop: FaultySource, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read by the release of the migration, whatever it was opened for."""
    asked: list[str] = []
    read_as = kstore.Store.read_as

    def noted(store: kstore.Store, release: str) -> Any:
        asked.append(release)
        return read_as(store, release)

    monkeypatch.setattr(kstore.Store, "read_as", noted)
    with kstore.open(shop, release="1.37") as store:
        kstore.Journal.open(path, store).verify()
    assert asked == ["1.36"]
