"""
What is done with a migration's journal afterwards: it is found, undone, held against the store.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kstore.cli.confirm import confirm
from kstore.cli.exit_codes import ExitCode
from kstore.cli.migration_report import Shown
from kstore.cli.session import Session
from kstore.cli.settings import Settings, settings
from kstore.cli.stopping import stopping
from kstore.errors import SourceError, UsageError, WriteRefused
from kstore.printable import command_text
from kstore.scalars.counts import counted

if TYPE_CHECKING:
    from kstore.migrate.journal import Journal
    from kstore.migrate.verify import Verified


def see_that_it_may_go_on(journal: Journal) -> None:
    """
    See that a journal is of a migration that can be resumed; what cannot be has a hint of what to do instead.

    Raises:
        UsageError: it wrote a new file, which is whole or not there.
        WriteRefused: it was rolled back.
    """
    from kstore.library.journals import require_resumable
    from kstore.migrate.verify import state_of

    output = str(journal.header.get("output") or "")
    try:
        require_resumable(journal)
    except UsageError as error:
        error.hint = (
            f"`{command('migrate', 'verify', output)}` holds it against the journal"
            if Path(output).exists()
            else "run the same command again: its input is as it was, and this journal is written anew"
        )
        raise
    except WriteRefused as error:
        error.hint = (
            f"to migrate after all, begin anew: `{_as_asked(journal)}`"
            if "rolledBack" in state_of(journal).notes
            else f"`{command('migrate', 'rollback', str(journal.path))}` goes on with it"
        )
        raise


def command(*words: str) -> str:
    """A command of kstore as it is typed into a shell."""
    return command_text("kstore", *words)


def _as_asked(journal: Journal) -> str:
    """The command that begins the migration of a journal anew, but for what it selects."""
    from kstore.library.moving import Origin
    from kstore.migrate.request import Request

    request = Request.of(journal.header, str(journal.path))
    if request.encrypt:
        return command("encrypt", *request.resources)
    if (moved := Origin.of(journal.header, str(journal.path))) is not None:
        return command("move", *(word for prefix in moved.to_prefixes for word in ("--to-prefix", prefix)))
    target = ["--to-release", request.to_release] if request.to_release else [f"--to={one}" for one in request.to]
    return command("migrate", *target, *request.resources)


def as_journaled(given: Settings, journal: Journal) -> Settings:
    """
    The options, and where they say nothing the store and the prefix that the journal was written for.

    What was written as a new file is that file, whatever store is named beside it.
    """
    from kstore.library.moving import Origin

    header = journal.header
    if header.get("output"):
        given = replace(given, store=header["output"], context="")
    elif not given.store and not given.context:
        given = replace(given, store=header.get("store", ""))
    given = replace(given, etcd_prefix=given.etcd_prefix or header.get("prefix", ""))
    moved = Origin.of(header, str(journal.path))
    if moved is not None and not given.encryption_provider_config:
        given = replace(given, encryption_provider_config=moved.to_encryption)
    return given


def roll_back(journal: Journal, *, yes: bool, shown: Shown, any_cluster: bool = False) -> int:
    """
    Undo a migration; the exit code.

    Args:
        journal: the migration's.
        yes: do not ask.
        shown: where it is said.
        any_cluster: also where the cluster is not the one that the migration wrote to.

    Raises:
        WriteRefused: the store cannot be written, or nobody said that it shall be.
        Interrupted: by Ctrl-C; it can be run again.
    """
    from kstore.library.journals import count_written, is_other_cluster, require_in_place
    from kstore.library.journals import roll_back as put_back
    from kstore.write.commit import writable
    from kstore.write.retry import Retry

    require_in_place(journal)
    session = Session(as_journaled(settings(), journal))
    try:
        source = writable(session.source)
        other = not any_cluster and is_other_cluster(journal, source)
        objects = count_written(journal, source, Retry())
        confirm(
            f"Put back {counted(objects, 'object')} of {session.location.shown}?",
            yes=yes,
            hint="pass --yes to confirm",
        )
        with stopping() as stop:
            result = put_back(journal, source, Retry(stop=stop), read_only=other)
    finally:
        session.close()
    findings = list(result.findings.values())
    if other and findings:
        shown.say(
            f"the migration wrote to the cluster {journal.header['cluster']}, this is another one, restored from a "
            "backup perhaps: nothing is put back without --any-cluster"
        )
    if result.may_come:
        keys = counted(result.may_come, "key")
        shown.say(f"{keys} may yet be created by transactions whose end was not seen: run it again later to be sure")
    shown.findings(
        findings,
        {
            "written": result.written,
            "restored": result.restored,
            "alreadyBack": result.already,
            "left": len(findings),
        },
        f"{counted(result.restored, 'object')} restored",
    )
    return ExitCode.CONFLICT if findings else ExitCode.DONE


def written_late(journal: Journal, shown: Shown) -> int | None:
    """
    How many objects were written by transactions that a journal does not call done; None, which is said, where there
    are some and the store does not answer.
    """
    from kstore.migrate.settle import Unsettled
    from kstore.write.retry import Retry

    unsettled = Unsettled.of(journal)
    if journal.header.get("output") or not unsettled.batches:
        return 0
    session = Session(as_journaled(settings(), journal))
    try:
        return unsettled.count_landed(session.source, Retry(0))
    except SourceError as error:
        shown.say(f"transactions without a known end were not looked for in the store: {error}")
        return None
    finally:
        session.close()


def verify(journal: Journal, shown: Shown, kubeconfig: str = "") -> int:
    """
    Hold the store, or the database that was written, against a journal, and ask a server about it; the exit code.

    All is well if every object that the plan names is as planned, none is missing, and the journal is whole and
    finished.
    """
    from kstore.migrate.verify import Verified

    output = str(journal.header.get("output") or "")
    missing = output and not Path(output).exists()
    result = Verified.without_database(journal, output) if missing else _verified(journal)
    detail = f"{counted(result.objects, 'object')} read again"
    if output:
        detail += f", {result.others} others compared"
    if result.skipped:
        detail += f", {result.skipped} that the migration skipped left aside"
    counts = {
        "objects": result.objects,
        "others": result.others,
        "skipped": result.skipped,
        "findings": len(result.findings),
    }
    good = f"{detail}: all are as planned, the journal is whole and finished"
    if not kubeconfig:
        shown.findings(result.findings, counts, good)
        return ExitCode.FOUND if result.findings else ExitCode.DONE
    from kstore.cli import prove

    if shown.output != "json":
        shown.findings(result.findings, counts, good)
    proof, findings = prove.prove_journal(journal, as_journaled(settings(), journal), kubeconfig, shown.output)
    if shown.output == "json":
        shown.findings(result.findings, counts, good, server=prove.document(proof, findings))
    return ExitCode.FOUND if result.findings else prove.exit_code(proof)


def _verified(journal: Journal) -> Verified:
    from kstore.cli.standard_output import counting
    from kstore.library.journals import verified
    from kstore.migrate.request import Request

    release = Request.of(journal.header, str(journal.path)).release
    session = Session(replace(as_journaled(settings(), journal), release=release))

    def total() -> int:
        if journal.header.get("output"):
            return session.source.count()
        return sum(len(batch.entries) for batch in journal.batches() if batch.revision)

    try:
        with counting("objects verified", total) as tell:
            if "move" not in journal.header:
                return verified(journal, session.store, tell=tell)
            with origin_session(journal) as origin:
                return verified(journal, session.store, origin.store, tell)
    finally:
        session.close()


@contextmanager
def origin_session(journal: Journal) -> Iterator[Session]:
    """The session of the cluster that a move has copied, with the options that were given for the other one."""
    from kstore.library.moving import Origin
    from kstore.migrate.request import Request

    origin = Origin.of(journal.header, str(journal.path))
    assert origin is not None
    session = Session(
        replace(
            settings(),
            store=origin.store,
            context="",
            etcd_prefix=origin.prefixes[0],
            encryption_provider_config=origin.encryption,
            release=Request.of(journal.header, str(journal.path)).release,
        )
    )
    try:
        yield session
    finally:
        session.close()
