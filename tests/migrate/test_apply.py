"""
Writing: compare-and-swap, whatever happens meanwhile.
"""

from __future__ import annotations

import threading

import pytest

from kstore.codec import StoredObject
from kstore.errors import AccessDenied, Interrupted, NoSpace, RequestTooLarge, StoreUnreachable
from kstore.migrate.apply import Applier
from kstore.migrate.journal import Journal
from kstore.migrate.journal_writer import JournalWriter
from kstore.migrate.plan import VersionPlanner
from kstore.migrate.targets import VersionTargets
from kstore.migrate.verify import state_of
from kstore.naming import GroupVersion
from kstore.write.batches import ONE_BY_ONE, Pace
from kstore.write.progress import Silent, Stop
from kstore.write.retry import Retry

from .conftest import FaultySource, key


def apply(store: FaultySource, planner, path, pace: Pace = ONE_BY_ONE, stop: Stop | None = None):
    writer = JournalWriter(path, {"store": "memory"})
    try:
        retry = Retry(5, stop=stop or Stop())
        return Applier(store, planner, writer, pace=pace, retry=retry).run(store.scan(b"/registry/deployments/"))
    finally:
        writer.close()


def versions(store: FaultySource, codec) -> set[str]:
    reads = [codec.read(record) for record in store.scan()]
    return {read.gvk.api_version for read in reads if isinstance(read, StoredObject)}


def test_all_are_written_once(shop, planner, codec, journal_path):
    """Everything old is written in one transaction; what is right already is not touched."""
    summary = apply(shop, planner, next(journal_path))
    assert (summary.changes, summary.unchanged, summary.conflicts) == (10, 1, 0)
    assert versions(shop, codec) == {"apps/v1"}
    assert shop.records[key("done")].mod_revision == 2
    assert {shop.records[key(f"web-{number}")].mod_revision for number in range(10)} == {3}


def test_a_foreign_write_is_planned_again(shop, planner, codec, deployment, journal_path):
    """Only the object that somebody else changed is read anew, and what they wrote is what is converted."""
    once = iter([True])

    def meddle(_):
        if next(once, False):
            shop.put(key("web-3"), deployment("web-3", image="web:2"))

    shop.before_commit = meddle
    summary = apply(shop, planner, next(journal_path))
    assert (summary.changes, summary.conflicts) == (10, 1)
    read = codec.read(shop.records[key("web-3")])
    assert read.gvk.api_version == "apps/v1"
    assert read.object["spec"]["template"]["spec"]["containers"][0]["image"] == "web:2"


def test_an_object_that_never_rests(shop, planner, deployment, journal_path):
    """An object that is changed before each attempt is left alone in the end, and said."""
    images = iter(range(1000))

    def meddle(mutations):
        if any(one.key == key("web-3") for one in mutations):
            shop.put(key("web-3"), deployment("web-3", image=f"web:{next(images)}"))

    shop.before_commit = meddle
    summary = apply(shop, planner, next(journal_path))
    assert (summary.changes, summary.skipped_count) == (9, 1)
    assert summary.skipped[0].code == "conflict"


@pytest.mark.parametrize("times", [2, 3, 7])
def test_an_object_that_rests_after_a_while(shop, planner, codec, deployment, journal_path, times):
    """One that is changed again while it is planned anew is read each time, and written as it was left last."""
    images = iter(range(times))

    def meddle(mutations):
        if any(one.key == key("web-3") for one in mutations) and (number := next(images, None)) is not None:
            shop.put(key("web-3"), deployment("web-3", image=f"web:{number}"))

    shop.before_commit = meddle
    summary = apply(shop, planner, next(journal_path))
    assert (summary.changes, summary.conflicts, summary.skipped_count) == (10, 1, 0)
    read = codec.read(shop.records[key("web-3")])
    assert read.gvk.api_version == "apps/v1"
    assert read.object["spec"]["template"]["spec"]["containers"][0]["image"] == f"web:{times - 1}"


def test_an_object_that_others_make_too_large(shop, planner, deployment, journal_path):
    """It is named as that, and not as one that others keep changing."""
    once = iter([True])

    def meddle(mutations):
        if any(one.key == key("web-3") and len(one.value) > 2000 for one in mutations):
            raise RequestTooLarge("request is too large")
        if next(once, False):
            shop.put(key("web-3"), deployment("web-3", image="web:" + "2" * 2000))

    shop.before_commit = meddle
    summary = apply(shop, planner, next(journal_path))
    assert (summary.changes, [one.code for one in summary.skipped]) == (9, [RequestTooLarge.code])


def test_an_object_that_others_damage(shop, planner, journal_path):
    """What cannot be read any more is named, though it could be when it was planned first; it is left as it is."""
    once = iter([True])
    shop.before_commit = lambda _: shop.put(key("web-3"), b"k8s\0no object") if next(once, False) else None
    summary = apply(shop, planner, next(journal_path))
    assert (summary.changes, summary.conflicts) == (9, 1)
    assert [(one.key, one.code) for one in summary.skipped] == [(key("web-3").decode(), "undecodable")]
    assert shop.records[key("web-3")].value == b"k8s\0no object"


def test_an_object_that_others_migrate(shop, planner, deployment, journal_path):
    """It is as it should be: counted so, and not written once more."""
    once = iter([True])
    value = deployment("web-3", image="web:3", version="apps/v1")
    shop.before_commit = lambda _: shop.put(key("web-3"), value) if next(once, False) else None
    summary = apply(shop, planner, next(journal_path))
    assert (summary.changes, summary.unchanged, summary.skipped_count) == (9, 2, 0)
    assert shop.records[key("web-3")].value == value


def test_a_key_that_goes(shop, planner, journal_path):
    """A deleted object needs no migration."""
    once = iter([True])
    shop.before_commit = lambda _: shop.delete(key("web-3")) if next(once, False) else None
    summary = apply(shop, planner, next(journal_path))
    assert (summary.changes, summary.skipped_count) == (9, 0)


def test_an_object_that_is_no_concern_any_more(shop, codec, deployment, journal_path):
    """Others' change may take an object out of the selection: it is theirs, and nothing is said of it."""
    targets = VersionTargets(codec.scheme, (GroupVersion("apps", "v1"),))
    image = ("spec", "template", "spec", "containers")
    planner = VersionPlanner(codec, targets, wanted=lambda read: at(read.object, image)[0]["image"] == "web:1")
    once = iter([True])
    theirs = deployment("web-3", image="web:2")
    shop.before_commit = lambda _: shop.put(key("web-3"), theirs) if next(once, False) else None
    summary = apply(shop, planner, next(journal_path))
    assert (summary.changes, summary.conflicts, summary.skipped_count) == (9, 1, 0)
    assert shop.records[key("web-3")].value == theirs


def at(obj, path):
    """What a document has at a path."""
    for name in path:
        obj = obj[name]
    return obj


def test_who_watches_is_told_what_is_written(shop, planner, deployment, journal_path):
    """Each object that is written counts once; one that is right already, or is by now, is not written."""
    once = iter([True])
    done = deployment("web-3", image="web:2", version="apps/v1")
    shop.before_commit = lambda _: shop.put(key("web-3"), done) if next(once, False) else None

    class Watching(Silent):
        steps = objects = 0

        def step(self, step):
            self.steps += 1

        def written(self, objects):
            self.objects += objects

    watching = Watching()
    writer = JournalWriter(next(journal_path), {"store": "memory"})
    retry = Retry(progress=watching)
    summary = Applier(shop, planner, writer, pace=ONE_BY_ONE, retry=retry).run(shop.scan(b"/registry/deployments/"))
    writer.close()
    assert (watching.steps, watching.objects) == (11, 9)
    assert (summary.changes, summary.unchanged) == (9, 2)


def test_a_server_that_takes_less(shop, planner, journal_path):
    """A transaction that is refused for its size is split, as often as it takes."""

    def refuse(mutations):
        if len(mutations) > 3:
            raise RequestTooLarge("too many operations in txn request")

    shop.before_commit = refuse
    assert apply(shop, planner, next(journal_path)).changes == 10


@pytest.mark.parametrize("happened", [True, False])
def test_an_end_that_nobody_saw(shop, planner, codec, journal_path, happened):
    """When the connection breaks in a transaction the store is asked; nothing is done twice, nothing forgotten."""
    once = iter([True])

    def fail(*_):
        if next(once, False):
            raise StoreUnreachable("the connection broke")

    if happened:
        shop.after_commit = fail
    else:
        shop.before_commit = fail
    path = next(journal_path)
    assert apply(shop, planner, path).changes == 10
    assert versions(shop, codec) == {"apps/v1"}
    assert {record.version for record in shop.records.values()} == {1, 2}
    assert state_of(Journal(path)).objects == 10


def test_a_full_server(shop, planner, journal_path):
    """The alarm is looked at before anything is written; the error when it comes in between ends the run."""
    shop.alarms = ("NOSPACE",)
    with pytest.raises(NoSpace):
        apply(shop, planner, next(journal_path))
    assert shop.revision == 2
    shop.alarms = ()

    def full(_):
        raise NoSpace("database space exceeded")

    shop.before_commit = full
    path = next(journal_path)
    with pytest.raises(NoSpace):
        apply(shop, planner, path)
    assert state_of(Journal(path)).undone == 10


def test_a_user_who_may_not_write(shop, planner, journal_path):
    """A refusal is no conflict: it is said as it is, at once, and nothing was written."""

    def refuse(_):
        refused.append(1)
        raise AccessDenied("this user may not read or write here")

    refused: list[int] = []
    shop.before_commit = refuse
    path = next(journal_path)
    with pytest.raises(AccessDenied):
        apply(shop, planner, path)
    assert (len(refused), shop.revision) == (1, 2)
    assert (state_of(Journal(path)).undone, state_of(Journal(path)).open) == (10, 0)


def test_stopping_between_transactions(shop, planner, journal_path):
    """A wish to stop is met after the transaction that is on the way; the journal says where to go on."""
    stop = Stop()
    shop.after_commit = stop.ask
    with pytest.raises(Interrupted) as raised:
        apply(shop, planner, next(journal_path), Pace(batch=2, concurrency=1), stop)
    assert (raised.value.journal, raised.value.rolling_back) == (raised.value.where, False)
    assert 2 <= sum(record.mod_revision > 2 for record in shop.records.values()) < 10


def test_many_at_once(deployment, planner, codec, journal_path):
    """Several transactions at once, with somebody else writing all along: no foreign write is lost."""
    store = FaultySource({key(f"web-{number}"): deployment(f"web-{number}") for number in range(200)})
    lock = threading.Lock()
    plain = store.commit

    def commit(mutations):
        with lock:
            return plain(mutations)

    store.commit = commit  # type: ignore[method-assign]
    written: dict[bytes, str] = {}

    def meddle() -> None:
        for number in range(0, 200, 7):
            with lock:
                image = f"other:{number}"
                store.put(key(f"web-{number}"), deployment(f"web-{number}", image=image))
                written[key(f"web-{number}")] = image

    other = threading.Thread(target=meddle)
    other.start()
    apply(store, planner, next(journal_path), Pace(batch=10, concurrency=4))
    other.join()
    apply(store, planner, next(journal_path))
    assert versions(store, codec) == {"apps/v1"}
    for name, image in written.items():
        read = codec.read(store.records[name])
        assert read.object["spec"]["template"]["spec"]["containers"][0]["image"] == image
