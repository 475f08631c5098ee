"""
What an analysis of a store found, as the lines and tables that `kstore analyze` and `kstore report` show.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kstore.inspect.analysis import Analysis, LargeObject, Usage
    from kstore.view.bar_table import FigureTable


def store_lines(found: Analysis) -> Iterator[tuple[str, str]]:
    """What there is to say of the store as a whole, as names and values."""
    status = found.status
    version = f", {status.server_version}" if status.server_version else ""
    yield "store", f"{status.kind}{version}"
    compacted = f", compacted at {status.compact_revision:,}" if status.compact_revision > 0 else ""
    yield "revision", f"{status.revision:,}{compacted}"
    if status.quota:
        share = status.size / status.quota
        free = _size(max(status.quota - status.size, 0))
        yield "quota", f"{_size(status.quota)}, {share:.0%} used, {free} headroom"
    if status.alarms:
        yield "alarms", ", ".join(status.alarms)
    if found.window_minutes:
        yield "window", f"{found.total.changes:,} changes in {_span(found.window_minutes)} since the last compaction"
    if found.total.undecodable:
        yield "undecodable", f"{found.total.undecodable:,} objects: `kstore check` says more"


def tables(found: Analysis, top: int) -> Iterator[FigureTable]:
    """The tables of an analysis, of `top` rows each."""
    from kstore.view.bar_table import FigureTable

    yield _file_table(found)
    yield _usage_table("By resource", "RESOURCE", found.resources, found, top)
    yield _usage_table("By namespace", "NAMESPACE", [_named(one) for one in found.namespaces], found, top)
    managers = found.managers[: top or None]
    whole = found.total.live_bytes or 1
    yield FigureTable(
        "By field manager",
        ("MANAGER", "OBJECTS", "LAST WRITTEN", "MANAGED FIELDS"),
        [
            ((one.name, f"{one.objects:,}", _size(one.written_bytes), _size(one.field_set_bytes)),
             one.written_bytes / whole)
            for one in managers
        ],
        note=_more(len(found.managers), len(managers)),
    )  # fmt: skip
    yield FigureTable(
        "Largest objects, and their large fields",
        ("KEY", "BYTES", ""),
        [row for one in found.largest for row in _object_rows(one)],
    )
    if found.history:
        most = max((one.changes for one in found.churn), default=1)
        yield FigureTable(
            "Changed most since the last compaction",
            ("KEY", "CHANGES", "PER MINUTE", "BYTES"),
            [
                ((one.key, f"{one.changes:,}", _rate(found.per_minute(one.changes)), _size(one.bytes)),
                 one.changes / most)
                for one in found.churn
            ],
            empty="no key changed more than once",
        )  # fmt: skip
    if found.leases is not None:
        yield _lease_table(found)


def _object_rows(one: LargeObject) -> Iterator[tuple[tuple[str, ...], float | None]]:
    yield (one.key, _size(one.bytes), ""), None
    for large in one.fields:
        yield (f"  {large.path}", _size(large.bytes), f"{large.share:.0%}"), large.share


def _file_table(found: Analysis) -> FigureTable:
    from kstore.view.bar_table import FigureTable

    total, status = found.total, found.status
    parts = [("live", f"{total.objects:,} keys", total.live_bytes)]
    if found.history:
        parts += [
            ("history", f"{total.history_revisions:,} revisions", total.history_bytes),
            ("tombstones", f"{total.tombstones:,}", total.tombstone_bytes),
        ]
    if found.elsewhere.total_bytes:
        count = f"{found.elsewhere.objects:,} keys, others'"
        parts.append(("outside the prefix", count, found.elsewhere.total_bytes))
    if status.size_in_use and found.is_whole:
        parts += [
            ("pages around them", "" if found.history else "with history", found.overhead_bytes),
            ("free pages", "a defragmentation frees them", found.free_bytes),
        ]
    whole = (status.size if found.is_whole else 0) or sum(size for _, _, size in parts) or 1
    rows: list[tuple[tuple[str, ...], float | None]] = [
        ((name, count, _size(size), f"{size / whole:.1%}"), size / whole) for name, count, size in parts
    ]
    if status.size:
        rows.append((("the file", "", _size(status.size), ""), None))
    return FigureTable("What the bytes are", ("", "", "BYTES", ""), rows, text_columns=frozenset({1}))


def _usage_table(title: str, heading: str, rows: list[Usage], found: Analysis, top: int) -> FigureTable:
    from kstore.view.bar_table import FigureTable

    shown = rows[: top or None]
    whole = found.total.total_bytes or 1
    headings = [heading, "OBJECTS", "LIVE"]
    if found.history:
        headings += ["HISTORY", "TOMBSTONES", "CHANGES"]
    cells = []
    for one in shown:
        row = [one.name, f"{one.objects:,}", _size(one.live_bytes)]
        if found.history:
            row += [_size(one.history_bytes) if one.history_bytes else "-", _count(one.tombstones), _count(one.changes)]
        cells.append((row, one.total_bytes / whole))
    return FigureTable(title, headings, cells, note=_more(len(rows), len(shown)), cut_end=True)


def _lease_table(found: Analysis) -> FigureTable:
    from kstore.view.bar_table import FigureTable

    leases = found.leases
    assert leases is not None
    rows: list[tuple[tuple[str, ...], float | None]] = [
        (("granted", f"{leases.granted:,}"), None),
        (("with keys", f"{leases.attached:,}"), None),
        (("keys on leases", f"{leases.keys:,}"), None),
    ]
    if leases.unknown:
        rows.append((("leases that keys name but the store does not have", f"{leases.unknown:,}"), None))
    rows += [((f"time to live {ttl:,} s", f"{count:,}"), None) for ttl, count in leases.ttl_seconds.items()]
    return FigureTable("Leases", ("", "COUNT"), rows)


def _named(usage: Usage) -> Usage:
    if usage.name:
        return usage
    from dataclasses import replace

    return replace(usage, name="(cluster)")


def _more(all_of_them: int, shown: int) -> str:
    return f"and {all_of_them - shown:,} more (--top 0 shows all)" if all_of_them > shown else ""


def _size(size: int) -> str:
    from kstore.view.tree_text import human_size

    return human_size(size)


def _count(number: int) -> str:
    return f"{number:,}" if number else "-"


def _rate(value: float) -> str:
    return f"{value:,.1f}" if value >= 0.05 else "-"


def _span(minutes: float) -> str:
    """Minutes as people say them."""
    for unit, size in (("days", 1440), ("hours", 60)):
        if minutes >= 2 * size:
            return f"{minutes / size:,.1f} {unit}"
    return f"{minutes:,.1f} minutes" if minutes >= 1 else f"{minutes * 60:.0f} seconds"
