"""
Asking before anything is written: on a terminal only, since a pipe cannot agree.
"""

from __future__ import annotations

import sys

import click

from kstore.errors import WriteRefused

_HINT = "pass --yes to confirm; --dry-run only shows what would be done"


def need_somebody(hint: str = _HINT) -> None:
    """
    See that there is somebody to ask.

    Args:
        hint: how to agree beforehand.

    Raises:
        WriteRefused: nobody is there.
    """
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        raise WriteRefused("standard input is not a terminal, so there is no confirmation", hint=hint)


def agree(question: str, *, yes: bool = False, hint: str = _HINT) -> None:
    """
    Ask, unless it was agreed to beforehand.

    Args:
        question: what is about to happen.
        yes: it was agreed to.
        hint: how to do that.

    Raises:
        WriteRefused: nobody is there to agree, or they did not.
    """
    if yes:
        return
    need_somebody(hint)
    if not click.confirm(question, err=True):
        raise WriteRefused("not confirmed: nothing was written")
