"""
A plugin that could not be loaded, said on standard error and in the exit code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from kstore.cli.exit_codes import ExitCode
from kstore.cli.hints import hint_of
from kstore.printable import one_line

if TYPE_CHECKING:
    from kstore.errors import ExtensionError

PLUGIN_NOT_LOADED: Final = "kstore.plugin-not-loaded"
"""Where the click context holds the exit code of a command that went well, but for a plugin."""
_REPORTED: Final = "kstore.plugins-reported"
"""Where it holds the plugins that have been named: more than one scheme may be made."""


def report_plugin(failure: ExtensionError) -> None:
    """Say why a plugin was not loaded, and have the command end with the code for what was left out."""
    context = click.get_current_context(silent=True)
    if context is not None:
        named = context.meta.setdefault(_REPORTED, set())
        if (failure.package, failure.plugin) in named:
            return
        named.add((failure.package, failure.plugin))
        context.meta[PLUGIN_NOT_LOADED] = ExitCode.SOME_SKIPPED
    click.echo(f"kstore: plugin not loaded, its kinds are unknown: {one_line(str(failure))}", err=True)
    if failure.others:
        click.echo(f"  and {len(failure.others)} more; `kstore plugin check` lists all", err=True)
    click.echo(f"  hint: {hint_of(failure)}", err=True)
