"""
What a printer is: columns, and a function that makes an object's cells; and the columns of the built-in kinds.

The columns are facts, asked of a real server into `columns.json` (tools/generate_columns.py). Which kind is printed by
which cells knows `engine`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from kstore.naming import GroupKind
from kstore.view.columns.ages import nanoseconds
from kstore.view.columns.reading import Object

Cells = Callable[[Object, int], list[Any]]
"""The cells of one object at a time in nanoseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Column:
    """A TableColumnDefinition of meta.k8s.io/v1."""

    name: str
    type: str
    format: str = ""
    description: str = ""
    priority: int = 0
    """0: always shown; above: only by `-o wide`."""

    def as_json(self) -> dict[str, Any]:
        """The column as the API serves it."""
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        }


@dataclass(frozen=True, slots=True)
class Printer:
    """How objects of one kind are printed."""

    columns: tuple[Column, ...]
    cells: Cells
    whole_list: Callable[[list[Object], int], Iterator[tuple[Object, list[Any]]]] | None = None
    """For kinds whose list is more than its objects one by one; such a list cannot be streamed."""
    conditions: Callable[[Object], list[dict[str, str]]] | None = None
    """The conditions of an object's row."""
    as_stored: bool = False
    """
    Whether the cells are the same of an object as it is stored: they look at nothing that a server fills in or converts
    when it reads one of the version that it prints.
    """

    def rows(self, objects: Iterable[Object], now: datetime) -> Iterator[tuple[Object, list[Any]]]:
        """Each object with its cells, in the order the server lists them."""
        moment = nanoseconds(now)
        if self.whole_list is not None:
            return self.whole_list(list(objects), moment)
        return ((obj, self.cells(obj, moment)) for obj in objects)


_DEFAULT = GroupKind("rbac.authorization.k8s.io", "Role")
"""A kind that the server prints with the default convertor."""


@cache
def printed_columns() -> dict[str, tuple[Column, ...]]:
    """The columns of each built-in kind that the server has a printer for, as `columns.json` has them."""
    facts = json.loads(Path(__file__).with_name("columns.json").read_bytes())
    descriptions = facts["descriptions"]
    return {
        kind: tuple(
            Column(name, type_, format_, descriptions[index], priority)
            for name, type_, format_, priority, index in rows
        )
        for kind, rows in facts["kinds"].items()
    }


def default_columns() -> tuple[Column, ...]:
    """The columns of a kind without a printer: name, and time of creation."""
    return printed_columns()[str(_DEFAULT)]
