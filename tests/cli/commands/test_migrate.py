"""
`kstore migrate`: what its command line means, on the demo store.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
from pathlib import Path

import pytest
from tools.cluster import write_kubeconfig

from kstore.cli import prove
from kstore.source.location.demo import unpacked

from ..conftest import Kstore


@pytest.fixture
def journal(demo: Kstore, tmp_path: Path) -> Path:
    """The journal of a migration of the demo store."""
    assert demo("migrate", "--to", "apps/v1", "--yes", "--output", str(tmp_path / "new.db")).code == 0
    return tmp_path / "new.db.journal"


@pytest.mark.large
@pytest.mark.parametrize("order", [["--dry-run", "deployments"], ["deployments", "--dry-run"]])
def test_a_dry_run_takes_a_resource_beside_it(demo: Kstore, order: list[str]) -> None:
    """What stands after --dry-run is a resource, not its value."""
    ran = demo("migrate", "--to", "apps/v1", *order)
    assert ran.code == 0
    assert "Deployment" in ran.text
    assert "StatefulSet" not in ran.text
    assert demo("migrate", "--to", "apps/v1", "--dry-run", "diff").code == 2
    assert "apiVersion" in demo("migrate", "--dry-run=diff", "--to", "apps/v1").text


@pytest.mark.large
@pytest.mark.parametrize(
    "options", [["--store", "demo"], ["--store=demo"], ["--no-color"], ["--release", "1.37", "--traceback"]]
)
def test_options_of_the_store_before_the_second_command(kstore: Kstore, journal: Path, options: list[str]) -> None:
    """`kstore migrate OPTIONS verify JOURNAL` is a verification, and what the migration wrote is what is read."""
    ran = kstore("migrate", *options, "verify", str(journal))
    assert (ran.code, ran.err) == (0, "")
    assert "all are as planned" in ran.text


def test_the_name_of_a_command_as_a_value(demo: Kstore) -> None:
    """A namespace may be called status."""
    ran = demo("migrate", "-n", "status", "--to", "apps/v1", "--dry-run")
    assert (ran.code, ran.text) == (0, "Nothing in the store is concerned.\n")


@pytest.mark.large
def test_what_a_saved_plan_cannot_be_told(demo: Kstore, tmp_path: Path) -> None:
    """A plan is kept by a dry run only, and says itself what is migrated."""
    plan, output = tmp_path / "plan", tmp_path / "new.db"
    write = ("--yes", "--output", str(output))
    assert demo("migrate", "--to", "apps/v1", "--save-plan", str(plan), *write).code == 2
    assert not plan.exists()
    assert not output.exists()
    assert demo("migrate", "--to", "apps/v1", "--save-plan", str(plan), "--dry-run").code == 0
    for more in (["--to", "apps/v1"], ["--to-release", "1.37"], ["deployments"], ["-n", "shop"]):
        ran = demo("migrate", "--plan", str(plan), *more, *write)
        assert (ran.code, output.exists()) == (2, False)
        assert "a saved plan says itself" in ran.err
    assert demo("migrate", "--plan", str(plan), *write).code == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello\n", "no saved plan"),
        ("[1]\n", "no saved plan"),
        ("1\n", "no saved plan"),
        ("", "no saved plan"),
        ('{"format": "kstore-plan", "version": 3}\n', "the plan is of version 3"),
        ('{"format": "kstore-plan", "version": "2"}\n', "the plan is of version 2"),
        ('{"format": "kstore-plan", "version": 2, "request": {"release": 5}}\n', "`release` in its `request`"),
        ('{"format": "kstore-plan", "version": 2, "request": {"release": "1.37", "to": [1]}}\n', "`to` in its"),
        ('{"format": "kstore-plan", "version": 1}\n', "the first line does not say what was asked for"),
    ],
)
def test_what_is_no_saved_plan(demo: Kstore, tmp_path: Path, text: str, words: str) -> None:
    """Another file, and a plan of another kstore, are named as such."""
    plan = tmp_path / "plan"
    plan.write_text(text)
    ran = demo("migrate", "--plan", str(plan), "--dry-run")
    assert ran.code == 1
    assert words in ran.err
    assert "unexpected" not in ran.err


# ---- saved plans


@pytest.fixture(scope="module")
def saved(demo: Kstore, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A plan of the demo store."""
    path = tmp_path_factory.mktemp("plan") / "plan"
    assert demo("migrate", "--to", "apps/v1", "--dry-run", "--save-plan", str(path)).code == 0
    return path.read_bytes()


def test_a_plan_that_was_cut(demo: Kstore, tmp_path: Path, saved: bytes) -> None:
    """A plan is applied whole, or not at all: cut between two lines, within one, with a line less, or changed."""
    plan, output = tmp_path / "plan", tmp_path / "new.db"
    lines = saved.splitlines(keepends=True)
    apply = ("migrate", "--plan", str(plan), "--yes", "--output", str(output))
    for content, words in (
        (b"".join(lines[:-1]), "it has no end mark: it breaks off after"),
        (b"".join(lines[:3]), "it breaks off after 2 changes"),
        (lines[0], "it breaks off after 0 changes"),
        (saved[: len(saved) // 2], "is not as a plan has it: it is not JSON"),
        (saved[:-40], "is not as a plan has it: it is not JSON"),
        (b"".join(lines[:2] + lines[3:]), "changes, "),
        (saved.replace(b'"modRevision": ', b'"modRevision": 1', 1), "the SHA-256 in the end mark is another"),
        (saved + lines[1], "stands behind the end mark"),
        (b"".join([*lines[:2], *lines[1:]]), "names a key that an earlier line names"),
    ):
        plan.write_bytes(content)
        ran = demo(*apply)
        assert (ran.code, words in ran.err, output.exists()) == (1, True, False), ran.err
        assert str(plan) in ran.err
    plan.write_bytes(saved)
    assert demo(*apply).code == 0
    assert demo("migrate", "verify", str(output)).code == 0


def test_a_plan_that_was_edited_on_purpose(demo: Kstore, tmp_path: Path, saved: bytes) -> None:
    """Who says so applies what is left of it: with the end mark that it had, or without; a torn line is still one."""
    lines = saved.splitlines(keepends=True)
    plan = tmp_path / "plan"
    for number, content in enumerate((b"".join(lines[:3]), b"".join([*lines[:3], lines[-1]]))):
        plan.write_bytes(content)
        output = tmp_path / f"{number}.db"
        ran = demo("migrate", "--plan", str(plan), "--edited-plan", "--yes", "-o", "json", "--output", str(output))
        assert (ran.code, ran.json["changes"]) == (0, 2)
        assert demo("migrate", "verify", str(output)).code == 0
    plan.write_bytes(saved[:-5])
    assert demo("migrate", "--plan", str(plan), "--edited-plan", "--dry-run").code == 1
    assert demo("migrate", "--edited-plan", "--to", "apps/v1", "--dry-run").code == 2


def test_a_plan_of_before_there_were_end_marks(demo: Kstore, tmp_path: Path, saved: bytes) -> None:
    """It is known, and whether it is whole is not: somebody has to say so."""
    plan = tmp_path / "plan"
    lines = saved.splitlines(keepends=True)
    plan.write_bytes(b"".join([lines[0].replace(b'"version": 2', b'"version": 1'), *lines[1:-1]]))
    assert "no end mark" in demo("migrate", "--plan", str(plan), "--dry-run").err
    assert demo("migrate", "--plan", str(plan), "--edited-plan", "--dry-run").code == 0


def test_lines_of_a_plan_of_another_shape(demo: Kstore, tmp_path: Path, saved: bytes) -> None:
    """A change without a member, or with one of another kind, is an error that names file, line and member."""
    plan = tmp_path / "plan"
    lines = saved.splitlines(keepends=True)
    change = json.loads(lines[1])
    spoiled = [{name: value for name, value in change.items() if name != left} for left in _NEEDED]
    spoiled += [{**change, name: value} for name in _NEEDED for value in (None, [1], {}, True)]
    spoiled += [{**change, "key": "%%%"}, {**change, "modRevision": "5"}, {**change, "afterSHA256": 5}]
    for number, members in enumerate(spoiled):
        text = json.dumps(members).encode() + b"\n"
        plan.write_bytes(b"".join([lines[0], text, *lines[2:]]))
        ran = demo("migrate", "--plan", str(plan), *(["--edited-plan"] if number % 2 else []), "--dry-run")
        assert (ran.code, "line 2 is not as a plan has it" in ran.err, str(plan) in ran.err) == (1, True, True), ran.err
    for end in ({"end": "2", "sha256": "0"}, {"end": 2}, {"end": None}):
        plan.write_bytes(b"".join([*lines[:2], json.dumps(end).encode()]))
        assert "line 3 is not as a plan has it" in demo("migrate", "--plan", str(plan), "--dry-run").err


_NEEDED = ("key", "modRevision", "afterSHA256")


def test_what_a_plan_names_and_is_gone(demo: Kstore, tmp_path: Path, saved: bytes) -> None:
    """An object that is not in the store any more is said to be skipped, never passed over."""
    plan = tmp_path / "plan"
    lines = saved.splitlines(keepends=True)
    gone = json.loads(lines[1]) | {"key": base64.b64encode(b"/registry/pods/default/gone").decode()}
    plan.write_bytes(b"".join([*lines[:2], json.dumps(gone).encode() + b"\n", *lines[2:]]))
    ran = demo("migrate", "--plan", str(plan), "--edited-plan", "--dry-run", "-o", "json")
    assert ran.code == 3
    assert [(one["key"], one["code"]) for one in ran.json["skippedObjects"]] == [
        ("/registry/pods/default/gone", "not-found")
    ]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("option", ["--plan", "resume", "verify", "rollback", "status"])
def test_a_plan_or_journal_that_is_no_file(demo: Kstore, tmp_path: Path, option: str) -> None:
    """A named pipe, a device, a directory: refused at once, by name."""
    os.mkfifo(tmp_path / "pipe")
    for path, what in ((tmp_path / "pipe", "a named pipe"), (Path("/dev/zero"), "a device"), (tmp_path, "a directory")):
        arguments = [option, str(path), "--dry-run"] if option == "--plan" else [option, str(path)]
        ran = demo("migrate", *arguments)
        assert (ran.code, what in ran.err, str(path) in ran.err) == (1, True, True), ran.err


# ---- a migration of a file that did not come to its end


def test_a_journal_of_an_output_that_never_came(demo: Kstore, journal: Path, tmp_path: Path) -> None:
    """Killed between the two names: verify says that the database is missing, and the same command works again."""
    output = tmp_path / "new.db"
    output.unlink()
    ran = demo("migrate", "verify", str(journal))
    assert (ran.code, "(missing)" in ran.text) == (5, True)
    ran = demo("migrate", "resume", str(journal))
    assert (ran.code, "run the same command again" in ran.err) == (2, True)
    assert demo("migrate", "--to", "apps/v1", "--yes", "--output", str(output)).code == 0
    ran = demo("migrate", "verify", str(output))
    assert (ran.code, "the journal is whole and finished" in ran.text) == (0, True)
    ran = demo("migrate", "resume", str(journal))
    assert (ran.code, "kstore migrate verify" in ran.err) == (2, True)


def test_a_journal_that_is_another(demo: Kstore, journal: Path, tmp_path: Path) -> None:
    """A file of the journal's name that tells of something else is never written over."""
    other = tmp_path / "other.db"
    before = journal.read_bytes()
    ran = demo("migrate", "--to", "apps/v1", "--yes", "--output", str(other), "--journal", str(journal))
    assert (ran.code, "--journal names another" in ran.err) == (1, True)
    text = tmp_path / "other.db.journal"
    text.write_text("my notes\n")
    assert demo("migrate", "--to", "apps/v1", "--yes", "--output", str(other)).code == 1
    assert (journal.read_bytes(), text.read_text(), other.exists()) == (before, "my notes\n", False)


@pytest.mark.large
@pytest.mark.parametrize("kept", [1, 2, -1])
def test_an_offline_journal_that_was_cut(demo: Kstore, journal: Path, kept: int) -> None:
    """The journal of a new database, too, is whole and finished, or found not to be."""
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:kept]))
    ran = demo("migrate", "verify", str(journal), "-o", "json")
    assert ran.code == 5
    assert (str(journal), "unfinished") in [(one["key"], one["code"]) for one in ran.json["objects_found"]]


def test_what_others_have_left_behind(demo: Kstore, tmp_path: Path) -> None:
    """An unfinished journal has no name yet: who asks for it is told what it is."""
    (tmp_path / ".new.db.journal.unfinished").write_text("half")
    for name in ("new.db", "new.db.journal"):
        ran = demo("migrate", "resume", str(tmp_path / name))
        assert (ran.code, "run the same command again" in ran.err) == (1, True)
    assert demo("migrate", "--to", "apps/v1", "--yes", "--output", str(tmp_path / "new.db")).code == 0
    assert sorted(path.name for path in tmp_path.glob("*new*")) == ["new.db", "new.db.journal"]


@pytest.mark.parametrize(
    "more",
    [
        ("--to", "apps/v1"), ("--to-release", "1.37"), ("--dry-run",), ("--output", "new.db"), ("--force",),
        ("--drop-unknown-fields",), ("--service-family", "IPv6"), ("--plan", "x.plan"),
    ],
)  # fmt: skip
def test_a_proof_has_no_target(demo: Kstore, more: tuple[str, ...]) -> None:
    """The server says itself what it would change: what aims or writes is refused beside --prove."""
    ran = demo("migrate", "--prove", "none", *more)
    assert (ran.code, ran.out) == (2, b"")
    assert "--prove" in ran.err


def test_a_proof_needs_a_server_and_its_etcd(demo: Kstore, tmp_path: Path) -> None:
    """A kubeconfig that is none is the user's mistake; a server that does not answer fails."""
    assert demo("migrate", "--prove", str(tmp_path / "none")).code == 2
    path = write_kubeconfig(tmp_path / "kubeconfig", port=1)
    assert demo("migrate", "--prove", str(path)).code == 1


APISERVER = """\
apiVersion: v1
kind: Pod
spec:
  containers:
  - image: registry.k8s.io/kube-apiserver:v1.37.2
    command: [kube-apiserver, --etcd-servers=x, --service-cluster-ip-range=fd00::/108, FLAGS]
"""


@pytest.mark.large
def test_a_target_like_a_server_s_manifest(demo: Kstore, tmp_path: Path) -> None:
    """Release, encoding and family come from the static Pod; the journal has them, and nothing says them twice."""
    manifest, output = tmp_path / "pod.yaml", tmp_path / "new.db"
    manifest.write_text(APISERVER.replace("FLAGS", '--storage-media-type=application/json, "--emulated-version=1.34"'))
    ran = demo("migrate", "--like", str(manifest), "--yes", "--output", str(output), "-o", "json")
    assert ran.code == 3
    status = demo("migrate", "status", f"{output}.journal", "-o", "json").json["request"]
    assert (status["release"], status["to_release"], status["service_family"]) == ("1.37", "v1.37.2", "IPv6")
    assert status["server_flags"] == [
        "--emulated-version=1.34", "--storage-media-type=json", "--runtime-config=",
    ]  # fmt: skip
    refused = demo("migrate", "resume", f"{output}.journal", "--emulated-version", "1.36")
    assert (refused.code, refused.out) == (2, b"")
    given = ("--release", "1.37", "--emulated-version", "1.33")
    assert demo("ls", "pods", *given).code == 2


def test_flags_of_a_server_decide_what_is_written(demo: Kstore) -> None:
    """A Deployment's bytes are JSON where the server's flag says so; a StatefulSet's defaults follow the gate."""
    value = demo("encode", stdin=b'{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"a"},"spec":'
                                  b'{"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{}}}}').out  # fmt: skip
    plain = demo("convert", "--storage-media-type", "json", stdin=value).out
    assert b'"maxUnavailable":1' in plain
    gate = ("--feature-gates", "MaxUnavailableStatefulSet=false", "--storage-media-type", "application/json")
    assert b"maxUnavailable" not in demo("convert", *gate, stdin=value).out
    older = ("--emulated-version", "1.34", "--storage-media-type", "application/json")
    assert b"maxUnavailable" not in demo("convert", *older, stdin=value).out


@pytest.mark.large
@pytest.mark.parametrize(("deleted", "said", "code"), [(False, 0, 0), (False, 3, 3), (True, 0, 5), (True, 3, 5)])
def test_what_verify_found_stays_found(
    deleted: bool, said: int, code: int, demo: Kstore, kstore: Kstore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a server says of the objects that are there, one that is not as the journal has it is found."""
    output = tmp_path / "new.db"
    assert demo("migrate", "cronjobs", "--to-release", "1.37", "--yes", "--output", str(output)).code == 0
    if deleted:
        shutil.copy(unpacked(), output)
    monkeypatch.setattr(prove, "prove_journal", lambda *_: (None, []))
    monkeypatch.setattr(prove, "exit_code", lambda _: said)
    assert kstore("migrate", "verify", str(output), "--server", "admin.conf").code == code
