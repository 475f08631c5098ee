"""
What is done with a migration's journal afterwards: it is found, undone, held against the store.
"""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kstore.cli.agreement import agree
from kstore.cli.exit_codes import ExitCode
from kstore.cli.migration_report import Shown
from kstore.cli.options import Settings, settings
from kstore.cli.session import Session
from kstore.cli.stopping import stopping
from kstore.errors import SourceError, UsageError, WriteRefused
from kstore.scalars.counts import counted

if TYPE_CHECKING:
    from kstore.migrate.journal import Journal
    from kstore.migrate.planfile import SavedPlan
    from kstore.migrate.verify import Verified


def open_journal(path: Path) -> Journal:
    """
    The journal of that name, or the one beside a migrated database of that name.

    Raises:
        JournalError: there is none.
    """
    from kstore.errors import JournalError
    from kstore.migrate.journal import Journal
    from kstore.new_file import unfinished

    beside = journal_beside(path)
    if beside.exists():
        return Journal(beside)
    for journal in (path, beside):
        if not path.exists() and unfinished(journal).exists():
            raise JournalError(
                "the migration that this is the journal of is still going on, or was killed before its end",
                where=str(unfinished(journal)),
                hint="if it was killed, run the same command again: its input is as it was, and no output was written",
            )
    return Journal(path)


def journal_beside(output: Path) -> Path:
    """Where the journal of a migrated database lies."""
    return output.with_name(output.name + ".journal")


def see_that_it_may_go(path: Path, output: Path) -> None:
    """
    See that a new journal may take the name: nothing has it, or the journal of a migration that was killed before its
    output appeared.

    Args:
        path: the journal's name.
        output: the new database, which is not there.

    Raises:
        JournalError: another file has the name.
    """
    from kstore.errors import JournalError
    from kstore.migrate.journal import Journal

    if not path.exists():
        return
    try:
        left_behind = Path(Journal(path).header.get("output") or "") == output.resolve()
    except JournalError:
        left_behind = False
    if not left_behind:
        raise JournalError(
            "there is a file of this name already, and not the journal of a migration into this output",
            where=str(path),
            hint="--journal names another",
        )


def see_that_it_may_go_on(journal: Journal) -> None:
    """
    See that a journal is of a migration that can be resumed.

    Raises:
        UsageError: it wrote a new file, which is whole or not there.
        WriteRefused: it was rolled back.
    """
    from kstore.migrate.verify import state_of

    output = journal.header.get("output")
    if output and Path(output).exists():
        raise UsageError(
            "the migration came to its end: its new database is there",
            where=str(journal.path),
            hint=f"`{command('migrate', 'verify', output)}` holds it against the journal",
        )
    if output:
        raise UsageError(
            f"a new database is written whole or not at all, and {output} is not there: there is nothing to resume",
            where=str(journal.path),
            hint="run the same command again: its input is as it was, and this journal is written anew",
        )
    notes = state_of(journal).notes
    if "rolledBack" in notes:
        raise WriteRefused(
            f"this migration was rolled back at {notes['rolledBack']}",
            where=str(journal.path),
            hint=f"to migrate after all, begin anew: `{_as_asked(journal)}`",
        )
    if "rollingBack" in notes:
        raise WriteRefused(
            f"a rollback of this migration was begun at {notes['rollingBack']}, and did not come to its end",
            where=str(journal.path),
            hint=f"`{command('migrate', 'rollback', str(journal.path))}` goes on with it",
        )


def command(*words: str) -> str:
    """A command of kstore as it is typed into a shell."""
    return shlex.join(["kstore", *words])


def _as_asked(journal: Journal) -> str:
    """The command that begins the migration of a journal anew, but for what it selects."""
    from kstore.migrate.request import Request

    request = Request.of(journal.header, str(journal.path))
    if request.encrypt:
        return command("encrypt", *request.resources)
    target = ["--to-release", request.to_release] if request.to_release else [f"--to={one}" for one in request.to]
    return command("migrate", *target, *request.resources)


def saved_plan_of(journal: Journal) -> SavedPlan | None:
    """
    The saved plan that a migration was held to, to which it is held when it goes on; None where there was none.

    Raises:
        JournalError: the plan is not there any more, or is another one.
    """
    from kstore.errors import JournalError
    from kstore.migrate.planfile import SavedPlan

    path = journal.header.get("plan")
    if not path:
        return None
    # an edited one is the one that was applied, too, if it has not been edited since
    plan = SavedPlan(Path(path), edited=True)
    if plan.sha256 != journal.header.get("planSHA256"):
        raise JournalError(
            "this is not the plan that was applied: its SHA-256 is another",
            where=path,
            hint="put the plan back as it was, or migrate anew by another one",
        )
    return plan


def as_journaled(given: Settings, journal: Journal) -> Settings:
    """
    The options, and where they say nothing the store and the prefix that the journal was written for.

    What was written as a new file is that file, whatever store is named beside it.
    """
    header = journal.header
    if header.get("output"):
        given = replace(given, store=header["output"], context="")
    elif not given.store and not given.context:
        given = replace(given, store=header.get("store", ""))
    return replace(given, etcd_prefix=given.etcd_prefix or header.get("prefix", ""))


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
    from kstore.migrate.journal import JournalWriter
    from kstore.migrate.rollback import Rollback
    from kstore.migrate.settle import Unsettled, settle
    from kstore.migrate.verify import state_of
    from kstore.write.commit import writable
    from kstore.write.retry import Retry

    if journal.header.get("output"):
        raise WriteRefused(
            "the migration wrote a new file; what it was made from is as it was",
            where=str(journal.header["output"]),
            hint="delete the file",
        )
    session = Session(as_journaled(settings(), journal))
    try:
        source = writable(session.source)
        other = not any_cluster and _is_other(journal, source.status().cluster_id)
        objects = state_of(journal).objects + Unsettled.of(journal).count_landed(source, Retry())
        agree(f"Put back {counted(objects, 'object')} of {session.location.address}?", yes=yes, hint="--yes agrees")
        writer = JournalWriter(journal.path, None)
        try:
            with stopping() as stop:
                retry = Retry(stop=stop)
                if not other:
                    settle(journal, writer, source, retry, for_good=True)
                    writer.begin_rollback()
                result = Rollback(journal, source, retry=retry, read_only=other).run()
            if not other:
                writer.finish_rollback(result.restored)
        finally:
            writer.close()
    finally:
        session.close()
    findings = list(result.findings.values())
    if other and findings:
        shown.say(
            f"the migration wrote to the cluster {journal.header['cluster']}, this is another one, restored from a "
            "backup perhaps: nothing is put back without --any-cluster"
        )
    shown.findings(
        findings,
        {
            "written": result.written,
            "restored": result.restored,
            "alreadyBack": result.already,
            "left": len(findings),
        },
        f"{counted(result.restored, 'object is', 'objects are')} as before",
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


def _is_other(journal: Journal, cluster_id: str) -> bool:
    """Whether this is another cluster than the journal's; journals of before 1.0 name none."""
    named = journal.header.get("cluster")
    return bool(named and cluster_id and named != cluster_id)


def verify(journal: Journal, shown: Shown) -> int:
    """
    Hold the store, or the database that was written, against a journal; the exit code.

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
    shown.findings(result.findings, counts, f"{detail}: all are as planned, the journal is whole and finished")
    return ExitCode.FOUND if result.findings else ExitCode.DONE


def _verified(journal: Journal) -> Verified:
    from kstore.migrate.request import Request
    from kstore.migrate.verify import verify_file, verify_live
    from kstore.source.location.address import open_source

    release = Request.of(journal.header, str(journal.path)).release
    session = Session(replace(as_journaled(settings(), journal), release=release))
    try:
        if not journal.header.get("output"):
            return verify_live(journal, session.source, session.codec)
        with open_source(journal.header.get("store", "")) as before:
            return verify_file(journal, before, session.source, session.codec)
    finally:
        session.close()
