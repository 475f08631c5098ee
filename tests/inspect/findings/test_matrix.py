"""
Each finding of check: found where it is true, silent where it is nearly true, and its advice as it is pasted.

The advised commands are run on a real etcd and on a snapshot of it, with only the store named: those that mend make the
finding go and change nothing else, those that show write nothing.
"""

from __future__ import annotations

import base64
import json
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Kstore
from tests.cli.conftest import kstore as kstore
from tests.cli.pasted import words_of
from tests.examples.conftest import installed as installed
from tools.cluster import Etcd, find_etcd

from kstore.inspect.checks import CHECKS
from kstore.printable import key_bytes
from kstore.records import Put
from kstore.source.export_directory import HEADER
from kstore.source.interface import WritableSource
from kstore.source.location.address import open_source

from .matrix import DEFINITION, MATRIX, SOUND, Case, Mended, Shown, Store

EVERY_KEY = base64.b64encode(b"\0").decode()
NEAR_MISSES = [
    pytest.param(case, store, id=f"{case.finding}: {name}")
    for case in MATRIX
    for name, store in case.near_misses.items()
]
CASES = [pytest.param(case, id=f"{case.finding}: {case.name}") for case in MATRIX]
CONSENTS = ("migrate", "encrypt", "delete", "edit")


@dataclass(frozen=True)
class Setting:
    """A store under test, and the command line that is used on it as an operator would."""

    server: Etcd
    run: Kstore
    folder: Path

    def request(self, path: str, **body: Any) -> dict[str, Any]:
        """Ask etcd's JSON gateway."""
        request = urllib.request.Request(f"{self.server.endpoint}/v3/{path}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def etcdctl(self, *arguments: str) -> None:
        """Run the real etcdctl."""
        command = [str(find_etcd("etcdctl")), f"--endpoints={self.server.endpoint}", *arguments]
        subprocess.run(command, check=True, capture_output=True)

    def fill(self, store: Store) -> None:
        """Empty the etcd, and put the sound objects and those of the store there."""
        for alarm in self.request("maintenance/alarm", action="GET").get("alarms", ()):
            self.request("maintenance/alarm", action="DEACTIVATE", **alarm)
        self.request("kv/deleterange", key=EVERY_KEY, range_end=EVERY_KEY)
        with open_source(self.server.endpoint) as source:
            assert isinstance(source, WritableSource)
            for key, value in {**SOUND, **store.values}.items():
                data = value if isinstance(value, bytes) else json.dumps(value).encode()
                assert source.commit([Put(key.encode(), data, 0)]).succeeded
        member = self.request("maintenance/status")["header"]["member_id"]
        for alarm in store.alarms:
            self.request("maintenance/alarm", action="ACTIVATE", memberID=member, alarm=alarm)

    def check(self, case: Store, *more: str) -> list[dict[str, Any]]:
        """What check finds, with the options that the store is looked at with."""
        options = ["--target-release", case.release] if case.release else []
        if case.encryption:
            file = self.folder / "encryption.json"
            file.write_text(case.encryption)
            options += ["--encryption-provider-config", str(file)]
        ran = self.run("check", "-o", "json", *options, *more)
        assert ran.code in (0, 5), ran.err
        found: list[dict[str, Any]] = ran.json["findings"]
        assert ran.code == (5 if found else 0)
        return found

    def stored(self, location: str) -> dict[bytes, bytes]:
        """Every key and its bytes."""
        with open_source(location) as source:
            return {record.key: record.value for record in source.scan()}


@pytest.fixture(scope="module")
def server(etcd_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etcd]:
    """A real etcd, emptied before each case."""
    with Etcd(etcd_binary, tmp_path_factory.mktemp("etcd")) as started:
        yield started


@pytest.fixture
def setting(server: Etcd, kstore: Kstore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setting:
    """Only the store is named, as an operator's environment does."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KSTORE_STORE", server.endpoint)
    for name in ("ETCDCTL_ENDPOINTS", "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    return Setting(server, kstore, tmp_path)


def named(findings: list[dict[str, Any]], name: str) -> set[str]:
    """The keys of a finding."""
    return {place["key"] for one in findings if one["id"] == name for place in one["keys"]}


def is_destructive(words: list[str]) -> bool:
    """Whether a command deletes, or drops something on the way."""
    return words[1] == "delete" or "--drop-unknown-fields" in words or "--force" in words


def assert_careful(commands: list[list[str]]) -> None:
    """What deletes is tried first, and keeps a copy."""
    tried: set[str] = set()
    for words in filter(is_destructive, commands):
        assert words[1] == "delete"
        if "--dry-run" in words:
            tried.add(words[2])
        else:
            assert words[2] in tried
            assert "--keep" in words


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", ["etcd", "snapshot"])
def test_the_advice(
    case: Case, kind: str, setting: Setting, monkeypatch: pytest.MonkeyPatch, installed: Callable[[str], None]
) -> None:
    """It is found, alone; the commands go well, and afterwards it is gone, or nothing has changed."""
    if case.true.plugin:
        installed(case.true.plugin)
    setting.fill(case.true)
    location = setting.server.endpoint
    if kind == "snapshot":
        location = str(setting.folder / "saved.db")
        setting.etcdctl("snapshot", "save", location)
        monkeypatch.setenv("KSTORE_STORE", location)
    findings = setting.check(case.true)
    assert {one["id"] for one in findings} == {case.finding} | case.besides
    mine = [one for one in findings if one["id"] == case.finding]
    if not case.true.alarms:
        assert named(findings, case.finding) == case.found()
    commands = [words for one in mine for words in (words_of(one["command"]) if one["command"] else [])]
    assert_careful(commands)
    before = setting.stored(location)
    for number, words in enumerate(commands):
        location = carry_out(case, words, location, number, setting, monkeypatch)
    after = setting.stored(location)
    if isinstance(case.advice, Shown):
        assert case.advice.wording in " ".join([mine[0]["hint"], mine[0]["subject"], *words_at(mine[0])])
        assert after == before
        return
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    if kind == "snapshot" and case.advice.verb not in CONSENTS:  # it is for the server that the file is from
        assert changed == set()
        return
    expected = {key_bytes(key) for key in case.advice.changed}
    if kind == "snapshot":
        expected -= {DEFINITION.encode()}  # a new file's CRDs stay as they are: the words say what is left
    assert changed == expected
    if kind == "snapshot" and case.finding == "crd-idle-version":
        return
    assert named(setting.check(case.true), case.finding) == set()
    if case.advice.verb == "delete":
        copy = commands[-1][commands[-1].index("--keep") + 1]
        into = ["--output", str(setting.folder / "back.db")] if kind == "snapshot" else []
        assert setting.run("restore", "--from", copy, "--yes", *into).code in (0, 3)
        assert setting.stored(into[-1] if into else location) == before


def words_at(finding: dict[str, Any]) -> list[str]:
    """What is said at the keys of a finding, and its commands."""
    return [finding["command"], *(place["detail"] for place in finding["keys"])]


def carry_out(
    case: Case, words: list[str], location: str, number: int, setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Run one advised command as an operator would, consent given; the store to go on with."""
    if words[0] == "etcdctl":
        if location == setting.server.endpoint:
            setting.etcdctl(*words[1:])
        return location
    assert words[0] == "kstore"
    arguments = [word if word != "FILE" else str(setting.folder / "encrypted.json") for word in words[1:]]
    if words[-1] == "FILE":
        from .matrix import encryption

        (setting.folder / "encrypted.json").write_text(encryption("old"))
    writes = words[1] in CONSENTS and not any(word.startswith("--dry-run") for word in words)
    is_file = location != setting.server.endpoint
    if words[1] == "edit":
        assert isinstance(case.advice, Mended)
        old, new = case.advice.typed
        monkeypatch.setenv("KUBE_EDITOR", f"sed -i 's/{old}/{new}/'")
    if writes:
        arguments.append("--yes")
        if is_file and words[1] in ("migrate", "encrypt"):
            arguments += ["--output", str(setting.folder / f"{number}.db")]
    ran = setting.run(*arguments)
    fine = {"check": (0, 5), "history": (0, 3)}.get(words[1], (0,))  # found something; shows what it cannot read
    assert ran.code in fine, (words, ran.err, ran.text)
    if writes and is_file:
        location = arguments[arguments.index("--output") + 1]
        monkeypatch.setenv("KSTORE_STORE", location)
    return location


@pytest.mark.parametrize(("case", "store"), NEAR_MISSES)
def test_near_misses(case: Case, store: Store, setting: Setting, installed: Callable[[str], None]) -> None:
    """It is not found, and nothing that is found has advice that loses a key unasked."""
    if store.plugin:
        installed(store.plugin)
    setting.fill(store)
    findings = setting.check(store)
    assert case.finding not in {one["id"] for one in findings}
    for one in findings:
        assert_careful(words_of(one["command"]) if one["command"] else [])


def test_a_lease_that_has_gone(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A running etcd deletes the keys of a lease with it: only in a copy can the key outlive its lease.

    Silent: a key on a lease that is there, a key on none, in etcd and in the export.
    """
    setting.fill(Store())
    lease = int(setting.request("lease/grant", TTL="3600", ID="0")["ID"])
    key = b"/registry/masterleases/10.0.0.1"
    with open_source(setting.server.endpoint) as source:
        assert isinstance(source, WritableSource)
        value = b'{"kind":"Endpoints","apiVersion":"v1","metadata":{"name":"10.0.0.1"}}'
        assert source.commit([Put(key, value, 0, lease)]).succeeded
    assert setting.check(Store()) == []
    assert setting.run("export", "copy").code == 0
    monkeypatch.setenv("KSTORE_STORE", "copy")
    assert setting.check(Store()) == []
    header = setting.folder / "copy" / HEADER
    document = json.loads(header.read_text())
    assert [int(one) for one in document["leases"]] == [lease]
    header.write_text(json.dumps({**document, "leases": {str(lease + 1): 60}}))
    (finding,) = setting.check(Store())
    assert (finding["id"], [place["key"] for place in finding["keys"]]) == ("lease-gone", [key.decode()])
    assert f"lease {lease:x}" in finding["keys"][0]["detail"]
    assert "the next write through the API" in finding["hint"]
    (command,) = words_of(finding["command"])
    assert setting.run(*command[1:]).code == 0
    monkeypatch.setenv("KSTORE_STORE", setting.server.endpoint)
    setting.request("lease/revoke", ID=str(lease))


def test_every_finding_is_here() -> None:
    """Each check has a case, and each case at least two near misses; two have tests of their own."""
    apart = {"lease-gone", "plugin-failed"}  # see tests/cli/test_plugins.py
    assert {case.finding for case in MATRIX} | apart == {check.rule.id for check in CHECKS}
    assert all(len(case.near_misses) >= 2 for case in MATRIX)
