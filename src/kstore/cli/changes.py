"""
Steps from revision to revision as `history` and `watch` print them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from kstore.cli.output import terminal

if TYPE_CHECKING:
    from kstore.inspect.changes import Step
    from kstore.view.bar_table import Terminal

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

    screen = screen or terminal()
    for step in steps:
        who = ", ".join(dict.fromkeys(str(one) for one in step.authors))
        line = f"{step.revision:>9}  {screen.styled(step.what.ljust(7), _STYLES[step.what])}  {step.time or '-':20}  "
        line += f"{step.key}  {who}" if keys else who or "-"
        if isinstance(step.read, Undecodable):
            line += f"  {screen.styled('undecodable', 'red')}: {step.read.error}"
        yield line.rstrip() + "\n"
        if diffs:
            yield from difference_lines(step.differences, screen, secret=step.kind == "Secret" and not secrets)
