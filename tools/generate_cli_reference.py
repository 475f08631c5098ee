"""
Writes docs/cli.md, the reference of every command, from the commands' own help.

    python -m tools.generate_cli_reference           # write it
    python -m tools.generate_cli_reference --check   # 1 if it is not what would be written
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from kstore.cli.command_table import COMMANDS
from kstore.cli.main import cli
from kstore.cli.options import GLOBAL_NAMES

TARGET = Path(__file__).parents[1] / "docs" / "cli.md"
_INTRODUCTION = """\
# Commands

`make docs` writes this page from the help of the commands (`kstore COMMAND --help`).

Options that all commands share are listed under [Common options](#common-options). You can write them before or after
the command. [Exit codes](reference/exit-codes.md) are listed by command.
"""


def reference() -> str:
    """The text of docs/cli.md."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _INTRODUCTION
    context = click.Context(cli, info_name="kstore")
    for heading, section in COMMANDS.items():
        yield f"## {heading}\n"
        for name in section:
            command = cli.get_command(context, name)
            assert command is not None
            yield from _command(command, click.Context(command, info_name=name, parent=context), 3)
    yield "## Common options\n"
    yield from _options(click.Context(cli, info_name="kstore"), common=True)


def _command(command: click.Command, context: click.Context, depth: int) -> Iterator[str]:
    """One command: how it is called, what it does, its own options, and the commands below it."""
    yield f"{'#' * depth} {context.command_path}\n"
    pieces = " ".join(command.collect_usage_pieces(context))
    yield f"```text\n{context.command_path} {pieces}\n```\n"
    yield from _help(command)
    yield from _options(context, common=False)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _command(inner, click.Context(inner, info_name=name, parent=context), depth + 1)


def _help(command: click.Command) -> Iterator[str]:
    """The paragraphs of the help; those that click must not wrap are shown as they stand."""
    for paragraph in (command.help or "").strip().split("\n\n"):
        if paragraph.lstrip().startswith("\b"):
            lines = paragraph.lstrip().removeprefix("\b").strip("\n").split("\n")
            body = "\n".join(line.strip() for line in lines)
            yield f"```text\n{body}\n```\n"
        else:
            text = " ".join(paragraph.split())
            yield text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*") + "\n"


def _options(context: click.Context, *, common: bool) -> Iterator[str]:
    rows = []
    for parameter in context.command.get_params(context):
        if not isinstance(parameter, click.Option) or parameter.hidden or "--help" in parameter.opts:
            continue
        record = parameter.get_help_record(context)
        if record is not None and (parameter.name in GLOBAL_NAMES) == common:
            name, text = (part.replace("|", "\\|") for part in record)
            rows.append(f"| `{name}` | {text.replace('<', '&lt;').replace('*', '&#42;')} |")
    if rows:
        yield "\n".join(["| option | does |", "|---|---|", *rows, ""])


def main() -> int:
    """Write the file, or compare it."""
    text = reference()
    if "--check" in sys.argv[1:]:
        return int(not TARGET.exists() or TARGET.read_text() != text)
    TARGET.write_text(text)
    print(f"{TARGET}: {len(text.splitlines())} lines")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
