"""
After a migration: resumed and rolled back.
"""

from __future__ import annotations

import pytest

from kstore.errors import AccessDenied, Interrupted, LeaseGone
from kstore.migrate.apply import Applier
from kstore.migrate.journal import Entry, Journal
from kstore.migrate.journal_writer import JournalWriter
from kstore.migrate.plan import VersionPlanner
from kstore.migrate.rollback import Rollback
from kstore.migrate.settle import settle
from kstore.migrate.targets import VersionTargets
from kstore.migrate.verify import state_of, verify_live
from kstore.naming import GroupVersion
from kstore.write.batches import Pace
from kstore.write.compare_and_swap import KeyChange
from kstore.write.progress import Stop
from kstore.write.retry import Retry

from .conftest import FaultySource, key


class Killed(BaseException):
    """The process ends here."""


def run(store: FaultySource, planner, path, header=None) -> None:
    writer = JournalWriter(path, header)
    try:
        if header is None:
            settle(Journal(path), writer, store)
        writer.finish(Applier(store, planner, writer, pace=Pace(batch=2, concurrency=1)).run(store.scan()))
    finally:
        writer.close()


def test_rollback_brings_back_the_very_bytes(migrated, deployment):
    """Every object is as it was; a second rollback finds that."""
    store, path = migrated
    result = Rollback(Journal(path), store).run()
    assert (result.restored, result.already, result.findings) == (10, 0, {})
    assert all(store.records[key(f"web-{number}")].value == deployment(f"web-{number}") for number in range(10))
    again = Rollback(Journal(path), store).run()
    assert (again.restored, again.already) == (0, 10)


def test_an_interrupted_rollback_says_so_and_goes_on(migrated):
    """Asked to stop it ends as interrupted, not as done; run again it puts back the rest."""
    store, path = migrated
    stop = Stop()
    store.operations, store.after_commit = 3, stop.ask
    with pytest.raises(Interrupted, match="are put back") as caught:
        Rollback(Journal(path), store, retry=Retry(stop=stop)).run()
    assert (caught.value.journal, caught.value.rolling_back) == (str(path), True)
    again = Rollback(Journal(path), store).run()
    assert (again.restored > 0, again.already > 0, again.findings) == (True, True, {})


def test_a_rollback_that_is_refused(migrated):
    """A user who may not write learns that, and not that others had changed the objects."""
    store, path = migrated

    def refuse(_):
        raise AccessDenied("this user may not read or write here")

    store.before_commit = refuse
    with pytest.raises(AccessDenied):
        Rollback(Journal(path), store).run()


def test_one_migration_after_the_other_is_rolled_back(migrated, codec, journal_path):
    """What a later migration did and undid is no change of others: the earlier one is undone as well."""
    store, path = migrated
    before = {entry.key: entry.before for batch in Journal(path).batches() for entry in batch.entries}
    back = VersionPlanner(codec, VersionTargets(codec.scheme, (GroupVersion("apps", "v1beta2"),)))
    later = next(journal_path)
    run(store, back, later, {"store": "memory"})
    assert Rollback(Journal(later), store).run().findings == {}
    result = Rollback(Journal(path), store).run()
    assert (result.restored, result.findings) == (10, {})
    assert {key: store.records[key].value for key in before} == before


@pytest.mark.parametrize("moved", [False, True])
def test_a_key_that_was_written_twice(migrated, journal_path, moved):
    """The last change is undone first, also in a store that counts its revisions anew since."""
    store, _ = migrated
    first, path = store.records[key("web-1")], next(journal_path)
    writer = JournalWriter(path, {})
    for value in (b"between", b"in the end"):
        change = KeyChange(first.key, store.records[first.key], value)
        number = writer.begin([Entry.of_key(change, None, None)])
        writer.done(number, store.commit([change.mutation()]).revision)
    writer.close()
    if moved:
        store.put(first.key, b"in the end")
    result = Rollback(Journal(path), store).run()
    assert (result.restored, result.already, result.findings) == (1, 0, {})
    assert store.records[first.key].value == first.value


def test_rollback_leaves_what_others_changed(migrated, deployment):
    """A later change of somebody else is named, never overwritten; so is a deletion."""
    store, path = migrated
    foreign = deployment("web-1", image="web:9", version="apps/v1")
    store.put(key("web-1"), foreign)
    store.delete(key("web-2"))
    result = Rollback(Journal(path), store).run()
    assert result.restored == 8
    assert {finding.code for finding in result.findings.values()} == {"changed", "deleted"}
    assert store.records[key("web-1")].value == foreign


@pytest.mark.parametrize("transaction", range(1, 6))
@pytest.mark.parametrize("after", [True, False])
def test_killed_at_any_transaction(shop, planner, codec, journal_path, transaction, after):
    """Killed before or after any transaction, a resumed migration is complete, and can be undone as a whole."""
    before = {name: record.value for name, record in shop.records.items()}
    left = [transaction]

    def kill(*_):
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    path = next(journal_path)
    if after:
        shop.after_commit = kill
    else:
        shop.before_commit = kill
    with pytest.raises(Killed):
        run(shop, planner, path, {"store": "memory"})
    shop.after_commit = lambda: None
    shop.before_commit = lambda _: None
    run(shop, planner, path)
    assert verify_live(Journal(path), shop, codec).findings == []
    assert state_of(Journal(path)).objects == 10
    assert Rollback(Journal(path), shop).run().restored == 10
    assert {name: record.value for name, record in shop.records.items()} == before


def test_a_key_that_appears_between_two_looks(shop, journal_path):
    """One that a late transaction creates while a rollback looks at it is deleted, and counted once."""
    name, path = key("new"), next(journal_path)
    writer = JournalWriter(path, {})
    for again in (False, True):
        if again:
            shop.delete(name)
        change = KeyChange(name, None, b"made")
        number = writer.begin([Entry.of_key(change, None, None)])
        writer.done(number, shop.commit([change.mutation()]).revision)
    writer.close()
    seen, plain = iter([None]), shop.get
    shop.get = lambda one, revision=0: next(seen, plain(one, revision=revision))
    result = Rollback(Journal(path), shop).run()
    assert (result.restored, result.already, result.written, result.findings) == (1, 0, 1, {})
    assert name not in shop.records


@pytest.mark.parametrize("moved", [False, True])
def test_another_cluster_is_only_looked_at(migrated, moved):
    """Nothing is written there; what it would put back is named, and what is as before is counted."""
    store, path = migrated
    entry = next(one for batch in Journal(path).batches() for one in batch.entries if one.key == key("web-1"))
    store.put(key("web-1"), entry.before)
    store.delete(key("web-2"))
    if moved:
        record = store.records[key("web-3")]
        store.put(key("web-3"), record.value)
    before = store.revision
    result = Rollback(Journal(path), store, read_only=True).run()
    assert store.revision == before
    assert (result.restored, result.already, len(result.findings)) == (0, 1, 9)
    assert {finding.code for finding in result.findings.values()} == {"cluster"}


@pytest.mark.parametrize("granted", [True, False])
def test_a_lease_that_is_gone(migrated, journal_path, granted):
    """What cannot be put back for want of its lease is named so, and left; the rest is put back."""
    store, _ = migrated
    path = next(journal_path)
    writer = JournalWriter(path, {})
    for name, lease in (("web-1", 0), ("web-2", 77), ("web-3", 0)):
        record = store.records[key(name)]
        change = KeyChange(key(name), record, b"new", lease)
        writer.done(writer.begin([Entry.of_key(change, None, None)]), store.put(key(name), b"new", lease=lease))
    writer.close()
    before = store.records[key("web-2")]

    def refuse(mutations):
        if not granted and any(one.lease for one in mutations):
            raise LeaseGone("requested lease not found")

    store.before_commit = refuse
    result = Rollback(Journal(path), store).run()
    if granted:
        assert (result.restored, result.findings) == (3, {})
        return
    assert result.restored == 2
    (finding,) = result.findings.values()
    assert (finding.key, finding.code) == (key("web-2").decode(), "lease")
    assert finding.message == "it could not be put back: its lease 4d is gone"
    assert store.records[key("web-2")] == before


def test_a_key_that_others_put_back_meanwhile(migrated, journal_path):
    """Written twice, and as before the first time by the time of the second look: it counts as put back."""
    store, _ = migrated
    first, other, path = store.records[key("web-1")], store.records[key("web-2")], next(journal_path)
    writer = JournalWriter(path, {})
    for record, values in ((first, (b"between", b"in the end")), (other, (b"new",))):
        for value in values:
            change = KeyChange(record.key, store.records[record.key], value)
            number = writer.begin([Entry.of_key(change, None, None)])
            writer.done(number, store.commit([change.mutation()]).revision)
    writer.close()
    store.put(first.key, b"theirs")

    def back(mutations):
        store.before_commit = lambda _: None
        store.put(first.key, first.value)

    store.before_commit = back
    result = Rollback(Journal(path), store).run()
    assert (result.restored, result.already, result.findings) == (1, 1, {})
    assert (store.records[first.key].value, store.records[other.key].value) == (first.value, other.value)
