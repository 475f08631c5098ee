"""`kstore check`: what a release could not read, and what else is wrong with a store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from kstore.cli.exit_codes import ExitCode
from kstore.cli.hints import worded
from kstore.cli.listing import write
from kstore.cli.options import output_option, store_options
from kstore.cli.session import open_session
from kstore.cli.settings import settings
from kstore.cli.standard_output import counting, show, terminal
from kstore.errors import UsageError
from kstore.scalars.counts import counted
from kstore.similar import did_you_mean

if TYPE_CHECKING:
    from kstore.inspect.checks.interface import Check
    from kstore.inspect.findings import Finding
    from kstore.inspect.survey import Survey

_STYLES = {"error": "red", "warning": "yellow", "note": "cyan"}


@click.command()
@click.option("--target-release", default="", metavar="R", help="The release to upgrade to; default: the newest.")
@click.option("--only", default="", metavar="IDS", help="Only these checks, joined by commas (see --list).")
@click.option("--skip", default="", metavar="IDS", help="All checks but these.")
@click.option("--severity", default="note", type=click.Choice(["error", "warning", "note"]), show_default=True,
              help="The lowest severity to report.")  # fmt: skip
@click.option(
    "--keys", default=5, type=click.IntRange(0), show_default=True, help="Keys to show for each finding; 0 shows all."
)
@click.option("--list", "list_checks", is_flag=True, help="List the checks, and exit.")
@output_option(("table", "json", "sarif", "junit"), "table")
@store_options
def command(
    target_release: str, only: str, skip: str, severity: str, keys: int, list_checks: bool, output: str
) -> int:  # fmt: skip
    """
    Find objects that the target release cannot decode, or would convert with loss; objects in removed or deprecated
    versions; custom resources that do not match their CRD; objects that are damaged, unencrypted, encrypted with an old
    key, orphaned or stuck. Exits with 5 if something was found.

    \b
    kstore check --target-release 1.34
    kstore --store backup.db check --severity error -o junit > check.xml
    kstore check --only plain-text,old-key --encryption-provider-config enc.yaml
    """
    from kstore.inspect.checks import run_checks
    from kstore.inspect.findings import SEVERITIES, as_document, as_junit, as_sarif
    from kstore.inspect.survey import Survey

    wanted = _wanted(only, skip, SEVERITIES[: SEVERITIES.index(severity) + 1])
    if list_checks:
        write(_named(wanted))
        return 0
    if target_release:
        settings().release = target_release
    with (
        open_session(remembers=False, one_revision=False) as session,
        counting("records checked", lambda: session.source.count()) as progress,
    ):
        survey = Survey(session.store, session.release)
        findings = run_checks(survey, wanted, progress, worded)
        location = session.source.status().location
        rules = [check.rule for check in wanted]
        if output == "junit":
            write([as_junit(findings, rules, "kstore check")])
        elif output in ("json", "sarif"):
            from kstore.view.json_text import to_json

            about = {"store": location, "targetRelease": str(survey.release), "objects": survey.read}
            document = as_document(findings, about) if output == "json" else as_sarif(findings, rules, _version())
            write([to_json(document)])
        else:
            show(_text(findings, survey, location, keys))
        return ExitCode.FOUND if findings else ExitCode.DONE


def _version() -> str:
    from importlib.metadata import version

    return version("kstore")


def _wanted(only: str, skip: str, severities: tuple[str, ...]) -> list[Check]:
    from kstore.inspect.checks import CHECKS

    known = {check.rule.id for check in CHECKS}
    named = {name.strip() for name in only.split(",") if name.strip()}
    left_out = {name.strip() for name in skip.split(",") if name.strip()}
    for name in sorted((named | left_out) - known):
        meant = f"{did_you_mean(name, known)} `kstore check --list` lists all".lstrip()
        raise UsageError(f"there is no check {name!r}", hint=meant)
    return [
        check
        for check in CHECKS
        if check.rule.severity in severities and (not named or check.rule.id in named) and check.rule.id not in left_out
    ]


def _named(checks: list[Check]) -> Iterator[str]:
    width = max((len(check.rule.id) for check in checks), default=0)
    for check in checks:
        yield f"{check.rule.id.ljust(width)}  {check.rule.severity.ljust(7)}  {check.rule.title}\n"


def _text(findings: list[Finding], survey: Survey, location: str, keys: int) -> Iterator[str]:
    screen = terminal()
    shown = ""
    for finding in findings:
        rule = finding.rule
        if rule.id != shown:
            shown = rule.id
            yield f"{screen.styled(rule.severity.upper(), _STYLES[rule.severity])}  "
            yield f"{screen.styled(rule.title, 'bold')}  [{rule.id}]\n"
            yield f"  {rule.why}\n"
        yield f"  {screen.styled(finding.subject, 'bold')} ({finding.count:,})\n"
        some = finding.keys[: keys or None]
        for key, detail in some:
            yield f"    {key}{f': {detail}' if detail else ''}\n"
        if finding.count > len(some):
            yield f"    and {finding.count - len(some):,} more\n"
        for step in finding.steps:
            yield f"    {screen.styled('→', 'green')} {step}\n"
        yield "\n" if finding is findings[-1] or findings[findings.index(finding) + 1].rule.id != shown else ""
    counts = {name: sum(one.rule.severity == name for one in findings) for name in _STYLES}
    said = ", ".join(f"{count} {name}{'s' * (count != 1)}" for name, count in counts.items() if count)
    yield f"{counted(survey.read, 'object')} of {location} against {survey.release}: {said or 'nothing found'}\n"
