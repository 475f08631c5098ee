"""
Objects selected by an expression of the Common Expression Language: `spec.replicas > 1`.

Knows what names an expression may use; the language is a library's business (the optional extra `cel`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kstore.decode.json.raw_json import plain
from kstore.errors import ExtraMissing, UsageError
from kstore.selection.cel_fields import field_paths

if TYPE_CHECKING:
    from kstore.codec import StoredObject


STORED = frozenset({"version", "encoding", "size", "revision", "lease", "encrypted"})
"""What `stored` has."""
_KNOWN = ", ".join(sorted(STORED))
_WHOLE = ("object", "self")


_CHARACTERS = 100_000
"""As long as an expression may be for the apiserver's own CEL (cel-go, `parser/options.go`)."""
_OPERATORS = 1_000
"""Operators, selections and calls. The library recurses for each, and ends the whole process some thousands deep."""
_COMPREHENSIONS = 3
"""`all`, `exists`, `map` … one within another: the steps that they take multiply."""
_TOKEN = re.compile(
    r"""(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
    r"""|(?P<comprehension>\.\s*(?:all|exists|exists_one|existsOne|map|filter|transformList|transformMap)\s*\()"""
    r"""|(?P<operator>&&|\|\||[<>=!]=|[-+*/%<>!?.(\[{]|\bin\b)|(?P<close>\))""",
    re.DOTALL,
)


def _check(expression: str) -> None:
    """
    Hold an expression to what can be evaluated in reasonable time, and without the library running out of stack.

    Raises:
        UsageError: it is beyond that.
    """
    if len(expression) > _CHARACTERS:
        raise UsageError(
            f"a CEL expression of {len(expression)} characters: {_CHARACTERS} are taken", where=f"{expression[:40]!r} …"
        )
    operators = 0
    around: list[bool] = []
    for token in _TOKEN.finditer(expression):
        kind = token.lastgroup
        if kind == "close":
            del around[-1:]
        elif kind != "text":
            operators += 1
            if token[0].endswith("("):
                around.append(kind == "comprehension")
        if operators > _OPERATORS or sum(around) > _COMPREHENSIONS:
            raise UsageError(
                f"a CEL expression with more than {_OPERATORS} operators"
                if operators > _OPERATORS
                else f"a CEL expression with more than {_COMPREHENSIONS} comprehensions one within another",
                where=f"{expression[:40]!r} …",
                hint="select what is certain first, with several commands or with labels",
            )


class Where:
    """
    One expression, asked of many objects.

    Its names are `object` (or `self`), the members of the object themselves (`metadata`, `spec`, `status`, …), and
    `stored`, which says how the object is stored: `version`, `encoding`, `size`, `revision`, `lease` and
    `encrypted`. An object that lacks a field of the expression does not match.

    Args:
        expression: in CEL.

    Raises:
        UsageError: it cannot be parsed or is too large.
        ExtraMissing: the library is not installed.
    """

    def __init__(self, expression: str) -> None:
        _check(expression)
        try:
            import cel
        except ImportError:
            raise ExtraMissing("an expression needs a CEL library", extra="cel") from None
        try:
            self._program = cel.compile(expression)
        except ValueError as error:
            reason = str(error).partition("\n")[0].partition("ERROR: ")[2] or str(error)
            raise UsageError(f"{expression!r} is no CEL expression: {reason}") from None
        except BaseException as error:
            raise _panic(error, expression) from None
        named = field_paths(expression)
        for path in named:
            if path[0] == "stored" and (len(path) > 2 or set(path[1:]) - STORED):
                raise UsageError(f"{'.'.join(path)}: there is no such thing to ask", hint=f"stored has {_KNOWN}")
        self.paths = [path[1:] if path[0] in _WHOLE else path for path in named if path[0] != "stored"]
        """The fields of objects that the expression names."""
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
        except BaseException as error:
            self.fault = self.fault or _panic(error, "the expression").message
            return False
        if not isinstance(found, bool):
            self.fault = self.fault or f"it gives {found!r}, which is neither true nor false"
            return False
        self.matched += found
        return found


def _panic(error: BaseException, what: str) -> UsageError:
    """
    The error for a panic inside the library, which is no `Exception` of Python's.

    Raises:
        BaseException: it is something else, such as an interrupt.
    """
    if type(error).__name__ != "PanicException":
        raise error
    return UsageError(f"{what[:80]} cannot be evaluated: {error}")


def _stored(read: StoredObject) -> dict[str, Any]:
    record = read.record
    return {
        "version": read.gvk.api_version,
        "encoding": read.encoding,
        "size": len(record.value),
        "revision": record.mod_revision,
        "lease": record.lease,
        "encrypted": read.encryption_header is not None,
    }
