"""
One transaction whose end nobody saw: what is stored decides what became of it, whatever others did meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from tests.migrate.conftest import FaultySource

from kstore.errors import (
    AccessDenied,
    Conflict,
    DamagedStore,
    KstoreError,
    LeaseGone,
    NoSpace,
    NotWritable,
    RequestTooLarge,
    StoreUnreachable,
    Unsupported,
)
from kstore.records import Delete, Mutation, Put
from kstore.source.location.demo import open_demo
from kstore.write.commit import Left, Writer, Written, writable
from kstore.write.compare_and_swap import KeyChange, request_size

KEY, OTHER = b"/registry/a", b"/registry/b"


class Log:
    """A journal in memory."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, int]] = []
        self.numbers = 0

    def begin(self, changes: Sequence[KeyChange]) -> int:
        self.numbers += 1
        self.lines.append(("begin", self.numbers))
        return self.numbers

    def done(self, number: int, revision: int) -> None:
        self.lines.append(("done", number))

    def undone(self, number: int, reason: str) -> None:
        self.lines.append((f"undone {reason}", number))


def lost(store: FaultySource, meanwhile: Callable[[], object], *, happened: bool) -> None:
    """Let the answer to the next transaction get lost, and something else happen before it is asked about."""

    def fail() -> None:
        store.before_commit, store.after_commit = lambda _: None, lambda: None
        meanwhile()
        raise StoreUnreachable("the answer was lost")

    def before(_: Sequence[Mutation]) -> None:
        if not happened:
            fail()

    store.before_commit = before
    store.after_commit = fail


@pytest.fixture
def store() -> FaultySource:
    """Two keys."""
    return FaultySource({KEY: b"old", OTHER: b"old"})


def changes(store: FaultySource) -> list[KeyChange]:
    """Both keys are to become `new`."""
    return [KeyChange(name, store.records[name], b"new") for name in (KEY, OTHER)]


def test_it_happened(store: FaultySource) -> None:
    """The values are there: it is noted as done, at their revision, and not sent again."""
    log = Log()
    lost(store, lambda: None, happened=True)
    ended = list(Writer(store, log).write(changes(store)))
    assert [type(one) for one in ended] == [Written, Written]
    assert {one.revision for one in ended if isinstance(one, Written)} == {store.records[KEY].mod_revision}
    assert log.lines == [("begin", 1), ("done", 1)]


def test_it_did_not_happen(store: FaultySource) -> None:
    """Nothing is there: it is noted as undone, and sent again."""
    log = Log()
    lost(store, lambda: None, happened=False)
    ended = list(Writer(store, log).write(changes(store)))
    assert [type(one) for one in ended] == [Written, Written]
    assert log.lines == [("begin", 1), ("undone unknown", 1), ("begin", 2), ("done", 2)]


@pytest.mark.parametrize("theirs", [b"theirs", b"old"], ids=["another value", "the value from before"])
def test_others_wrote(store: FaultySource, theirs: bytes) -> None:
    """A key at a later revision is not thereby written by kstore: it is left to them, and the other key is written."""
    log = Log()
    lost(store, lambda: store.put(KEY, theirs), happened=False)
    first, second = Writer(store, log).write(changes(store))
    assert isinstance(first, Left)
    assert first.found is not None
    assert (first.found.value, store.records[KEY].value) == (theirs, theirs)
    assert isinstance(second, Written)
    assert store.records[OTHER].value == b"new"


def test_others_wrote_the_same_once_more(store: FaultySource) -> None:
    """The transaction has the older of the revisions: the later one is that of others, with the same value."""
    lost(store, lambda: store.put(KEY, b"new"), happened=True)
    ended = list(Writer(store, Log()).write(changes(store)))
    assert [one.revision for one in ended if isinstance(one, Written)] == [store.records[OTHER].mod_revision] * 2
    assert store.records[KEY].mod_revision > store.records[OTHER].mod_revision


def test_others_wrote_the_same_to_one_of_two_keys(store: FaultySource) -> None:
    """That is no sign of the transaction, as long as the other key has not moved: it is written still."""
    lost(store, lambda: store.put(KEY, b"new"), happened=False)
    ended = list(Writer(store, Log()).write(changes(store)))
    assert [type(one) for one in ended] == [Written, Written]
    assert store.records[OTHER].value == b"new"


def test_one_key_that_others_deleted(store: FaultySource) -> None:
    """A value was to be written: that the key is gone is nobody's success."""
    lost(store, lambda: store.delete(KEY), happened=False)
    (left,) = Writer(store, Log()).write([KeyChange(KEY, store.records[KEY], b"new")])
    assert isinstance(left, Left)
    assert left.found is None


def test_a_deletion_that_happened(store: FaultySource) -> None:
    """The key is gone, by whomever; at which revision nobody can tell."""
    lost(store, lambda: None, happened=True)
    change = KeyChange(KEY, store.records[KEY], None)
    assert list(Writer(store, Log()).write([change])) == [Written(change, 0)]


def test_a_deletion_in_a_batch(store: FaultySource) -> None:
    """What else was written tells the revision, at which the key went."""
    lost(store, lambda: None, happened=True)
    written, deleted = changes(store)[0], KeyChange(OTHER, store.records[OTHER], None)
    assert list(Writer(store, Log()).write([written, deleted])) == [
        Written(written, store.revision),
        Written(deleted, store.revision),
    ]


@pytest.mark.parametrize("first", [True, False])
def test_others_did_each_half_of_a_batch(store: FaultySource, first: bool) -> None:
    """One client writes the very value, another deletes the key: the deletion is not called kstore's."""
    steps = [lambda: store.delete(OTHER), lambda: store.put(KEY, b"new")]

    def meanwhile() -> None:
        for step in steps if first else reversed(steps):
            step()

    written, deleted = changes(store)[0], KeyChange(OTHER, store.records[OTHER], None)
    lost(store, meanwhile, happened=False)
    same, left = Writer(store, Log()).write([written, deleted])
    assert same == Written(written, store.records[KEY].mod_revision)
    assert isinstance(left, Left)
    assert left.found is None


def test_a_deletion_whose_revision_is_compacted(store: FaultySource) -> None:
    """Nobody can tell any more: what else was written is believed."""
    written, deleted = changes(store)[0], KeyChange(OTHER, store.records[OTHER], None)
    lost(store, lambda: store.compact(store.revision), happened=True)
    assert [type(one) for one in Writer(store, Log()).write([written, deleted])] == [Written, Written]


def test_a_key_that_is_there_though_its_past_is_compacted(store: FaultySource) -> None:
    """It was not deleted, whatever the store has forgotten: the deletion is sent once more."""
    log = Log()
    lost(store, lambda: store.compact(store.records[OTHER].mod_revision), happened=False)
    (ended,) = Writer(store, log).write([KeyChange(OTHER, store.records[OTHER], None)])
    assert isinstance(ended, Written)
    assert OTHER not in store.records
    assert log.lines == [("begin", 1), ("undone unknown", 1), ("begin", 2), ("done", 2)]


def test_others_deleted(store: FaultySource) -> None:
    """A key that is gone is not there again."""
    lost(store, lambda: store.delete(KEY), happened=False)
    first, second = Writer(store, Log()).write(changes(store))
    assert isinstance(first, Left)
    assert first.found is None
    assert isinstance(second, Written)
    assert KEY not in store.records


def test_it_happened_and_others_wrote_one_key_since(store: FaultySource) -> None:
    """One key that still has what was to be written tells of the whole: others' later write stays theirs."""
    lost(store, lambda: store.put(KEY, b"theirs"), happened=True)
    ended = list(Writer(store, Log()).write(changes(store)))
    assert [type(one) for one in ended] == [Written, Written]
    assert (store.records[KEY].value, store.records[OTHER].value) == (b"theirs", b"new")


def test_a_conflict_is_noted(store: FaultySource) -> None:
    """A transaction that the store refused is called undone, and nothing is called done that was not."""
    change = KeyChange(KEY, store.records[KEY], b"new")
    store.put(KEY, b"theirs")
    log = Log()
    (left,) = Writer(store, log).write([change])
    assert isinstance(left, Left)
    assert log.lines == [("begin", 1), ("undone conflict", 1)]


def test_a_value_that_another_request_brought(store: FaultySource) -> None:
    """A conflict with the value that was to be written: it is there, and the journal does not call it this batch's."""
    log = Log()
    wanted = changes(store)[:1]
    revision = store.commit([change.mutation() for change in changes(store)]).revision  # one of a process before
    ended = list(Writer(store, log).write(wanted))
    assert [(type(one), one.revision) for one in ended if isinstance(one, Written)] == [(Written, revision)]
    assert log.lines == [("begin", 1), ("undone conflict", 1)]


def test_what_others_deleted_tells_nothing(store: FaultySource) -> None:
    """A deletion that was lost with other writes is not taken for done because others have deleted the key."""
    changes = [KeyChange(KEY, store.records[KEY], None), KeyChange(OTHER, store.records[OTHER], b"new")]
    lost(store, lambda: store.delete(KEY), happened=False)
    ended = {ending.change.key: ending for ending in Writer(store, Log()).write(changes)}
    assert isinstance(ended[OTHER], Written)
    assert store.records[OTHER].value == b"new"
    assert ended[OTHER].revision == store.records[OTHER].mod_revision


def test_what_others_changed_is_not_called_written(store: FaultySource) -> None:
    """One key deleted by others, the other changed by others: neither makes the transaction happen."""

    def meanwhile() -> None:
        store.delete(KEY)
        store.put(OTHER, b"theirs")

    changes = [KeyChange(KEY, store.records[KEY], None), KeyChange(OTHER, store.records[OTHER], b"new")]
    lost(store, meanwhile, happened=False)
    ended = {ending.change.key: ending for ending in Writer(store, Log()).write(changes)}
    assert isinstance(ended[OTHER], Left)
    assert store.records[OTHER].value == b"theirs"


def test_a_store_that_is_only_read() -> None:
    """It is named, with what can be written instead."""
    with open_demo() as demo:
        where = demo.status().location
        with pytest.raises(NotWritable) as error:
            writable(demo)
    assert str(error.value) == f"{where}: this store is only read"
    assert error.value.hint == "only a running etcd is changed in place"


def test_a_creation_that_others_deleted(store: FaultySource) -> None:
    """A key that was created, and is gone, tells nothing: the other key does."""
    made = b"/registry/made"
    changes = [KeyChange(made, None, b"new"), KeyChange(KEY, store.records[KEY], b"new")]
    lost(store, lambda: store.delete(made), happened=True)
    ended = list(Writer(store, Log()).write(changes))
    assert [type(one) for one in ended] == [Written, Written]
    assert made not in store.records


def test_one_of_two_creations_that_came_by_another_request(store: FaultySource) -> None:
    """A request of an earlier process made one of the keys meanwhile: the other one was not made with it."""
    one, two = b"/registry/one", b"/registry/two"
    lost(store, lambda: store.put(one, b"new"), happened=False)
    ended = list(Writer(store, Log()).write([KeyChange(one, None, b"new"), KeyChange(two, None, b"new")]))
    assert [type(ending) for ending in ended] == [Written, Written]
    assert store.records[two].value == b"new"
    assert [ending.revision for ending in ended if isinstance(ending, Written)] == [
        store.records[name].mod_revision for name in (one, two)
    ]


def test_others_wrote_both_keys_at_once(store: FaultySource) -> None:
    """One transaction of theirs has left one of the values, and not the other: it is not taken for kstore's."""
    theirs = [
        Put(KEY, b"new", store.records[KEY].mod_revision),
        Put(OTHER, b"theirs", store.records[OTHER].mod_revision),
    ]
    lost(store, lambda: store.commit(theirs), happened=False)
    same, left = Writer(store, Log()).write(changes(store))
    assert isinstance(same, Written)
    assert isinstance(left, Left)
    assert store.records[OTHER].value == b"theirs"


def test_the_same_value_once_more(store: FaultySource) -> None:
    """A key that is written again as it is has left its revision only where it really was."""
    log = Log()
    lost(store, lambda: None, happened=False)
    record = store.records[KEY]
    (ended,) = Writer(store, log).write([KeyChange(KEY, record, record.value)])
    assert isinstance(ended, Written)
    assert store.records[KEY].mod_revision == ended.revision > record.mod_revision
    assert log.lines == [("begin", 1), ("undone unknown", 1), ("begin", 2), ("done", 2)]


def test_others_deleted_what_was_to_be_written_and_what_was_to_go(store: FaultySource) -> None:
    """That a key is gone which was to get a value is not the transaction."""

    def meanwhile() -> None:
        store.delete(KEY)
        store.delete(OTHER)

    writing, deleting = changes(store)[0], KeyChange(OTHER, store.records[OTHER], None)
    lost(store, meanwhile, happened=False)
    first, _ = Writer(store, Log()).write([writing, deleting])
    assert isinstance(first, Left)
    assert first.found is None


def test_a_value_that_was_there_before(store: FaultySource) -> None:
    """A write that is refused for its lease has not happened because the key holds those bytes already."""

    def refuse(_: Sequence[Mutation]) -> None:
        raise LeaseGone("requested lease not found")

    store.before_commit = refuse
    (ended,) = Writer[KeyChange](store).write([KeyChange(KEY, store.records[KEY], store.records[KEY].value, 5)])
    assert isinstance(ended, Left)
    assert (type(ended.fault), ended.found) == (LeaseGone, store.records[KEY])


@pytest.mark.parametrize(("deleted", "ends"), [(False, Written), (True, Left)])
def test_a_value_that_others_wrote(store: FaultySource, deleted: bool, ends: type) -> None:
    """What others have written in its place counts as written, but not where the key is another one since."""
    change = KeyChange(KEY, store.records[KEY], b"new")
    if deleted:
        store.delete(KEY)
    store.put(KEY, b"new")
    (ended,) = Writer[KeyChange](store).write([change])
    assert type(ended) is ends
    assert not isinstance(ended, Left) or type(ended.fault) is Conflict


@pytest.mark.parametrize("refusal", [AccessDenied("no"), DamagedStore("no"), NoSpace("no"), Unsupported("no")])
def test_a_refusal_is_noted(store: FaultySource, refusal: KstoreError) -> None:
    """The server has looked at the transaction and not taken it: whoever resumes need not look for it."""
    log = Log()

    def refuse(_: Sequence[Mutation]) -> None:
        raise refusal

    store.before_commit = refuse
    with pytest.raises(type(refusal)):
        list(Writer(store, log).write(changes(store)))
    assert log.lines == [("begin", 1), (f"undone {refusal.code}", 1)]


def test_it_came_late(store: FaultySource) -> None:
    """Not there when it was looked for, and there when it was sent again: the second one is noted as done."""
    log = Log()
    wanted = changes(store)
    mutations = [change.mutation() for change in wanted]
    revisions: list[int] = []

    def again(_: Sequence[Mutation]) -> None:
        store.before_commit = lambda _: None
        revisions.append(store.commit(mutations).revision)

    def fail(_: Sequence[Mutation]) -> None:
        store.before_commit = again
        raise StoreUnreachable("the answer was lost")

    store.before_commit = fail
    ended = list(Writer(store, log).write(wanted))
    assert [one.revision for one in ended if isinstance(one, Written)] == revisions * 2
    assert log.lines == [("begin", 1), ("undone unknown", 1), ("begin", 2), ("done", 2)]


@pytest.mark.parametrize(
    ("more", "said"), [(-1, "the server's own words"), (0, "the server's own words"), (1, "takes")]
)
def test_what_is_said_of_a_request_that_is_too_large(store: FaultySource, more: int, said: str) -> None:
    """Its size and the server's limit, where it is larger; else what the server says."""
    change = KeyChange(KEY, store.records[KEY], b"n" * 1000)
    limits = replace(store.limits(), request_bytes=request_size(change.mutation()) - more)
    store.limits = lambda: limits  # type: ignore[method-assign]

    def refuse(_: Sequence[Mutation]) -> None:
        raise RequestTooLarge("the server's own words", where="https://etcd:2379")

    store.before_commit = refuse
    (left,) = Writer(store, Log()).write([change])
    assert isinstance(left, Left)
    assert said in left.fault.message
    assert left.fault.where == "https://etcd:2379"
    assert store.records[KEY].value == b"old"


def test_a_value_that_others_wrote_at_another_revision(store: FaultySource) -> None:
    """The first of the revisions is another key's: what the other key held then, and since before, is theirs."""

    def meanwhile() -> None:
        for name, value in ((OTHER, b"new"), (KEY, b"new"), (OTHER, b"theirs")):
            store.put(name, value)

    lost(store, meanwhile, happened=False)
    same, left = Writer(store, Log()).write(changes(store))
    assert isinstance(same, Written)
    assert isinstance(left, Left)
    assert left.found == store.records[OTHER]


def test_others_deleted_what_they_had_changed_with_the_very_value(store: FaultySource) -> None:
    """One transaction of theirs does all that was asked for, of a key that had left the revision that was read."""

    def meanwhile() -> None:
        store.put(OTHER, b"theirs")
        store.commit([Put(KEY, b"new", store.records[KEY].mod_revision), Delete(OTHER, store.revision)])

    deleting = KeyChange(OTHER, store.records[OTHER], None)
    lost(store, meanwhile, happened=False)
    same, left = Writer(store, Log()).write([changes(store)[0], deleting])
    assert isinstance(same, Written)
    assert isinstance(left, Left)
    assert left.found is None


def test_what_is_stored_now_needs_no_past(store: FaultySource) -> None:
    """A compaction hides nothing of a key that nobody has written since: others' value is seen to be theirs."""

    def meanwhile() -> None:
        store.put(KEY, b"theirs")
        store.put(OTHER, b"later")
        store.compact(store.revision)

    lost(store, meanwhile, happened=False)
    (left,) = Writer(store, Log()).write(changes(store)[:1])
    assert isinstance(left, Left)
    assert left.found == store.records[KEY]
