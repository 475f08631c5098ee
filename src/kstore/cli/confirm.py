"""
Confirmation before anything is written: on a terminal only, since a pipe cannot answer.
"""

from __future__ import annotations

import sys

import click

from kstore.errors import WriteRefused

_HINT = "pass --yes to confirm; --dry-run only shows what would be done"


def require_terminal(hint: str = _HINT) -> None:
    """
    See that there is a terminal to ask on.

    Args:
        hint: how to confirm without one.

    Raises:
        WriteRefused: standard input or standard error is not a terminal.
    """
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        raise WriteRefused("standard input is not a terminal, so there is no confirmation", hint=hint)


def confirm(question: str, *, yes: bool = False, hint: str = _HINT) -> None:
    """
    Ask, unless it is confirmed already.

    Args:
        question: what is about to happen.
        yes: it is confirmed already.
        hint: how to do that.

    Raises:
        WriteRefused: there is no terminal to ask on, or the answer was no.
    """
    if yes:
        return
    require_terminal(hint)
    if not click.confirm(question, err=True):
        raise WriteRefused("not confirmed: nothing was written")
