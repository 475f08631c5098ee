"""
Migrations as the library runs them, against what the command line does; and those that cannot be built.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tools.cluster import Etcd

import kstore
from kstore.cli.hints import hint_of
from kstore.library.migration import Migration, criteria_of
from kstore.migrate.request import Request
from kstore.records import Put
from kstore.source.interface import WritableSource
from kstore.source.location.address import open_source

Answer = Callable[..., Any]


@pytest.mark.large
@pytest.mark.parametrize(
    ("keywords", "options"),
    [
        ({"to": "apps/v1"}, ["--to", "apps/v1"]),
        ({"to": "apps/v1", "resources": "deployments", "namespace": "shop"},
         ["deployments", "--to", "apps/v1", "-n", "shop"]),
        ({"to": "apps/v1", "selector": "app=cart"}, ["--to", "apps/v1", "-l", "app=cart"]),
        ({"to_release": "1.37"}, ["--to-release", "1.37"]),
        ({"to_release": "1.31"}, ["--to-release", "1.31"]),
    ],
)  # fmt: skip
def test_a_plan(store: kstore.Store, answer: Answer, keywords: dict[str, str], options: list[str]) -> None:
    """The counts and hints of `migrate --dry-run`; each object once, and twice the same."""
    printed = answer("migrate", *options, "--dry-run", "-o", "json")
    plan = kstore.migration(store, **keywords).plan()  # type: ignore[arg-type]
    steps = list(plan)
    kinds = [sum(isinstance(one, kind) for one in steps) for kind in (kstore.Change, kstore.Unchanged, kstore.Skipped)]
    assert kinds == [printed["changes"], printed["unchanged"], printed["skipped"]]
    summary = plan.summary().as_json(hint_of)
    assert summary == {name: printed[name] for name in summary}


@pytest.mark.large
def test_a_saved_plan(store: kstore.Store, answer: Answer, tmp_path: Path) -> None:
    """The file is the one that `--save-plan` writes."""
    kstore.migration(store, to="apps/v1").plan().save(tmp_path / "mine.plan")
    answer("migrate", "--to", "apps/v1", "--dry-run", "--save-plan", str(tmp_path / "theirs.plan"))
    mine, theirs = ((tmp_path / name).read_bytes() for name in ("mine.plan", "theirs.plan"))
    assert mine == theirs
    with pytest.raises(kstore.JournalError, match="already"):
        kstore.migration(store, to="apps/v1").plan().save(tmp_path / "mine.plan")


@pytest.mark.parametrize(
    "keywords",
    [
        {},
        {"to": "apps/v1", "to_release": "1.37"},
        {"to": "apps/v9"},
        {"to": "apps/v1", "resources": "gadgets"},
        {"to": "apps/v1", "selector": "app in"},
        {"to_release": "9.9"},
        {"to": "apps/v1", "field_selector": "spec.nosuchfield=1"},
    ],
)
def test_what_cannot_be_meant(store: kstore.Store, keywords: dict[str, str]) -> None:
    """It is refused when it is asked for, not when it is applied."""
    with pytest.raises(kstore.UsageError):
        kstore.migration(store, **keywords)  # type: ignore[arg-type]


@pytest.mark.parametrize("release", ["1.31", "1.36"])
def test_another_release_than_the_store(store: kstore.Store, release: str) -> None:
    """A plan by the rules of one release, of objects that are read by those of another, cannot be built."""
    request = Request(release=release, to=("apps/v1",))
    with pytest.raises(kstore.UsageError, match=r"1\.37"):
        Migration(store.read_as("1.37"), request)
    assert Migration(store.read_as(release), request).plan().request.release == release


def test_no_selector_is_forgotten(store: kstore.Store) -> None:
    """Whoever builds a migration of a request has its conditions in the plan."""
    request = Request(release="1.37", to=("apps/v1",))
    every = Migration(store.read_as("1.37"), request).plan().summary()
    for narrow in (replace(request, selector="app=cart"), replace(request, field_selector="metadata.name=cart")):
        some = Migration(store.read_as("1.37"), narrow).plan().summary()
        assert 0 < some.changes + some.unchanged < every.changes + every.unchanged


def test_a_file(store: kstore.Store, tmp_path: Path) -> None:
    """A new database and its journal; proved; nothing is overwritten, and nothing is resumed or put back."""
    told: list[tuple[int, int]] = []
    migration = kstore.migration(store, to="apps/v1")
    report = migration.write(tmp_path / "new.db", progress=lambda *counts: told.append(counts))
    assert (report.output, report.journal) == (tmp_path / "new.db", tmp_path / "new.db.journal")
    assert told[-1][1] == report.summary.changes > 0
    journal = kstore.Journal.open(tmp_path / "new.db")
    verified = journal.verify()
    assert (verified.findings, verified.objects) == ([], report.summary.changes)
    with kstore.open(tmp_path / "new.db") as written:
        assert written.get("deployments/shop/cart").stored_version == "apps/v1"
    with pytest.raises(kstore.WriteRefused, match="already exists"):
        migration.write(tmp_path / "new.db")
    with pytest.raises(kstore.UsageError, match="came to its end"):
        journal.resume()
    with pytest.raises(kstore.WriteRefused, match="new file"):
        journal.rollback()
    with pytest.raises(kstore.NotWritable):
        migration.apply(tmp_path / "live.journal")
    assert not (tmp_path / "live.journal").exists()
    with pytest.raises(kstore.UsageError, match="old revision"):
        kstore.migration(store.at(300), to="apps/v1").write(tmp_path / "old.db")


@pytest.fixture
def full_etcd(etcd_server: Etcd) -> Etcd:
    """A running etcd with the deployments and CRDs of the demo store."""
    with open_source("demo") as demo, open_source(etcd_server.endpoint) as target:
        assert isinstance(target, WritableSource)
        for record in demo.scan(b"/registry/"):
            target.commit([Put(record.key, record.value, 0)])
    return etcd_server


@pytest.mark.large
@pytest.mark.etcd
@pytest.mark.parametrize("keywords", [{"to": "apps/v1"}, {"to_release": "1.37"}])
def test_a_running_store(full_etcd: Etcd, keywords: dict[str, str], tmp_path: Path) -> None:
    """Stopped before the first transaction, resumed, proved, and put back to the very bytes."""
    path = tmp_path / "my.journal"
    stop = threading.Event()
    stop.set()
    with kstore.open(full_etcd.endpoint, release="1.37") as store:
        before = {one.key: one.value for one in store}
        migration = kstore.migration(store, **keywords)  # type: ignore[arg-type]
        changes = migration.plan().summary().changes
        with pytest.raises(kstore.Interrupted):
            migration.apply(path, stop=stop)
        assert {one.key: one.value for one in store} == before
        report = kstore.Journal.open(path).resume()
        assert report.summary.changes == changes > 0
        left = [step for step in migration.plan() if isinstance(step, kstore.Change)]
        # the defaults of extensions/v1beta1 leave a port's protocol out, those of networking.k8s.io/v1 do not
        assert {(step.stored.kind, step.reason) for step in left} <= {("NetworkPolicy", "defaults")}
        journal = kstore.Journal.open(path, store)
        assert journal.verify().findings == []
        assert journal.state().finished
        assert '"release":"1.37"' in path.read_text().splitlines()[0]
        undone = journal.rollback()
        assert (undone.restored, undone.findings) == (undone.written, {})
        assert {one.key: one.value for one in store} == before
        with pytest.raises(kstore.WriteRefused, match="rolled back"):
            kstore.Journal.open(path).resume()
        with pytest.raises(kstore.WriteRefused):
            migration.write(tmp_path / "new.db")


@pytest.mark.parametrize(("encrypt", "condition"), [(True, "*beta*"), (False, "")])
def test_the_condition_on_the_stored_version(encrypt: bool, condition: str) -> None:
    """Of a re-encryption it is one on the objects; of a migration it is its targets that know it."""
    request = Request(release="1.37", encrypt=encrypt, only_stored_version="*beta*")
    assert criteria_of(request).stored_version == condition
