"""`kstore encrypt`: seal every value with the first provider of an encryption configuration."""

from __future__ import annotations

from typing import Any

import click

from kstore.cli.commands.migrate import DryRunCommand, write_options
from kstore.cli.migration import Run
from kstore.cli.options import settings, store_options
from kstore.errors import UsageError


@click.command(name="encrypt", cls=DryRunCommand)
@click.argument("resources", nargs=-1, metavar="[RESOURCE]...")
@click.option("-n", "--namespace", default="", metavar="NS", help="Only this namespace.")
@click.option("-l", "--selector", default="", metavar="SELECTOR", help="Only objects with these labels.")
@write_options
@store_options
def command(resources: tuple[str, ...], namespace: str, selector: str, **options: Any) -> int:
    """
    Seal every value anew that the first provider of its resource has not sealed: what is in plain text, and what an
    older key sealed. Values whose resource is first in `identity` become plain.

    \b
    kstore encrypt --encryption-provider-config new.yaml --dry-run
    kstore encrypt secrets --encryption-provider-config new.yaml --yes
    kstore --store backup.db encrypt --encryption-provider-config new.yaml --yes --output sealed.db

    Give the configuration that holds the old keys after the new ones, as the apiserver wants it for a rotation. It is
    written, resumed, undone and proved as a migration: `kstore migrate status|resume|rollback|verify JOURNAL`.
    """
    from kstore.migrate.request import Request

    given = settings()
    if not given.encryption_provider_config:
        raise UsageError("with which keys?", hint="--encryption-provider-config FILE, the apiserver's own")
    request = Request(release=given.release, encrypt=True, resources=resources, namespace=namespace, selector=selector)
    return Run(request, **options).go()
