"""
What `make torture` measures with: books that find what is wrong in a store, and a proxy that passes on, and cuts.
"""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from tools.torture.books import OTHER, Books, after, before, new
from tools.torture.ordeals import ORDEALS
from tools.torture.processes import Unbalanced
from tools.torture.proxy import Proxy

from kstore.records import Delete, Put
from kstore.testing import MemorySource


@pytest.fixture
def store() -> MemorySource:
    """A store of no server's."""
    return MemorySource({})


@pytest.fixture
def books(store: MemorySource) -> Books:
    """Books of twenty keys, to which others have written."""
    found = Books(store, random.Random(4), 20)  # type: ignore[arg-type]
    for _ in range(100):
        found.meddle()
    return found


def migrated(store: MemorySource) -> None:
    """Convert everything, as a migration does."""
    for record in list(store.scan(b"/registry/")):
        assert store.commit([Put(record.key, new(record.value), record.mod_revision, record.lease)]).succeeded


def test_books_that_balance(store: MemorySource, books: Books) -> None:
    """What others wrote, and what a migration makes of it, each in its place."""
    assert books.written == 100
    books.hold("at first", before)
    migrated(store)
    books.hold("at last", after)
    with pytest.raises(Unbalanced, match="not undone"):
        books.hold("not undone", before)


def _first(store: MemorySource) -> Any:
    return next(iter(store.scan(b"/registry/")))


BROKEN: dict[str, Callable[[MemorySource], object]] = {
    "a value": lambda store: store.put(_first(store).key, b"lost", lease=_first(store).lease),
    "a lease": lambda store: store.put(
        _first(store).key, _first(store).value, lease=7001 if _first(store).lease != 7001 else 0
    ),
    "a deletion": lambda store: store.commit([Delete(_first(store).key, _first(store).mod_revision)]),
    "a creation": lambda store: store.put("/registry/deployments/shop/more", b"x"),
    "another key": lambda store: store.put(OTHER, b"x"),
    "a lease granted": lambda store: store.grant_lease(9, 9),
}


@pytest.mark.parametrize("what", BROKEN)
def test_books_that_do_not(store: MemorySource, books: Books, what: str) -> None:
    """Each kind of damage is found."""
    migrated(store)
    BROKEN[what](store)
    with pytest.raises(Unbalanced, match="every promise"):
        books.hold("every promise", before, after)


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that says again what it is told."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):  # cut
            while data := connection.recv(4096):
                connection.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    yield listening.getsockname()[1]
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()


def _told(port: int, size: int) -> bytes:
    """What comes back of so many bytes, until all are there or the way is cut."""
    found = b""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        try:
            for _ in range(size):
                connection.sendall(b"x")
                found += connection.recv(1)
        except OSError:
            pass
    return found


@pytest.mark.large
def test_a_proxy_passes_on_and_cuts(echo: int) -> None:
    """Without a limit everything comes; with one each connection breaks off somewhere, after no more than so much."""
    with Proxy(echo, random.Random(1), longest=0, slowest=0.001) as proxy:
        assert _told(int(proxy.endpoint.rpartition(":")[2]), 50) == b"x" * 50
        assert proxy.cuts == 0
    with Proxy(echo, random.Random(1), longest=40, slowest=0.001) as proxy:
        lengths = {len(_told(int(proxy.endpoint.rpartition(":")[2]), 50)) for _ in range(10)}
        assert max(lengths) <= 20
        assert len(lengths) > 2
        assert proxy.cuts >= 10


def test_the_recipe_knows_every_ordeal(repository: Any) -> None:
    """The numbers of each can be set."""
    line = next(one for one in (repository / "Makefile").read_text().splitlines() if one.startswith("ORDEALS :="))
    assert line.split()[2:] == list(ORDEALS)
