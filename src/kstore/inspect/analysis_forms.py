"""
An analysis for programs: the document of `-o json`, and Prometheus' text format for a cron job.

Both are a contract: members and metrics are added, never changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from kstore.inspect.analysis import Analysis, Usage

_Sample = tuple[dict[str, str], int]


def as_document(found: Analysis) -> dict[str, Any]:
    """The analysis as the document of `-o json`."""
    status = found.status
    return {
        "store": {
            "location": status.location, "kind": status.kind, "serverVersion": status.server_version,
            "revision": status.revision, "compactRevision": status.compact_revision, "alarms": list(status.alarms),
            "sizeBytes": status.size, "inUseBytes": status.size_in_use, "freeBytes": found.free_bytes,
            "overheadBytes": found.overhead_bytes, "quotaBytes": status.quota,
            "headroomBytes": max(status.quota - status.size, 0) if status.quota else None,
        },
        "history": found.history,
        "windowMinutes": round(found.window_minutes, 3),
        "total": _usage_row(found.total, found),
        "elsewhere": {"keys": found.elsewhere.objects, "totalBytes": found.elsewhere.total_bytes},
        "resources": [_usage_row(one, found) for one in found.resources],
        "namespaces": [_usage_row(one, found) for one in found.namespaces],
        "fieldManagers": [
            {"name": one.name, "objects": one.objects, "lastWrittenBytes": one.written_bytes,
             "managedFieldsBytes": one.field_set_bytes} for one in found.managers
        ],
        "largest": [
            {"key": one.key, "resource": one.resource, "bytes": one.bytes,
             "fields": [{"path": each.path, "bytes": each.bytes, "share": round(each.share, 3)} for each in one.fields]}
            for one in found.largest
        ],
        "churn": [
            {"key": one.key, "resource": one.resource, "changes": one.changes, "bytes": one.bytes,
             "perMinute": round(found.per_minute(one.changes), 3)} for one in found.churn
        ],
        "leases": None if found.leases is None else {
            "granted": found.leases.granted, "attached": found.leases.attached, "keys": found.leases.keys,
            "unknown": found.leases.unknown,
            "ttlSeconds": {str(ttl): count for ttl, count in found.leases.ttl_seconds.items()},
        },
    }  # fmt: skip


def _usage_row(usage: Usage, found: Analysis) -> dict[str, Any]:
    return {
        "name": usage.name, "objects": usage.objects, "liveBytes": usage.live_bytes,
        "historyRevisions": usage.history_revisions, "historyBytes": usage.history_bytes,
        "tombstones": usage.tombstones, "tombstoneBytes": usage.tombstone_bytes, "totalBytes": usage.total_bytes,
        "undecodable": usage.undecodable, "changes": usage.changes,
        "changesPerMinute": round(found.per_minute(usage.changes), 3),
    }  # fmt: skip


def as_prometheus(found: Analysis) -> Iterator[str]:
    """Yield the analysis as metrics, in the text exposition format 0.0.4."""
    status = found.status
    sizes = {"size": status.size, "in_use": status.size_in_use, "free": found.free_bytes, "quota": status.quota}
    yield from _metric("kstore_database_bytes", "The database file, by what of it is meant.", _by("part", sizes))
    yield from _metric("kstore_revision", "The newest revision.", [({}, status.revision)])
    yield from _metric("kstore_compact_revision", "The last compaction.", [({}, status.compact_revision)])
    yield from _metric("kstore_alarms", "Alarms that are raised.", [({"alarm": name}, 1) for name in status.alarms])
    for group, rows in (("resource", found.resources), ("namespace", found.namespaces)):
        for name, text, samples in _usage_metrics(group, rows):
            yield from _metric(name, text, samples)
    yield from _metric(
        "kstore_manager_last_written_bytes",
        "Bytes of the objects that a field manager was the last to write.",
        [({"manager": one.name}, one.written_bytes) for one in found.managers],
    )
    if found.leases is not None:
        leases = {"granted": found.leases.granted, "attached": found.leases.attached, "unknown": found.leases.unknown}
        yield from _metric("kstore_leases", "Leases, by what of them is meant.", _by("state", leases))


def _usage_metrics(group: str, rows: list[Usage]) -> Iterator[tuple[str, str, list[_Sample]]]:
    yield (
        f"kstore_{group}_objects", f"Objects of a {group}.",
        [({group: one.name}, one.objects) for one in rows],
    )  # fmt: skip
    yield (
        f"kstore_{group}_bytes", f"Bytes of keys and values of a {group}: live, in history, in tombstones.",
        [
            ({group: one.name, "state": state}, count)
            for one in rows
            for state, count in (
                ("live", one.live_bytes), ("history", one.history_bytes), ("tombstone", one.tombstone_bytes),
            )
        ],
    )  # fmt: skip
    yield (
        f"kstore_{group}_changes", f"Revisions of a {group} since the last compaction.",
        [({group: one.name}, one.changes) for one in rows],
    )  # fmt: skip
    yield (
        f"kstore_{group}_undecodable", f"Objects of a {group} that cannot be decoded.",
        [({group: one.name}, one.undecodable) for one in rows],
    )  # fmt: skip


def _by(label: str, values: dict[str, int]) -> list[_Sample]:
    return [({label: name}, value) for name, value in values.items()]


def _metric(name: str, text: str, samples: Iterable[_Sample]) -> Iterator[str]:
    yield f"# HELP {name} {text}\n# TYPE {name} gauge\n"
    for labels, value in samples:
        inner = ",".join(f'{label}="{_escaped(one)}"' for label, one in labels.items())
        yield f"{name}{{{inner}}} {value}\n" if inner else f"{name} {value}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
