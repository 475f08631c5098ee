"""
`migrate` and what follows on it by the command line, on a store in memory: what is written, what is said, and the exit
code.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import STORE, Command, CommandOn
from tests.migrate.conftest import FaultySource, deployment, key, shop

from kstore.catalog.releases import newest
from kstore.cli.exit_codes import ExitCode
from kstore.cli.journals import as_journaled
from kstore.cli.settings import Settings
from kstore.codec import StorageCodec
from kstore.errors import NoSpace
from kstore.migrate.journal import Entry, Journal
from kstore.migrate.journal_writer import JournalWriter
from kstore.migrate.request import Request
from kstore.records import Mutation
from kstore.scheme.scheme import Scheme
from kstore.source.interface import StoreStatus
from kstore.write.compare_and_swap import KeyChange

__all__ = ["deployment", "shop"]

IDENTITY = """
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources: [{resources: [secrets], providers: [{identity: {}}]}]
"""


@pytest.fixture(scope="session")
def codec() -> StorageCodec:
    return StorageCodec(Scheme(newest()))


@pytest.fixture
def kstore(shop: FaultySource, command_on: CommandOn) -> Command:
    """Run a command on the store: its exit code, and what it printed."""
    return command_on(shop)


@pytest.fixture
def journal(kstore: Command, tmp_path: Path) -> Path:
    """The journal of a migration."""
    path = tmp_path / "j"
    assert kstore("migrate", "--to", "apps/v1", "--yes", "--journal", str(path))[0] == ExitCode.DONE
    return path


def clustered(store: FaultySource, cluster: str) -> None:
    """Let a store be of a cluster."""
    status = store.status

    def found() -> StoreStatus:
        return replace(status(), cluster_id=cluster)

    store.status = found  # type: ignore[method-assign]


def values(store: FaultySource) -> dict[bytes, bytes]:
    """What is stored."""
    return {name: record.value for name, record in store.records.items()}


# ---- migrate


@pytest.mark.parametrize("yes", [True, False])
def test_nothing_is_written_unasked(kstore: Command, shop: FaultySource, tmp_path: Path, yes: bool) -> None:
    """Off a terminal nobody can agree: without `--yes` the store stays as it is, and there is no journal."""
    before = shop.revision
    code, _, err = kstore("migrate", "--to", "apps/v1", "--journal", "j", *(["--yes"] if yes else []))
    if yes:
        assert code == ExitCode.DONE
        assert shop.revision > before
        return
    assert code == ExitCode.CONFLICT
    assert "--yes" in err
    assert shop.revision == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("dry", [True, False])
@pytest.mark.parametrize("damaged", [True, False])
def test_what_was_skipped_is_in_the_exit_code(kstore: Command, shop: FaultySource, dry: bool, damaged: bool) -> None:
    """Whether it was planned or written; the others are written."""
    if damaged:
        shop.put(key("bad"), b"k8s\0\xff\xff")
    code, out, _ = kstore("migrate", "--to", "apps/v1", "-o", "json", "--dry-run" if dry else "--yes")
    assert code == (ExitCode.SOME_SKIPPED if damaged else ExitCode.DONE)
    found = json.loads(out)
    assert (found["changes"], found["skipped"]) == (10, int(damaged))


@pytest.mark.parametrize(
    "words",
    [
        ("--rev", "1", "migrate", "--to", "apps/v1", "--yes"),
        ("migrate", "--to", "apps/v1", "--yes", "--output", "new.db"),
    ],
)
def test_what_cannot_be_meant(kstore: Command, shop: FaultySource, tmp_path: Path, words: tuple[str, ...]) -> None:
    """An old revision is not migrated, nor is a running store written into a file; nothing is begun."""
    before = shop.revision
    assert kstore(*words)[0] == ExitCode.USAGE
    assert (shop.revision, list(tmp_path.iterdir())) == (before, [])


@pytest.mark.parametrize(
    "words", [("migrate", "--to", "v1"), ("encrypt", "--encryption-provider-config", "keys.yaml")], ids=" ".join
)
def test_a_namespace_of_what_has_none(
    kstore: Command, shop: FaultySource, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """-n beside what is of no namespace is refused, as it would select nothing, or everything."""
    (tmp_path / "keys.yaml").write_text(IDENTITY)
    before = shop.revision
    code, out, err = kstore(*words, "namespaces", "-n", "shop", "--yes")
    assert (code, out) == (ExitCode.USAGE, "")
    assert "namespaces are in no namespace" in err
    assert shop.revision == before


@pytest.mark.parametrize("words", [("--like", "pod.yaml"), ("--emulated-version", "1.36"), ()], ids=" ".join)
def test_a_plan_says_how_the_server_is_started(
    kstore: Command, shop: FaultySource, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """Flags beside a saved plan are refused, as they are beside a journal, whatever they say."""
    (tmp_path / "pod.yaml").write_text("command: [kube-apiserver, --etcd-servers=x]\n")
    assert kstore("migrate", "--to", "apps/v1", "--dry-run", "--save-plan", "saved")[0] == ExitCode.DONE
    before = shop.revision
    code, _, err = kstore("migrate", "--plan", "saved", "--yes", *words)
    assert code == (ExitCode.USAGE if words else ExitCode.DONE)
    assert ("was said when this migration was planned" in err) is bool(words)
    assert (shop.revision > before) is (not words)


@pytest.mark.parametrize("full", [True, False])
def test_metrics_say_whether_it_is_finished(kstore: Command, shop: FaultySource, tmp_path: Path, full: bool) -> None:
    """Not when it was stopped half way, whatever was written by then."""
    left = [2]

    def fill(_: Sequence[Mutation]) -> None:
        left[0] -= 1
        if full and left[0] == 0:
            raise NoSpace("full")

    shop.before_commit = fill
    words = ("--yes", "--batch", "2", "--concurrency", "1", "--metrics-file", "metrics")
    code, _, err = kstore("migrate", "--to", "apps/v1", *words)
    text = (tmp_path / "metrics").read_text()
    (line,) = [one for one in text.splitlines() if "finished" in one and not one.startswith("#")]
    assert (code == ExitCode.DONE, line.split()[-1] != "0") == (not full, not full)
    assert ("goes on" in err) is full


@pytest.mark.parametrize("allowed", [True, False])
def test_webhooks_are_allowed_each_time(kstore: Command, shop: FaultySource, tmp_path: Path, allowed: bool) -> None:
    """A journal that says so is not the only one to say so."""
    request = Request(newest().name, to=("apps/v1",), allow_webhooks=True)
    JournalWriter(tmp_path / "j", {"store": STORE, "prefix": "/registry", **request.header()}).close()
    before = shop.revision
    code, _, err = kstore("migrate", "resume", "j", *(["--allow-webhooks"] if allowed else []))
    assert code == (ExitCode.DONE if allowed else ExitCode.USAGE)
    assert (shop.revision > before) is allowed
    assert ("--allow-webhooks" in err) is not allowed


def test_a_diff_shows_no_values(kstore: Command, shop: FaultySource) -> None:
    """Of a Secret that is to be changed, in either form."""
    secret = {
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "d"},
        "data": {"password": "aHVudGVyMg=="}, "stringData": {"other": "hunter2"},
    }  # fmt: skip
    shop.put("/registry/secrets/d/s", secret)
    for form in ("table", "json"):
        code, out, err = kstore("migrate", "secrets", "--to-release", newest().name, "--dry-run=diff", "-o", form)
        assert code in (ExitCode.DONE, ExitCode.SOME_SKIPPED)
        assert "aHVudGVy" not in out + err
        assert "hunter2" not in out + err


# ---- rollback


@pytest.mark.parametrize("yes", [True, False])
def test_nothing_is_put_back_unasked(kstore: Command, shop: FaultySource, journal: Path, yes: bool) -> None:
    """It is a write as any other."""
    migrated, text = values(shop), journal.read_bytes()
    code, _, err = kstore("migrate", "rollback", "j", *(["--yes"] if yes else []))
    assert code == (ExitCode.DONE if yes else ExitCode.CONFLICT)
    assert (values(shop) == migrated) is not yes
    if not yes:
        assert "--yes" in err
        assert journal.read_bytes() == text


@pytest.mark.parametrize("changed", [0, 1, 3])
def test_what_others_changed_is_in_the_exit_code(
    kstore: Command, shop: FaultySource, journal: Path, changed: int
) -> None:
    """Each is named; the rest is put back."""
    for number in range(changed):
        shop.put(key(f"web-{number}"), b"theirs")
    code, out, _ = kstore("migrate", "rollback", "j", "--yes", "-o", "json")
    found = json.loads(out)
    assert (found["restored"], found["left"]) == (10 - changed, changed)
    assert code == (ExitCode.CONFLICT if changed else ExitCode.DONE)


@pytest.mark.parametrize("meant", [True, False])
def test_another_cluster(kstore: Command, shop: FaultySource, tmp_path: Path, meant: bool) -> None:
    """Nothing is put back there, and why is said, unless it is meant."""
    clustered(shop, "7")
    assert kstore("migrate", "--to", "apps/v1", "--yes", "--journal", "j")[0] == ExitCode.DONE
    clustered(shop, "8")
    before = shop.revision
    code, _, err = kstore("migrate", "rollback", "j", "--yes", *(["--any-cluster"] if meant else []))
    assert code == (ExitCode.DONE if meant else ExitCode.CONFLICT)
    assert (shop.revision > before) is meant
    assert ("--any-cluster" in err) is not meant


@pytest.mark.parametrize("reason", ["unknown", "conflict"])
def test_what_may_yet_be_created_is_said(kstore: Command, tmp_path: Path, reason: str) -> None:
    """Only where there is something of the kind."""
    header = {"store": STORE, "prefix": "/registry", **Request(newest().name).header()}
    writer = JournalWriter(tmp_path / "j", header)
    writer.undone(writer.begin([Entry.of_key(KeyChange(key("made"), None, b"x"), None, None)]), reason)
    writer.close()
    code, _, err = kstore("migrate", "rollback", "j", "--yes")
    assert code == ExitCode.DONE
    assert ("1 key may yet be created" in err) is (reason == "unknown")


def test_a_new_file_is_not_undone(kstore: Command, shop: FaultySource, tmp_path: Path) -> None:
    """What it was made from is as it was."""
    output = tmp_path / "new.db"
    output.touch()
    JournalWriter(tmp_path / "j", {"output": str(output), **Request(newest().name).header()}).close()
    before = shop.revision
    code, _, err = kstore("migrate", "rollback", "j", "--yes")
    assert code == ExitCode.CONFLICT
    assert "wrote a new file" in err
    assert shop.revision == before


# ---- verify, status


@pytest.mark.parametrize("spoil", ["", "changed", "deleted", "lease", "cut"])
def test_what_verify_finds_is_in_the_exit_code(kstore: Command, shop: FaultySource, journal: Path, spoil: str) -> None:
    """Whatever it is; nothing is written."""
    name = key("web-3")
    if spoil == "changed":
        shop.put(name, b"theirs")
    elif spoil == "deleted":
        shop.delete(name)
    elif spoil == "lease":
        shop.put(name, shop.records[name].value, lease=7)
    elif spoil == "cut":
        lines = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(b"".join(lines[:-1]))
    before = shop.revision
    code, out, _ = kstore("migrate", "verify", "j", "-o", "json")
    assert code == (ExitCode.FOUND if spoil else ExitCode.DONE)
    assert json.loads(out)["findings"] == int(bool(spoil))
    assert shop.revision == before


@pytest.mark.parametrize("happened", [True, False])
def test_what_came_late_is_told(kstore: Command, shop: FaultySource, tmp_path: Path, happened: bool) -> None:
    """Objects of a transaction that the journal does not call done, and that are stored."""
    header = {"store": STORE, "prefix": "/registry", **Request(newest().name).header()}
    record = shop.records[key("web-1")]
    change = KeyChange(record.key, record, b"new")
    writer = JournalWriter(tmp_path / "j", header)
    writer.begin([Entry.of_key(change, None, None)])
    writer.close()
    if happened:
        assert shop.commit([change.mutation()]).succeeded
    code, out, _ = kstore("migrate", "status", "j", "-o", "json")
    assert (code, json.loads(out)["late"]) == (ExitCode.DONE, int(happened))


# ---- which store


@pytest.mark.parametrize(
    ("header", "given", "expected"),
    [
        ({"store": "a", "prefix": "/p"}, {}, {"store": "a", "etcd_prefix": "/p"}),
        ({"store": "a", "prefix": "/p"}, {"store": "b"}, {"store": "b", "etcd_prefix": "/p"}),
        ({"store": "a"}, {"context": "c"}, {"store": "", "context": "c"}),
        ({"store": "a", "prefix": "/p"}, {"etcd_prefix": "/q"}, {"store": "a", "etcd_prefix": "/q"}),
        ({"store": "a", "output": "/new"}, {"store": "b", "context": "c"}, {"store": "/new", "context": ""}),
    ],
)
def test_the_store_of_a_journal(
    tmp_path: Path, header: dict[str, Any], given: dict[str, str], expected: dict[str, str]
) -> None:
    """What the options say counts, where they say something; a new file is that file in any case."""
    JournalWriter(tmp_path / "j", {**header, **Request(newest().name).header()}).close()
    found = as_journaled(Settings(**given), Journal(tmp_path / "j"))  # type: ignore[arg-type]
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(("given", "expected"), [("", "/keys/new"), ("mine", "mine")])
def test_the_keys_of_a_move(tmp_path: Path, given: str, expected: str) -> None:
    """Those of the new cluster, unless others are named."""
    move = {
        "store": "a", "prefixes": ["/a"], "toPrefixes": ["/b"], "encryption": "/keys/old", "toEncryption": "/keys/new",
    }  # fmt: skip
    JournalWriter(tmp_path / "j", {"store": "b", "move": move, **Request(newest().name).header()}).close()
    found = as_journaled(Settings(encryption_provider_config=given), Journal(tmp_path / "j"))
    assert found.encryption_provider_config == expected
