"""
The options of the commands that write many objects: `kstore migrate`, `kstore encrypt` and `kstore move`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kstore.cli.options import output_option, retry_timeout_option
from kstore.errors import UsageError

if TYPE_CHECKING:
    from kstore.selection import Criteria

OUTPUTS = ("table", "json")
"""What `-o` takes."""


class DryRunCommand(click.Command):
    """A command whose `--dry-run` has a value only as `--dry-run=diff`: what stands after it is a resource."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """`--dry-run` alone is `--dry-run=summary`."""
        return super().parse_args(ctx, ["--dry-run=summary" if arg == "--dry-run" else arg for arg in args])


def journaled_options(function: Any) -> Any:
    """What every command takes that notes its writes in a journal: where they go, and how fast."""
    for option in reversed((
        click.option("--yes", is_flag=True, help="Do not ask."),
        click.option("--output", "output_file", type=click.Path(path_type=Path), metavar="FILE",
                     help="The new database, for a store that is a file."),
        click.option("--journal", "journal_file", type=click.Path(path_type=Path), metavar="FILE",
                     help="The file that records every change before it is made."),
        click.option("--batch", type=click.IntRange(min=1), metavar="N", help="Objects per transaction."),
        click.option("--concurrency", type=click.IntRange(1, 64), default=4, show_default=True, metavar="N",
                     help="Concurrent transactions."),
        click.option("--rate", type=click.FloatRange(min=0), default=0, metavar="N",
                     help="Maximum objects per second."),
        retry_timeout_option,
        output_option(OUTPUTS, "table", short=True),
    )):  # fmt: skip
        function = option(function)
    return function


def write_options(function: Any) -> Any:
    """What every command that rewrites many objects takes."""
    for option in reversed((
        click.option("--dry-run", default="", metavar="[=diff]", type=click.Choice(["", "summary", "diff"]),
                     help="Only show what would change; =diff shows each field."),
        journaled_options,
        click.option("--metrics-file", type=click.Path(path_type=Path), metavar="FILE",
                     help="Write the counts as Prometheus text."),
    )):  # fmt: skip
        function = option(function)
    return function


def allow_webhooks_option(function: Any) -> Any:
    """Consent to what a store, a journal or a plan can only name."""
    return click.option("--allow-webhooks", is_flag=True, help="Send objects to the conversion webhooks of CRDs.")(
        function
    )


def selection_of(criteria: Criteria) -> dict[str, Any]:
    """
    Criteria as a migration's request has them, for its journal.

    Raises:
        UsageError: an argument is a path or a name, and whole resources are rewritten.
    """
    for text in criteria.what:
        if "/" in text:
            raise UsageError(
                f"{text!r} is no resource, and what rewrites objects takes resources",
                hint="deployments.apps -n shop; no argument means all; --where and the like say which objects",
            )
    return {
        "resources": criteria.what,
        "namespace": criteria.namespace,
        "selector": criteria.selector,
        "field_selector": criteria.field_selector,
        "only_stored_version": criteria.stored_version,
        "where": criteria.where,
    }
