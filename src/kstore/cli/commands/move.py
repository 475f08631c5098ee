"""`kstore move`: copy one cluster's keys below another prefix, or into another store."""

from __future__ import annotations

from typing import Any

import click

from kstore.cli.migration_options import journaled_options
from kstore.cli.moving import MoveRun
from kstore.cli.options import store_options
from kstore.errors import UsageError


@click.command()
@click.option("--to-prefix", "to_prefixes", multiple=True, metavar="PREFIX",
              help="The --etcd-prefix of the copies; for OpenShift, one for each of its two.")  # fmt: skip
@click.option(
    "--to-store", default="", metavar="ADDRESS", help="The running store that receives them; default: the same."
)
@click.option("--to-encryption-provider-config", "to_encryption", default="", metavar="FILE",
              help="The new apiserver's encryption configuration; default: the same.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only show what would be copied.")
@journaled_options
@store_options
def command(**options: Any) -> int:
    """
    Copy all keys of one cluster below another prefix, into another store, or both. Stop the cluster's apiservers first;
    then start new ones with the new --etcd-prefix. Encrypted values are encrypted again, because the key's path is
    authenticated. Leases are kept, or granted again in another store. A key is written only if it does not exist. The
    old keys stay until you delete them. Resume, undo and verify a move like a migration: `kstore migrate
    status|resume|rollback|verify JOURNAL`.

    \b
    kstore --etcd-prefix /tenant-a move --to-prefix /registry/tenant-a --dry-run
    kstore --etcd-prefix /tenant-a move --to-prefix /registry --to-store https://etcd-b.example:2379
    kstore --store backup.db move --to-prefix /restored --yes --output both.db
    """
    if not options["to_prefixes"] and not options["to_store"]:
        raise UsageError("where to?", hint="--to-prefix PREFIX, --to-store ADDRESS, or both")
    return MoveRun(**options).go()
