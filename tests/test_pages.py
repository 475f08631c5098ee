"""
Every page, whoever else runs it: each kstore command that it shows is one that kstore has, with these options.

What the commands do is run elsewhere (`test_cookbook.py`, `test_runbook.py`, `test_tutorial.py`,
`library/test_page.py`, `sql/test_cookbook.py`, `examples/test_document.py`). Those of the README and of the pages that
have no such test are run here.
"""

from __future__ import annotations

import gzip
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from tests.test_cookbook import Kitchen, folder

from kstore.cli.main import _spelled as spelled
from kstore.cli.main import cli

__all__ = ["folder"]

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    path
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    if path.name not in ("CHANGELOG.md", "benchmarks.md")  # what was once, and the words of a measurement
]
QUOTED = re.compile(r"`(kstore [^`\n]+)`")
FENCED = re.compile(r"^```(?:sh|console).*?\n(.*?)^```$", re.S | re.M)
INDENTED = re.compile(r"^    (?! )(.*)$", re.M)
ENDS = {"|", ";", "&&", ">", ">>", "<", "2>&1", "2>", "\\"}
ELLIPSES = ("…", "...", "[")
"""Where a page leaves something out, the rest is not read."""
CONFLICT = re.compile(r"^(?:<{7} |={7}$|>{7} )", re.M)


def shown(text: str) -> set[str]:
    """The commands in a page's blocks and between its backquotes, each from `kstore` to what the shell takes."""
    fenced = [line for block in FENCED.findall(text) for line in block.splitlines()]
    typed = [line.removeprefix("$ ") for line in fenced if line.startswith(("$ ", "kstore "))]
    found = set()
    for line in [*typed, *INDENTED.findall(text), *QUOTED.findall(text)]:
        for part in re.split(r"(?<![\w-])(?<!-t )(?=kstore )", re.sub(r"  +#.*", "", line.strip())):
            if part.startswith("kstore "):
                found.add(part.strip())
    return found


def words_of(command: str) -> list[str]:
    """Its words, up to where the shell ends it or the page leaves something out."""
    lexer = shlex.shlex(command.rstrip("\\").strip(), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = "#"
    words: list[str] = []
    for word in lexer:
        if word in ENDS or word.startswith(ELLIPSES) or set(word) <= set("|;&<>()"):
            break
        words.append(word)
    return spelled(words[1:])


def options_of(command: click.Command, context: click.Context) -> Iterator[click.Option]:
    """A command's options, and those of what is below it: `migrate` takes them without a word of its own."""
    yield from (one for one in command.params if isinstance(one, click.Option))
    if isinstance(command, click.Group) and command is not cli:
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from options_of(below, context)


def wrong_with(words: list[str]) -> str:
    """What kstore would not understand of them; empty if it is nothing."""
    command: click.Command = cli
    context = click.Context(cli, info_name="kstore")
    while words:
        options = list(options_of(command, context))
        known = {name for one in options for name in (*one.opts, *one.secondary_opts)}
        flags = {name for one in options if one.is_flag or one.count for name in (*one.opts, *one.secondary_opts)}
        word = words.pop(0)
        if word.startswith("--") and word != "--":
            name, equals, _ = word.partition("=")
            if name not in known | {"--help"}:
                return f"no option {name}"
            if not equals and name not in flags and words:
                words.pop(0)
        elif word.startswith("-") and len(word) > 1:
            if word[:2] not in known:
                return f"no option {word[:2]}"
            if word in known and word not in flags and words:
                words.pop(0)
        elif isinstance(command, click.Group):
            below = command.get_command(context, word)
            if below is None and "run" in command.commands:  # what `migrate` itself is
                below = command.commands["run"]
            elif below is None:
                return "" if word.isupper() else f"no command {word}"
            command, context = below, click.Context(below, info_name=word, parent=context)
    return ""


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_its_commands_are_those_of_kstore(page: Path) -> None:
    """Neither a command nor an option is shown that does not exist."""
    wrong = {}
    for command in shown(page.read_text(encoding="utf-8")):
        if told := wrong_with(words_of(command)):
            wrong[command] = told
    assert wrong == {}


def test_the_commands_are_found() -> None:
    """The pages are full of them."""
    found = {command for page in PAGES for command in shown(page.read_text(encoding="utf-8"))}
    assert len(found) > 300
    assert wrong_with(["ls", "--al"]) == "no option --al"
    assert wrong_with(["migrate", "pods", "--too", "v1"]) == "no option --too"
    assert wrong_with(["config", "shoe"]) == "no command shoe"
    assert wrong_with(["lss"]) == "no command lss"
    assert words_of("kstore get 'a b' -o json | head -3") == ["get", "a b", "-o", "json"]


RUN = ("README.md", "docs/browse.md", "docs/fleet.md", "docs/sql.md", "docs/reference/security.md")
ELSEWHERE = ("://", " browse ", "kstore sql  ")
"""What needs a bucket, a server or a terminal."""
EXITS = {
    " check": 5,  # the demo store has findings of each severity
    " --to-release": 3,  # and objects of aggregated servers
}


def runnable(page: str) -> list[str]:
    """The commands of a page's indented blocks that a file alone is enough for, in their order."""
    lines = INDENTED.findall((ROOT / page).read_text(encoding="utf-8"))
    return [line for line in lines if line.startswith("kstore ") and not any(one in f"{line}  " for one in ELSEWHERE)]


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN)
def test_its_commands_run(page: str, folder: Path) -> None:
    """On the demo store and copies of it, in the order of the page, each exits as its kind does."""
    night = folder / "night"
    night.mkdir()
    for name in ("monday.db", "tuesday.db"):
        shutil.copy(folder / "backup.db", night / name)
        (night / f"{name}.gz").write_bytes(gzip.compress((night / name).read_bytes(), 1))
    (folder / "clusters.txt").write_text("night/monday.db\nnight/tuesday.db\n")
    kitchen, wrong = Kitchen(folder, "demo"), {}
    for line in runnable(page):
        expected = next((code for word, code in EXITS.items() if word in line), 0)
        done = kitchen.cook(line)
        if done.returncode not in ({0, 5} if "--max-age" in line else {expected}):
            wrong[line] = (done.returncode, done.stderr)
        elif not done.stdout and ">" not in line:
            wrong[line] = (done.returncode, "printed nothing")
    assert wrong == {}


def test_no_merge_was_left_half_done() -> None:
    """No text file has the marks that git leaves around a conflict."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout
    names = [name for name in listed.decode().split("\0") if name.endswith((".md", ".py", ".toml", ".yaml", ".json"))]
    pages = [ROOT / name for name in names if (ROOT / name).is_file()] or PAGES
    assert [path for path in pages if CONFLICT.search(path.read_text(encoding="utf-8"))] == []
