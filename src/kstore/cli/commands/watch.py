"""`kstore watch`: changes as they happen, decoded."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from kstore.cli.changes import held_before, live_steps, masked_for, selected_steps, step_texts
from kstore.cli.options import output_option, selection_options, store_options
from kstore.cli.session import open_session
from kstore.errors import UsageError

if TYPE_CHECKING:
    from kstore.inspect.changes import Step
    from kstore.selection import Criteria


@click.command()
@click.argument("what", default="/", metavar="[PREFIX or RESOURCE]")
@selection_options
@click.option(
    "--since", default=0, type=click.IntRange(min=0), metavar="N", help="Start with the changes of revision N."
)
@click.option("--count", default=0, type=click.IntRange(min=0), metavar="N", help="Stop after N changes.")
@click.option("--show-secrets", is_flag=True, help="Show the values of Secrets.")
@click.option("--show-managed-fields", is_flag=True, help="Compare metadata.managedFields, too.")
@output_option(("lines", "diff", "jsonl", "yaml"), "lines")
@store_options
def command(
    criteria: Criteria, since: int, count: int, show_secrets: bool, show_managed_fields: bool, output: str
) -> int:  # fmt: skip
    """
    Show changes as they happen: the revision, the key, and who changed it; with -o diff each changed field, with -o
    yaml the object.

    \b
    kstore watch pods -n shop
    kstore watch /registry/leases -o diff
    kstore watch --since 1200 -o jsonl
    """
    from kstore.inspect.changes import Changes
    from kstore.selection import Selection

    with open_session() as session:
        if session.given.rev:
            raise UsageError("--rev looks at one revision, and a watch at those that follow", hint="--since N")
        selection = Selection.of_changes(session.store, criteria)
        changes = Changes(
            session.store, previous=lambda record: held_before(session, record), managed_fields=show_managed_fields
        )
        steps = selected_steps(live_steps(session, changes, selection, since), selection)
        for number, step in enumerate(steps, 1):
            sys.stdout.writelines(_text(step, output, show_secrets))
            sys.stdout.flush()
            if number == count:
                break
    return 0


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
