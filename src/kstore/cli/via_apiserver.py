"""
`kstore migrate` with an apiserver at hand: it writes, or at least is asked what it would write.
"""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import click

from kstore.cli.confirm import confirm
from kstore.cli.exit_codes import ExitCode
from kstore.cli.settings import settings
from kstore.cli.stopping import stopping
from kstore.cli.unverified import warn_unverified
from kstore.errors import Interrupted, WriteRefused
from kstore.migrate.apiserver import ANSWER_SECONDS, Apiserver, ApiserverRefused, storage_version_hash
from kstore.migrate.plan import Change, Skipped
from kstore.migrate.via_apiserver import Rewritten, ViaApiserver
from kstore.printable import key_text
from kstore.scalars.counts import counted
from kstore.source.location.address import parse_duration

if TYPE_CHECKING:
    from kstore.cli.migration_report import Shown
    from kstore.cli.session import Session
    from kstore.migrate.request import Request, Selection


def guard(selection: Selection, kubeconfig: str, shown: Shown) -> None:
    """
    See that the running apiserver stores what the migration aims at, else it would write its own version back.

    A server that does not run writes nothing back: its absence is said, and stops nothing.

    Raises:
        WriteRefused: it stores another version of one of the resources.
        ApiserverRefused: it runs, and would not say.
    """
    with closing(apiserver(kubeconfig)) as server:
        try:
            hashes = server.storage_version_hashes()
        except ApiserverRefused as error:
            if not error.is_absent:
                raise
            reason = f"no apiserver answers at {server.address} ({error.message})"
            shown.say(f"{reason}: which versions it stores was not looked at")
            return
    for resource in selection.resources():
        told = hashes.get(f"{resource.resource}.{resource.group}".rstrip("."))
        target = selection.target_of(resource)
        if told is None or target is None or told == storage_version_hash(target.group, target.version, resource.kind):
            continue
        stored = (
            version
            for version in resource.versions
            if storage_version_hash(resource.group, version, resource.kind) == told
        )
        raise WriteRefused(
            f"the apiserver stores {resource.resource} as {resource.group}/{next(stored, 'another version')}, "
            f"and would write {target} back to that",
            where=server.address,
            hint="migrate to what it stores, or --force",
        )


def apiserver(kubeconfig: str) -> Apiserver:
    """The apiserver of a kubeconfig, which may take as long as `--command-timeout` says."""
    given = settings().command_timeout
    server = Apiserver(kubeconfig, timeout=parse_duration(given, "--command-timeout") if given else ANSWER_SECONDS)
    if not server.is_verified:
        warn_unverified(server.address, f"insecure-skip-tls-verify of {kubeconfig or 'the kubeconfig'}")
    return server


def rewrite(
    session: Session, selection: Selection, request: Request, shown: Shown, *,
    kubeconfig: str, concurrency: int, yes: bool,
) -> int:  # fmt: skip
    """
    Have the apiserver write every object of the resources, then look at what is in etcd; the exit code.

    Args:
        session: the etcd behind the apiserver.
        selection: the resources.
        request: what the migration asks for.
        shown: where it is told.
        kubeconfig: names the apiserver.
        concurrency: requests at once.
        yes: it is confirmed already.

    Raises:
        WriteRefused: not confirmed.
        Interrupted: somebody asked to stop.
    """
    confirm("Have the apiserver patch every object?", yes=yes)
    with closing(apiserver(kubeconfig)) as server, stopping() as stop:
        via = ViaApiserver(server, concurrency=concurrency, stop=stop, note=shown.say)
        served = {
            f"{one['name']}.{prefix.split('/')[2] if prefix.startswith('/apis/') else ''}".rstrip(".")
            for prefix, one in server.resources()
        }
        wanted = [one for one in selection.resources() if f"{one.resource}.{one.group}".rstrip(".") in served]
        results = []
        for one in wanted:
            results.append(via.rewrite(one, request.namespace))
            if stop.asked:
                raise Interrupted("stopped between two objects", hint="run it again: what is rewritten stays so")
    left = _left(session, selection, request)
    _show(results, left, shown.output)
    if left:
        return ExitCode.FOUND
    return ExitCode.SOME_SKIPPED if any(one.refused for one in results) else ExitCode.DONE


def _left(session: Session, selection: Selection, request: Request) -> list[tuple[str, str]]:
    """What still is in etcd as it should not, key and reason: the plan, made once more, should be empty."""
    prefixes = selection.prefixes()
    records = (record for prefix in prefixes for record in session.source.scan(prefix))
    left = []
    for step in selection.planner().plan(records):
        key = key_text(step.record.key)
        if isinstance(step, Change) and step.reason in ("version", "assumed-version"):
            left.append((key, f"is still stored as {step.stored.api_version}"))
        elif isinstance(step, Skipped) and request.to:
            left.append((key, step.error.message))
    return left


def _show(results: list[Rewritten], left: list[tuple[str, str]], output: str) -> None:
    if output == "json":
        document = {
            "resources": [
                {
                    "resource": one.resource,
                    "by": one.by,
                    "objects": one.objects,
                    "written": one.written,
                    "refused": [{"path": path, "message": message} for path, message in one.refused],
                }
                for one in results
            ],
            "left": [{"key": key, "message": message} for key, message in left],
        }
        click.echo(json.dumps(document, indent=2))
        return
    for one in results:
        if one.by == "updates":
            click.echo(f"{one.resource}: {counted(one.objects, 'object')} patched, {one.written} written anew")
        else:
            click.echo(f"{one.resource}: rewritten by the server's {one.by}")
        for path, message in one.refused:
            click.echo(f"refused {path}: {message}", err=True)
    for key, message in left:
        click.echo(f"{key}: {message}")
    if not left:
        click.echo("etcd holds every object as it should.")
