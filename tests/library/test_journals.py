"""
A migration's journal afterwards, on a store in memory: undone, gone on with, and what is in the way of either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.migrate.conftest import FaultySource, codec, deployment, key, planner, shop

import kstore
from kstore.catalog.releases import newest
from kstore.codec import StorageCodec
from kstore.errors import (
    Interrupted,
    JournalError,
    JournalTaken,
    StoreUnreachable,
    UsageError,
    WriteRefused,
)
from kstore.library import migration as migrations
from kstore.library.journals import count_written, is_other_cluster, require_in_place, require_resumable, roll_back
from kstore.library.writing import journal_of_file
from kstore.migrate.journal import Entry, Journal
from kstore.migrate.journal_writer import JournalWriter
from kstore.migrate.plan import Change, VersionPlanner
from kstore.migrate.request import Request
from kstore.migrate.summary import Summary
from kstore.migrate.verify import state_of
from kstore.records import Mutation
from kstore.source.interface import StoreStatus
from kstore.write.compare_and_swap import KeyChange
from kstore.write.retry import Retry

__all__ = ["codec", "deployment", "planner", "shop"]


def migrate(store: FaultySource, path: Path, **named: Any) -> None:
    """Migrate the Deployments."""
    with kstore.open(store) as opened:
        kstore.migration(opened, to="apps/v1").apply(path, retry_seconds=0, **named)


def clustered(store: FaultySource, cluster: str) -> None:
    """Let a store be of a cluster."""
    status = store.status

    def found() -> StoreStatus:
        return replace(status(), cluster_id=cluster)

    store.status = found  # type: ignore[method-assign]


def names(path: Path) -> list[str]:
    """The notes of a journal, in their order."""
    return [event.name for event in Journal(path).events() if hasattr(event, "name")]


def opened(path: Path, store: FaultySource) -> kstore.Journal:
    """The journal of a migration of this store."""
    return kstore.Journal.open(path, kstore.open(store))


# ---- undone


def test_a_rollback_is_noted(shop: FaultySource, tmp_path: Path) -> None:
    """Before anything is put back, and when all is."""
    path = tmp_path / "j"
    before = {name: record.value for name, record in shop.records.items()}
    migrate(shop, path)
    seen: list[list[str]] = []
    shop.before_commit = lambda _: seen.append(names(path))
    result = opened(path, shop).rollback()
    assert (result.restored, result.findings) == (10, {})
    assert {name: record.value for name, record in shop.records.items()} == before
    assert seen[0] == ["finished", "rollingBack"]
    assert names(path) == ["finished", "rollingBack", "rolledBack"]
    with pytest.raises(WriteRefused, match="was rolled back at"):
        require_resumable(Journal(path))


def test_a_rollback_that_was_begun(shop: FaultySource, tmp_path: Path) -> None:
    """Its migration is not gone on with: half of it may be undone."""
    path = tmp_path / "j"
    migrate(shop, path)

    def refuse(_: Sequence[Mutation]) -> None:
        raise StoreUnreachable("gone")

    shop.before_commit = refuse
    with pytest.raises(StoreUnreachable):
        roll_back(Journal(path), shop, Retry(0), read_only=False)
    with pytest.raises(WriteRefused, match="did not come to its end"):
        require_resumable(Journal(path))


def test_a_rollback_that_could_not_begin(shop: FaultySource, codec: StorageCodec, tmp_path: Path) -> None:
    """As long as it is not known what the migration did, it may be gone on with."""
    path = tmp_path / "j"
    writer = JournalWriter(path, {"request": {}})
    record = shop.records[key("web-1")]
    writer.begin([Entry.of_key(KeyChange(record.key, record, b"new"), None, None)])
    writer.close()

    def refuse(_: Sequence[Mutation]) -> None:
        raise StoreUnreachable("gone")

    shop.before_commit = refuse
    with pytest.raises(StoreUnreachable):
        roll_back(Journal(path), shop, Retry(0), read_only=False)
    assert names(path) == []
    require_resumable(Journal(path))


@pytest.mark.parametrize("any_cluster", [False, True])
def test_another_cluster(shop: FaultySource, tmp_path: Path, any_cluster: bool) -> None:
    """It is only looked at, and its journal says nothing of it, unless that cluster is meant."""
    path = tmp_path / "j"
    clustered(shop, "7")
    migrate(shop, path)
    clustered(shop, "8")
    before, text = shop.revision, path.read_bytes()
    result = opened(path, shop).rollback(any_cluster=any_cluster)
    if any_cluster:
        assert (result.restored, result.findings) == (10, {})
        return
    assert {finding.code for finding in result.findings.values()} == {"cluster"}
    assert (shop.revision, path.read_bytes()) == (before, text)


@pytest.mark.parametrize(
    ("named", "found", "other"),
    [("7", "8", True), ("7", "7", False), ("", "8", False), (None, "8", False), ("7", "", False)],
)
def test_which_cluster_is_another(tmp_path: Path, named: str | None, found: str, other: bool) -> None:
    """One that is known to be; where either has no id nobody can tell."""
    JournalWriter(tmp_path / "j", {"request": {}, **({} if named is None else {"cluster": named})}).close()
    store = FaultySource({})
    clustered(store, found)
    assert is_other_cluster(Journal(tmp_path / "j"), store) is other


@pytest.mark.parametrize("reason", ["", "unknown", "conflict"])
def test_what_may_yet_be_created(tmp_path: Path, reason: str) -> None:
    """A rollback says how many keys may come late, by transactions whose end nobody saw."""
    path = tmp_path / "j"
    store = FaultySource({})
    writer = JournalWriter(path, {"request": {}})
    number = writer.begin([Entry.of_key(KeyChange(key(name), None, b"x"), None, None) for name in "ab"])
    if reason:
        writer.undone(number, reason)
    writer.close()
    result = roll_back(Journal(path), store, Retry(0), read_only=False)
    assert result.may_come == (0 if reason == "conflict" else 2)


def test_how_many_were_written(shop: FaultySource, tmp_path: Path) -> None:
    """With those of a transaction that the journal does not call done, and that came all the same."""
    path = tmp_path / "j"
    writer = JournalWriter(path, {"request": {}})
    changes = [KeyChange(one.key, one, b"new") for one in list(shop.records.values())[:5]]
    writer.done(writer.begin([Entry.of_key(changes[0], None, None)]), shop.commit([changes[0].mutation()]).revision)
    writer.begin([Entry.of_key(change, None, None) for change in changes[1:]])
    writer.close()
    assert count_written(Journal(path), shop, Retry(0)) == 1
    shop.commit([change.mutation() for change in changes[1:]])
    assert count_written(Journal(path), shop, Retry(0)) == 5


@pytest.mark.parametrize("there", [True, False])
def test_a_migration_of_a_file(tmp_path: Path, there: bool) -> None:
    """Nothing is to be put back, nor to be gone on with; without its output nothing can be proved."""
    output = tmp_path / "new.db"
    if there:
        output.touch()
    JournalWriter(tmp_path / "j", {"output": str(output), **Request(newest().name).header()}).close()
    journal = Journal(tmp_path / "j")
    with pytest.raises(WriteRefused, match="wrote a new file") as refused:
        require_in_place(journal)
    assert refused.value.where == str(output)
    with pytest.raises(UsageError, match="came to its end" if there else "nothing to resume"):
        require_resumable(journal)
    if not there:
        found = kstore.Journal.open(tmp_path / "j").verify().findings
        assert [one.code for one in found] == ["unfinished", "missing"]


# ---- gone on with


class Killed(BaseException):
    """The process ends here."""


def killed(store: FaultySource, path: Path, *, happened: bool) -> None:
    """Migrate, and be killed in the first transaction."""

    def kill(*_: object) -> None:
        store.before_commit, store.after_commit = lambda _: None, lambda: None
        raise Killed

    if happened:
        store.after_commit = kill
    else:
        store.before_commit = kill
    with pytest.raises(Killed):
        migrate(store, path)


@pytest.mark.parametrize("happened", [True, False])
def test_what_was_on_its_way(shop: FaultySource, tmp_path: Path, happened: bool) -> None:
    """It is found out about before anything else is written, and all is undone as a whole."""
    path = tmp_path / "j"
    before = {name: record.value for name, record in shop.records.items()}
    killed(shop, path, happened=happened)
    opened(path, shop).resume()
    state = state_of(Journal(path))
    assert (state.objects, state.open, state.finished) == (10, 0, True)
    assert opened(path, shop).verify().findings == []
    assert opened(path, shop).rollback().restored == 10
    assert {name: record.value for name, record in shop.records.items()} == before


@pytest.mark.parametrize("ends", ["seen", "unseen", "resumed"])
def test_when_it_is_looked_for_what_came_late(
    shop: FaultySource, tmp_path: Path, ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the end once more, for good, where an end was not seen or the journal was gone on with; else never."""
    path = tmp_path / "j"
    asked: list[bool] = []
    from kstore.migrate import settle as settling

    real = settling.settle

    def settle(*given: Any, for_good: bool = False) -> int:
        asked.append(for_good)
        return real(*given, for_good=for_good)

    monkeypatch.setattr(settling, "settle", settle)
    if ends == "resumed":
        killed(shop, path, happened=False)
        opened(path, shop).resume()
        assert asked == [False, True]
        return
    if ends == "unseen":

        def lose() -> None:
            shop.after_commit = lambda: None
            raise StoreUnreachable("the answer was lost")

        shop.after_commit = lose
    migrate(shop, path)
    assert asked == ([True] if ends == "unseen" else [])
    assert state_of(Journal(path)).finished


@pytest.mark.parametrize("asked", [{"allow_webhooks": True}, {"webhook_url": "https://127.0.0.1:1"}])
@pytest.mark.parametrize("allowed", [True, False])
def test_webhooks_are_allowed_each_time(
    shop: FaultySource, tmp_path: Path, allowed: bool, asked: dict[str, Any]
) -> None:
    """Who goes on with a migration that sends objects away has to say so again."""
    path = tmp_path / "j"
    with kstore.open(shop) as store:
        request = kstore.migration(store, to="apps/v1", **asked)
        JournalWriter(path, request.header()).close()
    if allowed:
        opened(path, shop).resume(allow_webhooks=True)
        assert state_of(Journal(path)).finished
        return
    with pytest.raises(UsageError, match="to be allowed each time"):
        opened(path, shop).resume()
    assert names(path) == []


@pytest.mark.parametrize("changed", [True, False])
def test_the_plan_that_was_applied(shop: FaultySource, tmp_path: Path, changed: bool) -> None:
    """A migration that was held to a plan goes on by that very plan, and by no other."""
    from kstore.migrate.planfile import SavedPlan

    plan, path = tmp_path / "plan", tmp_path / "j"
    with kstore.open(shop) as store:
        kstore.migration(store, to="apps/v1").plan().save(plan)
        core = store.read_as("")
        saved = SavedPlan(plan)
        held = migrations.Migration(core, saved.request, saved=saved)
        JournalWriter(path, held.header()).close()
    if changed:
        lines = plan.read_bytes().splitlines(keepends=True)
        plan.write_bytes(b"".join(lines[:1] + lines[2:]))
        with pytest.raises(JournalError):
            opened(path, shop).resume()
        return
    opened(path, shop).resume()
    assert state_of(Journal(path)).objects == 10


def test_an_old_revision_is_not_migrated(shop: FaultySource, tmp_path: Path) -> None:
    """Neither in place nor into a file; there is no journal of it."""
    revision = shop.revision
    shop.put(key("later"), b"x")
    with kstore.open(shop, revision=revision) as store:
        for act in (
            lambda one: one.apply(tmp_path / "j"),
            lambda one: one.write(tmp_path / "new.db"),
        ):
            with pytest.raises(UsageError, match="an old revision"):
                act(kstore.migration(store, to="apps/v1"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("act", ["resume", "rollback"])
def test_asked_to_stop(shop: FaultySource, tmp_path: Path, act: str) -> None:
    """Either can be stopped, says so, and is gone on with."""
    import threading

    path, stop = tmp_path / "j", threading.Event()
    killed(shop, path, happened=True)
    stop.set()
    journal = opened(path, shop)
    run: Callable[..., object] = getattr(journal, act)
    with pytest.raises(Interrupted) as stopped:
        run(stop=stop)
    assert stopped.value.journal == str(path)
    run()
    assert opened(path, shop).verify().findings == [] or act == "rollback"


# ---- of a new file


@pytest.mark.parametrize("name", ["", "mine"])
@pytest.mark.parametrize("ends", ["published", "not", "fails"])
def test_the_journal_of_a_new_file(tmp_path: Path, name: str, ends: str) -> None:
    """It has the name that was given, or that of the output, and is seen whole or not at all."""
    output = tmp_path / "new.db"
    path = tmp_path / (name or "new.db.journal")

    class Failed(Exception):
        """What is made fails."""

    def make() -> None:
        with journal_of_file(output, tmp_path / name if name else None, {"request": {}}) as writer:
            assert writer.path == path
            assert not path.exists()
            if ends == "published":
                writer.publish()
            elif ends == "fails":
                raise Failed

    if ends == "fails":
        with pytest.raises(Failed):
            make()
    else:
        make()
    assert list(tmp_path.iterdir()) == ([path] if ends == "published" else [])


@pytest.mark.parametrize("taken", ["new.db", "new.db.journal"])
def test_names_that_are_taken(tmp_path: Path, taken: str) -> None:
    """Neither the output's nor the journal's is taken from another file."""
    (tmp_path / taken).write_text("mine")
    with (
        pytest.raises(WriteRefused if taken == "new.db" else JournalTaken),
        journal_of_file(tmp_path / "new.db", None, {"request": {}}),
    ):
        pass
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_a_journal_without_its_output(tmp_path: Path) -> None:
    """One that was killed before its output appeared is written anew."""
    output = tmp_path / "new.db"
    for _ in range(2):
        with journal_of_file(output, None, {"output": str(output.resolve()), "request": {}}) as writer:
            writer.publish()
    assert [path.name for path in tmp_path.iterdir()] == ["new.db.journal"]


# ---- what is in the way


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("rolled_back", ["", "begun", "done"])
def test_what_can_be_resumed(tmp_path: Path, finished: bool, rolled_back: str) -> None:
    """A migration that is at its end, too; none whose rollback was so much as begun."""
    writer = JournalWriter(tmp_path / "journal", {"request": {}})
    if finished:
        writer.finish(Summary())
    if rolled_back:
        writer.begin_rollback()
    if rolled_back == "done":
        writer.finish_rollback(0)
    writer.close()
    journal = Journal(tmp_path / "journal")
    require_in_place(journal)
    if not rolled_back:
        require_resumable(journal)
        return
    with pytest.raises(WriteRefused, match="was rolled back" if rolled_back == "done" else "was begun"):
        require_resumable(journal)


@pytest.mark.parametrize("there", [True, False])
def test_a_journal_of_a_file(tmp_path: Path, there: bool) -> None:
    """The new database is whole, or not there: nothing is gone on with, and nothing put back."""
    output = tmp_path / "new.db"
    JournalWriter(tmp_path / "journal", {"request": {}, "output": str(output)}).close()
    if there:
        output.touch()
    journal = Journal(tmp_path / "journal")
    with pytest.raises(UsageError, match="came to its end" if there else "nothing to resume"):
        require_resumable(journal)
    with pytest.raises(WriteRefused, match="wrote a new file"):
        require_in_place(journal)


@pytest.mark.parametrize("read_only", [True, False])
def test_what_may_yet_come_is_ended_by_a_rollback(
    tmp_path: Path, planner: VersionPlanner, deployment: Callable[..., bytes], read_only: bool
) -> None:
    """A transaction whose end nobody saw can happen no more afterwards; where nothing is written, it still may."""
    store = FaultySource({key(name): deployment(name) for name in ("a", "b")})
    changes = [step for step in planner.plan(list(store.scan())) if isinstance(step, Change)]
    writer = JournalWriter(tmp_path / "journal", {"request": {}})
    writer.begin(changes)
    writer.close()
    result = roll_back(Journal(tmp_path / "journal"), store, Retry(), read_only=read_only)
    assert (result.restored, result.findings) == (0, {})
    assert store.commit([change.mutation() for change in changes]).succeeded is read_only
