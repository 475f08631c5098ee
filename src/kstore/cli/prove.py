"""
`migrate --prove` and `migrate verify --server`: what a running server would still write, worded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import click

from kstore.cli.exit_codes import ExitCode
from kstore.cli.server_flags import with_flags, words_of
from kstore.cli.session import Session
from kstore.cli.settings import Settings, settings
from kstore.cli.standard_output import progressing
from kstore.cli.via_apiserver import apiserver
from kstore.scalars.counts import counted
from kstore.source.location.control_plane import parse_flags

if TYPE_CHECKING:
    from kstore.codec import StoredObject, Undecodable
    from kstore.migrate.apiserver import Apiserver
    from kstore.migrate.journal import Journal
    from kstore.migrate.prove import Proof, Prover, Unproved
    from kstore.selection import Criteria

_MOST: Final = 8
"""Changes of an object that are listed for people."""


def prove(criteria: Criteria, kubeconfig: str, *, media_type: str, concurrency: int, output: str) -> int:
    """
    Ask a server about every object that is selected; the exit code.

    Raises:
        UsageError: the store is no running etcd, or nothing can be meant by the criteria.
        ApiserverRefused: the server cannot be asked.
        WriteRefused: it wrote an object, though it was asked for a dry run.
    """
    from kstore.selection import Selection

    with asking(settings(), kubeconfig, media_type=media_type, concurrency=concurrency) as (session, prover):
        selection = Selection.listed(session.store, criteria)
        findings = _told(prover, progressing(selection.reads(), "objects asked about", selection.most), output)
    if output == "json":
        click.echo(json.dumps(document(prover.proof, findings), indent=2))
    return exit_code(prover.proof)


def prove_journal(journal: Journal, given: Settings, kubeconfig: str, output: str) -> tuple[Proof, list[Unproved]]:
    """
    Ask a server about every object that a migration wrote.

    Args:
        journal: the migration's.
        given: name the store that it wrote to.
        kubeconfig: names the server.
        output: `table` or `json`; for people it is told here.

    Raises:
        KstoreError: see `prove`.
    """
    from kstore.library.proving import written

    with asking(given, kubeconfig) as (session, prover):
        return prover.proof, _told(prover, written(journal, session.store), output)


@contextmanager
def asking(
    given: Settings, kubeconfig: str, *, media_type: str = "", concurrency: int = 4
) -> Iterator[tuple[Session, Prover]]:
    """A store, read by the release of the server that is asked about it; both are closed."""
    from kstore.library.proving import prover

    with closing(apiserver(kubeconfig)) as server:
        session = Session(_as_started(given, server))
        try:
            yield session, prover(server, session.store, media_type=media_type, concurrency=concurrency)
        finally:
            session.close()


def _as_started(given: Settings, server: Apiserver) -> Settings:
    """The settings, and the release and flags that the server says where they say nothing."""
    from kstore.library.proving import release_for

    if given.release or given.like or words_of(given):
        return given
    release = release_for(server)
    return replace(with_flags(given, parse_flags(list(release.flags))), release=release.name)


def _told(prover: Prover, reads: Iterable[StoredObject | Undecodable], output: str) -> list[Unproved]:
    """Every finding, for people told as it comes; and the counts, for them at the end."""
    findings = []
    for one in prover.prove(reads):
        if output == "json":
            findings.append(one)
        elif one.outcome == "changed":
            click.echo(f"{one.key}: {_worded(one.changes)}")
        else:
            click.echo(f"{one.outcome} {one.key}: {one.message}", err=True)
    if output != "json":
        for line in _counts(prover.proof):
            click.echo(line)
    return findings


def _worded(changes: tuple[str, ...]) -> str:
    more = f", and {len(changes) - _MOST} more" if len(changes) > _MOST else ""
    return f"the server would change {', '.join(changes[:_MOST])}{more}"


def _counts(proof: Proof) -> Iterator[str]:
    if proof.unserved:
        named = ", ".join(f"{number} {name}" for name, number in sorted(proof.unserved.items()))
        yield f"No API serves {named}: no update reaches them."
    gone = f", {proof.gone} deleted meanwhile" if proof.gone else ""
    refused = f", {proof.outcomes['refused']} refused" if proof.outcomes["refused"] else ""
    unreadable = f", {proof.outcomes['unreadable']} that cannot be read" if proof.outcomes["unreadable"] else ""
    yield (
        f"{counted(proof.objects, 'object')} sent as a dry run: {proof.unchanged} stay as they are, "
        f"{proof.outcomes['changed']} would be written{refused}{gone}{unreadable}"
    )


def document(proof: Proof, findings: list[Unproved]) -> dict[str, Any]:
    """A proof as JSON."""
    return {
        "objects": proof.objects,
        "unchanged": proof.unchanged,
        "changed": proof.outcomes["changed"],
        "refused": proof.outcomes["refused"],
        "unreadable": proof.outcomes["unreadable"],
        "gone": proof.gone,
        "unserved": dict(sorted(proof.unserved.items())),
        "findings": [
            {"key": one.key, "outcome": one.outcome, "changes": list(one.changes), "message": one.message}
            for one in findings
        ],
    }


def exit_code(proof: Proof) -> int:
    """5 where something would be written, 3 where something could not be asked about."""
    if proof.outcomes["changed"]:
        return ExitCode.FOUND
    return ExitCode.SOME_SKIPPED if proof.outcomes.total() else ExitCode.DONE
