"""`kstore export`: a store, or a part of it, as a directory of files, or as one Parquet file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kstore.cli.listing import Reading
from kstore.cli.options import selection_options, store_options
from kstore.cli.session import Session, open_session
from kstore.cli.standard_output import progressing
from kstore.errors import KstoreError, Unsupported, UsageError
from kstore.scalars.counts import counted

if TYPE_CHECKING:
    from kstore.codec import StoredObject, Undecodable
    from kstore.selection import Criteria, Selection
    from kstore.source.interface import StoreStatus
    from kstore.sql.asked_store import AskedStore
    from kstore.sql.columns import Row

    Read = StoredObject | Undecodable


@click.command()
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("what", nargs=-1, metavar="[PATH or RESOURCE]...")
@selection_options
@click.option(
    "-o", "--output", type=click.Choice(["directory", "parquet"]), default="directory", show_default=True,
    help="A directory of files, or one Parquet file with one row per object (extra parquet).",
)  # fmt: skip
@click.option(
    "--partition", is_flag=True,
    help="With -o parquet: DIR is a dataset of many stores; add this one in its own folder.",
)  # fmt: skip
@click.option("--yaml/--no-yaml", default=True, help="Readable YAML beside the stored bytes.")
@click.option("--show-secrets", is_flag=True, help="Show the values of Secrets in YAML and Parquet.")
@store_options
def command(
    criteria: Criteria, target: Path, output: str, partition: bool, yaml: bool, show_secrets: bool
) -> int:  # fmt: skip
    """
    Back up a store into a new directory: for each object its stored bytes and readable YAML, and an index
    with keys, revisions, leases and hashes. The directory is itself a store: kstore --store DIR ls.

    The stored bytes of a Secret contain its values (encrypted, if they are encrypted at rest). In YAML and Parquet they
    are masked.

    \b
    kstore export backup
    kstore export shop deployments.apps configmaps -n shop
    kstore export cluster.parquet -o parquet
    kstore export lake -o parquet --partition
    """
    from kstore.selection import Selection

    if partition and output != "parquet":
        raise UsageError("--partition is for -o parquet", hint="kstore export lake -o parquet --partition")
    with open_session(remembers=False) as session:
        store = session.store
        status = session.source.status()
        if status.kind != "etcd2":  # which only knows now, and gives it in one answer
            store = store.at(store.revision or status.revision)
            status = replace(status, revision=store.revision)
        selection = Selection.either(store, criteria)
        reads = progressing(_certain(selection), "objects exported", selection.most)
        reading = Reading(store, secrets=show_secrets)
        if output == "parquet":
            count = _parquet(reading, reads, target, status, partition=partition)
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


def _parquet(
    reading: Reading, reads: Iterator[Read], target: Path, status: StoreStatus, *, partition: bool
) -> int:  # fmt: skip
    """Write the file; how many rows."""
    from kstore.sql.asked_store import AskedStore
    from kstore.sql.parquet import partition_of, write_parquet

    asked = AskedStore(reading.store, status.location, status.revision, reading.secrets)
    path = partition_of(target, status.location, status.revision) if partition else target
    return write_parquet(path, (_row(asked, reading, read) for read in reads), partitioned=partition)


def _row(asked: AskedStore, reading: Reading, read: Read) -> Row:
    """An object's row; what cannot be read is named, and has a row that says so."""
    from kstore.codec import Undecodable
    from kstore.sql.columns import Row
    from kstore.store import is_housekeeping

    if not isinstance(read, Undecodable):
        row = Row(asked, read, read.record)
        try:
            _ = row.text  # what cannot be shown counts as not read
            return row
        except KstoreError as error:
            read = Undecodable(read.record, error, read.encryption_header)
    if not is_housekeeping(read.record):
        reading.report(read.record, read.error)
    return Row(asked, read, read.record)
