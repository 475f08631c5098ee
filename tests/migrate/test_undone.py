"""
Transactions of unknown end and rollbacks, on a store in memory: what is taken for written, and what is put back.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kstore.codec import StorageCodec
from kstore.migrate.apply import Applier
from kstore.migrate.journal import Entry, Journal
from kstore.migrate.journal_writer import JournalWriter
from kstore.migrate.plan import VersionPlanner
from kstore.migrate.rollback import Rollback
from kstore.migrate.settle import creations_to_come, settle
from kstore.records import Put, Record
from kstore.write.commit import UNKNOWN
from kstore.write.compare_and_swap import KeyChange

from .conftest import FaultySource, key

LEASE = 77


@pytest.fixture
def store(deployment: Callable[..., bytes]) -> FaultySource:
    """Three Deployments of apps/v1beta1; the last has a lease."""
    found = FaultySource({key(name): deployment(name) for name in ("a", "b")})
    found.grant_lease(LEASE, 3600)
    found.put(key("c"), deployment("c"), lease=LEASE)
    return found


def planned(store: FaultySource, planner: VersionPlanner) -> list[Any]:
    """The changes of all objects."""
    return list(planner.plan(list(store.scan())))


def begun(path: Path, changes: list[Any], reason: str = "") -> None:
    """A journal of one batch whose end nobody saw, or that was called undone."""
    log = JournalWriter(path, {"request": {}})
    number = log.begin(changes)
    if reason:
        log.undone(number, reason)
    log.close()


def settled(path: Path, store: FaultySource, *, for_good: bool = False) -> tuple[int, list[int | None]]:
    """How many objects were found to be written, and the revisions of all batches."""
    log = JournalWriter(path, None)
    count = settle(Journal(path), log, store, for_good=for_good)
    log.close()
    return count, [batch.revision for batch in Journal(path).batches()]


@pytest.mark.parametrize("reason", ["", UNKNOWN, "conflict"])
def test_it_happened(store: FaultySource, planner: VersionPlanner, tmp_path: Path, reason: str) -> None:
    """A batch whose values are stored was written, whatever the journal calls it; it is noted once."""
    changes = planned(store, planner)
    begun(tmp_path / "journal", changes, reason)
    revision = store.commit([change.mutation() for change in changes]).revision
    count, revisions = settled(tmp_path / "journal", store)
    assert count == 3
    assert [one for one in revisions if one] == [revision]
    assert settled(tmp_path / "journal", store)[0] == 0


def test_it_happened_by_an_old_journal(store: FaultySource, planner: VersionPlanner, tmp_path: Path) -> None:
    """An older journal says of a batch that it is undone, and not why: it may have happened all the same."""
    changes = planned(store, planner)
    log = JournalWriter(tmp_path / "journal", {"request": {}})
    log.undone(log.begin(changes), "")
    log.close()
    revision = store.commit([change.mutation() for change in changes]).revision
    count, revisions = settled(tmp_path / "journal", store)
    assert count == 3
    assert [one for one in revisions if one] == [revision]


@pytest.mark.parametrize("reason", ["", UNKNOWN])
def test_it_did_not_happen(store: FaultySource, planner: VersionPlanner, tmp_path: Path, reason: str) -> None:
    """A batch of which nothing is stored was not written."""
    begun(tmp_path / "journal", planned(store, planner), reason)
    assert settled(tmp_path / "journal", store) == (0, [0])


def test_others_wrote_meanwhile(
    store: FaultySource, planner: VersionPlanner, deployment: Callable[..., bytes], tmp_path: Path
) -> None:
    """A key at a later revision with another value was written by others; the batch is not taken for done."""
    begun(tmp_path / "journal", planned(store, planner))
    for name in ("a", "b", "c"):
        store.put(key(name), deployment(name, image="theirs:1"))
    assert settled(tmp_path / "journal", store) == (0, [0])
    result = Rollback(Journal(tmp_path / "journal"), store).run()
    assert (result.restored, result.written) == (0, 0)


def test_the_same_value_by_another_batch(store: FaultySource, planner: VersionPlanner, tmp_path: Path) -> None:
    """What a batch wrote that is called done is not counted for an earlier one of the same object."""
    (change,) = planned(store, planner)[:1]
    log = JournalWriter(tmp_path / "journal", {"request": {}})
    log.undone(log.begin([change]), UNKNOWN)
    store.put(change.record.key, change.record.value)  # another client, which writes what was there
    (again,) = planned(store, planner)[:1]
    log.done(log.begin([again]), store.commit([again.mutation()]).revision)
    log.close()
    assert settled(tmp_path / "journal", store)[0] == 0


@pytest.mark.parametrize("reason", ["", UNKNOWN, "conflict"])
@pytest.mark.parametrize("for_good", [True, False])
def test_it_can_come_no_more(
    store: FaultySource, planner: VersionPlanner, tmp_path: Path, for_good: bool, reason: str
) -> None:
    """Before a rollback, a batch that may still be on its way is ended: the very transaction fails afterwards."""
    changes = planned(store, planner)
    begun(tmp_path / "journal", changes, reason)
    before = {name: one.value for name, one in store.records.items()}
    settled(tmp_path / "journal", store, for_good=for_good)
    late = store.commit([change.mutation() for change in changes])
    assert late.succeeded is not for_good
    if for_good:
        assert {name: one.value for name, one in store.records.items()} == before
        assert store.records[key("c")].lease == LEASE


# ---- rollback


@pytest.fixture
def migrated(store: FaultySource, planner: VersionPlanner, tmp_path: Path) -> tuple[FaultySource, Path]:
    """The store after a migration, and its journal."""
    path = tmp_path / "journal"
    log = JournalWriter(path, {"request": {}})
    log.finish(Applier(store, planner, log).run(list(store.scan())))
    log.close()
    assert store.records[key("c")].lease == LEASE
    return store, path


def test_leases_come_back(migrated: tuple[FaultySource, Path], deployment: Callable[..., bytes]) -> None:
    """The bytes from before, and the lease that each key had."""
    store, path = migrated
    assert Rollback(Journal(path), store).run().restored == 3
    found = {name: (one.value, one.lease) for name, one in store.records.items()}
    assert found == {key(name): (deployment(name), LEASE if name == "c" else 0) for name in ("a", "b", "c")}


def test_an_earlier_rollback_comes_late(migrated: tuple[FaultySource, Path], deployment: Callable[..., bytes]) -> None:
    """What it has put back is put back: nobody else has changed it."""
    store, path = migrated

    def late(_: object) -> None:
        store.before_commit = lambda _: None
        store.put(key("a"), deployment("a"))

    store.before_commit = late
    result = Rollback(Journal(path), store).run()
    assert (result.written, result.findings) == (3, {})


def test_a_copy_that_is_gone_when_its_turn_comes(store: FaultySource, tmp_path: Path) -> None:
    """A copy was not there before either: it counts as undone."""
    log = JournalWriter(tmp_path / "journal", {"request": {}})
    log.done(log.begin([Entry.of_key(KeyChange(key("x"), None, b"made"), None, None)]), store.put(key("x"), b"made"))
    log.close()

    def late(_: object) -> None:
        store.before_commit = lambda _: None
        store.delete(key("x"))

    store.before_commit = late
    result = Rollback(Journal(tmp_path / "journal"), store).run()
    assert (result.restored, result.already, result.findings) == (0, 1, {})


def test_a_lease_that_is_another_now(migrated: tuple[FaultySource, Path]) -> None:
    """The bytes alone are not what was there before: a key that lost its lease is named."""
    store, path = migrated
    entry = next(one for batch in Journal(path).batches() for one in batch.entries if one.key == key("c"))
    store.put(key("c"), entry.before)
    result = Rollback(Journal(path), store).run()
    assert (result.restored, result.already) == (2, 0)
    assert {one.code for one in result.findings.values()} == {"lease"}


def test_the_right_revision_with_another_value(
    migrated: tuple[FaultySource, Path], deployment: Callable[..., bytes]
) -> None:
    """A store that counts anew may have others' bytes at the very revision of the journal: they are left, and named."""
    store, path = migrated
    revision = store.records[key("a")].mod_revision
    foreign = FaultySource({})
    while foreign.revision < revision - 1:
        foreign.put("/registry/other", b"x")
    foreign.put(key("a"), deployment("a", image="theirs:1"))
    assert foreign.records[key("a")].mod_revision == revision
    result = Rollback(Journal(path), foreign).run()
    assert (result.restored, foreign.records[key("a")].value) == (0, deployment("a", image="theirs:1"))
    assert result.findings[key("a")].code == "changed"


def test_what_did_not_happen_is_not_undone(
    store: FaultySource, planner: VersionPlanner, tmp_path: Path, codec: StorageCodec
) -> None:
    """An undone batch whose very value somebody else has stored is theirs: it stays."""
    (change,) = planned(store, planner)[:1]
    begun(tmp_path / "journal", [change], "no-space")
    store.put(change.record.key, change.value)
    assert Rollback(Journal(tmp_path / "journal"), store).run().written == 0
    assert store.records[change.record.key].value == change.value


def test_what_was_created_is_deleted(store: FaultySource, tmp_path: Path) -> None:
    """A key that was not there before is not there afterwards."""
    path = tmp_path / "journal"
    change = KeyChange(b"/registry/new", None, b"{}")
    log = JournalWriter(path, {"request": {}})
    log.done(log.begin([Entry.of_key(change, None, None)]), store.commit([change.mutation()]).revision)
    log.close()
    assert Rollback(Journal(path), store).run().restored == 1
    assert b"/registry/new" not in store.records


def test_what_is_created_comes_once_more(store: FaultySource, tmp_path: Path) -> None:
    """A creation given up and made by a second attempt; when others have deleted the key, the first may come after."""
    path = tmp_path / "journal"
    change = KeyChange(b"/registry/new", None, b"copy")
    entry = Entry.of_key(change, None, None)
    log = JournalWriter(path, {"request": {}})
    log.undone(log.begin([entry]), UNKNOWN)
    number = log.begin([entry])
    log.done(number, store.commit([change.mutation()]).revision)
    log.close()
    assert settled(path, store)[0] == 0
    store.delete(b"/registry/new")
    assert settled(path, store)[0] == 0
    revision = store.commit([change.mutation()]).revision
    count, revisions = settled(path, store)
    assert (count, revisions[-1]) == (1, revision)
    assert settled(path, store)[0] == 0


def test_a_part_of_a_split_batch_is_not_taken_for_the_whole(
    store: FaultySource, planner: VersionPlanner, tmp_path: Path
) -> None:
    """Refused as a whole, its parts written, and no end of any on the disk: each part is judged before the whole."""
    changes = planned(store, planner)
    log = JournalWriter(tmp_path / "journal", {"request": {}})
    for part in (changes, changes[:1], changes[1:]):
        log.begin(part)
    log.close()
    first = store.commit([changes[0].mutation()]).revision
    assert settled(tmp_path / "journal", store) == (1, [0, first, 0])
    assert [store.records[change.record.key].value for change in changes[1:]] == [
        change.record.value for change in changes[1:]
    ]


def test_the_whole_of_a_split_batch(store: FaultySource, planner: VersionPlanner, tmp_path: Path) -> None:
    """Both parts were written, each at its revision: the whole was not."""
    changes = planned(store, planner)
    log = JournalWriter(tmp_path / "journal", {"request": {}})
    for part in (changes, changes[:1], changes[1:]):
        log.begin(part)
    log.close()
    revisions = [store.commit([change.mutation() for change in part]).revision for part in (changes[:1], changes[1:])]
    count, found = settled(tmp_path / "journal", store)
    assert count == 3
    assert sorted(one for one in found if one) == revisions


def test_the_whole_came_after_its_parts_were_given_up(
    store: FaultySource, planner: VersionPlanner, tmp_path: Path
) -> None:
    """One revision is that of one transaction: of the whole, and not also of its parts, which would fit as well."""
    changes = planned(store, planner)
    log = JournalWriter(tmp_path / "journal", {"request": {}})
    for part in (changes, changes[:1], changes[1:]):
        log.undone(log.begin(part), UNKNOWN)
    log.close()
    revision = store.commit([change.mutation() for change in changes]).revision
    count, found = settled(tmp_path / "journal", store)
    assert (count, [one for one in found if one]) == (3, [revision])
    result = Rollback(Journal(tmp_path / "journal"), store).run()
    assert (result.restored, result.findings) == (3, {})


@pytest.mark.parametrize("reason", [UNKNOWN, "access-denied"])
def test_a_part_that_was_given_up_before(
    store: FaultySource, planner: VersionPlanner, tmp_path: Path, reason: str
) -> None:
    """An earlier process had tried one of the keys alone: what a later one has written is all noted, and put back."""
    changes = planned(store, planner)
    before = {name: one.value for name, one in store.records.items()}
    log = JournalWriter(tmp_path / "journal", {"request": {}})
    log.undone(log.begin(changes[:1]), reason)
    log.begin(changes)
    log.close()
    revision = store.commit([change.mutation() for change in changes]).revision
    count, found = settled(tmp_path / "journal", store)
    assert (count, [one for one in found if one]) == (3, [revision])
    Rollback(Journal(tmp_path / "journal"), store).run()
    assert {name: one.value for name, one in store.records.items()} == before


@pytest.mark.parametrize("reason", ["", UNKNOWN])
def test_what_was_given_up_before_the_key_was_written_again(
    store: FaultySource, planner: VersionPlanner, tmp_path: Path, reason: str
) -> None:
    """What ended it, the same bytes once more, has left its revision: the later batch has written, and not this one."""
    before = {name: one.value for name, one in store.records.items()}
    log = JournalWriter(tmp_path / "journal", {"request": {}})
    number = log.begin(planned(store, planner))
    if reason:
        log.undone(number, reason)
    for record in list(store.records.values()):  # as `settle` ends what has not happened
        store.put(record.key, record.value, lease=record.lease)
    changes = planned(store, planner)
    log.begin(changes)
    log.close()
    revision = store.commit([change.mutation() for change in changes]).revision
    assert settled(tmp_path / "journal", store) == (3, [0, revision])
    versions = [
        entry.version for batch in Journal(tmp_path / "journal").batches() if batch.revision for entry in batch.entries
    ]
    assert versions == [2, 2, 2]
    Rollback(Journal(tmp_path / "journal"), store).run()
    assert {name: one.value for name, one in store.records.items()} == before


def test_what_the_server_has_refused(store: FaultySource, planner: VersionPlanner, tmp_path: Path) -> None:
    """It was not written, and comes no more: the same values are those of others."""
    changes = planned(store, planner)
    begun(tmp_path / "journal", changes, "access-denied")
    store.commit([change.mutation() for change in changes])
    assert settled(tmp_path / "journal", store) == (0, [0])


def test_a_part_whose_revision_is_compacted(store: FaultySource, planner: VersionPlanner, tmp_path: Path) -> None:
    """What only one key tells is taken for the part's, and not for that of the whole."""
    changes = planned(store, planner)
    log = JournalWriter(tmp_path / "journal", {"request": {}})
    for part in (changes, changes[:2]):
        log.begin(part)
    log.close()
    revision = store.commit([change.mutation() for change in changes[:2]]).revision
    for change in changes[1:]:
        store.delete(change.record.key)
    store.compact(store.revision)
    assert settled(tmp_path / "journal", store) == (2, [0, revision])


def test_one_of_two_creations_that_others_made(store: FaultySource, tmp_path: Path) -> None:
    """The other key was never there: the batch was not written."""
    begun(
        tmp_path / "journal", [Entry.of_key(KeyChange(key(name), None, b"made"), None, None) for name in "xy"], UNKNOWN
    )
    store.put(key("x"), b"made")
    assert settled(tmp_path / "journal", store) == (0, [0])


def test_others_wrote_the_same_once_more(store: FaultySource, planner: VersionPlanner, tmp_path: Path) -> None:
    """A transaction's revision is the first at which its values were seen: a later one is somebody else's."""
    changes = planned(store, planner)
    begun(tmp_path / "journal", changes)
    revision = store.commit([change.mutation() for change in changes]).revision
    store.put(changes[0].record.key, changes[0].value)
    assert settled(tmp_path / "journal", store) == (3, [revision])


def test_a_key_that_was_created_anew(store: FaultySource, planner: VersionPlanner, tmp_path: Path) -> None:
    """With its new value, after others had deleted it: the batch depends on what they have deleted."""
    changes = planned(store, planner)[:1]
    begun(tmp_path / "journal", changes)
    store.delete(changes[0].record.key)
    store.put(changes[0].record.key, changes[0].value)
    assert settled(tmp_path / "journal", store) == (0, [0])


def test_another_key_that_has_not_changed_since(store: FaultySource, planner: VersionPlanner, tmp_path: Path) -> None:
    """Nor was it written at a revision behind the last one of another of its keys, which others have written."""
    changes = planned(store, planner)
    begun(tmp_path / "journal", changes[:2], "conflict")
    store.put(changes[1].record.key, b"of others")
    store.put(changes[0].record.key, changes[0].value)
    assert settled(tmp_path / "journal", store) == (0, [0])


def test_another_key_that_had_its_value_before(store: FaultySource, planner: VersionPlanner, tmp_path: Path) -> None:
    """Others have written both values, one after the other, and one of the keys once more: that was no transaction."""
    changes = planned(store, planner)
    begun(tmp_path / "journal", changes[:2], "conflict")
    store.put(changes[1].record.key, changes[1].value)
    store.put(changes[0].record.key, changes[0].value)
    store.put(changes[1].record.key, b"of others")
    assert settled(tmp_path / "journal", store) == (0, [0])


def test_others_wrote_all_keys_at_once(store: FaultySource, planner: VersionPlanner, tmp_path: Path) -> None:
    """With one of the values, and another one that is theirs: the batch was not written."""
    changes = planned(store, planner)[:2]
    begun(tmp_path / "journal", changes, "conflict")
    store.commit([changes[0].mutation(), Put(changes[1].record.key, b"theirs", changes[1].record.mod_revision)])
    assert settled(tmp_path / "journal", store) == (0, [0])


def test_another_key_that_was_gone_by_then(store: FaultySource, planner: VersionPlanner, tmp_path: Path) -> None:
    """A key that others had deleted before was not written; one that they deleted afterwards may have been."""
    changes = planned(store, planner)
    begun(tmp_path / "journal", changes[:2], "conflict")
    store.delete(changes[1].record.key)
    store.put(changes[0].record.key, changes[0].value)
    assert settled(tmp_path / "journal", store) == (0, [0])


def test_another_key_that_was_deleted_since(store: FaultySource, planner: VersionPlanner, tmp_path: Path) -> None:
    """The batch was written, and others have deleted one of its keys."""
    changes = planned(store, planner)
    begun(tmp_path / "journal", changes[:2], "conflict")
    revision = store.commit([change.mutation() for change in changes[:2]]).revision
    store.delete(changes[1].record.key)
    count, revisions = settled(tmp_path / "journal", store)
    assert (count, [one for one in revisions if one]) == (2, [revision])


def test_another_key_whose_past_is_compacted(store: FaultySource, planner: VersionPlanner, tmp_path: Path) -> None:
    """Nobody can tell any more whether it was there by then: the key that has its value decides."""
    changes = planned(store, planner)
    begun(tmp_path / "journal", changes[:2], "conflict")
    revision = store.commit([change.mutation() for change in changes[:2]]).revision
    store.delete(changes[1].record.key)
    store.put(key("d"), b"later")
    store.compact(store.revision)
    count, revisions = settled(tmp_path / "journal", store)
    assert (count, [one for one in revisions if one]) == (2, [revision])


def test_what_may_come_yet(store: FaultySource, planner: VersionPlanner, tmp_path: Path) -> None:
    """Keys that were to be created, by transactions whose end nobody saw; what is changed comes no more."""
    changes = planned(store, planner)
    log = JournalWriter(tmp_path / "journal", {"request": {}})
    made = [Entry.of_key(KeyChange(key(name), None, b"x"), None, None) for name in "xyz"]
    log.begin([changes[0]])
    log.undone(log.begin([changes[1]]), UNKNOWN)
    log.begin(made[:1])
    log.undone(log.begin(made[1:2]), UNKNOWN)
    log.undone(log.begin(made[2:]), "conflict")
    log.close()
    assert creations_to_come(Journal(tmp_path / "journal")) == {key("x"), key("y")}


def test_one_key_that_is_as_it_was_read(store: FaultySource, planner: VersionPlanner, tmp_path: Path) -> None:
    """A transaction writes all of its keys: where one has its old revision, somebody else has written the others."""
    changes = planned(store, planner)
    begun(tmp_path / "journal", changes, "conflict")
    store.put(changes[0].record.key, changes[0].value)
    assert settled(tmp_path / "journal", store) == (0, [0])


@pytest.mark.parametrize("first", ["b", "c"])
def test_what_ends_a_batch_keeps_the_lease(
    store: FaultySource, planner: VersionPlanner, tmp_path: Path, first: str
) -> None:
    """The one key that is written again, as it is, has its lease still, or none."""
    change = next(one for one in planned(store, planner) if one.record.key == key(first))
    begun(tmp_path / "journal", [change])
    settled(tmp_path / "journal", store, for_good=True)
    now = store.records[key(first)]
    assert now.mod_revision > change.record.mod_revision
    assert (now.value, now.lease) == (change.record.value, change.record.lease)


@pytest.mark.parametrize("moved", [True, False])
def test_a_batch_that_has_ended_is_left_alone(
    store: FaultySource, planner: VersionPlanner, tmp_path: Path, moved: bool
) -> None:
    """One of its keys was written or deleted by others: it happens no more, and nothing is written to see to that."""
    changes = planned(store, planner)
    begun(tmp_path / "journal", changes)
    if moved:
        store.put(changes[1].record.key, b"theirs")
    else:
        store.delete(changes[1].record.key)
    before = store.revision
    assert settled(tmp_path / "journal", store, for_good=True)[0] == 0
    assert store.revision == before
    assert not store.commit([change.mutation() for change in changes]).succeeded


@pytest.mark.parametrize("reason", ["", UNKNOWN, "conflict"])
def test_what_is_noted_of_a_batch(store: FaultySource, planner: VersionPlanner, tmp_path: Path, reason: str) -> None:
    """One without an end gets it; what was called undone, and happened, is begun and done once more."""
    changes = planned(store, planner)
    begun(tmp_path / "journal", changes, reason)
    revision = store.commit([change.mutation() for change in changes]).revision
    assert settled(tmp_path / "journal", store)[0] == 3
    found = [(batch.number, batch.revision) for batch in Journal(tmp_path / "journal").batches()]
    assert found == ([(1, 0), (2, revision)] if reason else [(1, revision)])


def test_what_did_not_happen_may_come_yet(store: FaultySource, planner: VersionPlanner, tmp_path: Path) -> None:
    """A batch without an end that is not there is noted as of unknown end: it is looked for the next time again."""
    changes = planned(store, planner)
    begun(tmp_path / "journal", changes)
    assert settled(tmp_path / "journal", store) == (0, [0])
    (batch,) = Journal(tmp_path / "journal").batches()
    assert batch.reason == UNKNOWN
    revision = store.commit([change.mutation() for change in changes]).revision
    assert settled(tmp_path / "journal", store) == (3, [0, revision])


def test_a_batch_that_comes_while_it_is_ended(store: FaultySource, planner: VersionPlanner, tmp_path: Path) -> None:
    """Before a rollback it either comes no more, or is noted as done."""
    changes = planned(store, planner)
    begun(tmp_path / "journal", changes)
    mutations = [change.mutation() for change in changes]

    def come(_: object) -> None:
        store.before_commit = lambda _: None
        assert store.commit(mutations).succeeded

    store.before_commit = come
    count, revisions = settled(tmp_path / "journal", store, for_good=True)
    assert (count, revisions) == (3, [store.records[key("a")].mod_revision])


class Uncounted(FaultySource):
    """A store that counts no versions of a key, as kine does not."""

    def live(self, revision: int = 0) -> dict[bytes, Record]:
        return {name: record._replace(version=1) for name, record in super().live(revision).items()}


def test_it_happened_where_no_versions_are_counted(
    deployment: Callable[..., bytes], planner: VersionPlanner, tmp_path: Path
) -> None:
    """A key's version is the one before; the value and the revision tell."""
    store = Uncounted({key(name): deployment(name) for name in ("a", "b")})
    changes = planned(store, planner)
    begun(tmp_path / "journal", changes, UNKNOWN)
    revision = store.commit([change.mutation() for change in changes]).revision
    assert settled(tmp_path / "journal", store) == (2, [0, revision])
