"""`kstore browse`: a terminal browser, moved through as k9s is."""

from __future__ import annotations

import os
import sys

import click

from kstore.cli.color import wants_color
from kstore.cli.exit_codes import ExitCode
from kstore.cli.options import store_options
from kstore.cli.session import open_session
from kstore.cli.settings import settings
from kstore.errors import ExtraMissing, UsageError


@click.command()
@click.option("--show-secrets", is_flag=True, help="Show the values of Secrets.")
@store_options
def command(show_secrets: bool) -> int:
    """
    Explore a store in the terminal: groups, resources and namespaces on the left, objects on the right. An object is
    shown as YAML, described, byte by byte, or with its history. Read-only. Needs the extra tui.

    \b
    kstore --store backup.db browse
    """
    try:
        from kstore.cli.browse.browser import Browser
    except ImportError:
        raise ExtraMissing("browse needs textual", extra="tui") from None
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("browse needs a terminal", hint="`kstore ls` and `kstore get` print the same")
    from kstore.cli.browse.contents import Contents

    if not wants_color(sys.stdout, settings().color):
        os.environ["NO_COLOR"] = "1"  # textual knows no other way
    with open_session() as session:
        contents = Contents(session, secrets=show_secrets)
        Browser(contents).run()
        return ExitCode.SOME_SKIPPED if contents.unreadable else ExitCode.DONE
