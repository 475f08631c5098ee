"""`kstore export`: a store, or a part of it, as a directory of files, or as one Parquet file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kstore.cli.listing import Reading
from kstore.cli.options import selection_options, store_options
from kstore.cli.session import Session, open_session
from kstore.errors import KstoreError, Unsupported
from kstore.scalars.counts import counted

if TYPE_CHECKING:
    from kstore.codec import StoredObject, Undecodable
    from kstore.selection import Criteria, Selection
    from kstore.source.interface import StoreStatus

    Read = StoredObject | Undecodable


@click.command()
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("what", nargs=-1, metavar="[PATH or RESOURCE]...")
@selection_options
@click.option(
    "-o", "--output", type=click.Choice(["directory", "parquet"]), default="directory", show_default=True,
    help="A directory of files, or one file with a row an object (needs kstore[parquet]).",
)  # fmt: skip
@click.option("--yaml/--no-yaml", default=True, help="Readable YAML beside the stored bytes.")
@click.option("--show-secrets", is_flag=True, help="Show the values of Secrets in YAML and Parquet.")
@store_options
def command(
    criteria: Criteria, target: Path, output: str, yaml: bool, show_secrets: bool
) -> int:  # fmt: skip
    """
    Back up a store into a new directory: for each object its bytes as stored and, beside them, readable YAML; an index
    with keys, revisions, leases and hashes. The directory is itself a store: kstore --store DIR ls.

    Stored bytes are complete: those of a Secret hold its values (encrypted, if they are encrypted at rest). In YAML and
    Parquet they are masked.

    \b
    kstore export backup
    kstore export shop deployments.apps configmaps -n shop
    kstore export cluster.parquet -o parquet
    """
    from kstore.selection import Selection

    with open_session(remembers=False) as session:
        store = session.store
        status = session.source.status()
        if status.kind != "etcd2":  # which only knows now, and gives it in one answer
            store = store.at(store.revision or status.revision)
            status = replace(status, revision=store.revision)
        selection = Selection.either(store, criteria)
        reads = _certain(selection)
        reading = Reading(store, secrets=show_secrets)
        if output == "parquet":
            count = _parquet(reading, reads, target, status)
        else:
            count = _directory(session, reading, reads, target, status, yaml=yaml)
        click.echo(f"{counted(count, 'object')} of revision {status.revision} in {target}", err=True)
        return reading.exit_code


def _certain(selection: Selection) -> Iterator[Read]:
    """What cannot be read is a part of the whole store, but of no selection by labels, fields, version or CEL."""
    from kstore.codec import Undecodable

    for read in selection.reads(notes=selection.is_whole):
        if not (selection.filter and isinstance(read, Undecodable)):
            yield read
    if selection.is_whole:  # what is beside the prefix, and a backup has
        yield from (read for read in selection.store.housekeeping() if not selection.has_key(read.record.key))


def _leases(session: Session) -> dict[int, int]:
    try:
        return session.source.leases()
    except Unsupported:
        return {}


def _directory(
    session: Session, reading: Reading, reads: Iterator[Read], target: Path, status: StoreStatus, *, yaml: bool
) -> int:
    """Write the directory; how many objects."""
    from kstore.source.export_directory import DirectoryWriter

    with DirectoryWriter(target, status, _leases(session)) as writer:
        for read in reads:
            about, text = _described(reading, read, yaml=yaml)
            writer.add(read.record, text=text, about=about)
    return writer.count


def _described(reading: Reading, read: Read, *, yaml: bool) -> tuple[dict[str, str], str]:
    """What the index says of an object beside its bytes, and its YAML."""
    from kstore.codec import Undecodable
    from kstore.store import is_housekeeping
    from kstore.view.yaml_text import to_yaml

    about = {} if read.encryption_header is None else {"encryption": str(read.encryption_header)}
    try:
        if isinstance(read, Undecodable):
            raise read.error
        about |= {"apiVersion": read.gvk.api_version, "kind": read.gvk.kind, "encoding": read.encoding}
        return about, to_yaml(next(reading.objects([read]))) if yaml else ""
    except KstoreError as error:
        if is_housekeeping(read.record):
            return about, ""
        reading.report(read.record, error)
        return about | {"error": error.code, "error_message": str(error)}, ""


def _parquet(reading: Reading, reads: Iterator[Read], target: Path, status: StoreStatus) -> int:
    """Write the file; how many rows."""
    from kstore.view.parquet import write_parquet

    rows = (_row(reading, read) for read in reads)
    return write_parquet(target, rows, {"store": status.location, "store_revision": status.revision})


def _row(reading: Reading, read: Read) -> dict[str, Any]:
    from kstore.codec import Undecodable
    from kstore.store import is_housekeeping
    from kstore.view.parquet import row

    known = reading.store.place(read.record.key)
    place = {}
    if known is not None:
        resource = known.resource
        place = {
            "resource": resource.resource, "group": resource.group, "namespace": known.namespace, "name": known.name,
        }  # fmt: skip
    if not isinstance(read, Undecodable):
        try:
            return row(read, place, secrets=reading.secrets)
        except KstoreError as error:
            read = Undecodable(read.record, error, read.encryption_header)
    if not is_housekeeping(read.record):
        reading.report(read.record, read.error)
    return row(read, place)
