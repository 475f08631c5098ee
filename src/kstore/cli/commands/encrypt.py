"""`kstore encrypt`: encrypt every value with the first provider of an encryption configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kstore.cli.migration import Run
from kstore.cli.migration_options import DryRunCommand, selection_of, write_options
from kstore.cli.options import selection_options, store_options
from kstore.cli.session import Session
from kstore.cli.settings import settings
from kstore.errors import UsageError

if TYPE_CHECKING:
    from kstore.selection import Criteria


@click.command(name="encrypt", cls=DryRunCommand)
@click.argument("what", nargs=-1, metavar="[RESOURCE]...")
@selection_options
@write_options
@store_options
def command(criteria: Criteria, **options: Any) -> int:
    """
    Encrypt every value again that is not encrypted by the first provider of its resource: plain text, and values that
    an older key encrypted. If the first provider is `identity`, values become plain text.

    \b
    kstore encrypt --encryption-provider-config new.yaml --dry-run
    kstore encrypt secrets --encryption-provider-config new.yaml --yes
    kstore --store backup.db encrypt --encryption-provider-config new.yaml --yes --output encrypted.db

    Use the configuration that has the old keys after the new ones, as the apiserver needs it for a rotation. Resume,
    undo and verify it like a migration: `kstore migrate status|resume|rollback|verify JOURNAL`.
    """
    from kstore.migrate.request import Request

    given = settings()
    if not Session(given).encryption_config:
        raise UsageError(
            "an encryption configuration is required",
            hint="--encryption-provider-config FILE: the one that the apiserver uses",
        )
    request = Request(release=given.release, encrypt=True, **selection_of(criteria))
    return Run(request, **options).go()
