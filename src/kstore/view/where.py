"""
Objects selected by an expression of the Common Expression Language: `spec.replicas > 1`.

Knows what names an expression may use; the language is a library's business (the optional extra `cel`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kstore.decode.json.raw_json import plain
from kstore.errors import UsageError

if TYPE_CHECKING:
    from kstore.codec import StoredObject


class Where:
    """
    One expression, asked of many objects.

    Its names are `object` (or `self`), the members of the object themselves (`metadata`, `spec`, `status`, …), and
    `stored`, which says how the object lies in the store: `version`, `encoding`, `size`, `revision`, `lease` and
    `encrypted`. An object that lacks a field of the expression does not match.

    Args:
        expression: in CEL.

    Raises:
        UsageError: it cannot be parsed, or the library is not installed.
    """

    def __init__(self, expression: str) -> None:
        try:
            import cel
        except ImportError:
            raise UsageError("--where needs a CEL library", hint="pip install 'kstore[cel]'") from None
        try:
            self._program = cel.compile(expression)
        except ValueError as error:
            reason = str(error).partition("\n")[0].partition("ERROR: ")[2] or str(error)
            raise UsageError(f"{expression!r} is no CEL expression: {reason}") from None
        self.matched = 0
        self.fault = ""
        """What went wrong with the first object that could not be judged."""

    def matches(self, read: StoredObject) -> bool:
        """Whether the expression is true of an object."""
        obj: dict[str, Any] = plain(read.object)
        names = {**obj, "object": obj, "self": obj, "stored": _stored(read)}
        try:
            found = self._program.execute(names)
        except KeyError:
            return False
        except (RuntimeError, TypeError, ValueError, OverflowError) as error:
            self.fault = self.fault or str(error).partition(". ")[0]
            return False
        if not isinstance(found, bool):
            self.fault = self.fault or f"it gives {found!r}, which is neither true nor false"
            return False
        self.matched += found
        return found


def _stored(read: StoredObject) -> dict[str, Any]:
    record = read.record
    return {
        "version": read.gvk.api_version,
        "encoding": read.encoding,
        "size": len(record.value),
        "revision": record.mod_revision,
        "lease": record.lease,
        "encrypted": read.seal is not None,
    }
