"""`kstore watch`: changes as they happen, decoded."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from kstore.cli.changes import masked_for, step_texts
from kstore.cli.options import output_option, store_options
from kstore.cli.session import Session, open_session
from kstore.printable import key_bytes

if TYPE_CHECKING:
    from kstore.inspect.changes import Step
    from kstore.records import Record


@click.command()
@click.argument("what", default="/", metavar="[PREFIX or RESOURCE]")
@click.option("-n", "--namespace", default="", metavar="NS", help="Only this namespace.")
@click.option(
    "--since", default=0, type=click.IntRange(min=0), metavar="N", help="Begin with the changes of revision N."
)
@click.option("--count", default=0, type=click.IntRange(min=0), metavar="N", help="End after so many changes.")
@click.option("--show-secrets", is_flag=True, help="Show the values of Secrets.")
@click.option("--show-managed-fields", is_flag=True, help="Compare metadata.managedFields, too.")
@output_option(("lines", "diff", "jsonl", "yaml"), "lines")
@store_options
def command(
    what: str, namespace: str, since: int, count: int, show_secrets: bool, show_managed_fields: bool, output: str
) -> int:  # fmt: skip
    """
    Changes as they happen: the revision, what was done to which key, and by whom; with -o diff each field, with -o yaml
    the object.

    \b
    kstore watch pods -n shop
    kstore watch /registry/leases -o diff
    kstore watch --since 1200 -o jsonl
    """
    from kstore.inspect.changes import Changes

    with open_session() as session:
        store = session.store
        prefix = (
            key_bytes(what) if what.startswith("/") else store.key_of(store.resources(what)[0], namespace)
        ).rstrip(b"/")
        changes = Changes(store, previous=lambda record: _before(session, record), managed_fields=show_managed_fields)
        for number, step in enumerate(_steps(session, changes.step, prefix, since, namespace), 1):
            sys.stdout.writelines(_text(step, output, show_secrets))
            sys.stdout.flush()
            if number == count:
                break
    return 0


def _steps(session: Session, step: object, prefix: bytes, since: int, namespace: str) -> Iterator[Step]:
    from kstore.records import Revision

    assert callable(step)
    for change in session.source.watch(prefix, start_revision=since):
        if not isinstance(change, Revision):
            continue
        key = change.record.key
        if key != prefix and not key.startswith(prefix + b"/"):
            continue
        place = session.store.place(key) if namespace else None
        if not namespace or (place is not None and place.namespace == namespace):
            yield step(change)


def _before(session: Session, record: Record) -> Record | None:
    """What the key held before this revision; nothing when that has been compacted."""
    from kstore.errors import Compacted, FutureRevision

    try:
        return session.source.get(record.key, revision=record.mod_revision - 1) if record.mod_revision > 1 else None
    except (Compacted, FutureRevision):
        return None


def _text(step: Step, output: str, secrets: bool) -> Iterator[str]:
    from kstore.codec import StoredObject

    if output == "jsonl":
        from kstore.view.json_text import to_json_line

        yield to_json_line(masked_for(output, step, secrets=secrets).as_document())
    elif output == "yaml" and isinstance(step.read, StoredObject):
        from kstore.view.mask import shown
        from kstore.view.yaml_text import to_yaml

        yield "---\n"
        yield to_yaml(
            shown(step.read.object, key=step.read.record.key, resource_version=step.revision, secrets=secrets)
        )
    else:
        yield from step_texts([step], diffs=output == "diff", secrets=secrets, keys=True)
