"""
What `kstore ls` shows of a whole store: groups, resources and namespaces, with counts, versions, encodings and bytes.

Takes what the store counted; reads nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from kstore.tree import Branch

HEADINGS = ("COUNT", "SIZE", "ENCODING", "STORED AS", "NOTE")
"""Of the figures beside each branch; those that may be long come last, so that few lines of a terminal break."""


def human_size(size: int) -> str:
    """Bytes as people read them: `812 B`, `3.2 KiB`, `617 MiB`."""
    if size < 1024:
        return f"{size} B"
    value = float(size)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        value /= 1024
        if value < 1023.5 or unit == "TiB":
            break
    return f"{value:.1f} {unit}" if value < 99.95 else f"{value:.0f} {unit}"


def group_of(branch: Branch) -> str:
    """The API group of what is in a branch: the resource's, else what the path or the objects say."""
    if branch.resource is not None:
        return branch.resource.group
    if branch.versions:
        return next(iter(branch.versions)).rpartition("/")[0]
    group, slash, _ = branch.path.partition("/")
    return group if slash and "." in group else ""


def as_json(branches: Iterable[Branch], prefix: str) -> dict[str, Any]:
    """The counts as a document: one entry a resource, in key order."""
    return {
        "prefix": prefix,
        "resources": [
            {
                "group": group_of(branch),
                "resource": branch.resource.resource if branch.resource else "",
                "kind": branch.resource.kind if branch.resource else "",
                "path": branch.path,
                "count": branch.count,
                "bytes": branch.size,
                "storedVersions": branch.versions,
                "encodings": branch.encodings,
                "encryption": branch.encryption_headers,
                "namespaces": branch.namespaces,
                "undecodable": branch.undecodable,
            }
            for branch in branches
        ],
    }


def as_text(branches: list[Branch], prefix: str, *, namespaces: bool = False) -> Iterator[str]:
    """
    The counts as a tree: a line a group, below it a line a resource, below that, on demand, a line a namespace.
    """
    groups: dict[str, list[Branch]] = {}
    for branch in branches:
        groups.setdefault(group_of(branch), []).append(branch)
    rows: list[tuple[str, ...]] = [(prefix or "/", *_totals(branches))]
    for at, (group, members) in enumerate(sorted(groups.items())):
        last_group = at == len(groups) - 1
        rows.append((f"{'└─ ' if last_group else '├─ '}{group or 'core'}", *_totals(members)))
        stem = "   " if last_group else "│  "
        for index, branch in enumerate(members):
            last = index == len(members) - 1
            rows.append((f"{stem}{'└─ ' if last else '├─ '}{name_of(branch)}", *figures(branch)))
            if namespaces:
                rows += _namespace_rows(branch, stem + ("   " if last else "│  "))
    noted = any(row[-1] for row in rows if len(row) > len(HEADINGS))
    yield from _aligned([("KEYS", *(HEADINGS if noted else HEADINGS[:-1])), *rows])


def name_of(branch: Branch) -> str:
    """The resource, and where it is if that is not told by its name."""
    if branch.resource is None:
        return branch.path.removeprefix(f"{group_of(branch)}/")
    name = branch.resource.resource
    return name if branch.path.rpartition("/")[2] == name else f"{name} ({branch.path})"


def figures(branch: Branch) -> tuple[str, ...]:
    """What stands beside a branch: the cells below `HEADINGS`."""
    return *_totals([branch]), *_details(branch)


def _totals(branches: Iterable[Branch]) -> tuple[str, str]:
    found = list(branches)
    return str(sum(one.count for one in found)), human_size(sum(one.size for one in found))


def _details(branch: Branch) -> tuple[str, str, str]:
    notes = [f"{header}: {count}" for header, count in branch.encryption_headers.items()]
    encoding = next(iter(branch.encodings), "")
    if len(branch.encodings) > 1:
        notes.append(_counted(branch.encodings, branch.count))
        encoding = "mixed"
    if branch.undecodable:
        notes.append(f"{branch.undecodable} undecodable")
    if branch.resource is None:
        notes.append("belongs to no known resource")
    # the group is the branch's own, unless it is named
    own = f"{group_of(branch)}/"
    versions = {version.removeprefix(own): count for version, count in branch.versions.items()}
    return encoding, _counted(versions, branch.count), "; ".join(notes)


def _counted(counts: dict[str, int], total: int) -> str:
    """`apps/v1` when all are, else `apps/v1: 3, apps/v1beta1: 2`."""
    if list(counts.values()) == [total]:
        return next(iter(counts))
    return ", ".join(f"{name}: {count}" for name, count in counts.items())


def _namespace_rows(branch: Branch, stem: str) -> list[tuple[str, ...]]:
    names = sorted(branch.namespaces.items())
    return [
        (f"{stem}{'└─ ' if index == len(names) - 1 else '├─ '}{name}", str(count))
        for index, (name, count) in enumerate(names)
    ]


def _aligned(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Rows as padded columns, numbers to the right; what may be long stands behind them as it is."""
    widths = [max(len(row[column]) for row in rows if column < len(row)) for column in range(max(map(len, rows)))]
    for row in rows:
        cells = [
            cell.rjust(width) if column in (1, 2) else cell.ljust(width) if column < 4 else cell
            for column, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        yield "  ".join(cells).rstrip() + "\n"
