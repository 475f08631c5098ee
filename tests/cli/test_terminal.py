"""
Every command under a terminal, over a store in which every text holds what would steer one.
"""

from __future__ import annotations

import json
import os
import pty
import re
import sys
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import click
import pexpect
import pytest
import yaml
from tests.cli.conftest import Kstore
from tests.cli.planted import CRD_GROUP, EVIL, NAME, STEERING, key, objects, plant
from tools.cluster import Etcd

from kstore.cli.main import cli, run
from kstore.printable import key_text
from kstore.source.interface import WritableSource
from kstore.source.location.address import open_source

pytestmark = pytest.mark.usefixtures("fleet_in_this_process")
OWN_STYLES = re.compile(r"\x1b\[(?:0|1|31|32|33|34|36)m")
"""What kstore's own tables are coloured with; no planted text contains the others of its sequences alone."""


@dataclass(frozen=True)
class Planted:
    """The store, and files made of it."""

    endpoint: str
    between: int
    """The revision between the two that each object has."""
    folder: Path

    def words(self, line: tuple[str, ...]) -> list[str]:
        """A line of `LINES` with what was made in the place of FOLDER and BETWEEN."""
        return [word.replace("FOLDER", str(self.folder)).replace("BETWEEN", str(self.between)) for word in line]


def write_templates(folder: Path) -> None:
    """The files that `TEMPLATES` name."""
    (folder / "path").write_text("{.metadata}{.data}")
    (folder / "columns").write_text("A B\n.metadata .data\n")
    (folder / "template").write_text("{{.metadata}}{{.data}}")


@pytest.fixture(scope="module")
def planted(etcd_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    """A real etcd with the planted objects."""
    with Etcd(etcd_binary, tmp_path_factory.mktemp("etcd")) as server:
        with open_source(server.endpoint) as source:
            assert isinstance(source, WritableSource)
            between = plant(source)
        folder = tmp_path_factory.mktemp("planted")
        (folder / "object.json").write_text(json.dumps(objects()[f"configmaps/d/{EVIL}"], ensure_ascii=False))
        (folder / "broken").write_text(f"rubbish{EVIL}")
        write_templates(folder)
        changed = {**objects()[f"configmaps/d/{EVIL}"], "data": {EVIL: f"changed{EVIL}"}}
        (folder / "changed.json").write_text(json.dumps(changed, ensure_ascii=False))
        made = Planted(server.endpoint, between, folder)
        for words in (
            ("export", "FOLDER/backup"),
            ("migrate", "--to", "rbac.authorization.k8s.io/v1", "--yes", "--journal", f"FOLDER/journal-{NAME[:60]}"),
        ):
            on_terminal(*made.words(words), "--store", made.endpoint)
        yield made


@pytest.fixture(autouse=True)
def somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command writes into the current directory is written there."""
    monkeypatch.chdir(tmp_path)


def on_terminal(*arguments: str, answer: bytes = b"n\n") -> tuple[int, str]:
    """Run a command line with a terminal as all three streams; its exit code, and what the terminal got."""
    controller, terminal = pty.openpty()
    tty.setraw(terminal)  # so that nothing is added to what was written
    os.write(controller, answer)
    pieces: list[bytes] = []

    def collect() -> None:
        with suppress(OSError):  # the other end is closed
            while piece := os.read(controller, 1 << 16):
                pieces.append(piece)

    reader = threading.Thread(target=collect)
    reader.start()
    before = sys.stdin, sys.stdout, sys.stderr
    streams = [open(os.dup(terminal), mode, encoding="utf-8", newline="") for mode in "rww"]  # noqa: SIM115
    try:
        sys.stdin, sys.stdout, sys.stderr = streams
        with patch.dict(os.environ, KSTORE_PAGER="cat"):  # a pager would write to another terminal, and wait for keys
            code = run(list(arguments))
    finally:
        sys.stdin, sys.stdout, sys.stderr = before
        for stream in streams:
            stream.close()
        os.close(terminal)
        reader.join()
        os.close(controller)
    return code, b"".join(pieces).decode()


def assert_steers_nothing(shown: str) -> None:
    """A terminal that gets this obeys nothing but kstore's own styles."""
    assert "\x1b[31mforged" not in shown
    plain = OWN_STYLES.sub("", shown)
    found = {f"U+{ord(char):04X}": plain[at - 60 : at + 20] for at, char in enumerate(plain) if char in STEERING}
    assert not found


def commands(command: click.Command = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command there is, with those below it."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from commands(found, (*path, name))
    else:
        yield path


MAP, POD, SECRET, PLANT, ROLE = (
    key_text(key(path))
    for path in (
        f"configmaps/d/{EVIL}", f"pods/d/{EVIL}", f"secrets/d/{EVIL}", f"{CRD_GROUP}/plants/d/{EVIL}",
        f"roles/d/{EVIL}",
    )
)  # fmt: skip
BROKEN, TYPED, GONE = (
    key_text(key(path))
    for path in (f"configmaps/d/broken-{EVIL}", f"configmaps/d/typed-{EVIL}", f"{CRD_GROUP}/plants/d/gone-{EVIL}")
)
KEYS = (MAP, POD, SECRET, PLANT, ROLE, BROKEN, TYPED, GONE, key_text(key(f"events/d/{EVIL}")))

TEMPLATES = (
    "jsonpath={.metadata}", "jsonpath-as-json={.metadata}", "custom-columns=A:.metadata,B:.data",
    "go-template={{.metadata}} {{.data}}", "template={{.metadata}}{{.data}}", "jsonpath-file=FOLDER/path",
    "custom-columns-file=FOLDER/columns", "go-template-file=FOLDER/template", "templatefile=FOLDER/template",
)  # fmt: skip
Lines = list[tuple[str, ...]]
LINES: dict[tuple[str, ...], Lines] = {
    ("ls",): [
        (), ("-o", "wide"), ("-o", "json"),
        *(("/", "-o", form) for form in (
            "table", "wide", "table-json", "name", "json", "jsonl", "yaml", "kyaml", "keys", "jsonpath={.items}",
            *TEMPLATES,
        )),
        ("/", "--show-labels", "--show-kind", "-L", NAME, "--storage-columns", "all"), ("/registry/configmaps/d",),
        ("pods", "-n", NAME), ("pods", "--where", "nothing.there == 1"),
    ],
    ("get",): [
        *((*KEYS, "-o", form) for form in (
            "yaml", "kyaml", "json", "jsonl", "table", "wide", "table-json", "name", "keys", "describe", "storage",
            "hex", "raw", *TEMPLATES,
        )),
        *((one, "-o", form) for one in (TYPED, PLANT) for form in ("yaml", "describe", "storage", "hex")),
        ("deploy", NAME, "-n", "d", "--as", "apps/v1"),
        ("deploy", NAME, "-n", "d", "--as", "apps/v1", "-o", "describe"),
        (f"cm/d/{NAME}-not", f"cm/d/{NAME}-nor"), (f"cm/d/{NAME}-not",), ("nodes",),
        (MAP, "-o", "yaml", "--show-secrets"),
    ],
    ("describe",): [(*KEYS,), ("deploy", NAME, "-n", "d"), ("cm", NAME[:3], "-n", "d"), (f"cm/d/{NAME}-not",)],
    ("export",): [
        ("FOLDER/export",), ("FOLDER/pages.parquet", "-o", "parquet"), (f"FOLDER/{'x' * 20}", "cm", "-n", NAME),
    ],
    ("analyze",): [(), ("-o", "json"), ("-o", "prometheus"), ("--top", "0")],
    ("check",): [("--keys", "0"), *(("-o", form) for form in ("json", "sarif", "junit")), ("--target-release", "1.25")],
    ("crds",): [(), (f"plants.{CRD_GROUP}",), ("-o", "json")],
    ("report",): [()],
    ("history",): [
        *((one, "-o", form) for one in (MAP, SECRET, BROKEN, "/registry")
          for form in ("diff", "lines", "json", "jsonl"))
    ],
    ("diff",): [
        *(("@BETWEEN", "@", "-o", form) for form in ("diff", "unified", "external", "lines", "summary", "json")),
        ("@BETWEEN", "@", "-o", "jsonl"),
        (MAP, TYPED), (MAP, POD),
    ],
    ("watch",): [("/", "--since", "1", "--count", "30", "-o", form) for form in ("lines", "diff", "jsonl", "yaml")],
    ("migrate", "run"): [
        ("--to-release", "1.37", "--dry-run"), ("--to-release", "1.37", "--dry-run=diff"), ("--to-release", "1.37"),
        ("--to-release", "1.37", "--dry-run=diff", "-o", "json"),
        ("--to", "apps/v1", "--yes", "--journal", f"FOLDER/other-{NAME[:60]}"),
    ],
    ("migrate", "status"): [(f"FOLDER/journal-{NAME[:60]}",), (f"FOLDER/journal-{NAME[:60]}", "-o", "json")],
    ("migrate", "verify"): [(f"FOLDER/journal-{NAME[:60]}",), (f"FOLDER/journal-{NAME[:60]}", "-o", "json")],
    ("migrate", "resume"): [(f"FOLDER/journal-{NAME[:60]}",), (f"FOLDER/journal-{NAME[:60]}", "-o", "json")],
    ("migrate", "rollback"): [(f"FOLDER/journal-{NAME[:60]}",), (f"FOLDER/journal-{NAME[:60]}", "-o", "json")],
    ("move",): [
        ("--to-prefix", f"/{NAME[:60]}", "--dry-run"), ("--to-prefix", f"/{NAME[:60]}", "--dry-run", "-o", "json"),
        ("--to-prefix", "/moved"),
    ],
    ("prefixes",): [(), ("-o", "json")],
    ("prove",): [(), ("-o", "json"), ("--record", f"FOLDER/proof-{NAME[:60]}"), ("--earlier", f"FOLDER/{NAME[:60]}")],
    ("sql",): [
        *(("select * from objects", "-o", form) for form in ("table", "markdown", "csv", "json", "jsonl", "parquet")),
        ("select * from findings",), ("select * from history",), ("select * from secrets",), (".tables",),
        (f"select '{NAME}'",), (f"selekt {NAME}",), ("--file", "FOLDER/broken"),
    ],
    **{
        ("fleet", command): [
            (*directory, "FOLDER/backup", "-o", form)
            for form in ("table", "wide", "markdown", "csv", "json", "jsonl", "parquet", "prometheus")
        ]
        for command, directory in (
            ("check", ()), ("analyze", ()), ("versions", ()), ("prove", ()), ("export", ("FOLDER/fleet",)),
        )
    },
    ("fleet", "sql"): [
        *(("select * from objects", "FOLDER/backup", "-o", form) for form in (
            "table", "markdown", "csv", "json", "jsonl",
        )),
        (f"selekt {NAME}", "FOLDER/backup"),
    ],
    ("encrypt",): [
        ("--dry-run",), ("--dry-run", "-o", "json"), ("--encryption-provider-config", f"FOLDER/{NAME[:60]}"),
    ],
    ("restore",): [
        ("/", "--from", "FOLDER/backup", "--dry-run"), ("/", "--from-rev", "BETWEEN", "--overwrite", "--dry-run"),
        ("/", "--from-rev", "BETWEEN"), ("/", "--from-rev", "BETWEEN", "-o", "yaml"),
        ("/", "--from-rev", "BETWEEN", "-o", "json"),
        ("/", "--from-rev", "BETWEEN", "--overwrite"),
    ],
    ("edit",): [(MAP, "-f", "FOLDER/changed.json", "--dry-run"), (MAP, "-f", "FOLDER/changed.json"), (TYPED,)],
    ("delete",): [("/registry/configmaps/d", "--all", "--dry-run"), (MAP, POD), (MAP + "-not",)],
    ("decode",): [*(("FOLDER/object.json", "-o", form) for form in ("json", "yaml", "jsonl")), ("FOLDER/broken",)],
    ("encode",): [("FOLDER/object.json", "-o", form) for form in ("raw", "base64", "hex")] + [("FOLDER/broken",)],
    ("convert",): [
        *(("FOLDER/object.json", "--to", "v1", "-o", form) for form in ("raw", "base64", "hex")),
        ("FOLDER/broken", "--to", "v1"),
    ],
    ("resources",): [
        (), *(("-o", form) for form in ("wide", "name", "json", "jsonl")), ("explain", f"plants.{CRD_GROUP}"),
        ("explain", MAP),
    ],
    ("explain",): [
        *((f"plants.{CRD_GROUP}", "-o", form) for form in ("plaintext", "json")),
        (f"plants.{CRD_GROUP}",), (f"plants.{CRD_GROUP}.spec",), (PLANT,),
    ],
    ("releases",): [(), ("-o", "json")],
    ("plugin", "check"): [(), ("-o", "json"), (NAME,)],
    ("config", "view"): [(), ("--raw",), ("--minify", "--context", NAME)],
    ("config", "get-contexts"): [(), ("-o", "name"), (NAME,)],
    ("config", "current-context"): [()],
    ("config", "use-context"): [(NAME,)],
    ("config", "set-context"): [(NAME, "--store", NAME), (NAME, "--user", NAME)],
    ("config", "rename-context"): [(NAME, NAME[::-1])],
    ("config", "delete-context"): [(NAME,)],
    ("completion",): [("bash",), ("zsh",), ("fish",)],
    ("version",): [()],
    ("browse",): [],
}  # fmt: skip
"""What is run of every command; FOLDER and BETWEEN stand for what the fixture made."""
CONFIG = {command for command in LINES if command[0] == "config"}
SHOWS_NOTHING_STORED = CONFIG | {
    ("fleet", "check"),
    ("fleet", "export"),
    ("plugin", "check"),
    ("releases",),
    ("completion",),
    ("version",),
    ("encode",),
    ("convert",),
    ("export",),
    ("browse",),
    ("migrate", "verify"),
    ("migrate", "rollback"),
}
FLEET = {command for command in LINES if command[0] == "fleet"}
"""Whose stores are arguments."""
FILTERS = FLEET | CONFIG | {("decode",), ("encode",), ("convert",), ("releases",), ("completion",), ("version",)}


def test_every_command_has_its_lines() -> None:
    """A new command is tried here, too."""
    assert set(LINES) == set(commands())


def test_every_output_has_its_line() -> None:
    """So is a new form of the output; what is printed without `-o` is tried by a line without it."""
    untried = {}
    for command, lines in LINES.items():
        known = {str(one) for option in _of(command).params if "-o" in option.opts for one in _forms(option)}
        tried = {word.partition("=")[0] for line in lines for before, word in pairwise(line) if before == "-o"}
        if missing := known - tried:
            untried[command] = missing
    assert untried == {}


def _forms(option: click.Parameter) -> set[str]:
    """What `-o` takes, but for what it is without being said."""
    words = getattr(option.type, "choices", ())
    prefixes = getattr(option.type, "prefixes", ())
    return {*words, *(prefix.removesuffix("=") for prefix in prefixes)} - {option.default, ""}


@pytest.mark.slow
@pytest.mark.parametrize("command", LINES, ids=" ".join)
def test_nothing_stored_steers_the_terminal(planted: Planted, command: tuple[str, ...]) -> None:
    """Whatever a command shows, the terminal gets no control character out of it, and what was planted is visible."""
    everything = ""
    for line in LINES[command]:
        words = planted.words(line)
        store = [] if command in FILTERS else ["--store", planted.endpoint]
        code, shown = on_terminal(*command, *words, *store, "--no-progress")
        assert "fault of kstore" not in shown, (command, words, shown)
        assert code in (0, 1, 2, 3, 4, 5), (command, words)
        assert_steers_nothing(shown)
        everything += shown
    assert command in SHOWS_NOTHING_STORED or "evil" in everything


@pytest.mark.slow
@pytest.mark.parametrize("command", [path for path in LINES if path != ("browse",)], ids=" ".join)
def test_no_error_steers_the_terminal(planted: Planted, command: tuple[str, ...]) -> None:
    """What an error quotes of the command line, of a file or of the store is shown, and steers nothing."""
    option = [parameter for parameter in _of(command).params if isinstance(parameter, click.Option)]
    wrong = [
        (NAME,), (NAME, NAME), (f"/registry/{NAME}",), (f"--{NAME}",), ("--store", NAME), ("--release", NAME),
        ("--context", NAME), ("--encryption-provider-config", NAME),
        *((_spelled(one), NAME) for one in option if not one.is_flag and one.nargs == 1),
    ]  # fmt: skip
    for words in wrong:
        endpoint = "http://127.0.0.1:1" if command == ("watch",) else planted.endpoint  # else it waits for changes
        store = [] if command in FILTERS or "--store" in words else ["--store", endpoint]
        store += ["--file", str(planted.folder / "broken")] if command == ("sql",) else []  # else it opens a prompt
        _, shown = on_terminal(*command, *words, *store, "--no-progress", "--dial-timeout", "1s")
        assert "fault of kstore" not in shown, words
        assert_steers_nothing(shown)


def _spelled(option: click.Option) -> str:
    return max(option.opts, key=len)


def _of(path: tuple[str, ...]) -> click.Command:
    found: click.Command = cli
    for name in path:
        assert isinstance(found, click.Group)
        below = found.get_command(click.Context(found), name)
        assert below is not None
        found = below
    return found


def test_the_command_itself(planted: Planted) -> None:
    """A command that there is not is quoted, too."""
    for words in ([NAME], [f"--{NAME}"], ["ls", "-o", NAME], ["--traceback", "--store", NAME, "ls"]):
        code, shown = on_terminal(*words)
        assert code in (1, 2)
        assert "evil" in shown
        assert_steers_nothing(shown)


def test_progress_does_not_steer_with_what_it_names(planted: Planted) -> None:
    """The counter and the bar move the cursor; what they name does not."""
    sequences = re.compile(r"\r|\x1b\[\??[0-9;]*[A-Za-z]")
    for words in (["check"], ["migrate", "--to-release", "1.37", "--dry-run"]):
        _, shown = on_terminal(*words, "--store", planted.endpoint)
        assert "pink" in shown or words[0] == "migrate"
        assert "\x1b[35m" not in shown
        assert "\x1b]" not in shown
        assert not [char for char in sequences.sub("", shown) if char in STEERING]


@pytest.mark.large
def test_the_browser(planted: Planted) -> None:
    """The browser draws with sequences of its own; none of those that were planted is among them."""
    child = pexpect.spawn(
        sys.executable, ["-m", "kstore", "--store", planted.endpoint, "browse"], dimensions=(40, 160), encoding="utf-8",
        timeout=60,
    )  # fmt: skip
    child.expect("configmaps")
    text = child.before
    child.send("q")
    child.expect(pexpect.EOF)
    child.close()
    text += child.before
    assert "\x1b[35mpink" not in text
    assert "0;title" not in text.replace("^[]0;title", "")
    assert not [char for char in text if char in STEERING and char not in "\x07\x0e\x0f\r\x1b"]


@pytest.mark.large
@pytest.mark.parametrize("form", ["describe", "storage", "custom-columns=A:.metadata", "wide"])
def test_in_a_pipe_what_people_read_is_escaped(planted: Planted, kstore: Kstore, form: str) -> None:
    """A pager or a log may show it on a terminal later."""
    for one in (MAP, POD, PLANT):
        ran = kstore("get", one, "-o", form, "--store", planted.endpoint)
        assert "evil" in ran.text
        assert_steers_nothing(ran.text)


def test_in_a_pipe_what_programs_read_is_exact(planted: Planted, kstore: Kstore) -> None:
    """Nothing is lost on the way to a program."""
    stored = objects()[f"configmaps/d/{EVIL}"]["data"]
    store = ("--store", planted.endpoint)
    assert kstore("get", MAP, "-o", "json", *store).json["data"] == stored
    assert kstore("get", MAP, "-o", "jsonl", *store).lines[0]["data"] == stored
    assert yaml.safe_load(kstore("get", MAP, "-o", "yaml", *store).text)["data"] == stored
    assert kstore("get", MAP, "-o", "jsonpath={.data.forged}", *store).text == stored["forged"]


@pytest.mark.parametrize(
    "words", [("get", "cm", "-A", "-o", "describe"), ("check",), ("get", "cm", "-A", "-o", "storage")], ids=" ".join
)
def test_the_shared_case(shared: Path, unpack: Callable[[Path], bytes], tmp_path: Path, words: tuple[str, ...]) -> None:
    """The store of the shared cases, as an operator would look at it."""
    packed = shared / "cases" / "files" / "escapes.db.zst"
    if not packed.exists():
        pytest.skip("the shared cases are not beside the checkout")
    (tmp_path / "store.db").write_bytes(unpack(packed))
    _, shown = on_terminal(*words, "--store", str(tmp_path / "store.db"), "--no-progress")
    assert_steers_nothing(shown)
    assert shown
