"""
The root of the tree of errors.
"""

from __future__ import annotations

import re
from typing import Any, Final

_PARAMETER: Final = re.compile(r"`(\w+)=[^`]*`")


class KstoreError(Exception):
    """
    The root of the tree.

    Args:
        message: what was found and what was expected, in one sentence.
        where: the key, file, endpoint or field path it happened at.
        hint: what to try.
    """

    code = "error"
    exit_code = 1

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters of the library that the hint names, in its order: `("cert", "key")`."""
        return tuple(dict.fromkeys(_PARAMETER.findall(self.hint)))

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors come from other processes too; pickle would not repeat the arguments that were given by name."""
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(kind: type[KstoreError], args: tuple[Any, ...], state: dict[str, Any]) -> KstoreError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class WorkerLost(KstoreError):
    """A process that was computing for this one has ended by itself."""

    code = "worker-lost"
