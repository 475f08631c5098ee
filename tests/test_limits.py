"""
docs/reference/limits.md, row by row: who is hostile ends within the time and memory that stand there, and is named.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import socket
import sqlite3
import struct
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.customresource.boats import crd_with_webhook
from tools.hostile_process import Bound, ends, odd_files
from tools.hostile_server import OK, HostileServer, self_signed

from kstore.customresource.webhook import ConversionWebhook
from kstore.demo import database as demo_database
from kstore.encryption import config
from kstore.errors import StoreUnreachable
from kstore.migrate import apiserver
from kstore.records import Record
from kstore.source.etcd.dns_srv import discover
from kstore.source.export_directory import DirectoryWriter
from kstore.source.interface import StoreStatus
from kstore.source.options import SourceOptions

PAGE = Path(__file__).parents[1] / "docs/reference/limits.md"
ROW = re.compile(r"^\| (?!who |file |what |-)([^|]+) \| (\d+) s[^|]* \| (\d+) MiB[^|]* \|", re.M)

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is measured in /proc"),
]

Trial = Callable[[Bound, Path], None]
TRIALS: dict[str, Trial] = {}
"""What is done for a row of the page, by the words that begin it."""


def row(name: str) -> Callable[[Trial], Trial]:
    """Tells that a function tries out a row."""

    def note(trial: Trial) -> Trial:
        TRIALS[name] = trial
        return trial

    return note


class Case(NamedTuple):
    """A command line that must end with an exit code, and say these words."""

    code: int
    arguments: Sequence[object]
    words: Sequence[object]


def case(code: int, arguments: Sequence[object], *words: object) -> Case:
    """See `Case`."""
    return Case(code, arguments, words)


def refused(bound: Bound, *cases: Case, **more: Any) -> None:
    """Run command lines, and see that each names what was wrong."""
    commands = [[str(each) for each in one.arguments] for one in cases]
    for one, ended in zip(cases, ends(bound, *commands, **more), strict=True):
        assert ended.code == one.code, (one.arguments, ended.err[-2000:] + ended.out[-500:])
        for words in one.words:
            assert str(words) in ended.err, (one.arguments, ended.err[-2000:])


def rows() -> dict[str, Bound]:
    """The rows of the page, and what they state."""
    return {name.strip(): Bound(float(seconds), int(size)) for name, seconds, size in ROW.findall(PAGE.read_text())}


def test_every_row_is_tried_out() -> None:
    """A row without a trial, and a trial without a row, are mistakes; so is a row that states no time or memory."""
    stated = [line for line in PAGE.read_text().splitlines() if re.match(r"\| (?!who |file |what |-)", line)]
    assert len(stated) == len(rows())
    assert rows().keys() == TRIALS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", rows())
def test_it_ends(name: str, tmp_path: Path) -> None:
    """Within what the page states."""
    TRIALS[name](rows()[name], tmp_path)


def test_the_times_are_the_code_s() -> None:
    """Where no option says it, a time is what the page states."""
    (review,) = (each.default for each in fields(ConversionWebhook) if each.name == "timeout")
    stated = {name.partition(" (")[0]: bound.seconds for name, bound in rows().items()}
    assert stated["a conversion webhook"] == review
    assert stated["an apiserver"] == apiserver.ANSWER_SECONDS
    assert stated["an etcd 2"] == stated["an etcd 3, kine"] == SourceOptions().command_timeout
    assert stated["a name server"] == SourceOptions().dial_timeout
    assert stated["a KMS plugin"] == float(config.DEFAULT_TIMEOUT.removesuffix("s"))


# ---- servers and plugins

QUICK = ("--dial-timeout", "1s", "--command-timeout", "1s")
ENDLESS = ("no_answer", "dripping_body")
LARGE = ("endless_body", "endless_headers")


def lists(size: int) -> bytes:
    """JSON that takes the most memory for its bytes."""
    return b"[" + b"[]," * (size // 3) + b"[]]"


def answering(body: bytes) -> Callable[[HostileServer, socket.socket], None]:
    """A server that answers, whoever asks for whatever, with this."""

    def misdeed(server: HostileServer, connection: socket.socket) -> None:
        connection.sendall(OK + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)

    return misdeed


@row("a conversion webhook")
def _webhook(bound: Bound, folder: Path) -> None:
    boat = {"apiVersion": "example.com/v1", "kind": "Boat", "metadata": {"name": "b", "namespace": "p", "uid": "1"}}
    cases = []
    certificate = folder / "server.pem"
    bundle = base64.b64encode(self_signed(certificate)).decode()
    with ExitStack() as running:
        for misdeed in (*LARGE, "deep_json", "cut_short", "no_http", "lists"):
            does = answering(lists(15 << 20)) if misdeed == "lists" else misdeed
            server = running.enter_context(HostileServer(does, certificate))
            place = {"url": f"https://127.0.0.1:{server.port}/", "caBundle": bundle}
            crd = crd_with_webhook(place)
            store = exported(
                folder / misdeed,
                {
                    "/registry/apiextensions.k8s.io/customresourcedefinitions/boats.example.com": json.dumps(crd),
                    "/registry/example.com/boats/p/b": json.dumps(boat),
                },
            )
            command = ["--store", store, "migrate", "--to", "example.com/v2", "--dry-run", "--webhook-url"]
            cases.append(case(3, [*command, place["url"]], f"127.0.0.1:{server.port}"))
        refused(bound, *cases)


def exported(folder: Path, values: dict[str, str]) -> Path:
    """An export of these values."""
    with DirectoryWriter(folder, StoreStatus("backup", "directory", 9), {}) as writer:
        for key, value in sorted(values.items()):
            writer.add(Record(key.encode(), value.encode(), 1, 1, 1))
    return folder


KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: test
clusters: [{{name: test, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
users: [{{name: test, user: {{token: secret}}}}]
contexts: [{{name: test, context: {{cluster: test, user: test}}}}]
"""
ASK = """
import sys
from kstore.migrate.apiserver import Apiserver, ApiserverRefused

def run(arguments):
    try:
        Apiserver(arguments[0], timeout=float(arguments[1])).storage_version_hashes()
    except ApiserverRefused as error:
        print(error, file=sys.stderr)
        return 1
"""


@row("an apiserver (`--via apiserver`, `--kubeconfig`)")
def _apiserver(bound: Bound, folder: Path) -> None:
    cases = []
    with ExitStack() as running:
        for misdeed in (*ENDLESS, *LARGE, "deep_json", "lists"):
            server = running.enter_context(HostileServer(answering(lists(15 << 20)) if misdeed == "lists" else misdeed))
            kubeconfig = folder / misdeed
            kubeconfig.write_text(KUBECONFIG.format(port=server.port))
            seconds = 1 if misdeed in ENDLESS else bound.seconds
            cases.append(case(1, [kubeconfig, seconds], f"127.0.0.1:{server.port}"))
        refused(bound, *cases, program=ASK)


@row("an etcd 2")
def _etcd2(bound: Bound, folder: Path) -> None:
    nodes = b'{"action":"get","node":{"dir":true,"nodes":' + lists(8 << 20) + b"}}"
    cases = []
    with ExitStack() as running:
        for misdeed in (*ENDLESS, *LARGE, "deep_json", "nodes"):
            server = running.enter_context(HostileServer(answering(nodes) if misdeed == "nodes" else misdeed))
            times = QUICK if misdeed in ENDLESS else ()
            cases.append(case(1, ["--store", f"etcd2+{server.url}", *times, "ls"], f"127.0.0.1:{server.port}"))
        refused(bound, *cases)


@row("a redirect of an etcd 2")
def _redirect(bound: Bound, folder: Path) -> None:
    with HostileServer("redirect_to_itself") as server:
        command = ["--store", f"etcd2+{server.url}", "ls"]
        refused(bound, case(1, command, "more than 5 redirects", f"{server.port}/again"))


@row("an etcd 3, kine")
def _etcd3(bound: Bound, folder: Path) -> None:
    cases = []
    with ExitStack() as running:
        for misdeed in ("silence", *ENDLESS, *LARGE, "no_http"):
            server = running.enter_context(HostileServer(misdeed))
            cases.append(case(1, ["--store", server.url, *QUICK, "ls"], f"127.0.0.1:{server.port}"))
        refused(bound, *cases)


@row("a name server (`srv://`)")
def _name_server(bound: Bound, folder: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(StoreUnreachable, match=r"127\.0\.0\.1"):
            discover("example.com", timeout=0.2, nameservers=[("127.0.0.1", silent.getsockname()[1])] * 2)


@row("a KMS plugin")
def _kms(bound: Bound, folder: Path) -> None:
    sealed = {f"/registry/secrets/d/{number}": "k8s:enc:kms:v2:vault:\x0a\x01x" for number in range(50)}
    store = exported(folder / "store", sealed)
    with tempfile.TemporaryDirectory(prefix="kms") as short, socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{short}/s")
        silent.listen()
        configuration = folder / "encryption.yaml"
        configuration.write_text(
            "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n"
            "- resources: [secrets]\n"
            f'  providers: [{{kms: {{apiVersion: v2, name: vault, endpoint: "unix://{short}/s", timeout: 1s}}}}]\n'
        )
        command = ["--store", store, "--encryption-provider-config", configuration, "get", "secrets", "-A"]
        refused(bound, case(3, command, "vault"))


# ---- files


@row("a snapshot or database")
def _database(bound: Bound, folder: Path) -> None:
    found = {"pipe": "neither", "device": "neither", "hole": "no bbolt database"}
    cases = [case(1, ["--store", path, "ls"], path, found[kind]) for kind, (path, _) in odd_files(folder).items()]
    data = bytearray(demo_database())
    for name, change in {"circle": _circle, "huge": _huge_value}.items():
        changed = bytearray(data)
        change(changed)
        path = folder / name
        path.write_bytes(changed)
        cases.append(case(1, ["--store", path, "ls"], path))
        cases.append(case(3, ["--store", path, "--salvage", "ls"], "byte"))
    refused(bound, *cases)


def _pages(data: bytearray, flag: int) -> list[int]:
    """Where the pages of a kind begin."""
    size = struct.unpack_from("<I", data, 16 + 8)[0]
    return [at for at in range(2 * size, len(data) - size, size) if struct.unpack_from("<H", data, at + 8)[0] == flag]


def _circle(data: bytearray) -> None:
    """Every branch's first child is the branch."""
    for at in _pages(data, 1):
        (number,) = struct.unpack_from("<Q", data, at)
        struct.pack_into("<Q", data, at + 16 + 8, number)


def _huge_value(data: bytearray) -> None:
    """Every leaf's first value claims to have two thousand million bytes."""
    for at in _pages(data, 2):
        struct.pack_into("<I", data, at + 16 + 12, 0x7FFFFFFF)


@row("a member's data directory")
def _member(bound: Bound, folder: Path) -> None:
    cases = []
    for kind, (path, _) in odd_files(folder).items():
        for part in ("wal", "db"):
            member = folder / f"{kind}-{part}" / "member"
            (member / "snap").mkdir(parents=True)
            (member / "wal").mkdir()
            if part == "wal":
                (member / "snap" / "db").write_bytes(demo_database())
                (member / "wal" / f"{0:016x}-{0:016x}.wal").symlink_to(path)
            else:
                (member / "snap" / "db").symlink_to(path)
            # a log of zeroes alone is one that etcd has made and not written to yet
            code = 0 if (kind, part) == ("hole", "wal") else 1
            cases.append(case(code, ["--store", member.parent, "--wal", "ls"], member.parent if code else ""))
    refused(bound, *cases)


@row("an archive")
def _archive(bound: Bound, folder: Path) -> None:
    content = demo_database()
    for _ in range(10):
        content = gzip.compress(content, 1)
    nested = folder / "nested.gz"
    nested.write_bytes(content)
    tape = folder / "tape.tar"
    header = io.BytesIO()
    with tarfile.open(fileobj=header, mode="w") as archive:
        entry = tarfile.TarInfo("snapshot.db")
        entry.size = 60 << 30
        archive.addfile(entry)
    tape.write_bytes(header.getvalue()[:512] + b"x" * 1_000_000)
    refused(bound, *(case(1, ["--store", path, "ls"], path) for path in (nested, tape)))


@row("K3s' `state.db`")
def _sqlite(bound: Bound, folder: Path) -> None:
    path = folder / "state.db"
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE VIEW kine AS WITH RECURSIVE endless(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM endless)"
            " SELECT id, '/registry/a' AS name, 1 AS created, 0 AS deleted, 0 AS create_revision, 0 AS prev_revision,"
            " 0 AS lease, 'x' AS value FROM endless"
        )
    database.close()
    refused(bound, case(1, ["--store", path, "ls"], path, "no table of kine's"))


@row("an export")
def _export(bound: Bound, folder: Path) -> None:
    cases = []
    for kind, (path, _) in odd_files(folder).items():
        for name in ("export.json", "index.jsonl", "objects/registry/a.stored"):
            store = exported(folder / f"{kind}-{name.replace('/', '-')}", {"/registry/a": "{}"})
            (store / name).unlink()
            (store / name).symlink_to(path)
            cases.append(case(1, ["--store", store, "get", "/registry/a"], store))
    store = exported(folder / "deep", {"/registry/a": "{}"})
    (store / "export.json").write_text("[" * 1_000_000)
    refused(bound, *cases, case(1, ["--store", store, "ls"], store))


def _lines(folder: Path) -> Iterator[Path]:
    """Files of lines that are none."""
    yield from (path for path, _ in odd_files(folder).values())
    for name, content in {"long": b"x" * (300 << 20), "deep": b"[" * 1_000_000 + b"\n"}.items():
        path = folder / name
        path.write_bytes(content)
        yield path


@row("a journal")
def _journal(bound: Bound, folder: Path) -> None:
    commands = ("status", "resume", "rollback", "verify")
    refused(bound, *(case(1, ["migrate", each, path], path) for path in _lines(folder) for each in commands))


@row("a saved plan")
def _plan(bound: Bound, folder: Path) -> None:
    command = ["--store", "demo", "migrate", "--output", folder / "new", "--yes", "--plan"]
    refused(bound, *(case(1, [*command, path], path) for path in _lines(folder)))


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + level)}: &{chr(98 + level)} [{', '.join(['*' + chr(97 + level)] * 9)}]\n" for level in range(9)
)


def _settings(folder: Path) -> Iterator[Path]:
    """Configurations that are none."""
    yield from (path for path, _ in odd_files(folder).values())
    for name, content in {"bomb": BOMB, "deep": "[" * 100_000, "closed": "[" * 500 + "]" * 500}.items():
        path = folder / name
        path.write_text(content)
        yield path


@row("the config file")
def _config(bound: Bound, folder: Path) -> None:
    for path in _settings(folder):
        refused(bound, case(2, ["--context", "x", "ls"], path), environment={"KSTORE_CONFIG": str(path)})


@row("an EncryptionConfiguration")
def _encryption(bound: Bound, folder: Path) -> None:
    command = ["--store", "demo", "ls", "--encryption-provider-config"]
    refused(bound, *(case(2, [*command, path], path) for path in _settings(folder)))


@row("a certificate, a key")
def _certificate(bound: Bound, folder: Path) -> None:
    command = ["--store", "https://127.0.0.1:1", "ls"]
    cases = []
    for path, words in odd_files(folder).values():
        cases += [
            case(2, [*command, *options], path, words)
            for options in (["--cacert", path], ["--cert", path, "--key", path])
        ]
    refused(bound, *cases)


OPEN = """
import sys
from kstore.errors import UsageError
from kstore.migrate.apiserver import Apiserver

def run(arguments):
    try:
        Apiserver(arguments[0])
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
"""


@row("a kubeconfig, and what it names")
def _kubeconfig(bound: Bound, folder: Path) -> None:
    many = folder / "many"
    many.write_text("x: [" + "1," * 300_000 + "]")
    refused(bound, *(case(2, [path], path) for path in (*_settings(folder), many)), program=OPEN)


@row("an object for `edit`")
def _edit(bound: Bound, folder: Path) -> None:
    command = ["--store", "demo", "edit", "deploy/shop/cart", "--dry-run", "-f"]
    refused(
        bound, *(case(2 if path.name.startswith("odd") else 3, [*command, path], path) for path in _settings(folder))
    )


# ---- what a person writes


@row("YAML: config file, EncryptionConfiguration, `encode`, `edit`")
def _yaml(bound: Bound, folder: Path) -> None:
    for text in (BOMB, "[" * 100_000, "[" * 500 + "]" * 500):
        refused(bound, case(3, ["encode"], "standard input"), stdin=text.encode())


@row("JSON values: `decode`, `convert`")
def _json(bound: Bound, folder: Path) -> None:
    value = folder / "value"
    value.write_bytes(b'{"apiVersion":"v1","kind":"Foo","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    refused(bound, *(case(3, [*command, value], "deep") for command in (["decode"], ["convert", "--to", "v1"])))


@row("the input of `decode`, `encode`, `convert`")
def _input(bound: Bound, folder: Path) -> None:
    cases = []
    for path, words in odd_files(folder).values():
        cases += [
            case(2, [*command, path], path, words) for command in (["decode"], ["encode"], ["convert", "--to", "v1"])
        ]
    many, large = folder / "many", folder / "large"
    many.write_bytes(lists(18 << 20))
    large.write_bytes(b"k8s\0" + b"\0" * (17 << 20))
    refused(bound, *cases, case(3, ["decode", many], "5000000 values"), case(3, ["decode", large], "16 MiB"))
    refused(bound, case(2, ["decode"], "standard input", "64 MiB"), stdin=b"\0" * (65 << 20))


@row("a line of `--batch`")
def _line(bound: Bound, folder: Path) -> None:
    whole = json.dumps({"value": base64.b64encode(b'{"apiVersion":"v1","kind":"Foo"}').decode()}).encode()
    (ended,) = ends(bound, ["decode", "--batch"], stdin=whole + b"\n" + b"x" * (40 << 20) + b"\n" + whole + b"\n")
    first, second, third = map(json.loads, ended.out.splitlines())
    assert (ended.code, "32 MiB" in second["error"]["message"]) == (3, True)
    assert first == third
    hole = odd_files(folder)["hole"][0]
    refused(bound, case(2, ["decode", "--batch", hole], hole, "1 GiB"))


@row("`-l`, `--field-selector`")
def _selectors(bound: Bound, folder: Path) -> None:
    get = ["--store", "demo", "get", "pods", "-A"]
    refused(
        bound,
        case(2, [*get, "-l", "a," * 1_000 + "a"], "1000 terms"),
        case(2, [*get, "-l", f"a in ({'x,' * 50_001}x)"], "100000"),
        case(2, [*get, "--field-selector", ",".join(["a=b"] * 1_001)], "1000 terms"),
        case(2, [*get, "--field-selector", "a=" + "b" * 100_001], "100000"),
        case(0, [*get, "-l", f"a notin ({','.join(map(str, range(15_000)))})"]),
    )


@row("`--where` (CEL)")
def _where(bound: Bound, folder: Path) -> None:
    texts = (" + ".join(["1"] * 20_000) + " > 1", "x" * 100_001, "(" * 5_000 + "1" + ")" * 5_000)
    refused(bound, *(case(2, ["--store", "demo", "ls", "pods", "--where", text], "CEL") for text in texts))


@row("jsonpath, custom columns, `--sort-by`")
def _jsonpath(bound: Bound, folder: Path) -> None:
    get = ["--store", "demo", "get", "pods", "-A", "-o"]
    nested = "{range .items[*]}" * 300 + "{end}" * 300
    wide = "{range ..}" * 8 + "x" + "{end}" * 8
    refused(
        bound,
        case(2, [*get, f"jsonpath={nested}"], "nested"),
        case(2, [*get, "jsonpath=" + "x" * 100_001], "100000"),
        case(1, [*get, f"jsonpath={wide}"], "selects more than"),
    )
