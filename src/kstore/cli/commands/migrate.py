"""`kstore migrate`: rewrite stored objects to another storage version; and status, resume, rollback and verify."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kstore.cli.journals import roll_back, see_that_it_may_go_on, written_late
from kstore.cli.journals import verify as verify_journal
from kstore.cli.migration import Run
from kstore.cli.migration_options import OUTPUTS, DryRunCommand, allow_webhooks_option, selection_of, write_options
from kstore.cli.migration_report import Shown
from kstore.cli.options import (
    Once,
    output_option,
    retry_timeout_option,
    selection_options,
    store_options,
    workers_option,
)
from kstore.cli.server_flags import as_manifest, family_of_manifest
from kstore.cli.settings import settings
from kstore.errors import UsageError

if TYPE_CHECKING:
    from kstore.selection import Criteria


_WRITES = ("dry_run", "output_file", "journal_file", "force", "metrics_file", "batch", "rate")
"""The options that are about writing."""


class MigrateGroup(click.Group):
    """`kstore migrate [RESOURCE…]` is a command of its own; status, resume, rollback and verify stand below it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Arguments that name no command below are those of a migration."""
        if not set(args) & {"-h", "--help"} and not self._names_a_command(args):
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def _names_a_command(self, args: list[str]) -> bool:
        """Whether a command comes first, but for options of the store."""
        options = [option for option in self.params if isinstance(option, click.Option)]
        own = {name: option for option in options for name in (*option.opts, *option.secondary_opts)}
        rest = iter(args)
        for arg in rest:
            name, equals, _ = arg.partition("=")
            if name not in own:
                return arg in self.commands
            if not own[name].is_flag and not equals:
                next(rest, None)
        return False

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Both ways to call it."""
        formatter.write_usage(ctx.command_path, "[RESOURCE]... [OPTIONS]")
        formatter.write_usage(ctx.command_path, "status|resume|rollback|verify JOURNAL", prefix="       ")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options of a migration, and then the commands that follow one."""
        run = self.commands["run"]
        with click.Context(run, info_name="run", parent=ctx) as below:
            click.Command.format_options(run, below, formatter)
        with formatter.section("After a migration"):
            formatter.write_dl(
                [(name, one.get_short_help_str(80)) for name, one in self.commands.items() if name != "run"]
            )


@click.group(cls=MigrateGroup, name="migrate")
@store_options
def command() -> None:
    """
    Rewrite stored objects to another storage version, byte for byte as a kube-apiserver would.

    \b
    kstore migrate --to apps/v1 --dry-run=diff             what would change
    kstore migrate --to-release 1.37 --yes                 each resource as 1.37 stores it
    kstore --store backup.db migrate --to apps/v1 --yes --output new.db
    kstore migrate resume kstore-….journal                 continue after an interruption
    kstore migrate rollback kstore-….journal               restore the bytes that were replaced
    kstore migrate --prove admin.conf                      what the server would still change; nothing is written

    Every write is a compare-and-swap that keeps the key's lease. Objects that others change in the meantime
    are planned again, never overwritten. If --kubeconfig or $KUBECONFIG names a running apiserver, kstore
    first asks it which versions it stores, and refuses to write versions that it would write back at once,
    unless you use --force.
    """


@command.command("run", hidden=True, cls=DryRunCommand)
@click.argument("what", nargs=-1, metavar="[RESOURCE]...")
@click.option(
    "--to", multiple=True, metavar="GROUP/VERSION", help="Convert all objects that exist in this version to it."
)
@click.option("--storage-versions", default="", metavar="LIST", help="Several versions at once, joined by commas.")
@click.option("--to-release", default="", metavar="R", help="Store each resource as this release's apiserver does.")
@selection_options
@click.option("--only-stored-version", cls=Once, metavar="GLOB", help="The same as --stored-version.")
@click.option("--media-type", type=click.Choice(["protobuf", "json"]), default=None,
              help="The encoding; default: the apiserver's.")  # fmt: skip
@click.option("--drop-unknown-fields", is_flag=True, help="Drop fields that the release does not know, as it would.")
@click.option("--assume-version", default="", metavar="GROUP/VERSION",
              help="Read custom objects whose version is no longer in the CRD as if they had this one.")  # fmt: skip
@click.option("--service-family", default="", type=click.Choice(["", "IPv4", "IPv6"]), metavar="FAMILY",
              help="The first IP family of the server's Services; default: read from the store.")  # fmt: skip
@click.option("--webhook-url", default="", metavar="URL",
              help="The address for all conversion webhooks, instead of those in the CRDs.")  # fmt: skip
@allow_webhooks_option
@click.option("--via", type=click.Choice(["direct", "apiserver"]), default="direct", show_default=True,
              help="Who writes: kstore directly, or the apiserver.")  # fmt: skip
@click.option(
    "--kubeconfig", default="", envvar="KUBECONFIG", metavar="FILE",
    help="The apiserver to ask for its storage versions, and to write --via apiserver; default: $KUBECONFIG.",
)  # fmt: skip
@click.option("--prove", "prove_with", default="", metavar="KUBECONFIG",
              help="Write nothing: ask this running apiserver what it would still change.")  # fmt: skip
@click.option(
    "--force", is_flag=True, help="Write even if the apiserver stores another version and would write it back."
)
@click.option("--save-plan", type=click.Path(path_type=Path), metavar="FILE", help="With --dry-run: save the plan.")
@click.option("--plan", "plan_file", type=click.Path(path_type=Path), metavar="FILE", help="Apply a saved plan.")
@click.option("--edited-plan", is_flag=True, help="With --plan: accept a plan that was edited.")
@workers_option
@write_options
@store_options
def run(
    criteria: Criteria, only_stored_version: str, to: tuple[str, ...], storage_versions: str, to_release: str,
    plan_file: Path | None, edited_plan: bool, save_plan: Path | None, media_type: str | None, prove_with: str,
    **options: Any,
) -> int:  # fmt: skip
    """Plan the migration and carry it out."""
    from kstore.migrate.request import Request

    names = ("drop_unknown_fields", "webhook_url", "assume_version", "service_family")
    asked = {name: options.pop(name) for name in names}
    allow_webhooks = options["allow_webhooks"]
    if only_stored_version and criteria.stored_version not in ("", only_stored_version):
        raise UsageError("--stored-version and --only-stored-version are the same", hint="give one of them")
    asked |= selection_of(replace(criteria, stored_version=criteria.stored_version or only_stored_version))
    versions = (*to, *filter(None, storage_versions.split(",")))
    if prove_with:
        from kstore.cli.prove import prove

        aims = bool(versions or to_release or plan_file or save_plan or any(options[name] for name in _WRITES))
        if aims or any(asked[name] for name in names):
            raise UsageError(
                "--prove writes nothing and aims at nothing: the server says itself what it would change",
                hint="beside it: resources and options that select, --media-type, --concurrency, -o",
            )
        conditions = replace(criteria, stored_version=asked["only_stored_version"])
        return prove(
            conditions, prove_with, media_type=media_type or "", concurrency=options["concurrency"],
            output=options["output"],
        )  # fmt: skip
    if save_plan is not None and not options["dry_run"]:
        raise UsageError(
            "--save-plan keeps what --dry-run plans", hint="with --dry-run; `--plan FILE` applies it later"
        )
    if edited_plan and plan_file is None:
        raise UsageError("--edited-plan is about the file that --plan names", hint="--plan FILE --edited-plan")
    if plan_file is not None:
        if versions or to_release or media_type or any(asked.values()):
            raise UsageError(
                "a saved plan says itself what is migrated, and to which version",
                where=str(plan_file),
                hint="beside --plan only how it is written is asked: --yes, --journal, --batch …",
            )
        from kstore.migrate.planfile import SavedPlan

        saved = SavedPlan(plan_file, edited=edited_plan)
        return Run(saved.request, saved=saved, **options).go()
    given = as_manifest(settings())
    if settings().like and not versions and not to_release:
        to_release = given.release
    asked["service_family"] = asked["service_family"] or family_of_manifest(settings())
    if bool(versions) == bool(to_release):
        raise UsageError("a target version is required", hint="--to apps/v1, or --to-release 1.37; one of them")
    request = Request(
        release=to_release or given.release,
        to=versions,
        to_release=to_release,
        media_type=media_type or "",
        allow_webhooks=allow_webhooks,
        **asked,
    )
    return Run(request, save_plan=save_plan, **options).go()


@command.command()
@click.argument("journal", type=click.Path(path_type=Path))
@output_option(OUTPUTS, "table")
@store_options
def status(journal: Path, output: str) -> int:
    """Show the content of a journal, and for unfinished transactions also what is stored."""
    from kstore.library.journal_files import open_journal
    from kstore.migrate.verify import state_of

    opened, shown = open_journal(journal), Shown(output)
    shown.state(opened, state_of(opened), late=written_late(opened, shown))
    return 0


@command.command()
@click.argument("journal", type=click.Path(path_type=Path))
@click.option("--concurrency", type=click.IntRange(1, 64), default=4, show_default=True, metavar="N",
              help="Concurrent transactions.")  # fmt: skip
@click.option("--batch", type=click.IntRange(min=1), metavar="N", help="Objects per transaction.")
@click.option("--rate", type=click.FloatRange(min=0), default=0, metavar="N", help="Maximum objects per second.")
@retry_timeout_option
@allow_webhooks_option
@workers_option
@output_option(OUTPUTS, "table")
@store_options
def resume(journal: Path, output: str, **pace: Any) -> int:
    """Continue a migration or a move that was interrupted."""
    from kstore.library.journal_files import open_journal
    from kstore.library.journals import saved_plan_of
    from kstore.migrate.request import Request

    opened = open_journal(journal)
    see_that_it_may_go_on(opened)
    if "move" in opened.header:
        from kstore.cli.moving import MoveRun

        names = ("batch", "concurrency", "rate", "retry_seconds")
        return MoveRun(output=output, **{name: pace[name] for name in names}).resume(opened)
    plan = saved_plan_of(opened)
    return Run(
        Request.of(opened.header, str(opened.path)), saved=plan, resumed=opened, output=output, yes=True, **pace
    ).go()


@command.command()
@click.argument("journal", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--any-cluster", is_flag=True,
              help="Also write to another cluster than the journal names, such as a restored one.")  # fmt: skip
@output_option(OUTPUTS, "table")
@store_options
def rollback(journal: Path, yes: bool, any_cluster: bool, output: str) -> int:
    """Restore the bytes that a migration replaced, unless someone changed them since."""
    from kstore.library.journal_files import open_journal

    return roll_back(open_journal(journal), yes=yes, shown=Shown(output), any_cluster=any_cluster)


@command.command()
@click.argument("journal", type=click.Path(path_type=Path), metavar="JOURNAL|DATABASE")
@click.option("--server", "kubeconfig", default="", metavar="KUBECONFIG",
              help="Also ask this running apiserver what it would still change; nothing is written.")  # fmt: skip
@output_option(OUTPUTS, "table")
@store_options
def verify(journal: Path, kubeconfig: str, output: str) -> int:
    """Read all objects again and compare them with the journal."""
    from kstore.library.journal_files import open_journal

    return verify_journal(open_journal(journal), Shown(output), kubeconfig)
