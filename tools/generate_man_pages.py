"""
Writes manual pages, one for kstore and one for each command, from the commands' own help.

    python -m tools.generate_man_pages build/man     # kstore.1, kstore-get.1, …
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from kstore import __version__
from kstore.cli.command_table import COMMANDS
from kstore.cli.main import cli
from kstore.cli.options import GLOBAL_NAMES

_EXIT_CODES = (
    ("0", "done"),
    ("1", "failed"),
    ("2", "usage"),
    ("3", "done, but some objects could not be read or were skipped"),
    ("4", "a conflict or a guard stopped a write"),
    ("5", "something was found (check, diff, verify)"),
    ("130", "interrupted; what was begun can be resumed"),
)


def escaped(text: str) -> str:
    """A text in which nothing is a request or an escape of roff's."""
    plain = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return "\n".join(f"\\&{line}" if line.startswith((".", "\\(aq")) else line for line in plain.split("\n"))


def pages() -> Iterator[tuple[str, str]]:
    """Each page: its name without the section, and its text."""
    context = click.Context(cli, info_name="kstore")
    rows = [row for section in COMMANDS.values() for row in section.items()]
    yield "kstore", "".join(_page(cli, context, "kstore", [(f"kstore-{name}(1)", text) for name, (_, text) in rows]))
    for name, (_, text) in rows:
        command = cli.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context)
        yield f"kstore-{name}", "".join(_page(command, inner, f"kstore-{name}", [], text))


def _page(
    command: click.Command, context: click.Context, title: str, commands: list[tuple[str, str]], summary: str = ""
) -> Iterator[str]:
    first = summary or (command.help or "").strip().partition("\n")[0]
    yield f'.TH "{title.upper()}" "1" "" "kstore {__version__}" "kstore"\n'
    yield f".SH NAME\n{escaped(title)} \\- {escaped(first.rstrip('.'))}\n"
    yield f".SH SYNOPSIS\n.B {escaped(context.command_path)}\n"
    yield f"{escaped(' '.join(command.collect_usage_pieces(context)))}\n.SH DESCRIPTION\n"
    yield from _paragraphs(command.help or "")
    if isinstance(command, click.Group) and not commands:
        commands = [(name, one.get_short_help_str(200)) for name, one in command.commands.items() if not one.hidden]
    if commands:
        yield ".SH COMMANDS\n"
        yield from (f".TP\n.B {escaped(name)}\n{escaped(text)}\n" for name, text in commands)
    yield ".SH OPTIONS\n"
    for parameter in command.params:
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record and (command is cli or parameter.name not in GLOBAL_NAMES):
            yield f".TP\n.B {escaped(record[0])}\n{escaped(record[1])}\n"
    if command is not cli:
        yield ".PP\nOptions of the store, the codec and the talk: see\n.BR kstore (1).\n"
    yield ".SH EXIT STATUS\n"
    yield from (f".TP\n.B {code}\n{escaped(text)}\n" for code, text in _EXIT_CODES)


def _paragraphs(text: str) -> Iterator[str]:
    """Paragraphs; examples, which click marks with \\b, as they stand."""
    import inspect

    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if paragraph.startswith("\b"):
            yield f".PP\n.nf\n{escaped(paragraph.lstrip(chr(8)).strip(chr(10)))}\n.fi\n"
        else:
            yield f".PP\n{escaped(paragraph)}\n"


def write(folder: Path) -> list[Path]:
    """Write the pages into a folder, which is made; the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, text in pages():
        files.append(folder / f"{name}.1")
        files[-1].write_text(text, encoding="utf-8")
    return files


def main(arguments: list[str]) -> int:
    """Write the pages into a folder."""
    write(Path(*arguments[:1]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
