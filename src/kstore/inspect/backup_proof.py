"""
Whether a backup is worth anything: each step of the proof with its verdict, and what was counted on the way.

Reads the store, once for its bytes and once for its objects; what an etcd makes of it is asked by the caller. Knows
nothing of the record, which `proof_record.py` writes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from kstore.codec import StoredObject, Undecodable
from kstore.errors import EncryptionError, KstoreError
from kstore.inspect.checks import CHECKS, run_checks
from kstore.inspect.clock import newest_time, parse_time
from kstore.inspect.findings import ERROR, Finding
from kstore.inspect.survey import Seen, Survey
from kstore.scalars.counts import counted
from kstore.source.content_digest import Content, content_of
from kstore.source.interface import Source
from kstore.source.snapshot.source import SnapshotSource
from kstore.store import Store

_TARGET_RULES = ("undecodable", "unknown-to-target", "lossy")
"""What keeps a release from reading everything, or from keeping it."""
_NAMED = 5
"""So many keys or resources are named in a step's words; the record has all that were counted."""


class Verdict(StrEnum):
    """How a step ended."""

    OK = "ok"
    FAILED = "failed"
    NOT_RUN = "not run"
    """It was not asked for, or a step before it has failed."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the proof."""

    name: str
    verdict: Verdict
    detail: str
    """What was found, in a sentence."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """The same as data."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an earlier proof had."""

    time: str
    resources: frozenset[str]
    """Those that it counted, and those that it missed itself."""
    sha256: str
    """Of its record."""


@dataclass
class Counts:
    """What the store holds, as its objects pass by."""

    objects: Counter[str] = field(default_factory=Counter)
    """By resource (`deployments.apps`)."""
    bytes: Counter[str] = field(default_factory=Counter)
    encrypted: int = 0
    unopened: list[tuple[str, str]] = field(default_factory=list)
    """Keys that could not be decrypted, and why; the first hundred."""
    unopened_count: int = 0
    undecodable: list[tuple[str, str]] = field(default_factory=list)
    undecodable_count: int = 0
    newest: str = ""
    """The newest time that an object carries."""

    def add(self, seen: Seen) -> None:
        """Count an object."""
        read = seen.read
        self.objects[seen.directory.label] += 1
        self.bytes[seen.directory.label] += len(read.record.value)
        self.encrypted += read.encryption_header is not None
        if isinstance(read, Undecodable):
            self._note(seen.key, read.error)
        else:
            self.newest = max(self.newest, _time_of(read))

    def _note(self, key: str, error: KstoreError) -> None:
        if isinstance(error, EncryptionError):
            self.unopened_count += 1
            places = self.unopened
        else:
            self.undecodable_count += 1
            places = self.undecodable
        if len(places) < 100:
            places.append((key, error.message))


def _time_of(read: StoredObject) -> str:
    metadata, spec = read.object.get("metadata"), read.object.get("spec")
    newest = newest_time(metadata) if isinstance(metadata, dict) else ""
    if read.gvk.kind == "Lease" and isinstance(spec, dict):  # renewed every few seconds by whoever holds it
        newest = max(newest, str(spec.get("renewTime") or ""))
    return newest


class _Counting(Survey):
    """A survey that counts what it reads."""

    def __init__(self, store: Store, counts: Counts) -> None:
        super().__init__(store, store.codec.scheme.release)
        self._counts = counts

    def records(self) -> Iterator[Seen]:
        for seen in super().records():
            self._counts.add(seen)
            yield seen


# ---- the steps


def whole(source: Source, progress: Callable[[int], None] = lambda _: None) -> tuple[Step, Content]:
    """
    Read every page and every revision, and see that the file's checksum holds.

    Raises:
        DamagedStore: something of it cannot be read.
        SourceError: the store failed.
    """
    status = source.status()
    content = content_of(source.scan(revision=status.revision), progress)
    facts: dict[str, Any] = {"records": content.records, "bytes": content.bytes, "contentSHA256": content.sha256}
    words = [counted(content.records, "key")]
    if isinstance(source, SnapshotSource):
        facts["revisions"] = sum(1 for _ in source.history_scan())
        facts["bucketEntries"] = sum(1 for bucket in source.mvcc.buckets.values() for _ in bucket.items())
        source.verify()
        words.append(counted(facts["revisions"], "revision"))
        words.append("its checksum holds" if source.trailer else "every page read; the file has no checksum of its own")
        facts["checksum"] = source.trailer.hex()
    damage = getattr(source, "damage", ())
    if damage:
        return Step("whole", Verdict.FAILED, f"{counted(len(damage), 'thing')} cannot be read", facts), content
    return Step("whole", Verdict.OK, ", ".join(words), facts), content


def objects(store: Store, progress: Callable[[int], None] = lambda _: None) -> tuple[list[Step], Counts]:
    """
    Decode every object, decrypt every encrypted one, and hold all against the release that the store is read by.

    Raises:
        SourceError: the store failed.
    """
    counts = Counts()
    chosen = [one for one in CHECKS if one.rule.id in _TARGET_RULES]
    findings = run_checks(_Counting(store, counts), chosen, progress)
    total = counts.objects.total()
    decodes = _step(
        "decodes", counts.undecodable_count, counts.undecodable, total,
        f"{counted(total - counts.unopened_count, 'object')} decoded", "cannot be decoded",
    )  # fmt: skip
    good = f"{counts.encrypted:,} encrypted, all decrypted" if counts.encrypted else "nothing is encrypted"
    keys = _step("keys", counts.unopened_count, counts.unopened, counts.encrypted, good, "cannot be decrypted")
    return [decodes, keys, _target(findings, str(store.codec.scheme.release))], counts


def _step(name: str, failed: int, places: list[tuple[str, str]], total: int, good: str, bad: str) -> Step:
    facts = {"of": total, "failed": failed, "keys": [{"key": key, "detail": detail} for key, detail in places]}
    if not failed:
        return Step(name, Verdict.OK, good, facts)
    named = "; ".join(f"{key}: {detail}" for key, detail in places[:_NAMED])
    return Step(name, Verdict.FAILED, f"{failed:,} of {total:,} {bad}: {named}", facts)


def _target(findings: Iterable[Finding], release: str) -> Step:
    grave = [one for one in findings if one.rule.severity == ERROR]
    facts = {
        "release": release,
        "findings": [
            {"id": one.rule.id, "subject": one.subject, "count": one.count, "keys": [key for key, _ in one.keys[:100]]}
            for one in grave
        ],
    }
    if not grave:
        return Step("target", Verdict.OK, f"release {release} reads everything", facts)
    named = "; ".join(f"{one.rule.title.lower()}: {one.subject} ({one.count:,})" for one in grave[:_NAMED])
    return Step("target", Verdict.FAILED, f"release {release}: {named}", facts)


def complete(counts: Counts, expected: Expected | None) -> Step:
    """See that every resource is there that an earlier proof had."""
    found = f"{counted(len(counts.objects), 'resource')} with {counted(counts.objects.total(), 'object')}"
    if not counts.objects:
        return Step("complete", Verdict.FAILED, "the store holds no objects", {"missing": []})
    if expected is None:
        return Step("complete", Verdict.OK, f"{found}; there is no earlier proof to compare with", {"missing": []})
    missing = sorted(expected.resources - set(counts.objects))
    facts = {"missing": missing, "earlier": {"time": expected.time, "sha256": expected.sha256}}
    if missing:
        named = ", ".join(missing[:_NAMED]) + (f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else "")
        return Step("complete", Verdict.FAILED, f"of the proof of {expected.time}, {named} is missing", facts)
    return Step("complete", Verdict.OK, f"{found}; all of the proof of {expected.time} are there", facts)


def age(counts: Counts, most: timedelta | None, now: datetime) -> Step:
    """See that the newest time that an object carries is not too long ago."""
    newest = parse_time(counts.newest)
    facts: dict[str, Any] = {"newest": counts.newest, "maxSeconds": int(most.total_seconds()) if most else None}
    if newest is None:
        verdict = Verdict.FAILED if most else Verdict.NOT_RUN
        return Step("age", verdict, "no object carries a time", facts)
    passed = now - newest
    facts["seconds"] = int(passed.total_seconds())
    words = f"its newest object is of {counts.newest}, {_long(passed)} ago"
    if most is None:
        return Step("age", Verdict.NOT_RUN, f"{words}; no limit was given", facts)
    if passed > most:
        return Step("age", Verdict.FAILED, f"{words}: more than {_long(most)}", facts)
    return Step("age", Verdict.OK, words, facts)


def _long(time: timedelta) -> str:
    hours, rest = divmod(int(max(time.total_seconds(), 0)), 3600)
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if days else f"{hours} h {rest // 60} min"


def not_run(*names: str, why: str) -> list[Step]:
    """Steps that were not come to."""
    return [Step(name, Verdict.NOT_RUN, why) for name in names]
