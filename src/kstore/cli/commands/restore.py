"""`kstore restore`: put objects back, from a snapshot, an export or history, into etcd or as YAML for kubectl."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kstore.cli.confirm import confirm
from kstore.cli.listing import Reading, as_pieces, write
from kstore.cli.offline_surgery import output_option, see_that_it_may_change
from kstore.cli.options import selection_options, store_options
from kstore.cli.session import Session, open_session
from kstore.cli.settings import settings
from kstore.cli.streams import for_programs
from kstore.cli.surgery import commit, destination, keep, selected
from kstore.cli.unreadable import Unreadable
from kstore.errors import NotFound, Unsupported, UsageError, WriteRefused
from kstore.printable import key_text
from kstore.scalars.counts import counted

if TYPE_CHECKING:
    from kstore.records import Record
    from kstore.selection import Criteria
    from kstore.store import Store

_MANIFESTS = ("yaml", "json")


@click.command()
@click.argument("what", nargs=-1, metavar="[KEY, RESOURCE/[NS/]NAME, PREFIX or RESOURCE]...")
@selection_options
@click.option("--from", "origin", default="", metavar="ADDRESS", help="A snapshot, export or other store.")
@click.option(
    "--from-rev", default=0, type=click.IntRange(min=0), metavar="N", help="As of this revision of the store."
)
@click.option("--from-history", is_flag=True, help="Restore deleted keys, as they were before the deletion.")
@click.option("-o", "output", default="", type=click.Choice(["", *_MANIFESTS]), metavar="yaml|json",
              help="Print manifests for kubectl instead, without uid, resourceVersion and status.")  # fmt: skip
@click.option("--as", "version", default="", metavar="GROUP/VERSION", help="Manifests in this version.")
@click.option("--show-secrets", is_flag=True, help="Show the values of Secrets in manifests on a terminal, too.")
@click.option("--overwrite", is_flag=True, help="Also overwrite keys that exist (a copy is kept).")
@click.option("--dry-run", is_flag=True, help="Only show what would be restored.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--keep", "folder", type=click.Path(path_type=Path), metavar="DIR",
              help="The directory for copies of overwritten objects; default: kstore-overwritten-TIME.")  # fmt: skip
@output_option
@store_options
def command(
    criteria: Criteria, origin: str, from_rev: int, from_history: bool, output: str, version: str,
    show_secrets: bool, overwrite: bool, dry_run: bool, yes: bool, folder: Path | None, output_file: Path | None,
) -> int:  # fmt: skip
    """
    Restore an object, a namespace or a resource, byte for byte: from a snapshot or an export (--from), from an earlier
    revision of the store (--from-rev), or deleted objects from history (--from-history). A key is written only if it
    does not exist, or with --overwrite. A store that is a file is not changed: --output names the new file.

    \b
    kstore restore deploy/shop/web --from backup.db
    kstore restore / -n shop --from backup.db -o yaml | kubectl apply -f -
    kstore restore pdb -n shop --from old.db -o yaml --as policy/v1 | kubectl apply -f -
    kstore restore configmaps -n shop --from-history
    kstore restore cm/shop/settings --from-rev 1200 --overwrite
    kstore --store new.db restore deploy/shop/web --from old.db --output both.db
    """
    if sum((bool(origin), bool(from_rev), from_history)) != 1:
        raise UsageError(
            "a source to restore from is required", hint="one of --from ADDRESS, --from-rev N and --from-history"
        )
    if settings().rev:
        raise UsageError("--rev is for looking", hint="--from-rev N puts back what was there at revision N")
    if str(output_file) in _MANIFESTS or (output and output_file):
        raise UsageError(
            "--output names a new database", hint="-o yaml prints manifests; --output ./NAME is a file of any name"
        )
    unreadable = Unreadable()
    with ExitStack() as opened:
        here = opened.enter_context(open_session())
        source = here
        if origin:
            source = Session(replace(settings(), store=origin, rev=0))
            opened.callback(source.close)
        store = source.store.at(from_rev)
        if from_history:
            records = list(_deleted(store, criteria, unreadable))
        else:
            records = selected(store, criteria, unreadable, many=True)
        if not records:
            raise NotFound("nothing to put back was found", hint="`kstore history --deleted PREFIX` lists deletions")
        if origin and not output:
            _see_that_prefixes_agree(here, records, origin)
        if version and not output:
            raise UsageError("--as is for manifests", hint="-o yaml; `kstore migrate` stores in another version")
        if output:
            return _manifests(store, records, output, version, secrets=show_secrets) or unreadable.exit_code
        done = _put_back(here, records, folder, output_file, overwrite=overwrite, dry_run=dry_run, yes=yes)
        return done or unreadable.exit_code


def _see_that_prefixes_agree(here: Session, records: list[Record], origin: str) -> None:
    """
    Where a cluster is stored below another prefix here, keys are not put back beside it.

    Raises:
        UsageError: no key is below a prefix of this store's clusters, and none was named.
    """
    if here.given.etcd_prefix or here.location.etcd_prefix:
        return
    tops = [f"{prefix}/" for cluster in here.store.clusters() for prefix in cluster.prefixes]
    if not tops or any(record.key.startswith(tuple(map(str.encode, tops))) for record in records):
        return
    raise UsageError(
        f"{key_text(records[0].key)} is below no prefix of this store's, which are {', '.join(tops)}",
        where=origin,
        hint="`kstore move --to-prefix PREFIX` copies to another prefix; --etcd-prefix, with that of the keys, puts "
        "them back as they were",
    )


def _deleted(store: Store, criteria: Criteria, unreadable: Unreadable) -> Iterator[Record]:
    """What was deleted of what is selected, as it was last."""
    from kstore.codec import Undecodable
    from kstore.repair.restore import last_before_deletion
    from kstore.selection import Selection
    from kstore.source.changed_again import changed_again

    selection = Selection.of_history(store, criteria)
    remembered = None if selection.is_single else changed_again(store.source)
    for record in last_before_deletion(selection.history(), remembered):
        read = store.codec.read(record) if selection.filter else None
        if isinstance(read, Undecodable):
            unreadable.note(read)
        elif read is None or selection.filter.matches(read):
            yield record


def _manifests(store: Store, records: list[Record], output: str, version: str, *, secrets: bool) -> int:
    from kstore.naming import parse_group_version
    from kstore.repair.restore import manifest

    to = parse_group_version(version) if version else None
    reading = Reading(store, to, secrets=secrets, human=sys.stdout.isatty())  # in a pipe they are for kubectl
    for_programs()
    stored = reading.readable(store.codec.read(record) for record in records)
    if output == "yaml":
        from kstore.view.yaml_text import to_yaml

        write(f"---\n{to_yaml(manifest(obj))}" for obj in reading.objects(stored))
    else:
        write(as_pieces("json", (manifest(obj) for obj in reading.objects(stored))))
    return reading.exit_code


def _put_back(
    session: Session, records: list[Record], folder: Path | None, output_file: Path | None, *, overwrite: bool,
    dry_run: bool, yes: bool,
) -> int:  # fmt: skip
    from kstore.repair.restore import plan_restore

    try:
        leases = session.source.leases()
    except Unsupported:
        leases = {}
    plans = [plan for plan in plan_restore(session.source, records, leases) if not plan.same]
    taken = [plan for plan in plans if plan.current is not None]
    if taken and not overwrite:
        for plan in taken:
            click.echo(f"kstore: {key_text(plan.record.key)}: something else is stored there now", err=True)
        raise WriteRefused(
            f"{len(taken)} of {counted(len(records), 'key')} {'holds' if len(taken) == 1 else 'hold'} another value",
            hint="--overwrite puts back these, too",
        )
    for plan in plans:
        word = "put back" if plan.current is None else "overwritten"
        if plan.record.lease and not plan.lease:
            word += ", without its lease, which is gone"
        if dry_run or not yes:
            click.echo(f"{key_text(plan.record.key)}  to be {word}", err=not dry_run)
    if dry_run or not plans:
        click.echo(f"{len(plans)} to be put back, {len(records) - len(plans)} are there as they were", err=True)
        if output_file is not None and not dry_run:
            click.echo(f"nothing to write: there is no {output_file}", err=True)
        return 0
    see_that_it_may_change(session, output_file)
    confirm(f"Put {counted(len(plans), 'key')} back into {destination(session, output_file)}?", yes=yes)
    if taken:
        path = keep(session, [plan.current for plan in taken if plan.current], folder, "overwritten")
        click.echo(f"saved what is overwritten in {path}", err=True)
    return commit(session, [plan.change for plan in plans], "put back", output_file)
