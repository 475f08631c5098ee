"""
The values of Secrets, healthy and damaged: in no output for people, no error, journal, report or export's index.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Kstore
from tests.cli.test_terminal import FLEET, LINES, on_terminal, write_templates
from tools.cluster import Etcd

from kstore.records import Put
from kstore.source.interface import WritableSource
from kstore.source.location.address import open_source

MARKER = "hunter2marker"
pytestmark = pytest.mark.usefixtures("fleet_in_this_process")
ENCODED = base64.b64encode(MARKER.encode()).decode()
NUMBER = 7357735773577357
Store = tuple[str, int, Path]
"""The endpoint, a revision in the middle, and a folder of files."""
SHOWN = (
    MARKER,
    ENCODED,
    str(NUMBER),
    MARKER.encode().hex(),
    MARKER.encode().hex(" ")[:17],
    ENCODED.encode().hex(" ")[:17],
)
"""What a value may look like; of hex, what stands in half a line of a dump."""
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def _secret(name: str, turn: int, **members: Any) -> dict[str, Any]:
    note = json.dumps({"kind": "Secret", "data": {"a": ENCODED}})
    metadata = {"name": name, "namespace": "d", "annotations": {LAST_APPLIED: note, "turn": str(turn)}}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, **members}


def secrets(turn: int) -> dict[str, bytes]:
    """Secrets by their names: healthy ones, and such as hold their values where none belong."""
    again = base64.b64encode(f"{MARKER}{turn}".encode()).decode()
    found: dict[str, Any] = {
        "healthy": _secret("healthy", turn, data={"a": ENCODED, "b": again}, type="Opaque"),
        "text": _secret("text", turn, stringData={"a": MARKER, "b": f"{MARKER}{turn}"}),
        "data-is-text": _secret("data-is-text", turn, data=MARKER),
        "data-is-a-number": _secret("data-is-a-number", turn, data=NUMBER),
        "data-is-a-list": _secret("data-is-a-list", turn, data=[MARKER]),
        "value-is-a-number": _secret("value-is-a-number", turn, data={"a": NUMBER}),
        "value-is-no-base64": _secret("value-is-no-base64", turn, data={"a": f"!{MARKER}"}),
        "unknown-members": _secret("unknown-members", turn, dat={"a": MARKER}, password=f"{MARKER}{turn}"),
        "in-metadata": _secret("in-metadata", turn),
        "time": _secret("time", turn, metadata={"name": "time", "creationTimestamp": MARKER}),
        "annotations": _secret("annotations", turn, metadata={"name": "annotations", "annotations": MARKER}),
        "type-is-a-map": _secret("type-is-a-map", turn, type={"a": MARKER}),
        "no-kind": {"data": {"a": MARKER}, "metadata": {"name": "no-kind"}},
        "other-kind": {"apiVersion": "v1", "kind": "Secrte", "metadata": {"name": "other-kind"}, "data": {"a": MARKER}},
    }
    found["in-metadata"]["metadata"]["secret"] = MARKER
    values = {name: json.dumps(value).encode() for name, value in found.items()}
    values |= {
        "no-json": MARKER.encode(),
        "cut": values["healthy"][:-30],
        "text-alone": json.dumps(MARKER).encode(),
        "number-alone": str(NUMBER).encode(),
        "list-alone": json.dumps([MARKER]).encode(),
    }
    return values


@pytest.fixture(scope="module")
def store(
    etcd_binary: Path, tmp_path_factory: pytest.TempPathFactory, kstore: Kstore
) -> Iterator[tuple[str, int, Path]]:
    """A real etcd with these Secrets, two revisions of each, protobuf ones too."""
    folder = tmp_path_factory.mktemp("secrets")
    with Etcd(etcd_binary, tmp_path_factory.mktemp("etcd")) as server:
        with open_source(server.endpoint) as source:
            assert isinstance(source, WritableSource)
            between = 0
            for turn in range(2):
                values = secrets(turn)
                for name in ("healthy", "text"):
                    values[f"{name}-protobuf"] = kstore("encode", stdin=values[name]).out
                values["cut-protobuf"] = values["healthy-protobuf"][:-12]
                values["unknown-protobuf"] = values["healthy-protobuf"][:-4] + b"\x1a\x00\x22\x00"
                for name, value in values.items():
                    key = f"/registry/secrets/d/{name}".encode()
                    record = source.get(key)
                    assert source.commit([Put(key, value, record.mod_revision if record else 0)]).succeeded
                between = between or source.status().revision
        (folder / "object.json").write_bytes(secrets(0)["healthy"])
        write_templates(folder)
        (folder / "broken").write_bytes(secrets(0)["data-is-text"])
        (folder / "changed.json").write_bytes(secrets(1)["healthy"])
        kstore("export", str(folder / "backup"), "--no-yaml", "--store", server.endpoint)
        yield server.endpoint, between, folder


PROTOBUF = ("healthy-protobuf", "cut-protobuf", "text-protobuf", "unknown-protobuf")


def lines(command: tuple[str, ...]) -> Iterator[list[str]]:
    """What the terminal is tried with, of Secrets."""
    keys = [
        f"/registry/secrets/d/{name}" for name in [*secrets(0), "healthy-protobuf", "cut-protobuf", "text-protobuf"]
    ]
    if command in (("get",), ("history",)):
        forms = {word for line in LINES[command] for word in line if line[-2:-1] == ("-o",) and word == line[-1]}
        paths = ["jsonpath={.data}", "jsonpath={}", "custom-columns=A:.data,B:.metadata,C:.stringData"] * (
            command == ("get",)
        )
        for one in keys:
            if one.endswith("/time"):
                continue  # its error is what counts: a time in metadata is no value of a Secret
            for form in [*sorted(forms), *paths]:
                yield [one, "-o", form]
    elif command == ("diff",):
        yield from (["/registry/secrets/d/healthy", one] for one in keys)
        yield from ([*line] for line in LINES[command] if line[0].startswith("@"))
    elif command == ("edit",):
        yield ["/registry/secrets/d/healthy", "-f", "FOLDER/changed.json", "--dry-run"]
        yield from ([one, "-f", "FOLDER/broken", "--dry-run"] for one in keys)
    elif command == ("resources",):
        yield ["explain", keys[0]]
    else:
        yield from (list(line) for line in LINES[command] if not any("evil" in word for word in line))


TALKS_OF_STORES = sorted(set(LINES) - {("browse",), ("encode",), ("convert",), ("completion",), ("version",)})
FOR_PROGRAMS = ("json", "jsonl", "raw", "table-json", "name", "keys", "csv", "parquet")


def is_for_programs(words: list[str]) -> bool:
    """Whether a pipe gets the object itself, as documented."""
    return any(word in FOR_PROGRAMS or word.startswith(("jsonpath", "go-template", "template")) for word in words)


@pytest.mark.slow
@pytest.mark.parametrize("command", TALKS_OF_STORES, ids=" ".join)
def test_no_value_is_shown(
    store: Store,
    kstore: Kstore,
    command: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a terminal in no form; in a pipe in no form for people; in errors never."""
    endpoint, between, folder = store
    monkeypatch.chdir(tmp_path)
    filters = {("decode",), ("releases",)} | FLEET
    for line in lines(command):
        words = [word.replace("FOLDER", str(folder)).replace("BETWEEN", str(between)) for word in line]
        words += [] if command in filters else ["--store", endpoint]
        _, shown = on_terminal(*command, *words, "--no-progress")
        assert not [text for text in SHOWN if text in shown], (words, shown)
        if command in (("export",), ("migrate", "run"), ("migrate", "resume"), ("migrate", "rollback"), ("restore",)):
            continue  # they have been run, and write
        ran = kstore(*command, *words)
        assert not [text for text in SHOWN if text in ran.err], (words, ran.err)
        if not is_for_programs(words) and command != ("decode",):
            assert not [text for text in SHOWN if text in ran.out.decode("utf-8", "replace")], (words, ran.text)


def test_errors_of_programs_forms_quote_nothing(store: Store, kstore: Kstore) -> None:
    """What cannot be read is told of in JSON, too, without what was found."""
    endpoint, _, _ = store
    for words in (["check", "-o", "json"], ["check", "-o", "sarif"], ["check", "-o", "junit"],
                  ["analyze", "-o", "json"],
                  ["migrate", "--to-release", "1.37", "--dry-run=diff", "-o", "json"]):  # fmt: skip
        ran = kstore(*words, "--store", endpoint)
        assert not [text for text in SHOWN if text in ran.text + ran.err], words
    for line in kstore("history", "/registry/secrets", "-o", "jsonl", "--store", endpoint).lines:
        assert not [text for text in SHOWN if text in json.dumps(line.get("error"))]
    batch = b"".join(
        json.dumps({"value": base64.b64encode(value).decode()}).encode() + b"\n" for value in secrets(0).values()
    )
    answers = kstore("decode", "--batch", stdin=batch).lines
    assert not [text for text in SHOWN if text in json.dumps([one["error"] for one in answers if "error" in one])]


def test_an_export_and_a_journal(store: Store, kstore: Kstore, tmp_path: Path) -> None:
    """The files of an export hold the objects; its index, a plan and a journal's messages hold none of their values."""
    endpoint, _, _ = store
    kstore("export", str(tmp_path / "export"), "--no-yaml", "--store", endpoint)
    index = (tmp_path / "export" / "index.jsonl").read_text() + (tmp_path / "export" / "export.json").read_text()
    assert "data-is-text" in index
    assert not [text for text in SHOWN if text in index]


def test_a_migration_and_its_journal(etcd_server: Etcd, kstore: Kstore, tmp_path: Path) -> None:
    """What is refused or found to be otherwise is said without values; the journal holds bytes, to be put back."""
    with open_source(etcd_server.endpoint) as source:
        assert isinstance(source, WritableSource)
        for name, value in secrets(0).items():
            assert source.commit([Put(f"/registry/secrets/d/{name}".encode(), value, 0)]).succeeded
    journal = str(tmp_path / "journal")
    store = ("--store", etcd_server.endpoint)
    ran = [kstore("migrate", "--to", "v1", "--media-type", "protobuf", "--yes", "--journal", journal, *store)]
    assert ran[0].code == 3
    ran += [kstore("migrate", word, journal, *store) for word in ("status", "verify", "resume", "rollback", "verify")]
    assert not [text for text in SHOWN for one in ran if text in one.text + one.err]


def test_asked_for_they_are_shown(store: Store, kstore: Kstore) -> None:
    """The mask is not the data: with --show-secrets each form has the values, as a pipe for programs has them."""
    endpoint, _, _ = store
    key = "/registry/secrets/d/healthy"
    for form in ("yaml", "describe", "storage", "custom-columns=A:.data.a", "hex"):
        ran = kstore("get", key, "-o", form, "--show-secrets", "--store", endpoint)
        shown = ran.text.replace("|\n", "")
        assert (
            MARKER in shown or ENCODED in shown or "6e 74 65 72" in shown or ENCODED.encode().hex(" ")[:11] in shown
        ), form
    assert ENCODED in kstore("get", key, "-o", "jsonpath={.data.a}", "--store", endpoint).text
    assert ENCODED in on_terminal("get", key, "-o", "jsonpath={.data.a}", "--show-secrets", "--store", endpoint)[1]


def test_passwords_are_not_repeated(kstore: Kstore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password of an etcd user is in no error, wherever it was given."""
    wait = ("--dial-timeout", "1s")
    for words in (
        ("--store", f"http://root:{MARKER}@127.0.0.1:1"), ("--store", f"etcd2+http://root:{MARKER}@127.0.0.1:1"),
        ("--store", f"https://root:{MARKER}@127.0.0.1:1/with/a/path"),
        ("--store", "http://127.0.0.1:1", "--user", f"root:{MARKER}"),
        ("--store", "http://127.0.0.1:1", "--user", "root", "--password", MARKER),
    ):  # fmt: skip
        ran = kstore(*words, *wait, "ls")
        assert ran.code in (1, 2)
        assert MARKER not in ran.err
    monkeypatch.setenv("ETCDCTL_USER", f"root:{MARKER}")
    assert MARKER not in kstore("--store", "http://127.0.0.1:1", *wait, "ls").err


def test_keys_of_an_encryption_configuration(kstore: Kstore, tmp_path: Path, encryption: Callable[[str], str]) -> None:
    """A configuration that is wrong is named field by field, without its keys."""
    for secret in (ENCODED, MARKER, f"{ENCODED}!"):
        file = tmp_path / "enc.yaml"
        file.write_text(encryption(secret))
        ran = kstore("--store", "demo", "ls", "--encryption-provider-config", str(file))
        assert ran.code == 2
        assert not [text for text in SHOWN if text in ran.err]


@pytest.fixture
def encryption() -> Callable[[str], str]:
    """A configuration with a key of the wrong length, or that is none."""

    def text(secret: str) -> str:
        return (
            "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n"
            "resources:\n- resources: [secrets]\n"
            f"  providers:\n  - aescbc:\n      keys:\n      - name: one\n        secret: {secret}\n"
        )

    return text
