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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Kstore
from tests.cli.conftest import kstore as kstore
from tests.cli.pasted import words_of
from tests.examples.conftest import installed as installed
from tests.patience import COMMAND_TIMEOUT
from tools.cluster import Etcd, find_etcd

from kstore.catalog.releases import newest
from kstore.inspect.checks import CHECKS, run_checks
from kstore.inspect.survey import Survey
from kstore.printable import key_bytes
from kstore.records import Put
from kstore.scheme.scheme import Scheme
from kstore.source.export_directory import HEADER
from kstore.source.interface import StoreStatus, WritableSource
from kstore.source.location.address import open_source
from kstore.store import Store as ObjectStore
from kstore.testing import MemorySource

from .matrix import BAD, DEFINITION, DEPLOYMENT, MATRIX, SOUND, Case, Mended, Shown, Store, obj

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
        command = [str(find_etcd("etcdctl")), f"--endpoints={self.server.endpoint}", COMMAND_TIMEOUT, *arguments]
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
    monkeypatch.syspath_prepend(Path(__file__).parent)  # where the plugin `picky` is
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


@pytest.mark.slow
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
    assert {one["id"] for one in findings} == {case.finding} | case.besides, findings
    mine = [one for one in findings if one["id"] == case.finding]
    if not case.true.alarms:
        assert named(findings, case.finding) == case.found()
    commands = [words for one in mine for words in (words_of(one["command"]) if one["command"] else [])]
    assert_careful(commands)
    before = setting.stored(location)
    found = location
    for words in commands:
        found = carry_out(case, words, found, setting, monkeypatch)
    after = setting.stored(found)
    if isinstance(case.advice, Shown):
        assert case.advice.wording in " ".join([mine[0]["hint"], mine[0]["subject"], *words_at(mine[0])])
        assert after == before
        return
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    if kind == "snapshot" and not any(is_writing(words) for words in commands):
        assert case.advice.verb not in CONSENTS or "in the cluster" in mine[0]["hint"]
        assert changed == set()  # it is for the server that the file is from
        return
    expected = {key_bytes(key) for key in case.advice.changed}
    if kind == "snapshot":
        if case.advice.verb == "migrate":
            expected -= {DEFINITION.encode()}  # a new file's CRDs say what they did: the words tell what is left
        assert_stored_otherwise(setting, location, found, changed - expected)
        changed &= expected
    assert changed == expected
    monkeypatch.setenv("KSTORE_STORE", found)
    assert named(setting.check(case.true), case.finding) == set()
    if case.advice.verb == "delete":
        copy = commands[-1][commands[-1].index("--keep") + 1]
        into = ["--output", str(setting.folder / "back.db")] if kind == "snapshot" else []
        assert setting.run("restore", "--from", copy, "--yes", *into).code in (0, 3)
        assert setting.stored(into[-1] if into else location) == before


def is_writing(words: list[str]) -> bool:
    """Whether a command changes a store."""
    return words[0] == "kstore" and words[1] in CONSENTS and not any(word.startswith("--dry-run") for word in words)


def assert_stored_otherwise(setting: Setting, old: str, new: str, keys: set[bytes]) -> None:
    """One migration of a file is of all resources: what else it wrote says the same in another encoding."""
    if keys:
        ran = setting.run("diff", old, new, "-o", "jsonl")
        assert {line["change"] for line in ran.lines if line["key"].encode() in keys} <= {"stored-otherwise"}


def words_at(finding: dict[str, Any]) -> list[str]:
    """What is said at the keys of a finding, and its commands."""
    return [finding["command"], *(place["detail"] for place in finding["keys"])]


def carry_out(case: Case, words: list[str], location: str, setting: Setting, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run one advised command as it is pasted, consent given; where the store is by now."""
    if words[0] == "etcdctl":
        if location == setting.server.endpoint:
            setting.etcdctl(*words[1:])
        return location
    assert words[0] == "kstore"
    arguments = [word if word != "FILE" else str(setting.folder / "encrypted.json") for word in words[1:]]
    if "FILE" in words:
        from .matrix import encryption

        (setting.folder / "encrypted.json").write_text(encryption("old"))
    if words[1] == "edit":
        assert isinstance(case.advice, Mended)
        old, new = case.advice.typed
        monkeypatch.setenv("KUBE_EDITOR", f"sed -i 's/{old}/{new}/'")
    ran = setting.run(*arguments, *(["--yes"] if is_writing(words) else []))
    # found something; shows what it cannot read
    fine = {"check": (0, 5), "history": (0, 3), "plugin": (0, 5)}.get(words[1], (0,))
    assert ran.code in fine, (words, ran.err, ran.text)
    if is_writing(words) and location != setting.server.endpoint:
        return str(setting.folder / arguments[arguments.index("--output") + 1])
    return location


@pytest.mark.slow
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


class Filled(MemorySource):
    """A store of which the database takes so much of its quota, in per cent."""

    share = 0

    def status(self) -> StoreStatus:
        """As etcd tells it from 3.6 on."""
        return replace(super().status(), size=self.share, quota=100)


@pytest.mark.parametrize(("share", "found"), [(79, False), (80, False), (81, True), (100, True)])
def test_a_database_near_its_quota(share: int, found: bool) -> None:
    """Above four fifths of the quota it is found, with the way to make room and to give more."""
    source = Filled()
    source.share = share
    survey = Survey(ObjectStore(source, Scheme(newest())), newest())
    findings = run_checks(survey, [check for check in CHECKS if check.rule.id == "space"])
    assert bool(findings) is found
    for one in findings:
        assert one.subject == f"{share}% of the quota"
        assert [words[1] for words in one.advice] == ["analyze", "compact", "defrag"]
        assert "--quota-backend-bytes" in one.words


def test_a_store_that_is_only_read(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an export nothing is advised that cannot be done there; the words say where it can."""
    old = obj("apps/v1beta1", "Deployment")
    setting.fill(Store({BAD: b"k8s\0\x0a\xff", DEPLOYMENT: old}))
    assert setting.run("export", "copy", "--no-yaml").code == 3
    monkeypatch.setenv("KSTORE_STORE", "copy")
    found = setting.check(Store(), "--only", "undecodable,removed-version")
    assert {one["id"] for one in found} == {"undecodable", "removed-version"}
    for one in found:
        assert "only read" in one["hint"]
        for words in words_of(one["command"]) if one["command"] else []:
            assert not is_writing(words)
            assert setting.run(*words[1:]).code in (0, 3), words


def test_every_finding_is_here() -> None:
    """Each check has a case, and each case at least two near misses; one has a test of its own."""
    apart = {"lease-gone"}
    assert {case.finding for case in MATRIX} | apart == {check.rule.id for check in CHECKS}
    assert all(len(case.near_misses) >= 2 for case in MATRIX)
