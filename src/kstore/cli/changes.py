"""
Steps from revision to revision as `history` and `watch` print them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from kstore.cli.forms import masks
from kstore.cli.standard_output import terminal

if TYPE_CHECKING:
    from kstore.cli.session import Session
    from kstore.inspect.changes import Changes, Step
    from kstore.inspect.comparison import Compared
    from kstore.records import Record
    from kstore.selection import Selection
    from kstore.view.bar_table import Terminal

Differing = TypeVar("Differing", "Step", "Compared")

_STYLES = {"created": "green", "changed": "yellow", "deleted": "red"}


def step_texts(
    steps: Iterable[Step], *, diffs: bool, secrets: bool, keys: bool, screen: Terminal | None = None
) -> Iterator[str]:
    """
    Yield the text of each step: a line, and the differences below it.

    Args:
        steps: what happened.
        diffs: show the differences.
        secrets: show the values of Secrets.
        keys: name the key in each line.
        screen: where they are shown, if not on standard output.
    """
    from kstore.codec import Undecodable
    from kstore.view.difference_text import difference_lines
    from kstore.view.mask import is_secret

    screen = screen or terminal()
    for step in steps:
        who = ", ".join(dict.fromkeys(str(one) for one in step.authors))
        line = f"{step.revision:>9}  {screen.styled(step.what.ljust(7), _STYLES[step.what])}  {step.time or '-':20}  "
        line += f"{step.key}  {who}" if keys else who or "-"
        if isinstance(step.read, Undecodable):
            line += f"  {screen.styled('undecodable', 'red')}: {step.read.error}"
        yield line.rstrip() + "\n"
        if diffs:
            yield from difference_lines(step.differences, screen, secret=is_secret(step.kind, step.key) and not secrets)


def masked_for(output: str, one: Differing, *, secrets: bool) -> Differing:
    """
    A step or a comparison for `as_document`: of a Secret without its values, where the form masks them.

    Args:
        output: the word of `-o`.
        one: what is printed.
        secrets: show the values of Secrets.
    """
    from kstore.view.difference_text import masked_difference
    from kstore.view.mask import is_secret

    if secrets or not masks(output) or not is_secret(one.kind, one.key):
        return one
    return replace(one, differences=tuple(map(masked_difference, one.differences)))


def selected_steps(steps: Iterable[Step], selection: Selection) -> Iterator[Step]:
    """
    Yield the steps whose object meets the conditions, before or after: so what ceases to meet them is told, too.

    A step to what cannot be read is yielded: it says so itself.
    """
    from kstore.codec import StoredObject, Undecodable

    def is_wanted(step: Step) -> bool:
        if not selection.filter or isinstance(step.read, Undecodable):
            return True
        states = (one for one in (step.read, step.before) if isinstance(one, StoredObject))
        return any(map(selection.filter.matches, states))

    return filter(is_wanted, steps)


def live_steps(session: Session, changes: Changes, selection: Selection, since: int) -> Iterator[Step]:
    """
    The changes of the keys that are meant, as they happen, from revision `since` on; 0 is after now.

    Raises:
        Unsupported: this kind of store does not change.
    """
    from kstore.records import Revision

    found = session.source.watch(selection.prefix, start_revision=since)
    return (
        changes.step(change)
        for change in found
        if isinstance(change, Revision) and selection.has_key(change.record.key)
    )


def held_before(session: Session, record: Record) -> Record | None:
    """What the key held before this revision; nothing when that has been compacted."""
    from kstore.errors import Compacted, FutureRevision

    try:
        return session.source.get(record.key, revision=record.mod_revision - 1) if record.mod_revision > 1 else None
    except (Compacted, FutureRevision):
        return None
