"""
What must be so, at every end of a process and at the end of all: told from the model's history, and from the journal.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from tests.simulation.etcd import Etcd, Event, KeyValue
from tests.simulation.scenarios import Moving, Scenario
from tests.simulation.world import OURS, is_ours, last_of_others, touches

from kstore.errors import JournalError
from kstore.migrate.journal import Batch, Entry, Journal
from kstore.migrate.rollback import RolledBack
from kstore.migrate.verify import Verified

ROLLING_BACK = f"{OURS}: rollback"


class Broken(AssertionError):
    """A promise that was not kept."""


def demand(kept: bool, promise: str, *facts: object) -> None:
    """
    See that a promise was kept.

    Raises:
        Broken: it was not.
    """
    if not kept:
        raise Broken(": ".join([promise, *map(str, facts)]))


def _events(scenario: Scenario) -> list[Event]:
    return [event for network in scenario.world.networks for event in network.etcd.events]


def _batches(path: Path) -> list[Batch]:
    if not path.exists():
        return []
    try:
        return _read(path, path.read_bytes())
    except JournalError as error:
        raise Broken(f"the journal can be read: {error}") from None


@lru_cache(maxsize=2)
def _read(path: Path, content: bytes) -> list[Batch]:
    """What is in a journal of this content: several promises in a row are held against the same."""
    return list(Journal(path).batches())


def every_write_is_in_the_journal(scenario: Scenario, path: Path) -> None:
    """Whatever has happened to the process and the disk: what a write replaced is in the journal."""
    noted = {
        (entry.key, entry.mod_revision, entry.before, entry.after)
        for batch in _batches(path)
        for entry in batch.entries
    }
    for event in _events(scenario):
        if not is_ours(event) or event.author == ROLLING_BACK or touches(event):
            continue
        before, after = event.before, event.after
        assert after is not None
        what = event.key, before.mod_revision if before else 0, before.value if before else b"", _digest(after.value)
        demand(what in noted, "what a write replaces is in the journal before", event)


def _digest(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()


def no_write_of_others_is_lost(scenario: Scenario) -> None:
    """Every write of kstore's replaced what it was made of, with its lease; and nothing else was written."""
    concerned = {key for _, key in scenario.concerned}
    history: dict[bytes, list[Event]] = {}
    for event in _events(scenario):
        if is_ours(event):
            demand(event.key in concerned, "no other key is written", event)
            if not touches(event):
                _check_write(scenario, event, history.get(event.key, []))
        history.setdefault(event.key, []).append(event)


def _check_write(scenario: Scenario, event: Event, earlier: list[Event]) -> None:
    before, after = event.before, event.after
    if event.author == ROLLING_BACK:
        demand(before is not None, "a rollback creates nothing", event)
        demand(
            any(_undoes(one, before, after) for one in earlier if is_ours(one)) or event.key in scenario.ambiguous,
            "a rollback replaces what the migration wrote by what was there before it, and nothing else", event,
        )  # fmt: skip
    elif isinstance(scenario, Moving):
        demand(before is None, "a copy replaces nothing", event)
        original = event.key.replace(b"/copies", b"/registry", 1)
        versions = [one.after for one in scenario.etcd.events if one.key == original and one.after]
        demand(any(after and one.value == after.value for one in versions), "a copy is of what was stored", event)
        leases = {bool(one.lease) for one in versions if after and one.value == after.value}
        lease_is_right = after is not None and (not after.lease or bool(after.lease) in leases)
        demand(lease_is_right, "a copy has a lease only where its original has", event)
    else:
        demand(before is not None and after is not None, "a migration creates nothing, and deletes nothing", event)
        assert before is not None
        assert after is not None
        demand(scenario.is_right(before, after), "a write is what shall become of what it replaces", event)


def _undoes(one: Event, before: KeyValue | None, after: KeyValue | None) -> bool:
    if one.after is None or before is None or one.after.value != before.value:
        return False
    if one.before is None or after is None:
        return one.before is None and after is None
    return (one.before.value, one.before.lease) == (after.value, after.lease)


def _in_doubt(scenario: Scenario, path: Path) -> set[bytes]:
    """
    Keys of which the journal may say that kstore wrote them, though others did: the very bytes that it was to write,
    under the key itself or one of the same transaction.
    """
    found = set(scenario.ambiguous)
    for batch in _batches(path):
        keys = {entry.key for entry in batch.entries}
        if keys & scenario.ambiguous:
            found |= keys
    return found


def it_is_complete(scenario: Scenario, path: Path, *, may_come: int = 0) -> None:
    """
    After a migration that came to its end undisturbed: every object is as it shall be, and the journal says it.

    Args:
        scenario: the migration.
        path: its journal.
        may_come: how many copies its end has said may come yet: so many may have come since, unnoted. The resume that
            follows must have noted them.
    """
    for etcd, key in scenario.concerned:
        if not isinstance(scenario, Moving):
            wanted, found = last_of_others(etcd, key), etcd.live.get(key)
            demand((wanted is None) == (found is None), "an object is there, or not, as others have left it", key)
            if wanted is not None and found is not None:
                demand(scenario.is_right(wanted, found), "every object is as it shall be", key, wanted, found)
    done = {(entry.key, batch.revision_of(at)): entry for batch in _batches(path) if batch.revision
            for at, entry in enumerate(batch.entries)}  # fmt: skip
    unnoted = _the_journal_tells(scenario, done, _in_doubt(scenario, path))
    unnoted = [one for one in unnoted if one.key not in _created_twice(scenario)]
    demand(all(one.before is None for one in unnoted), "the journal calls done what was written", unnoted)
    demand(len(unnoted) <= may_come, "the journal calls done what was written, or may come", unnoted, may_come)


def _created_twice(scenario: Scenario) -> set[bytes]:
    return {key for network in scenario.world.networks for key in network.created_twice}


def _the_journal_tells(scenario: Scenario, done: dict[tuple[bytes, int], Entry], in_doubt: set[bytes]) -> list[Event]:
    """Hold what a journal calls done against what was written; the writes that it does not call so."""
    unnoted: list[Event] = []
    for etcd, key in scenario.concerned:
        events = [event for event in etcd.events if event.key == key]
        by_revision = {event.revision: event for event in events}
        later_by_others = False
        for event in reversed(events):
            later_by_others = later_by_others or not is_ours(event)
            if is_ours(event) and not touches(event) and not later_by_others and event.author != ROLLING_BACK:
                unnoted += [event] * ((key, event.revision) not in done)
        for (of, revision), entry in done.items():
            if of == key and key not in in_doubt:
                found = by_revision.get(revision)
                right = found is not None and found.after is not None and _digest(found.after.value) == entry.after
                demand(right, "what the journal calls done was written", key, revision, found)
                demand(found is not None and is_ours(found), "what it calls done kstore has written", found)
    return unnoted


def it_is_undone(scenario: Scenario, path: Path, result: RolledBack | None) -> None:
    """After a rollback that came to its end undisturbed: every key is as others left it last, bytes and lease."""
    in_doubt = _in_doubt(scenario, path)
    for etcd, key in scenario.concerned:
        wanted, found = last_of_others(etcd, key), etcd.live.get(key)
        same = (wanted and wanted[0], wanted and wanted.lease) == (found and found[0], found and found.lease)
        demand(same or key in scenario.ambiguous, "a rollback brings back bytes and leases", key, wanted, found)
        if result is not None and key in result.findings and key not in in_doubt:
            demand(_others_came_after(etcd, key), "only what others changed is named", result.findings[key])


def _others_came_after(etcd: Etcd, key: bytes) -> bool:
    """Whether others have written a key after kstore had."""
    ours = False
    for event in etcd.events:
        if event.key == key:
            if ours and not is_ours(event):
                return True
            ours = ours or is_ours(event)
    return False


def it_is_proved(scenario: Scenario, path: Path, result: Verified) -> None:
    """What a verification finds is what others have changed since it was looked at."""
    if isinstance(scenario, Moving):  # whose originals others change, too: that is found as well
        return
    looked_at: dict[bytes, int] = {}
    for batch in _batches(path):
        for entry in batch.entries:
            looked_at[entry.key] = min(looked_at.get(entry.key, entry.mod_revision), entry.mod_revision)
    touched = {event.key.decode() for event in scenario.etcd.events
               if not is_ours(event) and event.revision > looked_at.get(event.key, event.revision)}  # fmt: skip
    for finding in result.findings:
        demand(finding.key in touched, "a verification finds what others have changed only", finding)


def nothing_was_written(scenario: Scenario, events: int, promise: str) -> None:
    """No change since there were so many."""
    found = _events(scenario)
    demand(len(found) == events, promise, found[events:])


def changes(scenario: Scenario, events: int) -> list[Event]:
    """
    The changes since there were so many events. A key that is written once more as it is, so that a request can come no
    more, is none: that may come late itself.
    """
    return [event for event in _events(scenario)[events:] if not touches(event)]


def count(scenario: Scenario) -> int:
    """How many changes there have been."""
    return len(_events(scenario))
