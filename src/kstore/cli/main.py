"""
The door: finds the command, words errors once, and turns how it went into an exit code.

Knows the exit codes of the documentation; imports no command before it is asked for. Whatever a command prints and
does is its own business.
"""

from __future__ import annotations

import errno
import importlib
import io
import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import click

from kstore.cli.color import ALWAYS, AUTO, WHEN, asked_for, wants_color
from kstore.cli.command_table import COMMANDS
from kstore.cli.exit_codes import ExitCode
from kstore.cli.memory import leave_pandas_out
from kstore.cli.options import global_options
from kstore.cli.pager import paging
from kstore.cli.plugins import PLUGIN_NOT_LOADED
from kstore.cli.streams import escaping_streams
from kstore.errors import KstoreError, UsageError
from kstore.printable import command_text
from kstore.similar import did_you_mean, question

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_COMPLETE = "_KSTORE_COMPLETE"
"""Set where a shell asks what may stand next."""
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""What a write fails with where there is no room for it."""
_SHORT_WITH_EQUALS = re.compile(r"^(-[A-Za-z])=")
_ALIKE = 0.75
"""How much of two names is the same where one may be a slip of the other."""
_NAMESPACE = re.compile(r"-n|--namespace(=|$)|-A$|--all-namespaces$")
_EPILOG = """\b
Exit codes: 0 done; 1 failed; 2 usage; 3 done, but some objects could not be read
or were skipped; 4 a conflict or a guard stopped a write; 5 something was found
(check, diff, verify); 130 interrupted."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are run, and listed from a table."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; one that is done without a plugin which was not loaded ends with that exit code."""
        with paging():
            result = super().invoke(ctx)
        return result or ctx.meta.get(PLUGIN_NOT_LOADED, result)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order of the help."""
        return [name for section in COMMANDS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command."""
        for section in COMMANDS.values():
            if cmd_name in section:
                module = importlib.import_module(f"kstore.cli.commands.{section[cmd_name][0]}")
                command: click.Command = module.command
                if _COMPLETE in os.environ:
                    from kstore.cli.completing import attach

                    attach(cmd_name, command)
                return command
        return None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """The commands, told from the table, and the options; see click."""
        from click.shell_completion import CompletionItem

        rows = [row for section in COMMANDS.values() for row in section.items()]
        found = [CompletionItem(name, help=text) for name, (_, text) in rows if name.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands first, and then the options."""
        self.format_commands(ctx, formatter)
        click.Command.format_options(self, ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands below the headings of their table, without importing one."""
        for heading, section in COMMANDS.items():
            with formatter.section(heading):
                formatter.write_dl([(name, help_line) for name, (_, help_line) in section.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; of one that does not exist, name those that are spelled alike."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            if not args or args[0].startswith("-"):
                raise
            if args[0] == "help":
                return "help", _help_of(args[1:]), []
            from kstore.cli.kubectl import WORDS

            if args[0] in WORDS:
                raise UsageError(f"there is no command {args[0]!r}", hint=WORDS[args[0]]) from error
            if _is_resource(args[0]):
                shown = " ".join(["kstore get", *args])
                raise UsageError(f"there is no command {args[0]!r}", hint=f"did you mean `{shown}`?") from error
            if _is_store(args[0]):
                shown = command_text("kstore", "--store", args[0], *(args[1:] or ["ls"]))
                raise UsageError(f"there is no command {args[0]!r}", hint=f"did you mean `{shown}`?") from error
            raise click.UsageError(f"there is no command {args[0]!r}{_similar(args[0])}", ctx) from error


def _help_of(words: list[str]) -> click.Command:
    """A command that prints the help of another, as `help COMMAND`."""

    def show() -> None:
        cli.main(args=[*words, "--help"], prog_name="kstore", standalone_mode=False)

    return click.Command("help", callback=show)


def _is_resource(name: str) -> bool:
    """Whether the newest release has a built-in resource of that name, as `kubectl get` takes it."""
    from kstore.catalog.mapper import ResourceMapper
    from kstore.catalog.releases import newest
    from kstore.catalog.resources import resources_of

    try:
        return bool(ResourceMapper(resources_of(newest())).find(name))
    except KstoreError:
        return False


def _is_store(name: str) -> bool:
    """Whether a word that is no command is a file, or the address of a server or an object."""
    from kstore.source.location.address import is_live

    return "://" in name or is_live(name) or os.path.exists(name)


def _similar(name: str) -> str:
    """A question after the command that was probably meant."""
    meant = did_you_mean(name, [known for section in COMMANDS.values() for known in section])
    return f": {meant}" if meant else ""


@dataclass(frozen=True, slots=True)
class Talk:
    """How errors are said, when a command line may not even have been understood."""

    color: str = AUTO
    hints: bool = True

    @classmethod
    def of(cls, given: Sequence[str]) -> Talk:
        """As a command line asks for it."""
        return cls(asked_for(_spelled(given)), not {"-q", "--quiet"}.intersection(given))

    def say(self, message: str, hint: str = "") -> None:
        """An error on standard error, and what to try; the exit code tells it, too, where nobody reads on."""
        name = "kstore:"
        if wants_color(sys.stderr, self.color):
            from kstore.view.styles import styled

            name = styled(name, "red")
        with suppress(BrokenPipeError):
            click.echo(f"{name} {message}", err=True, color=True)
            if hint and self.hints:
                click.echo(f"  hint: {hint}", err=True)


def _print_version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from kstore import __version__

        click.echo(f"kstore {__version__}")
        ctx.exit()


@click.group(cls=LazyGroup, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@global_options
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version, help="Print the version."
)
def cli() -> None:
    """Read, prove and migrate the Kubernetes objects that are stored in etcd, live or in a file."""


def run(arguments: Sequence[str] | None = None) -> int:
    """
    Run one command line and say how it went.

    Args:
        arguments: without the program's name; None for those of the process.

    Returns:
        the exit code.
    """
    with escaping_streams():
        code = int(_run(sys.argv[1:] if arguments is None else arguments))
        _drop_unread()
    return code


def _run(given: Sequence[str]) -> int:
    if not given and _COMPLETE not in os.environ:
        given = ["--help"]
    trace = "--traceback" in given
    if _COMPLETE in os.environ:
        from kstore.cli.completing import begin

        begin(cli)
    try:
        result = cli.main(args=_spelled(given), prog_name=_program(), complete_var=_COMPLETE, standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else ExitCode.DONE
    except BrokenPipeError:
        return ExitCode.BROKEN_PIPE
    except (KeyboardInterrupt, click.Abort):
        Talk.of(given).say("interrupted")
        return ExitCode.INTERRUPTED
    except SystemExit as stop:  # click, when the pipe broke below it
        return ExitCode.BROKEN_PIPE if stop.code == 1 else int(stop.code or 0)
    except Exception as error:
        if trace:
            import traceback

            traceback.print_exc()
        return _worded(error, Talk.of(given))


def _program() -> str:
    """What people call it by: `kstore`, or `kubectl kstore` where kubectl has found it as its plugin."""
    return "kubectl kstore" if os.path.basename(sys.argv[0]).startswith("kubectl-kstore") else "kstore"


def _spelled(given: Sequence[str]) -> list[str]:
    """The arguments as click takes them: kubectl's parser has `-o=yaml` for `-oyaml`, `--watch=true`, `-n` in front."""
    found = _namespace_behind([_SHORT_WITH_EQUALS.sub(r"\1", argument) for argument in given])
    for at, argument in enumerate(found):
        if argument == "--color" and found[at + 1 : at + 2] not in ([when] for when in WHEN):
            found[at] = f"--color={ALWAYS}"  # as git and ls have it
    if not any(argument.endswith(("=true", "=false")) for argument in found):
        return found
    from kstore.cli.kubectl import spelled

    return [one for argument in found for one in spelled(argument)]


def _namespace_behind(given: list[str]) -> list[str]:
    """The arguments with `-n` and `-A` behind the command, where kubectl takes them in front of it, too."""
    valued = [one for one in cli.params if isinstance(one, click.Option) and not (one.is_flag or one.count)]
    with_value = {"-n", "--namespace", *(name for option in valued for name in option.opts)}
    front, moved, at = list[str](), list[str](), 0
    while at < len(given) and given[at].startswith("-") and given[at] != "--":
        word = given[at]
        taken = given[at : at + 1 + (word in with_value)]
        (moved if _NAMESPACE.match(word) else front).extend(taken)
        at += len(taken)
    return [*front, *given[at : at + 1], *moved, *given[at + 1 :]]


def main() -> NoReturn:
    """The `kstore` command."""
    _have_streams()
    leave_pandas_out()
    raise SystemExit(run())


def _have_streams() -> None:
    """
    See that there are standard streams, which whoever started us may have closed, and that they are of UTF-8.

    Whatever the locale says, as kubectl does it: what is stored comes out as it is.
    """
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115 - for as long as the process lives
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    if sys.stdout is None:
        Talk().say("there is no standard output", "send it to /dev/null if nobody is to read it")
        raise SystemExit(ExitCode.FAILED)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() != "utf-8":
            stream.reconfigure(encoding="utf-8", errors=stream.errors)


def _worded(error: Exception, talk: Talk) -> int:
    """Say an error on standard error in one line, with where and what to try, and give its exit code."""
    if isinstance(error, KstoreError):
        from kstore.cli.hints import hint_of

        talk.say(str(error), hint_of(error))
        return error.exit_code
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "kstore"
        talk.say(_unknown(error) or _lower_first(error.format_message()), _others(error) or f"see `{path} --help`")
        return ExitCode.USAGE
    if isinstance(error, click.ClickException):
        talk.say(_lower_first(error.format_message()))
        return error.exit_code
    if isinstance(error, OSError) and error.strerror:
        # files have errors of their own; what has no name and has run full is what we print to
        where = error.filename or ("standard output" if error.errno in _FULL else "")
        talk.say(f"{where}: {error.strerror}" if where else error.strerror)
        return ExitCode.FAILED
    if isinstance(error, UnicodeEncodeError) and error.reason.startswith("surrogates"):
        # what the shell passed on as bytes; as a file's name it is none the worse, as a key or a word it is
        talk.say("an argument is no UTF-8", "keys are written as text")
        return ExitCode.USAGE
    if isinstance(error, RecursionError):
        talk.say("what is to be read or shown is nested too deeply", "-o raw or -o hex show the bytes of an object")
        return ExitCode.FAILED
    talk.say(f"unexpected {type(error).__name__}: {error}", "this is a fault of kstore; --traceback shows where")
    return ExitCode.FAILED


def _others(error: click.UsageError) -> str:
    """What to say of an option that kubectl or etcdctl has, and kstore has not; and of `edit cm settings`."""
    if error.ctx is not None and error.ctx.info_name == "edit" and "extra argument" in error.message:
        return "an object is one word: RESOURCE/NAME, RESOURCE/NS/NAME or its key"
    if not isinstance(error, click.NoSuchOption) or error.ctx is None:
        return ""
    from kstore.cli.kubectl import ELSEWHERE, flag_of

    flag = flag_of(error.ctx.info_name or "", error.option_name)
    return (
        f"kubectl's {error.option_name} is {flag.answer}: {flag.why}" if flag else ELSEWHERE.get(error.option_name, "")
    )


def _unknown(error: click.UsageError) -> str:
    """What to say of an option or subcommand that does not exist, with those that were probably meant; else nothing."""
    if isinstance(error, click.NoSuchOption):
        wrong = f"there is no option {error.option_name!r}"
        meant = [one for one in error.possibilities or () if _like(error.option_name, one)]
    elif isinstance(error, click.NoSuchCommand):
        wrong = f"there is no command {error.command_name!r}"
        meant = list(error.possibilities or ())
    else:
        return ""
    return f"{wrong}: {question(*meant)}" if meant else wrong


def _like(name: str, other: str) -> bool:
    """Whether an option may have been meant by another; click itself finds `--quiet` in `--client`."""
    import difflib

    name, other = name.strip("-"), other.strip("-")
    return other.endswith(f"-{name}") or difflib.SequenceMatcher(None, name, other).ratio() >= _ALIKE


def _lower_first(message: str) -> str:
    """click's messages begin with a capital and end in a full stop; ours do neither."""
    return (message[:1].lower() + message[1:]).rstrip(".")


def _drop_unread() -> None:
    """Nothing that nobody reads any more must fail at exit: the interpreter would end with 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
