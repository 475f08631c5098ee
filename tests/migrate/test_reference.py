"""
docs/reference/journal.md against the code: the members described are those that are written and checked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kstore.cli.main import run
from kstore.migrate import journal_format, planfile
from kstore.migrate.discrepancy import Discrepancy
from kstore.migrate.journal import Journal, Note
from kstore.migrate.journal_writer import JournalWriter

TEXT = (Path(__file__).parents[2] / "docs/reference/journal.md").read_text()
TYPES = {"text": str, "number": int, "list": list, "object": dict, "base64": bytes}


def tables(section: str) -> Iterator[dict[str, str]]:
    """The tables below a heading, as a map from the first column to the second."""
    _, _, rest = TEXT.partition(f"\n{section}\n")
    assert rest, f"no section {section}"
    text = re.split(r"^#{2,3} ", rest, maxsplit=1, flags=re.M)[0]
    for table in re.findall(r"(?:^\|.*\n)+", text, flags=re.M):
        rows = [line.strip("|\n ").split("|") for line in table.splitlines(keepends=True)][2:]
        yield {row[0].strip().strip("`"): row[1].strip() for row in rows}


def members(table: dict[str, str]) -> tuple[dict[str, type], set[str]]:
    """The type of each member, and those that may be missing."""
    optional = {name for name, words in table.items() if words.endswith("may be missing")}
    return {name: TYPES[words.partition(",")[0]] for name, words in table.items()}, optional


def journal_section() -> str:
    """The part of the page that is about journals."""
    return TEXT[: TEXT.index("## A saved plan")]


def test_the_lines_of_a_journal() -> None:
    """Each kind of line, each member, its type, and whether it may be missing."""
    header, *_ = tables("### The first line")
    assert members(header) == (journal_format.HEADER, journal_format.HEADER.keys() - {"format", "version"})
    assert set(re.findall(r"^### ([a-z]+[A-Z]?[a-z]*)$", journal_section(), flags=re.M)) == {
        *journal_format.LINES,
        *("verify", "status", "resume", "rollback"),
    }
    for kind, expected in journal_format.LINES.items():
        found, optional = members(next(tables(f"### {kind}")))
        own = int if kind in ("batch", "done", "undone") else str
        assert found == {kind: own, **expected}
        assert optional == found.keys() & journal_format.OPTIONAL
    assert members(list(tables("### batch"))[1]) == (journal_format.OBJECT, set())


def test_the_lines_of_a_plan() -> None:
    """So those of a saved plan."""
    plan = TEXT[TEXT.index("## A saved plan") :]
    header = re.search(r"### The first line\n\n((?:\|.*\n)+)", plan)
    assert header is not None
    names = re.findall(r"^\| `(\w+)` \|", header[1], flags=re.M)
    assert names == list(planfile.HEADER)
    assert members(next(tables("### A change"))) == (planfile.CHANGE, planfile.FOR_PEOPLE)
    assert members(next(tables("### The end mark"))) == (planfile.END, set())
    assert f"The version is {planfile.VERSION};" in plan


def test_the_codes_of_findings() -> None:
    """Every code that `verify` gives has its row."""
    documented = next(tables("### verify")).keys()
    named = set(re.findall(r"`([a-z-]+)`", _docstring_of_code()))
    assert documented == named


def _docstring_of_code() -> str:
    source = Path(str(Discrepancy.__module__.replace(".", "/")) + ".py")
    text = (Path(__file__).parents[2] / "src" / source).read_text()
    return text[text.index("code: str") : text.index("message: str")]


def test_what_is_written_is_what_is_described(tmp_path: Path, migrated: Any) -> None:
    """The members of lines that a migration writes, of a file and of a store, are the documented ones, all of them."""
    store = ["--store", "demo", "migrate"]
    assert run([*store, "--to", "apps/v1", "--dry-run", "--save-plan", str(tmp_path / "plan")]) == 0
    output = str(tmp_path / "new.db")
    assert run([*store, "--plan", str(tmp_path / "plan"), "--yes", "--output", output]) == 0
    header, *changes, end = map(json.loads, (tmp_path / "plan").read_text().splitlines())
    assert header.keys() == planfile.HEADER.keys()
    assert all(change.keys() == planfile.CHANGE.keys() for change in changes)
    assert end.keys() == planfile.END.keys()
    journal = Journal(tmp_path / "new.db.journal")
    assert journal.header.keys() == journal_format.HEADER.keys() - {"move"}
    lines = [json.loads(line.rpartition("\t")[0]) for line in journal.path.read_text().splitlines()[1:]]
    _, path = migrated
    writer = JournalWriter(path, None)
    writer.begin_rollback()
    writer.finish_rollback(0)
    writer.close()
    lines += [json.loads(line.rpartition("\t")[0]) for line in path.read_text().splitlines()[1:]]
    for line in lines:
        kind = next(iter(line))
        assert line.keys() - {"revisions"} == {kind, *journal_format.LINES[kind]} - {"revisions"}
        for packed in line.get("objects", []):
            assert packed.keys() == journal_format.OBJECT.keys()
    assert {next(iter(line)) for line in lines} == journal_format.LINES.keys() - {"undone"}
    assert [note.name for note in Journal(path).events() if isinstance(note, Note)] == [
        "finished", "rollingBack", "rolledBack",
    ]  # fmt: skip
