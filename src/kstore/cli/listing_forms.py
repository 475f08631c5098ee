"""
The outputs of `ls` and `get`: which options each has a use for, and how selected objects become text.

An option that an output cannot honour is refused: what was asked for is never dropped in silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from kstore.cli.forms import Kind, words
from kstore.cli.listing import TABLES, Reading, projection_of, write
from kstore.cli.settings import settings
from kstore.decode.projection import EVERYTHING, Projection
from kstore.errors import UsageError
from kstore.printable import key_lines

if TYPE_CHECKING:
    from kstore.selection import Criteria, Selection

TREE: Final = "tree"
"""What `ls` shows without an argument."""
_TEXT_TABLES: Final = words(Kind.TABLE) - {"table-json"}
_TEMPLATES: Final = frozenset({"jsonpath", "jsonpath-as-json", "go-template"})
_COLUMNS: Final = frozenset({"custom-columns", "custom-columns-file"})
_DOCUMENTS: Final = words(Kind.DOCUMENT)
_ANY_OBJECT: Final = frozenset({*TABLES, *_DOCUMENTS, *_TEMPLATES, *_COLUMNS, *words(Kind.PAGE)})
_ONE_BY_ONE: Final = _TEXT_TABLES | _DOCUMENTS | _TEMPLATES | _COLUMNS
HONOURED: Final[dict[str, frozenset[str]]] = {
    "--as": _ANY_OBJECT | {"raw", "hex"},
    "--as-served": _ANY_OBJECT - set(TABLES),
    "--sort-by": _ANY_OBJECT | {"keys"},
    "--limit": _ANY_OBJECT | {"raw", "hex", "storage", "keys"},
    "--watch": _ONE_BY_ONE,
    "--watch-only": _ONE_BY_ONE,
    "--output-watch-events": _TEXT_TABLES | _DOCUMENTS - {"name"},
    "--template": frozenset(),  # refused by `expressions.resolved`, unless it is the expression of -o
    "--allow-missing-template-keys": _TEMPLATES,
    "--no-headers": _TEXT_TABLES | _COLUMNS,
    "--show-kind": _TEXT_TABLES,
    "--show-labels": _TEXT_TABLES,
    "--label-columns": _TEXT_TABLES,
    "--storage-columns": _TEXT_TABLES,
    "--now": frozenset({*TABLES, "describe"}),
}
"""Which outputs have a use for an option that not all have a use for. What selects holds for every one."""


def refuse_unused(output: str, given: dict[str, Any]) -> None:
    """
    See that an output has a use for every option.

    Args:
        output: the word of `-o`, or `TREE`.
        given: values by the options' parameter names, empty where one was not given.

    Raises:
        UsageError: it has none for one of them.
    """
    word = output.partition("=")[0]
    for name, value in given.items():
        option = f"--{name.replace('_', '-')}"
        if value and option in HONOURED and word not in HONOURED[option]:
            if output == TREE:
                hint = "name a resource, or / for all objects"
            else:
                hint = f"it goes with {', '.join(sorted(HONOURED[option]))}"
            raise UsageError(f"{f'-o {word}' if output != TREE else 'the tree'} has no use for {option}", hint=hint)


def needed(output: str, selection: Selection, *, whole: bool) -> Projection:
    """
    What of each object must be read.

    Args:
        output: the word of `-o`.
        selection: whose conditions look at objects, too.
        whole: objects are converted or sorted, so that anything may be looked at.
    """
    looked_at = selection.filter.projection
    if whole or looked_at.everything:
        return EVERYTHING
    # tables are made of what the server would serve, which is decoded apart
    if output == "keys" or output in TABLES:
        return looked_at
    return projection_of(output, bool(looked_at.members))


def write_keys(reading: Reading, selection: Selection, sort_by: str) -> None:
    """A key a line, as commands take it; values are read only where a condition or the order needs them."""
    if not selection.filter and not sort_by:
        write(map(key_lines, reading.counted(selection.key_pages())))
        return
    projection = needed("keys", selection, whole=bool(sort_by))
    stored = reading.in_order(reading.readable(selection.reads(projection)), sort_by)
    write(key_lines([read.record.key]) for read in stored)


def say_if_nothing(reading: Reading, selection: Selection) -> None:
    """Say on standard error that nothing was found, and why where a CEL expression may be at fault."""
    from kstore.selection.suggestions import similar_namespace

    if selection.filter.fault:
        click.echo(f"kstore: --where was true of no object: {selection.filter.fault}", err=True)
    if not reading.found and not reading.faults and not settings().quiet:
        click.echo(f"No resources found{_where(selection.criteria)}.", err=True)
        if selection.criteria.namespace and (hint := similar_namespace(reading.store, selection.criteria.namespace)):
            click.echo(f"  hint: {hint}", err=True)
        elif (labels := selection.criteria.selector) and "=" not in labels:
            click.echo(f"  hint: -l selects by labels: no object here has {labels!r}", err=True)


def _where(criteria: Criteria) -> str:
    return f" in namespace {criteria.namespace}" if criteria.namespace else ""


__all__ = ["HONOURED", "TREE", "needed", "refuse_unused", "say_if_nothing", "write_keys"]
