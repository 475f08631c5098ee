"""
What a query reads: its tables, the columns and the paths in JSON that it names, and the keys that its conditions allow.

Works on the tree that DuckDB's own parser gives (`json_serialize_sql`), and errs to one side: what is not understood is
read whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from kstore.sql.columns import Path
from kstore.sql.keys import COLUMNS as KEY_COLUMNS
from kstore.sql.keys import EVERYTHING, Keys

Node = dict[str, Any]

_EXTRACTING: Final = frozenset(
    {
        "->", "->>", "json_extract", "json_extract_string", "json_extract_path", "json_extract_path_text", "json_value",
        "json_exists", "json_array_length", "json_type", "json_keys",
    }
)  # fmt: skip
"""DuckDB's functions that look at one path of a JSON value, and at nothing beside it."""
_STEP: Final = re.compile(r'\.(?:"([^"\\]+)"|([^."\[*\\]+))|(\[(?:#?-?\d+|\*)?\])')
_ORDINARY_JOINS: Final = frozenset({"REGULAR", "CROSS", "NATURAL"})
"""Joins whose rows do not depend on what else is there: what a condition leaves out can be left out before."""


@dataclass
class Uses:
    """What a query reads. Names are in lower case, as SQL does not tell them apart."""

    tables: dict[str, str] = field(default_factory=dict)
    """Every name that stands where a table may stand, and what stands before it: a schema."""
    everything: bool = False
    """Whether all columns may be read: `*`, a whole row, a column by its number."""
    columns: dict[str, set[Path] | None] = field(default_factory=dict)
    """The columns named, each with the paths that are looked at in it; None for all of it."""
    keys: dict[str, Keys] = field(default_factory=dict)
    """By table: the keys that any of its uses may mean."""
    own_names: set[str] = field(default_factory=set)
    """What the query itself gives names to: aliases, common table expressions."""

    def add(self, column: str, path: Path) -> None:
        """Note that a path of a column is looked at; the empty path is all of it."""
        known = self.columns.setdefault(column.lower(), set())
        if not path:
            self.columns[column.lower()] = None
        elif known is not None:
            known.add(path)

    def narrowed(self) -> dict[str, list[Path]]:
        """The columns of which only some paths are looked at."""
        if self.everything:
            return {}
        return {name: sorted(paths) for name, paths in self.columns.items() if paths is not None}


def uses_of(tree: Node) -> Uses:
    """
    What a statement reads.

    Args:
        tree: the statement, as `json_serialize_sql` gives it.
    """
    found = Uses()
    tables = [node for node in _nodes(tree) if node.get("type") == "BASE_TABLE"]
    for table in tables:
        found.tables.setdefault(str(table.get("table_name")).lower(), _schema(table))
    conditions = dict(_conditions(tree))
    for table in tables:
        name = str(table.get("table_name")).lower()
        mine = conditions.get(id(table), EVERYTHING)
        found.keys[name] = found.keys[name].either(mine) if name in found.keys else mine
    found.own_names = {name.lower() for node in _nodes(tree) for name in _own_names(node)} - {""}
    _visit(tree, found, found.own_names | set(found.tables))
    return found


def _schema(table: Node) -> str:
    parts = (table.get("catalog_name"), table.get("schema_name"))
    return ".".join(str(part) for part in parts if part)


def _nodes(value: Any) -> Iterator[Node]:
    """Every node of a tree."""
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            yield one
            pending.extend(one.values())
        elif isinstance(one, list):
            pending.extend(one)


def _own_names(node: Node) -> Iterator[str]:
    """What rows may be called by beside their table's name: aliases and common table expressions."""
    if "join_type" in node or node.get("type") in ("BASE_TABLE", "SUBQUERY", "TABLE_FUNCTION"):
        yield str(node.get("alias") or "")
    for entry in node.get("map") or () if isinstance(node.get("map"), list) else ():
        if isinstance(entry, dict):
            yield str(entry.get("key") or "")


# ---- columns and paths


def _visit(tree: Any, found: Uses, aliases: set[str]) -> None:
    """Note every column that is named below a node."""
    pending = [tree]
    while pending:
        one = pending.pop()
        if isinstance(one, list):
            pending.extend(one)
        elif isinstance(one, dict):
            if (named := _path_of(one)) is not None:
                _note(*named, found, aliases)
                continue
            if one.get("class") in ("STAR", "POSITIONAL_REFERENCE") or one.get("ref_type") == "NATURAL":
                found.everything = True
            for name in one.get("using_columns") or ():
                found.add(str(name), ())
            pending.extend(one.values())


def _note(names: Sequence[str], path: Path, found: Uses, aliases: set[str]) -> None:
    """Note a reference, whose first name may be a table's or a column's."""
    first, *rest = names
    if first.lower() in aliases:
        if not rest:
            found.everything = True  # a whole row
            return
        found.add(rest[0], (*rest[1:], *path))
    elif len(names) > 2:
        found.everything = True  # perhaps with a schema and a catalog before the table
    found.add(first, (*rest, *path))


def _path_of(node: Any) -> tuple[list[str], Path] | None:
    """The column that an expression looks into, and where; None for other expressions."""
    steps: list[Path] = []
    while True:
        if not isinstance(node, dict):
            return None
        if node.get("class") == "COLUMN_REF":
            names = [str(name) for name in node.get("column_names") or ()]
            return (names, tuple(name for step in reversed(steps) for name in step)) if names else None
        inner, key = _extraction(node)
        step = None if key is None else _step(key)
        if step is None:
            return None
        steps.append(step)
        node = inner


def _extraction(node: Node) -> tuple[Any, Node | None]:
    """Of an expression that takes a part of another: the other, and the constant that says which part."""
    sides: list[Any] = []
    if node.get("class") == "LAMBDA" and node.get("syntax_type") == "SINGLE_ARROW":
        sides = [node.get("lhs"), node.get("expr")]
    elif node.get("type") in ("STRUCT_EXTRACT", "ARRAY_EXTRACT"):
        sides = list(node.get("children") or ())
    elif node.get("class") == "FUNCTION" and str(node.get("function_name")).lower() in _EXTRACTING:
        sides = [one.get("expression") if isinstance(one, dict) else None for one in node.get("arguments") or ()]
    if len(sides) != 2 or not isinstance(sides[1], dict) or sides[1].get("class") != "CONSTANT":
        return None, None
    return sides[0], sides[1]


def _step(constant: Node) -> Path | None:
    """The members that a path leads through; None for a path that is not understood."""
    literal = constant.get("literal")
    if not isinstance(literal, dict):
        return None
    text = str(literal.get("text"))
    if literal.get("kind") == "INTEGER":
        return ()  # an element of a list
    if literal.get("kind") != "STRING":
        return None
    if text.startswith("/"):
        parts = text[1:].split("/")
        return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts if not part.isdigit())
    return json_path(text) if text.startswith("$") else (text,)


def json_path(text: str) -> Path | None:
    """
    The members that a JSONPath of DuckDB leads through, lists passed over; None where that cannot be told.

    Args:
        text: such as `$.spec.containers[*].image`.
    """
    found: list[str] = []
    at = 1
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            return None
        if match[3] is None:
            found.append(match[1] or match[2])
        at = match.end()
    return tuple(found)


# ---- keys


def _conditions(tree: Any) -> Iterator[tuple[int, Keys]]:
    """Yield the keys that each use of a table may mean, by the identity of its node."""
    for node in _nodes(tree):
        if node.get("type") != "SELECT_NODE" or not node.get("where_clause"):
            continue
        sources = list(_sources(node.get("from_table")))
        if None in sources:
            continue
        for source in sources:
            if source is not None and source.get("type") == "BASE_TABLE":
                name = str(source.get("alias") or source.get("table_name")).lower()
                yield id(source), _allowed(node["where_clause"], name, alone=len(sources) == 1)


def _sources(node: Any) -> Iterator[Node | None]:
    """Yield what a FROM clause joins; None where a join is of a kind whose rows depend on all others."""
    if not isinstance(node, dict):
        return
    if node.get("type") != "JOIN":
        yield node
        return
    if node.get("ref_type") not in _ORDINARY_JOINS:
        yield None
    yield from _sources(node.get("left"))
    yield from _sources(node.get("right"))


def _allowed(node: Any, table: str, *, alone: bool) -> Keys:
    """
    The keys that a condition allows.

    Args:
        node: the condition.
        table: what the rows are called by.
        alone: a column without a table's name is this table's.
    """
    if not isinstance(node, dict):
        return EVERYTHING
    if node.get("class") == "CONJUNCTION":
        parts = [_allowed(child, table, alone=alone) for child in node.get("children") or ()]
        found = parts[0] if parts else EVERYTHING
        for part in parts[1:]:
            found = found.both(part) if node.get("type") == "CONJUNCTION_AND" else found.either(part)
        return found
    if node.get("type") == "COMPARE_EQUAL":
        sides = [node.get("left"), node.get("right")]
        for column, value in (sides, sides[::-1]):
            if (name := _key_column(column, table, alone=alone)) and (text := _text(value)) is not None:
                return Keys.of(**{name: [text]})
    if node.get("type") == "COMPARE_IN":
        column, *values = node.get("children") or (None,)
        texts = [_text(value) for value in values]
        if (name := _key_column(column, table, alone=alone)) and None not in texts:
            return Keys.of(**{name: [text for text in texts if text is not None]})
    return EVERYTHING


def _key_column(node: Any, table: str, *, alone: bool) -> str:
    if not isinstance(node, dict) or node.get("class") != "COLUMN_REF":
        return ""
    *before, name = [str(part).lower() for part in node.get("column_names") or [""]]
    mine = before == [table] or (alone and not before)
    return name if mine and name in KEY_COLUMNS else ""


def _text(node: Any) -> str | None:
    literal = node.get("literal") if isinstance(node, dict) and node.get("class") == "CONSTANT" else None
    return str(literal["text"]) if isinstance(literal, dict) and literal.get("kind") == "STRING" else None
