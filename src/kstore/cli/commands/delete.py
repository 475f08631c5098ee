"""`kstore delete`: delete stored objects, even those that no apiserver can decode; a copy is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kstore.cli.confirm import confirm
from kstore.cli.offline_surgery import output_option, see_that_it_may_change
from kstore.cli.options import selection_options, store_options
from kstore.cli.session import open_session
from kstore.cli.surgery import commit, destination, keep, selected
from kstore.cli.unreadable import Unreadable
from kstore.errors import UsageError
from kstore.printable import key_text, one_line
from kstore.scalars.counts import counted

if TYPE_CHECKING:
    from kstore.selection import Criteria


@click.command()
@click.argument("what", nargs=-1, required=True, metavar="KEY or RESOURCE/[NS/]NAME...")
@selection_options
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Delete everything below a prefix or of a resource that matches -l and the like.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would be deleted.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--keep", "folder", type=click.Path(path_type=Path), metavar="DIR",
              help="The directory for the copy; default: kstore-deleted-TIME.")  # fmt: skip
@output_option
@store_options
def command(
    criteria: Criteria, everything: bool, dry_run: bool, yes: bool, folder: Path | None, output_file: Path | None
) -> int:  # fmt: skip
    """
    Delete keys from etcd, bypassing the apiserver: finalizers, webhooks and the garbage collector do not apply. Use it
    for objects that the apiserver cannot delete: those that it cannot decode, and those of a CRD or namespace that no
    longer exists. A copy is saved first; `kstore restore --from DIR` restores it. A key that someone changes meanwhile
    is not deleted. A store that is a file is not changed: --output names the new file.

    \b
    kstore delete /registry/secrets/shop/broken
    kstore delete /registry/gone.example.com --all --dry-run
    kstore delete events -A --where 'stored.size > 100000' --dry-run
    kstore --store backup.db delete /registry/pods/shop/broken --output without.db
    """
    from kstore.decode.projection import METADATA
    from kstore.write.compare_and_swap import KeyChange

    unreadable = Unreadable()
    with open_session() as session:
        if session.given.rev:
            raise UsageError("an old revision is looked at, not deleted from", hint="leave --rev out")
        many = everything or bool(criteria.filters)
        records = selected(session.store, criteria, unreadable, many=many)
        for record in records if dry_run or not yes else ():
            read = session.codec.read(record, METADATA)
            label = getattr(read, "gvk", None) or getattr(read, "error", "")
            click.echo(f"{key_text(record.key)}  {one_line(str(label))}", err=not dry_run)
        if dry_run:
            return unreadable.exit_code
        see_that_it_may_change(session, output_file)
        confirm(f"Delete {counted(len(records), 'key')} of {destination(session, output_file)}?", yes=yes)
        path = keep(session, records, folder, "deleted")
        click.echo(f"saved in {path}", err=True)
        changes = [KeyChange(record.key, record, None) for record in records]
        return commit(session, changes, "deleted", output_file) or unreadable.exit_code
