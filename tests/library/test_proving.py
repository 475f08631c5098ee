"""
A running server as the judge of its etcd, from the library's side: whose rules, about which objects.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_prove import MAPS, Server, config_map, update
from tests.migrate.test_prove import CODEC

import kstore
from kstore.catalog.releases import Release, newest
from kstore.catalog.server_flags import ServerFlags
from kstore.codec import StoredObject
from kstore.errors import UsageError
from kstore.library import proving
from kstore.migrate.journal import Journal
from kstore.migrate.journal_format import Entry
from kstore.migrate.journal_writer import JournalWriter
from kstore.store import Store
from kstore.testing import MemorySource
from kstore.write.compare_and_swap import KeyChange


def proved(
    monkeypatch: pytest.MonkeyPatch, *names: str, release: str = "1.37", media_type: str = ""
) -> tuple[proving.ServerProof, str]:
    """What is proved of ConfigMaps, one of which cannot be read; and the release that they are read by."""
    source = MemorySource({**{f"{MAPS}/{name}": config_map(name) for name in names}, f"{MAPS}/x": b"k8s\0rubbish"})
    server = Server(source, update)
    server.release = release
    monkeypatch.setattr(proving, "Apiserver", lambda kubeconfig: server)
    read: list[str] = []

    def reads(store: Store) -> Any:
        read.append(store.codec.scheme.release.name)
        return store.under("/registry")

    store = Store(source, CODEC.scheme)
    proof = proving.asked(Path("K"), store, reads, media_type=media_type, concurrency=1)
    assert server.closed == 1
    return proof, read[0]


@pytest.mark.parametrize("release", ["1.37", "1.35"])
def test_what_is_proved(monkeypatch: pytest.MonkeyPatch, release: str) -> None:
    """The counts and the findings, of objects that are read by the release that the server is."""
    found, read = proved(monkeypatch, "a", "b", "changed2", "refused", "refused2", release=release)
    counts = (found.objects, found.unchanged, found.changed, found.refused, found.unreadable, found.gone)
    assert counts == (5, 2, 1, 2, 1, 0)
    assert {one.key.rpartition("/")[2]: one.outcome for one in found.findings} == {
        "changed2": "changed", "refused": "refused", "refused2": "refused", "x": "unreadable",
    }  # fmt: skip
    assert (found.proved, read) == (False, release)


@pytest.mark.parametrize(("media_type", "changed"), [("", 0), ("protobuf", 0), ("json", 1)])
def test_the_encoding_of_a_server(monkeypatch: pytest.MonkeyPatch, media_type: str, changed: int) -> None:
    """One that was told to store JSON would write all that is in protobuf."""
    found, _ = proved(monkeypatch, "a", media_type=media_type)
    assert found.changed == changed


@pytest.mark.parametrize(
    ("name", "flags", "release"),
    [
        ("1.35", ServerFlags(), Release("1.35")),
        ("1.37", ServerFlags("1.36"), Release("1.37", emulated="1.36")),
        ("1.35", ServerFlags("1.99"), Release("1.35")),
        ("1.99", ServerFlags(), newest()),
    ],
)
def test_whose_rules_read_a_server(name: str, flags: ServerFlags, release: Release) -> None:
    """Its own, as it is started; of one that is newer than what is known, the newest."""
    server = Server(MemorySource(), update)
    server.started = lambda: (name, flags)  # type: ignore[method-assign]
    assert proving.release_for(server) == release


def test_what_no_server_is_asked_about() -> None:
    """A file has none, and an old revision is in none."""
    server = Server(MemorySource(), update)
    with kstore.open("demo") as demo, pytest.raises(UsageError, match="running etcd"):
        proving.prover(server, demo.read_as(""))
    with pytest.raises(UsageError, match="old revision"):
        proving.prover(server, Store(MemorySource({"/registry/a": b"x"}), CODEC.scheme, revision=2))


def test_what_a_migration_wrote(tmp_path: Path) -> None:
    """Each object once, as it is now; neither what it deleted nor what has gone since."""
    source = MemorySource({f"{MAPS}/{name}": config_map(name) for name in ("a", "b")})
    writer = JournalWriter(tmp_path / "j", {})

    def entry(name: str, value: bytes | None) -> Entry:
        return Entry.of_key(KeyChange(f"{MAPS}/{name}".encode(), None, value), None, None)

    writer.done(writer.begin([entry("a", b"x"), entry("b", None)]), 5)
    writer.done(writer.begin([entry("a", b"y"), entry("gone", b"x")]), 6)
    writer.close()
    found = list(proving.written(Journal(tmp_path / "j"), Store(source, CODEC.scheme)))
    assert [read.record.key.decode() for read in found if isinstance(read, StoredObject)] == [f"{MAPS}/a"]
