"""`kstore history`: the revisions of a key, deletions included, as far as they are not compacted."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from kstore.cli.changes import masked_for, selected_steps, step_texts
from kstore.cli.exit_codes import ExitCode
from kstore.cli.hints import option_of
from kstore.cli.listing import write
from kstore.cli.options import output_option, selection_options, store_options
from kstore.cli.session import open_session
from kstore.cli.standard_output import show
from kstore.errors import NotFound

if TYPE_CHECKING:
    from kstore.inspect.changes import Step
    from kstore.selection import Criteria


@click.command()
@click.argument("what", metavar="KEY or RESOURCE/[NS/]NAME or PREFIX")
@selection_options
@click.option("--deleted", is_flag=True, help="Below a prefix: only deleted keys, each with its last value.")
@click.option("--show-secrets", is_flag=True, help="Show the values of Secrets.")
@click.option("--show-managed-fields", is_flag=True, help="Compare metadata.managedFields, too.")
@output_option(("diff", "lines", "json", "jsonl"), "diff")
@store_options
def command(
    criteria: Criteria, deleted: bool, show_secrets: bool, show_managed_fields: bool, output: str
) -> int:  # fmt: skip
    """
    Show the revisions of a key since the last compaction: what was changed, when, and by whom (from managedFields).
    With a prefix, show the revisions of all keys below it, in their order.

    \b
    kstore history deploy/shop/web
    kstore history /registry/configmaps/shop -o lines
    kstore history /registry/secrets --deleted       what was deleted; `kstore restore --from-history` restores it
    """
    from kstore.codec import Undecodable
    from kstore.inspect.changes import Changes
    from kstore.selection import Selection
    from kstore.source.changed_again import changed_again

    with open_session() as session:
        selection = Selection.of_history(session.store, criteria)
        remembered = None if selection.is_single else changed_again(session.source)
        changes = Changes(session.store, remembered=remembered, managed_fields=show_managed_fields)
        last = session.given.rev or sys.maxsize
        revisions = (one for one in selection.history() if one.record.mod_revision <= last)
        steps = selected_steps(changes.steps(revisions), selection)
        if deleted:
            steps = _last_of_the_deleted(steps)
        faults = 0
        seen = False

        def counted() -> Iterator[Step]:
            nonlocal faults, seen
            for step in steps:
                seen = True
                faults += isinstance(step.read, Undecodable)
                yield step

        if output in ("json", "jsonl"):
            from kstore.view.json_text import to_json, to_json_line

            documents = (masked_for(output, step, secrets=show_secrets).as_document() for step in counted())
            if output == "json":
                write([to_json({"revisions": list(documents)})])
            else:
                write(map(to_json_line, documents))
        else:
            show(
                step_texts(
                    counted(), diffs=output == "diff", secrets=show_secrets, keys=not selection.is_single or deleted
                )
            )
        if not seen:
            text = " ".join(criteria.what)
            if criteria.namespace:
                text += f" in namespace {criteria.namespace}"
            if criteria.filters:
                text += f" with {', '.join(map(option_of, criteria.filters))}"
            raise NotFound(
                f"the history has no {'deleted key of' if deleted else 'revision of'} {text}",
                hint=f"it begins with the compaction at revision {session.source.status().compact_revision}",
            )
    return ExitCode.SOME_SKIPPED if faults else ExitCode.DONE


def _last_of_the_deleted(steps: Iterator[Step]) -> Iterator[Step]:
    """The deletions that no later revision undid."""
    found: dict[str, Step] = {}
    for step in steps:
        if step.what == "deleted":
            found[step.key] = step
        else:
            found.pop(step.key, None)
    yield from found.values()
