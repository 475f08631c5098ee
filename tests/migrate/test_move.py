"""
A cluster copied below another prefix or into another store: content, encryption, leases; stopped, resumed, undone.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.encryption.conftest import configuration, keyed

from kstore.catalog.releases import newest
from kstore.cli.exit_codes import ExitCode
from kstore.cli.moving import MoveRun, _say
from kstore.encryption import Transformers
from kstore.encryption.config import load_configuration
from kstore.errors import (
    Interrupted,
    LeaseGone,
    NotWritable,
    StoreUnreachable,
    TamperedValue,
    UsageError,
    WriteRefused,
)
from kstore.library.journals import resumed_move, roll_back, verified
from kstore.library.moving import Destination, Move, MoveReport
from kstore.library.writing import retry_of
from kstore.migrate.journal import Journal
from kstore.migrate.move import Routes
from kstore.naming import GroupResource
from kstore.records import Mutation, Put
from kstore.scheme.scheme import Scheme
from kstore.source.interface import Committed, StoreStatus
from kstore.source.location.demo import open_demo
from kstore.source.snapshot.source import SnapshotSource
from kstore.store import Store
from kstore.testing import MemorySource
from kstore.write.batches import ONE_BY_ONE

SECRETS, WIDGETS = GroupResource("", "secrets"), GroupResource("example.com", "widgets")
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "d"}}
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
        ],
    },
}  # fmt: skip
SCHEME = Scheme(newest())


class Roomy(MemorySource):
    """A store that tells no quota."""

    def status(self) -> StoreStatus:
        return replace(super().status(), quota=0)


def named(kind: str, name: str, version: str = "v1", **more: Any) -> dict[str, Any]:
    """An object."""
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "d"}, **more}


@pytest.fixture(scope="module")
def old_keys(tmp_path_factory: pytest.TempPathFactory) -> Transformers:
    """The keys of the cluster: authenticated with the key's path, for Secrets and a custom resource."""
    path = tmp_path_factory.mktemp("old") / "enc.yaml"
    path.write_text(configuration(("secrets, widgets.example.com", keyed("aesgcm", ("old", 1)))))
    return load_configuration(path)


@pytest.fixture(scope="module")
def new_keys(tmp_path_factory: pytest.TempPathFactory) -> Transformers:
    """Those of the new cluster."""
    path = tmp_path_factory.mktemp("new") / "enc.yaml"
    path.write_text(configuration(("secrets, widgets.example.com", keyed("secretbox", ("new", 7)))))
    return load_configuration(path)


@pytest.fixture
def source(old_keys: Transformers) -> MemorySource:
    """A tenant with encrypted, leased and damaged keys, beside another's."""
    values: dict[str | bytes, bytes | dict[str, Any]] = {
        "/a/namespaces/d": NAMESPACE,
        "/a/apiextensions.k8s.io/customresourcedefinitions/widgets.example.com": CRD,
        "/a/configmaps/d/plain": named("ConfigMap", "plain", data={"k": "v"}),
        "/a/configmaps/d/damaged": b"k8s\x00\xff\xff",
        "/a/health": b'{"health":"true"}',
        "/other/namespaces/d": NAMESPACE,
        "compact_rev_key": b"7",
    }
    for key, obj, resource in (
        (b"/a/secrets/d/s", named("Secret", "s", data={"p": "cA=="}), SECRETS),
        (b"/a/example.com/widgets/d/w", named("Widget", "w", "example.com/v1", spec={"n": 1}), WIDGETS),
    ):
        values[key] = old_keys.encrypt(key, json.dumps(obj).encode(), resource)
    made = Roomy(values)
    made.granted[77] = 3600
    made.put("/a/events/d/e", named("Event", "e"), lease=77)
    return made


COPIED = {
    "/namespaces/d", "/apiextensions.k8s.io/customresourcedefinitions/widgets.example.com", "/configmaps/d/plain",
    "/configmaps/d/damaged", "/secrets/d/s", "/example.com/widgets/d/w", "/events/d/e",
}  # fmt: skip


def opened(source: MemorySource, keys: Transformers | None, prefix: str = "/a") -> Store:
    """The cluster below a prefix."""
    return Store(source, SCHEME, keys, prefix=prefix)


def moving(
    source: MemorySource,
    keys: Transformers | None,
    new_keys: Transformers | None,
    target: MemorySource | None = None,
    to: Sequence[str] = ("/b/c",),
) -> Move:
    """A move."""
    where = "memory" if target is None else "elsewhere"
    return Move(opened(source, keys), to, Destination(target or source, where, new_keys), address="memory")


def run(move: Move, journal: Path, stop: threading.Event | None = None, resumed: Journal | None = None) -> MoveReport:
    """Carried out, one transaction after the other."""
    return move.run(journal, pace=ONE_BY_ONE, retry=retry_of(None, stop, 0), resumed=resumed)


def below(source: MemorySource, prefix: str) -> dict[str, bytes]:
    """What is stored below a prefix, by the rest of the key."""
    return {one.key.decode()[len(prefix) :]: one.value for one in source.scan(f"{prefix}/".encode())}


def findings(path: Path, move: Move, new_keys: Transformers | None, prefix: str = "/b/c") -> list[tuple[str, str]]:
    """What `verify` finds."""
    target = move.destination.source
    store = Store(target, SCHEME, new_keys, prefix=prefix)
    return [(one.key, one.code) for one in verified(Journal(path), store, move.store).findings]


def test_within_a_store(source: MemorySource, old_keys: Transformers, new_keys: Transformers, tmp_path: Path) -> None:
    """Each key once, decrypted and encrypted for its new path; leases and damaged bytes as they are; the rest alone."""
    before = {one.key: one for one in source.scan()}
    move = moving(source, old_keys, new_keys)
    report = run(move, tmp_path / "j")
    assert (report.summary.copied, report.summary.encrypted, report.summary.skipped_count) == (7, 2, 0)
    assert (report.summary.without_lease, report.summary.conflicts) == (0, 0)
    copies = below(source, "/b/c")
    assert set(copies) == COPIED
    assert copies["/configmaps/d/damaged"] == b"k8s\x00\xff\xff"
    event = source.get(b"/b/c/events/d/e")
    assert event is not None
    assert event.lease == 77
    for key, resource in (("/secrets/d/s", SECRETS), ("/example.com/widgets/d/w", WIDGETS)):
        original = old_keys.open(f"/a{key}".encode(), before[f"/a{key}".encode()].value, resource).plain
        assert copies[key].startswith(b"k8s:enc:secretbox:v1:new:")
        assert new_keys.open(f"/b/c{key}".encode(), copies[key], resource).plain == original
    assert {key: one for key, one in ((one.key, one) for one in source.scan()) if not key.startswith(b"/b/")} == before
    assert report.meanwhile is not None
    assert report.meanwhile.changed == 0
    assert MoveRun()._done(move, report) == ExitCode.DONE
    assert findings(tmp_path / "j", move, new_keys) == []


def test_authenticated_for_the_new_key(source: MemorySource, old_keys: Transformers, tmp_path: Path) -> None:
    """With the same AES-GCM key the bytes differ all the same, and open under the new key only."""
    run(moving(source, old_keys, old_keys), tmp_path / "j")
    value = below(source, "/b/c")["/secrets/d/s"]
    assert old_keys.open(b"/b/c/secrets/d/s", value, SECRETS).plain.startswith(b"{")
    with pytest.raises(TamperedValue):
        old_keys.open(b"/a/secrets/d/s", value, SECRETS)


def test_into_another_store(source: MemorySource, old_keys: Transformers, tmp_path: Path) -> None:
    """The prefix may stay; a lease is granted there with its time to live; without keys it is stored in plain text."""
    target = Roomy({"/x": b"1"})
    report = run(moving(source, old_keys, None, target, ()), tmp_path / "j")
    assert set(below(target, "/a")) == COPIED
    assert target.granted == {77: 3600}
    assert report.summary.encrypted == 2
    assert json.loads(below(target, "/a")["/secrets/d/s"])["data"] == {"p": "cA=="}


def test_from_plain_to_encrypted(source: MemorySource, old_keys: Transformers, tmp_path: Path) -> None:
    """What was stored in plain text and is encrypted now is counted."""
    for at in (b"/a/secrets/d/s", b"/a/example.com/widgets/d/w"):
        source.delete(at)
    source.put("/a/secrets/d/plain", named("Secret", "plain", data={"p": "cA=="}))
    report = run(moving(source, None, old_keys), tmp_path / "j")
    assert (report.summary.copied, report.summary.encrypted) == (6, 1)
    assert below(source, "/b/c")["/secrets/d/plain"].startswith(b"k8s:enc:aesgcm:v1:old:")


@pytest.mark.parametrize(("old", "new"), [("/a", "/a/b"), ("/a/b", "/a"), ("/a", "/a")])
def test_prefixes_within_each_other(old: str, new: str) -> None:
    """A cluster is not copied into itself, nor around itself."""
    with pytest.raises(UsageError, match="within each other"):
        Routes([(old, new)]).refuse_within_one_store()
    Routes([(old, "/ab")]).refuse_within_one_store()


def test_a_copy_that_others_deleted(source: MemorySource, old_keys: Transformers, tmp_path: Path) -> None:
    """It is a finding; one that went with its lease is none."""
    move = moving(source, old_keys, old_keys)
    run(move, tmp_path / "j")
    for name in (b"/b/c/events/d/e", b"/b/c/configmaps/d/plain"):
        source.delete(name)
    assert findings(tmp_path / "j", move, old_keys) == [("/b/c/configmaps/d/plain", "deleted")]


def test_without_the_keys(source: MemorySource, tmp_path: Path) -> None:
    """What cannot be decrypted is skipped, each with its reason, and never copied as it is."""
    report = run(move := moving(source, None, None), tmp_path / "j")
    assert MoveRun()._done(move, report) == ExitCode.SOME_SKIPPED
    assert [(one.key, one.code) for one in report.summary.skipped] == [
        ("/a/example.com/widgets/d/w", "key-missing"), ("/a/secrets/d/s", "key-missing"),
    ]  # fmt: skip
    assert report.summary.conflicts == 0
    assert set(below(source, "/b/c")) == COPIED - {"/secrets/d/s", "/example.com/widgets/d/w"}


@pytest.mark.parametrize("to", ["/a", "/a/b", "/", "/other", "/oth/er/"])
def test_where_it_cannot_go(source: MemorySource, old_keys: Transformers, tmp_path: Path, to: str) -> None:
    """Onto or into itself, to the root, or where something is stored: refused, and nothing is written."""
    source.put("/oth/er/x", b"1")
    revision = source.revision
    with pytest.raises((UsageError, WriteRefused)):
        run(moving(source, old_keys, old_keys, to=(to,)), tmp_path / "j")
    assert source.revision == revision
    assert not (tmp_path / "j").exists()


def test_two_prefixes_need_two() -> None:
    """An OpenShift's two go to two, never into each other."""
    both = ("/kubernetes.io", "/openshift.io")
    assert Routes.of(both, ("/z", "/y"))(b"/openshift.io/routes/a/b") == b"/y/routes/a/b"
    assert Routes.of(both, ()).targets == (b"/kubernetes.io/", b"/openshift.io/")
    crossed = Routes.of(both, ("/z", "/y"))
    assert dict(zip(crossed.sources, crossed.targets, strict=True)) == {
        b"/openshift.io/": b"/y/",
        b"/kubernetes.io/": b"/z/",
    }
    for wanted in (("/z",), ("/z", "/z"), ("/z", "/z/y"), ("/z", "/y", "/x")):
        with pytest.raises(UsageError):
            Routes.of(both, wanted)


class Faulty(Roomy):
    """A store that fails in the n-th transaction: before it happens, or after."""

    def __init__(self, fails: int, *, happens: bool) -> None:
        super().__init__(operations=2)
        self.left = fails
        self.happens = happens

    def commit(self, mutations: Sequence[Mutation]) -> Committed:
        self.left -= 1
        if self.left:
            return super().commit(mutations)
        if self.happens:
            super().commit(mutations)
        raise KeyboardInterrupt


@pytest.mark.parametrize("happens", [False, True])
@pytest.mark.parametrize("fails", [1, 2, 4])
def test_resumed(
    source: MemorySource, old_keys: Transformers, new_keys: Transformers, tmp_path: Path, fails: int, happens: bool
) -> None:
    """Killed at any transaction, whether it happened or not: the rest is copied, nothing twice, and all is proved."""
    target = Faulty(fails, happens=happens)
    move = moving(source, old_keys, new_keys, target)
    with pytest.raises(KeyboardInterrupt):
        run(move, tmp_path / "j")
    written = len(below(target, "/b/c"))
    journal = Journal(tmp_path / "j")
    assert ("/x", "unfinished") in [("/x", code) for _, code in findings(tmp_path / "j", move, new_keys)]
    going_on = resumed_move(journal, move.store, Store(target, SCHEME, new_keys, prefix="/b/c"))
    report = run(going_on, tmp_path / "j", resumed=journal)
    assert (report.summary.unchanged, report.summary.copied) == (written, 7 - written)
    assert set(below(target, "/b/c")) == COPIED
    assert findings(tmp_path / "j", move, new_keys) == []


def test_stopped(source: MemorySource, old_keys: Transformers, tmp_path: Path) -> None:
    """Asked to stop, it ends, and says how to go on."""
    stop = threading.Event()
    stop.set()
    with pytest.raises(Interrupted) as stopped:
        run(moving(source, old_keys, old_keys), tmp_path / "j", stop)
    assert stopped.value.journal == str(tmp_path / "j")


def test_rolled_back(source: MemorySource, old_keys: Transformers, new_keys: Transformers, tmp_path: Path) -> None:
    """The copies are deleted; one that others have written since is left and named; twice is as once."""
    move = moving(source, old_keys, new_keys)
    run(move, tmp_path / "j")
    source.put("/b/c/configmaps/d/plain", b"of the new cluster")
    source.delete("/b/c/events/d/e")
    for restored, already in ((5, 1), (0, 6)):
        result = roll_back(Journal(tmp_path / "j"), source, retry_of(None, None, 0), read_only=False)
        assert (result.restored, result.already) == (restored, already)
        assert {key: one.code for key, one in result.findings.items()} == {b"/b/c/configmaps/d/plain": "changed"}
    assert set(below(source, "/b/c")) == {"/configmaps/d/plain"}
    assert set(below(source, "/a")) == COPIED | {"/health"}


def test_changed_meanwhile(source: MemorySource, old_keys: Transformers, tmp_path: Path) -> None:
    """A cluster that is written while it is copied is noticed, and so is what verify then finds."""

    class Busy(Roomy):
        def commit(self, mutations: Sequence[Mutation]) -> Committed:
            done = super().commit(mutations)
            source.put("/a/configmaps/d/plain", named("ConfigMap", "plain", data={"k": "later"}))
            source.put("/a/configmaps/d/new", named("ConfigMap", "new"))
            return done

    move = moving(source, old_keys, old_keys, Busy())
    report = run(move, tmp_path / "j")
    assert report.meanwhile is not None
    assert (report.meanwhile.changed, report.meanwhile.first) == (2, b"/a/configmaps/d/new")
    assert report.meanwhile.revision == source.revision
    assert MoveRun()._done(move, report) == ExitCode.CONFLICT
    assert sorted(findings(tmp_path / "j", move, old_keys)) == [
        ("/b/c/configmaps/d/new", "missing"), ("/b/c/configmaps/d/plain", "changed"),
    ]  # fmt: skip


def test_others_write_there(source: MemorySource, old_keys: Transformers, tmp_path: Path) -> None:
    """A key that others create while it is copied is theirs: never written over."""

    class Raced(Roomy):
        def commit(self, mutations: Sequence[Mutation]) -> Committed:
            if self.get(b"/b/c/namespaces/d") is None:
                super().commit([Put(b"/b/c/namespaces/d", b"theirs", 0)])
            return super().commit(mutations)

    target = Raced()
    report = run(moving(source, old_keys, old_keys, target), tmp_path / "j")
    assert below(target, "/b/c")["/namespaces/d"] == b"theirs"
    assert [(one.key, one.code) for one in report.summary.skipped] == [("/a/namespaces/d", "conflict")]
    assert (report.summary.copied, report.summary.conflicts) == (6, 1)


@pytest.mark.parametrize("gone", [False, True])
def test_a_lease_ends(source: MemorySource, old_keys: Transformers, tmp_path: Path, gone: bool) -> None:
    """A key that goes with its lease meanwhile needs no copy; one that is still there is named."""

    class Expiring(Roomy):
        def commit(self, mutations: Sequence[Mutation]) -> Committed:
            if any(isinstance(one, Put) and one.lease for one in mutations):
                if gone and source.get(b"/a/events/d/e"):
                    source.delete("/a/events/d/e")
                raise LeaseGone("no such lease")
            return super().commit(mutations)

    report = run(moving(source, old_keys, old_keys, Expiring()), tmp_path / "j")
    assert (report.summary.ended, report.summary.skipped_count) == ((1, 0) if gone else (0, 1))
    assert report.summary.copied == 6


class Late(Roomy):
    """
    Gives no answer to the first copy that comes alone and has a lease: it arrives when it is told to; further ones are
    refused.
    """

    def __init__(self, before_a_further_one: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self.held: Sequence[Mutation] = ()
        self._before_a_further_one = before_a_further_one

    def commit(self, mutations: Sequence[Mutation]) -> Committed:
        if not any(isinstance(one, Put) and one.lease for one in mutations):
            return super().commit(mutations)
        if len(mutations) == 1 and not self.held:
            self.held = mutations
            raise StoreUnreachable("no answer in time")
        if self.held:
            self._before_a_further_one()
        raise LeaseGone("no such lease")

    def arrive(self) -> bool:
        return super().commit(self.held).succeeded


def test_a_copy_that_comes_late(
    source: MemorySource, old_keys: Transformers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given up, not copied again since its original went, and created after the end: said, noted, undone."""

    target = Late(lambda: source.delete("/a/events/d/e"))
    move = moving(source, old_keys, old_keys, target)
    report = run(move, tmp_path / "j")
    assert (report.may_come, report.summary.ended) == (1, 1)
    _say("", move, report.summary, report)
    assert (
        "1 key may yet be copied by transactions whose end was not seen: `kstore migrate resume"
        in capsys.readouterr().err
    )
    assert target.arrive()
    journal = Journal(tmp_path / "j")
    going_on = resumed_move(journal, move.store, Store(target, SCHEME, old_keys, prefix="/b/c"))
    assert run(going_on, tmp_path / "j", resumed=journal).may_come == 0
    assert (b"/b/c/events/d/e", True) in {
        (entry.key, bool(batch.revision)) for batch in Journal(tmp_path / "j").batches() for entry in batch.entries
    }
    roll_back(Journal(tmp_path / "j"), target, retry_of(None, None, 0), read_only=False)
    assert below(target, "/b/c") == {}


def test_a_store_that_stays_away(source: MemorySource, old_keys: Transformers, tmp_path: Path) -> None:
    """Ends with the reason; the journal stays."""

    class Away(Roomy):
        def commit(self, mutations: Sequence[Mutation]) -> Committed:
            raise StoreUnreachable("gone")

    with pytest.raises(StoreUnreachable):
        run(moving(source, old_keys, old_keys, Away()), tmp_path / "j")
    assert (tmp_path / "j").exists()


def test_a_lease_that_is_gone_before(source: MemorySource, old_keys: Transformers, tmp_path: Path) -> None:
    """Into another store the key is copied without one, and counted."""
    source.granted.clear()
    target = Roomy()
    report = run(moving(source, old_keys, old_keys, target), tmp_path / "j")
    event = target.get(b"/b/c/events/d/e")
    assert event is not None
    assert (event.lease, report.summary.without_lease, report.summary.copied) == (0, 1, 7)


def test_others_write_there_and_the_original_goes(source: MemorySource, old_keys: Transformers, tmp_path: Path) -> None:
    """Only a lease takes a key away so that no copy is needed: what others wrote is named all the same."""

    class Raced(Roomy):
        def commit(self, mutations: Sequence[Mutation]) -> Committed:
            if self.get(b"/b/c/namespaces/d") is None:
                super().commit([Put(b"/b/c/namespaces/d", b"theirs", 0)])
                source.delete("/a/namespaces/d")
            return super().commit(mutations)

    report = run(moving(source, old_keys, old_keys, Raced()), tmp_path / "j")
    assert (report.summary.ended, report.summary.conflicts) == (0, 1)
    assert [(one.key, one.code) for one in report.summary.skipped] == [("/a/namespaces/d", "conflict")]


def test_others_write_there_before_it_goes_on(
    source: MemorySource, old_keys: Transformers, new_keys: Transformers, tmp_path: Path
) -> None:
    """What is there when it is resumed is a copy only where it has the same content; else it is theirs, and named."""
    target = Faulty(1, happens=False)
    move = moving(source, old_keys, new_keys, target)
    with pytest.raises(KeyboardInterrupt):
        run(move, tmp_path / "j")
    plain = old_keys.open(b"/a/secrets/d/s", below(source, "/a")["/secrets/d/s"], SECRETS).plain
    theirs = {
        b"/b/c/secrets/d/s": new_keys.encrypt(b"/b/c/secrets/d/s", plain, SECRETS),
        b"/b/c/example.com/widgets/d/w": new_keys.encrypt(b"/b/c/example.com/widgets/d/w", plain, WIDGETS),
        b"/b/c/namespaces/d": b"theirs",
    }
    for key, value in theirs.items():
        target.put(key, value)
    journal = Journal(tmp_path / "j")
    going_on = resumed_move(journal, move.store, Store(target, SCHEME, new_keys, prefix="/b/c"))
    report = run(going_on, tmp_path / "j", resumed=journal)
    assert (report.summary.unchanged, report.summary.copied, report.summary.conflicts) == (1, 4, 2)
    assert {one.key for one in report.summary.skipped} == {"/a/namespaces/d", "/a/example.com/widgets/d/w"}
    assert {key: record.value for key in theirs if (record := target.get(key))} == theirs


@pytest.mark.parametrize("encrypted", [True, False])
def test_what_came_after_the_move(
    source: MemorySource, old_keys: Transformers, new_keys: Transformers, tmp_path: Path, encrypted: bool
) -> None:
    """A key of both clusters that the move did not write: held against its original, as the new cluster reads it."""
    keys = new_keys if encrypted else None
    move = moving(source, old_keys, keys)
    run(move, tmp_path / "j")
    assert findings(tmp_path / "j", move, keys) == []
    one, other = (json.dumps(named("Secret", "late", data={"p": data})).encode() for data in ("cA==", "cQ=="))
    where, there = b"/a/secrets/d/late", b"/b/c/secrets/d/late"
    source.put(where, old_keys.encrypt(where, one, SECRETS))
    assert findings(tmp_path / "j", move, keys) == [("/b/c/secrets/d/late", "missing")]
    for value, code in (
        (one if keys is None else keys.encrypt(there, one, SECRETS), ""),
        (other if keys is None else keys.encrypt(there, other, SECRETS), "changed"),
        (old_keys.encrypt(there, one, SECRETS), "undecodable"),
    ):
        source.put(there, value)
        assert findings(tmp_path / "j", move, keys) == ([("/b/c/secrets/d/late", code)] if code else [])


def test_one_store_under_two_connections(source: MemorySource, old_keys: Transformers) -> None:
    """It is known by its address, too: a cluster is not copied into itself."""
    again = Destination(Roomy(), "memory", None)
    with pytest.raises(UsageError, match="within each other"):
        Move(opened(source, old_keys), ("/a/b",), again, address="memory")
    Move(opened(source, old_keys), ("/a/b",), Destination(Roomy(), "elsewhere", None), address="memory")


def test_what_is_not_moved(source: MemorySource, old_keys: Transformers, tmp_path: Path) -> None:
    """An old revision; and nothing goes into a store that must not be written, of which there is no journal either."""
    before = Store(source, SCHEME, old_keys, prefix="/a", revision=source.revision)
    with pytest.raises(UsageError, match="an old revision"):
        Move(before, ("/b/c",), Destination(source, "memory", None), address="memory")

    class Stale(Roomy):
        def require_writable(self) -> None:
            raise NotWritable("it may be stale")

    target = Stale()
    with pytest.raises(NotWritable):
        run(moving(source, old_keys, None, target), tmp_path / "j")
    assert (below(target, "/b/c"), list(tmp_path.iterdir())) == ({}, [])


def test_what_comes_while_it_is_counted(
    source: MemorySource, old_keys: Transformers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be said of a copy that it may come, though it has; never that it cannot, though nobody has noted it."""
    from kstore.migrate import settle as settling

    target = Late()
    counted = settling.missing_creations

    def count(*given: Any) -> int:
        found = counted(*given)
        assert target.arrive()
        return found

    monkeypatch.setattr(settling, "missing_creations", count)
    report = run(moving(source, old_keys, None, target), tmp_path / "j")
    held = {one.key for one in target.held}
    assert report.may_come == len(held)
    done = {entry.key for batch in Journal(tmp_path / "j").batches() if batch.revision for entry in batch.entries}
    assert held <= done


@pytest.mark.parametrize("granted", [True, False])
def test_leases_of_a_file(tmp_path: Path, granted: bool) -> None:
    """A copy in the new file has its original's, as long as there is such a lease."""
    with open_demo() as demo:
        assert isinstance(demo, SnapshotSource)
        leased = [one for one in demo.scan() if one.lease]
        if not granted:
            demo.mvcc.cluster.granted.clear()
        move = Move(Store(demo, SCHEME), ("/moved",), Destination(demo, "demo", None), address="demo")
        report = move.write(tmp_path / "new.db")
    assert report.summary.without_lease == (0 if granted else len(leased))
    with SnapshotSource(tmp_path / "new.db") as new:
        copies = {one.key: one.lease for one in new.scan(b"/moved/")}
    for one in leased:
        assert copies[one.key.replace(b"/registry", b"/moved", 1)] == (one.lease if granted else 0)


def test_a_copy_with_a_lease_that_others_changed(source: MemorySource, old_keys: Transformers, tmp_path: Path) -> None:
    """Only that it may go with its lease is no finding, whether the original has gone or not."""
    move = moving(source, old_keys, old_keys)
    run(move, tmp_path / "j")
    source.put("/b/c/events/d/e", named("Event", "other"), lease=77)
    assert findings(tmp_path / "j", move, old_keys) == [("/b/c/events/d/e", "changed")]
    source.delete("/a/events/d/e")
    assert findings(tmp_path / "j", move, old_keys) == [("/b/c/events/d/e", "changed")]
