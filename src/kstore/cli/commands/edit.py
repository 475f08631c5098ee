"""`kstore edit`: one stored object in an editor, as YAML; written by compare-and-swap."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kstore.cli.confirm import confirm
from kstore.cli.draft import Draft, chosen_editor, read_text
from kstore.cli.hints import OBJECT_EXPECTED
from kstore.cli.offline_surgery import output_option, see_that_it_may_change
from kstore.cli.options import store_options
from kstore.cli.session import Session, open_session
from kstore.cli.standard_output import terminal
from kstore.cli.surgery import commit, destination, keep
from kstore.cli.unreadable import named
from kstore.errors import UsageError
from kstore.printable import key_text
from kstore.selection import object_key

if TYPE_CHECKING:
    from kstore.codec import StoredObject

_HEADER = """\
# {key}, {gvk} as it is stored ({encoding}), revision {revision}.
# What you save is shown as a diff and written if you agree, past the apiserver: nothing validates it.
# managedFields are left out here and kept. An empty file, or no change, ends it.
"""


@click.command()
@click.argument("what", metavar="KEY or RESOURCE/[NS/]NAME")
@click.option("-n", "--namespace", default="", metavar="NS", help="The object's namespace.")
@click.option("-f", "--filename", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
              help="Take the changed object from a file instead of an editor.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--keep", "folder", type=click.Path(path_type=Path), metavar="DIR",
              help="The directory for the copy; default: kstore-edited-TIME.")  # fmt: skip
@click.option("--show-secrets", is_flag=True, help="Show the values of Secrets in the diff.")
@output_option
@store_options
def command(
    what: str, namespace: str, filename: Path | None, dry_run: bool, yes: bool, folder: Path | None, show_secrets: bool,
    output_file: Path | None,
) -> int:  # fmt: skip
    """
    Edit one object in $KUBE_EDITOR or $EDITOR, as YAML in its stored version. Encoding, lease and unknown fields are
    kept. The changes are shown before anything is written, unusual ones marked. If someone else changes the object
    meanwhile, nothing is written. A copy of the old object is kept. Your text stays in a file until it is written; -f
    reads it again. A store that is a file is not changed: --output names the new file.

    \b
    kstore edit pv/data-0
    kstore edit /registry/pods/shop/stuck -f changed.yaml --dry-run
    """
    from kstore.codec import Undecodable

    with open_session() as session:
        key = object_key(session.store, what, namespace)
        read = session.store.get(key)
        if isinstance(read, Undecodable):
            raise named(read)
        if filename is not None:
            changed = _object(read, read_text(filename), str(filename))
            return _edit(session, read, changed, dry_run, yes, folder, show_secrets, output_file)
        editor = chosen_editor()
        if not dry_run:
            see_that_it_may_change(session, output_file)  # before anything is typed
        into = () if output_file is None else ("--output", str(output_file))
        with Draft(_begun(read), ("kstore", "edit", key_text(key), *into)) as draft:
            text = draft.edit(editor)
            if text is None:
                click.echo("no change", err=True)
                return 0
            changed = _object(read, text, str(draft.path))
            code = _edit(session, read, changed, dry_run, yes, folder, show_secrets, output_file)
            draft.done = code == 0 and not dry_run
        return code


def _edit(
    session: Session, read: StoredObject, changed: dict[str, Any], dry_run: bool, yes: bool, folder: Path | None,
    show_secrets: bool, output_file: Path | None,
) -> int:  # fmt: skip
    """Show what changes, and write it if that is wanted; the exit code."""
    from kstore.codec import StoredObject, Undecodable
    from kstore.inspect.changes import differences_of
    from kstore.repair.edit import edited, restriction
    from kstore.view.difference_text import difference_lines
    from kstore.write.compare_and_swap import KeyChange
    from kstore.write.leases import kept_lease

    value = edited(session.codec, read, changed)
    again = session.codec.read(read.record._replace(value=value))
    if isinstance(again, Undecodable):
        raise named(again)
    differences = differences_of(session.store, read, again, as_stored=True)
    if not differences:
        click.echo("no change", err=True)
        return 0
    assert isinstance(again, StoredObject)
    screen = terminal()
    secret = read.gvk.kind == "Secret" and not show_secrets
    for one in differences:
        odd = restriction(read.gvk.kind, one.path)
        line = "".join(difference_lines([one], screen, secret=secret)).rstrip("\n")
        click.echo(f"{line}{f'  ({odd})' if odd else ''}")
    click.echo(f"{len(read.record.value)} → {len(value)} bytes", err=True)
    if dry_run:
        return 0
    see_that_it_may_change(session, output_file)
    into = "" if output_file is None else f" into {destination(session, output_file)}"
    confirm(f"Write {key_text(read.record.key)}{into}?", yes=yes)
    path = keep(session, [read.record], folder, "edited")
    click.echo(f"saved in {path}", err=True)
    change = KeyChange(read.record.key, read.record, value, kept_lease(read.record))
    return commit(session, [change], "edited", output_file)


def _begun(read: StoredObject) -> str:
    """What the editor begins with: the object without managedFields, and a word on what will happen."""
    from kstore.view.yaml_text import to_yaml

    metadata = read.object.get("metadata") or {}
    shown = {**read.object, "metadata": {key: value for key, value in metadata.items() if key != "managedFields"}}
    header = _HEADER.format(
        key=key_text(read.record.key), gvk=read.gvk, encoding=read.encoding, revision=read.record.mod_revision
    )
    return header + to_yaml(shown)


def _object(read: StoredObject, text: str, where: str) -> dict[str, Any]:
    """
    The object as somebody wants it, its managedFields put back.

    Raises:
        UsageError: the text is no object.
    """
    from kstore.decode.yaml_input import read_document

    changed = read_document(text, where=where)
    if not isinstance(changed, dict):
        raise UsageError("this is not an object", where=where, hint=OBJECT_EXPECTED)
    metadata = read.object.get("metadata") or {}
    own = changed.get("metadata")
    if isinstance(own, dict):
        own.pop("resourceVersion", None)  # etcd's own: `get` shows it, no object holds it
        if "managedFields" in metadata and "managedFields" not in own:
            changed["metadata"] = {**own, "managedFields": metadata["managedFields"]}
    return changed
