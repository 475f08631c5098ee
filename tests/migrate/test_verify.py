"""
After a migration: held against the store. Every object as planned, none missing, the journal whole and finished.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from kstore.errors import Interrupted
from kstore.migrate.apply import Applier
from kstore.migrate.journal import Entry, Journal
from kstore.migrate.journal_format import as_line
from kstore.migrate.journal_writer import JournalWriter
from kstore.migrate.summary import Summary
from kstore.migrate.verify import state_of, verify_file, verify_live
from kstore.naming import GroupVersionKind
from kstore.write.batches import Pace
from kstore.write.compare_and_swap import KeyChange
from kstore.write.progress import Stop
from kstore.write.retry import Retry

from .conftest import FaultySource, key


def test_verify_finds_what_differs(migrated, codec, deployment):
    """All is well after a migration; each kind of difference has its code."""
    store, path = migrated
    assert verify_live(Journal(path), store, codec).findings == []
    store.put(key("web-1"), deployment("web-1", image="web:9", version="apps/v1"))
    store.put(key("web-2"), store.records[key("web-2")].value, lease=5)
    store.delete(key("web-3"))
    store.put(key("web-4"), deployment("web-4"))
    assert codes(path, store, codec) == {
        "web-1": "changed", "web-2": "lease", "web-3": "deleted", "web-4": "not-written",
    }  # fmt: skip


@pytest.mark.parametrize(("had", "has", "found"), [(5, 5, {}), (5, 0, {"x": "lease"}), (5, 6, {"x": "lease"})])
def test_the_lease_of_what_was_written(codec, tmp_path, had, has, found):
    """One that was lost is no longer as planned, as little as one that is another."""
    store = FaultySource({key("y"): b"other"})
    path = tmp_path / "journal"
    writer = JournalWriter(path, {})
    entry = Entry.of_key(KeyChange(key("x"), None, b"x", had), None, None)
    writer.done(writer.begin([entry]), store.put(key("x"), b"x", lease=has))
    writer.finish(Summary())
    writer.close()
    assert codes(path, store, codec) == found


@pytest.mark.parametrize("undone", [True, False])
def test_an_object_that_was_written_more_than_once(codec, tmp_path, undone):
    """It counts as it was written last, whatever became of it before."""
    store = FaultySource({key("x"): b"old"})
    path = tmp_path / "journal"
    writer = JournalWriter(path, {})
    for number, value in enumerate((b"first", b"second")):
        change = KeyChange(key("x"), store.records[key("x")], value)
        batch = writer.begin([Entry.of_key(change, None, None)])
        if undone and number == 0:
            writer.undone(batch, "conflict")
        else:
            writer.done(batch, store.put(key("x"), value))
    writer.finish(Summary())
    writer.close()
    assert codes(path, store, codec) == {}
    store.put(key("x"), b"third")
    assert codes(path, store, codec) == {"x": "changed"}


def test_the_version_that_was_planned(shop, codec, deployment, tmp_path):
    """The very bytes of the journal are not enough: they must be stored in the version that it names."""
    path = tmp_path / "journal"
    writer = JournalWriter(path, {})
    kind, planned = GroupVersionKind("apps", "v1beta1", "Deployment"), GroupVersionKind("apps", "v1", "Deployment")
    for name, version in (("good", "apps/v1"), ("bad", "apps/v1beta2")):
        value = deployment(name, version=version)
        change = KeyChange(key(name), None, value)
        writer.done(writer.begin([Entry.of_key(change, kind, planned)]), shop.put(key(name), value))
    writer.finish(Summary())
    writer.close()
    assert codes(path, shop, codec) == {"bad": "version"}


def test_what_nobody_can_read_and_came_by_another_batch(codec, tmp_path):
    """The very bytes that were planned are there: what they are need not be told, as when they were copied."""
    store = FaultySource({})
    path = tmp_path / "journal"
    writer = JournalWriter(path, {})
    for name, value in (("same", b"k8s\0\xff"), ("other", b"k8s\0\xfe")):
        entry = Entry.of_key(KeyChange(key(name), None, b"k8s\0\xff"), None, None)
        writer.undone(writer.begin([entry]), "unknown")
        store.put(key(name), value)
    writer.finish(Summary())
    writer.close()
    assert codes(path, store, codec) == {"other": "undecodable"}


# ---- a file beside the one that it was made of

NAMES = ("a", "b", "c", "d", "e")


def files(path: Path) -> tuple[FaultySource, FaultySource]:
    """
    A store of five keys, and one made of it, with its journal: `b` is changed, `d` deleted, `f` made; nothing else.
    """
    before, after = (FaultySource({key(name): name.encode() for name in NAMES}) for _ in range(2))
    changes = [
        KeyChange(key("b"), before.records[key("b")], b"new"),
        KeyChange(key("d"), before.records[key("d")], None),
        KeyChange(key("f"), None, b"made"),
    ]
    writer = JournalWriter(path, {})
    number = writer.begin([Entry.of_key(change, None, None) for change in changes])
    revisions = [after.commit([change.mutation()]).revision for change in changes]
    writer.done(number, revisions[0], revisions)
    writer.finish(Summary())
    writer.close()
    return before, after


def changed(store: FaultySource, name: str, **members: object) -> None:
    """Let a record be another than was written."""
    store._live[key(name)] = store._live[key(name)]._replace(**members)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda before, after: None, {}),
        (lambda before, after: changed(after, "a", value=b"x"), {"a": "touched"}),
        (lambda before, after: changed(after, "a", lease=7), {"a": "touched"}),
        (lambda before, after: changed(after, "e", mod_revision=1), {"e": "touched"}),
        (lambda before, after: after.delete(key("c")), {"c": "touched"}),
        (lambda before, after: after.put(key("0"), b"x"), {"0": "touched"}),
        (lambda before, after: after.put(key("g"), b"x"), {"g": "touched"}),
        (lambda before, after: changed(after, "b", value=b"b"), {"b": "not-written"}),
        (lambda before, after: changed(after, "b", value=b"x"), {"b": "changed"}),
        (lambda before, after: changed(after, "b", version=1), {"b": "version"}),
        (lambda before, after: changed(after, "f", create_revision=2), {"f": "version"}),
        (lambda before, after: after.put(key("d"), b"d"), {"d": "not-written"}),
        (lambda before, after: after.delete(key("b")), {"b": "deleted"}),
        (lambda before, after: after.delete(key("f")), {"f": "deleted"}),
        (lambda before, after: before.delete(key("b")), {"b": "deleted"}),
        (lambda before, after: before.delete(key("d")), {"d": "deleted"}),
        (lambda before, after: (before.delete(key("b")), after.delete(key("b"))), {"b": "deleted"}),
        (lambda before, after: [one.delete(key(n)) for one in (before, after) for n in "ce"], {}),
        (lambda before, after: (before.delete(key("e")), after.delete(key("a"))), {"a": "touched", "e": "touched"}),
    ],
)
def test_a_file_is_held_against_the_one_before(tmp_path, codec, spoil, found):
    """The changes of the journal, each as noted, and nothing else: whatever differs is named, wherever it lies."""
    before, after = files(tmp_path / "journal")
    spoil(before, after)
    result = verify_file(Journal(tmp_path / "journal"), before, after, codec)
    assert {one.key.rpartition("/")[2]: one.code for one in result.findings} == found
    keys = {*before.records, *after.records} - {key(name) for name in "bdf"}
    assert result.others == len(keys)


def test_which_revisions_a_journal_has(tmp_path):
    """The first and the last of all objects, whether a batch has one revision for all or each its own."""
    path = tmp_path / "journal"
    writer = JournalWriter(path, {})
    entry = Entry.of_key(KeyChange(key("x"), None, b"x"), None, None)
    writer.done(writer.begin([entry] * 3), 7, [7, 8, 9])
    writer.done(writer.begin([entry] * 2), 5)
    writer.done(writer.begin([entry] * 2), 3, [3, 4])
    writer.begin([entry])
    writer.undone(writer.begin([entry] * 4), "conflict")
    writer.close()
    state = state_of(Journal(path))
    assert (state.first_revision, state.last_revision) == (3, 9)
    assert (state.batches, state.objects, state.open, state.undone) == (3, 7, 1, 4)


def test_an_interrupted_migration(shop, planner, codec, tmp_path):
    """One that was stopped did not come to its end, however well all is that it wrote."""
    path = tmp_path / "journal"
    stop = Stop()
    shop.after_commit = stop.ask
    writer = JournalWriter(path, {})
    with pytest.raises(Interrupted):
        Applier(shop, planner, writer, pace=Pace(batch=3, concurrency=1), retry=Retry(stop=stop)).run(shop.scan())
    writer.close()
    assert codes(path, shop, codec) == {"journal": "unfinished"}
    assert not state_of(Journal(path)).finished


def test_a_journal_that_was_cut(migrated, codec):
    """Wherever it is cut, between two lines or within one, it is not taken for whole."""
    store, path = migrated
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    places = {first + len(b"".join(whole[first:].splitlines(keepends=True)[:number])) for number in range(10)}
    places |= set(range(first, len(whole), 97)) | {len(whole) - 1}
    for place in sorted(places - {len(whole)}):
        path.write_bytes(whole[:place])
        found = codes(path, store, codec)
        assert found.pop("journal") in ("unfinished", "torn"), place
        assert found == {}
        if whole[place - 1 : place] != b"\n":
            assert "torn" in [one.code for one in verify_live(Journal(path), store, codec).findings]


def test_a_journal_of_which_lines_are_missing(migrated, codec):
    """One whose end is there and whose middle is not is damaged, which is a finding."""
    store, path = migrated
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:1], *lines[3:]]))
    result = verify_live(Journal(path), store, codec)
    assert [(one.key, one.code) for one in result.findings] == [(str(path), "damaged")]
    assert "lines are missing" in result.findings[0].message


def test_a_journal_of_which_a_line_is_another(migrated, codec):
    """As many lines, each of them whole, and yet not those that were written: damaged."""
    store, path = migrated
    lines = path.read_bytes().splitlines(keepends=True)
    place = next(at for at, line in enumerate(lines) if line.startswith(b'{"done"'))
    lines[place] = as_line({"undone": json.loads(lines[place].partition(b"\t")[0])["done"], "reason": "conflict"})
    path.write_bytes(b"".join(lines))
    result = verify_live(Journal(path), store, codec)
    assert [(one.key, one.code) for one in result.findings] == [(str(path), "damaged")]
    assert "not those that were written" in result.findings[0].message


@pytest.mark.parametrize("member", ["version", "create_revision"])
def test_an_object_whose_past_is_another(migrated, codec, member):
    """
    The planned bytes at the very revision of the journal, by other writes than the migration's: a store that was
    restored and went another way. A kine counts no versions, so there they say nothing.
    """
    store, path = migrated
    stored = store.get

    def restored(one, **asked):
        record = stored(one, **asked)
        return record._replace(**{member: getattr(record, member) + 1}) if one == key("web-1") else record

    store.get = restored
    assert codes(path, store, codec) == {"web-1": "version"}
    status = replace(store.status(), kind="kine")
    store.status = lambda: status
    assert codes(path, store, codec) == ({} if member == "version" else {"web-1": "version"})


def test_a_journal_of_before_there_were_end_marks(migrated, codec):
    """An older one is read, and judged by what it has: no count of its lines."""
    store, path = migrated
    lines = path.read_bytes().splitlines(keepends=True)
    text = json.dumps({"finished": "2025-01-01T00:00:00+00:00"}).encode()
    path.write_bytes(b"".join([*lines[:-1], text, b"\t%08x\n" % zlib.crc32(text)]))
    assert codes(path, store, codec) == {"journal": "no-end-mark"}
    assert state_of(Journal(path)).finished


def test_a_journal_that_was_gone_on_with_behind_its_end(migrated, codec):
    """A batch behind the last line is of a run that did not come to its end, whether its own end is known or not."""
    store, path = migrated
    entry = Entry.of_key(KeyChange(key("done"), None, store.records[key("done")].value), None, None)
    for known in (False, True):
        writer = JournalWriter(path, None)
        number = writer.begin([entry])
        if known:
            writer.undone(number, "conflict")
        writer.close()
        assert not state_of(Journal(path)).finished
        assert codes(path, store, codec)["journal"] == "unfinished"


@pytest.mark.parametrize("ended", [True, False])
def test_a_migration_that_was_rolled_back(migrated, codec, ended):
    """It is proved no longer, though it was finished once; one whose rollback was only begun neither."""
    store, path = migrated
    writer = JournalWriter(path, None)
    writer.begin_rollback()
    if ended:
        writer.finish_rollback(0)
    writer.close()
    assert codes(path, store, codec) == {"journal": "rolled-back"}


def test_objects_that_were_planned_and_never_written(shop, planner, codec, deployment, tmp_path):
    """
    What others took away or keep changing is not as planned, though the migration came to its end; what others stored
    in the version that was planned is.
    """
    path = tmp_path / "journal"
    old = deployment("web-3", image="web:2")
    new = deployment("web-5", image="web:2", version="apps/v1")

    def others(mutations):
        for one in mutations:
            match one.key:
                case name if name == key("web-1"):
                    shop.delete(name)
                case name if name == key("web-3"):
                    shop.put(name, old)
                case name if name == key("web-5"):
                    shop.put(name, new)

    shop.before_commit = others
    writer = JournalWriter(path, {})
    summary = Applier(shop, planner, writer, pace=Pace(batch=1, concurrency=1)).run(shop.scan())
    writer.finish(summary)
    writer.close()
    assert summary.skipped_count == 1
    result = verify_live(Journal(path), shop, codec)
    assert {one.key.rpartition("/")[2]: one.code for one in result.findings} == {
        "web-1": "deleted",
        "web-3": "not-written",
    }
    assert (result.objects, result.skipped) == (7, 1)


def codes(path: Path, store: FaultySource, codec) -> dict[str, str]:
    """What is found, by the object's name, or `journal`; of several of one the last."""
    findings = verify_live(Journal(path), store, codec).findings
    return {"journal" if one.key == str(path) else one.key.rpartition("/")[2]: one.code for one in findings}


@pytest.mark.parametrize("written", [False, True])
def test_another_encoding_that_was_not_written(shop, codec, tmp_path, written):
    """An object that was to stay in its version is as planned once others have written it, and not as it was read."""
    path, done = tmp_path / "journal", shop.records[key("done")]
    writer = JournalWriter(path, {})
    change = KeyChange(done.key, done, codec.encode(codec.read(done).object, "json"))
    kind = codec.read(done).gvk
    writer.undone(writer.begin([Entry.of_key(change, kind, kind)]), "conflict")
    writer.finish(Summary())
    writer.close()
    if written:
        shop.put(done.key, done.value)
    result = verify_live(Journal(path), shop, codec)
    assert [one.code for one in result.findings] == ([] if written else ["not-written"])
