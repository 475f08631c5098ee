"""
Reading fields of a plain object where Go reads them of a struct: what is absent or null is the zero value.

Knows JSON shapes only, no kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kstore.scalars.quantity import canonical

Object = Mapping[str, Any]
"""A decoded object or a part of one, as the API serves it."""

NONE = "<none>"
UNSET = "<unset>"

_EMPTY: dict[str, Any] = {}
_SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""What Go's `unicode.IsSpace` says; Python counts four control characters more."""


def part(obj: Object, *path: str) -> Object:
    """The object below a path; an empty one where there is none, or a custom object holds something else there."""
    for name in path:
        found = obj.get(name)
        obj = found if isinstance(found, dict) else _EMPTY
    return obj


def items(obj: Object, *path: str) -> list[Any]:
    """The list below a path, or an empty one."""
    return part(obj, *path[:-1]).get(path[-1]) or []


def text(obj: Object, *path: str) -> str:
    """The string below a path, or an empty one."""
    return part(obj, *path[:-1]).get(path[-1]) or ""


def number(obj: Object, *path: str) -> int:
    """The integer below a path, or 0."""
    return part(obj, *path[:-1]).get(path[-1]) or 0


def optional(obj: Object, default: Any, *path: str) -> Any:
    """What a pointer below a path points to, or the default."""
    value = part(obj, *path[:-1]).get(path[-1])
    return default if value is None else value


def name_of(obj: Object) -> str:
    """`metadata.name`."""
    return text(obj, "metadata", "name")


def created(obj: Object) -> str | None:
    """`metadata.creationTimestamp`."""
    return part(obj, "metadata").get("creationTimestamp")


def deleted(obj: Object) -> bool:
    """Whether the object is marked for deletion."""
    return part(obj, "metadata").get("deletionTimestamp") is not None


def annotation(obj: Object, key: str) -> str | None:
    """An annotation, or None."""
    return part(obj, "metadata", "annotations").get(key)


def quantity(value: Any, absent: str = "0") -> str:
    """A quantity in its canonical form; Go prints "0" for the zero value and "<nil>" for a nil pointer."""
    if value is None:
        return absent
    try:
        return canonical(str(value))
    except ValueError:
        return str(value)


def container_cells(pod_spec: Object) -> tuple[str, str]:
    """The names and the images of a pod's containers (`layoutContainerCells`)."""
    containers = items(pod_spec, "containers")
    return ",".join(text(c, "name") for c in containers), ",".join(text(c, "image") for c in containers)


def list_with_more(entries: list[str], shown: int) -> str:
    """The first entries, and how many more there are (`listWithMoreString`)."""
    listed = ",".join(entries[:shown])
    if len(entries) > shown:
        return f"{listed} + {len(entries) - shown} more..."
    return listed or UNSET


def condition_true(conditions: list[Any], kind: str) -> bool:
    """Whether the first condition of a type is True."""
    return next((c.get("status") == "True" for c in conditions if c.get("type") == kind), False)


def trim(value: str) -> str:
    """`strings.TrimSpace`."""
    return value.strip(_SPACES)
