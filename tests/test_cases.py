"""
The cases that lie beside the checkout (`../shared/cases`): each row of what was wrong once gives what its row says.

The kinds of fault that the rows stand for have tests of their own, with inputs of their own; here it is the very case.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Kstore
from tests.cli.conftest import kstore as kstore
from tests.cli.pasted import words_of
from tests.cli.test_terminal import assert_steers_nothing, on_terminal
from tests.customresource.test_webhook import MIGRATE, refuses, stored_versions
from tests.customresource.test_webhook import certificate as certificate
from tests.customresource.test_webhook import harbour as harbour
from tests.customresource.test_webhook import serve as serve
from tools.cluster import Etcd, find_etcd, free_port
from tools.kms_plugin import KmsPlugin

from kstore.customresource.unstructured import write
from kstore.records import Put
from kstore.source.interface import WritableSource
from kstore.source.location.address import open_source


@pytest.fixture(scope="session")
def files(shared: Path) -> Path:
    """The folder of the inputs."""
    folder = shared / "cases" / "files"
    if not folder.is_dir():
        pytest.skip(f"no cases at {folder}")
    return folder


@pytest.fixture
def live(shared: Path, etcd_binary: Path, tmp_path: Path) -> Callable[[str], str]:
    """Run one of the scripts, which start an etcd of their own; what it prints."""

    def run(name: str) -> str:
        script = shared / "cases" / "live" / f"{name}.sh"
        if not script.is_file():
            pytest.skip(f"there is no {script}")
        tools = tmp_path / "bin"
        tools.mkdir()
        (tools / "kstore").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kstore "$@"\n')
        (tools / "kstore").chmod(0o755)
        path = os.pathsep.join((str(tools), str(etcd_binary.parent), str(find_etcd("etcdctl").parent)))
        environment = {
            **os.environ, "PATH": f"{path}{os.pathsep}{os.environ['PATH']}", "KSTORE": str(tools / "kstore"),
            "P": str(free_port()), "XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path), "COLUMNS": "500",
        }  # fmt: skip
        environment.pop("KSTORE_STORE", None)
        done = subprocess.run(
            ["bash", str(script)],
            env=environment,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=250,
            check=False,
        )
        return done.stdout

    return run


def findings(kstore: Kstore, store: object, *options: str) -> dict[str, list[dict[str, Any]]]:
    """What `check` finds, by id; none of it is advice to delete what is in use."""
    ran = kstore("--store", str(store), "check", "-o", "json", *options)
    assert ran.code in (0, 5), ran.err
    found: dict[str, list[dict[str, Any]]] = {}
    for one in ran.json["findings"]:
        found.setdefault(one["id"], []).append(one)
    return found


def keys(found: list[dict[str, Any]]) -> set[str]:
    """The keys that findings name."""
    return {place["key"] for one in found for place in one["keys"]}


def deletions(found: dict[str, list[dict[str, Any]]]) -> set[str]:
    """The keys that are advised to be deleted."""
    commands = [
        words for rows in found.values() for one in rows if one["command"] for words in words_of(one["command"])
    ]
    return {words[2] for words in commands if words[1] == "delete"}


def put(endpoint: str, values: dict[str, bytes], lease: int = 0) -> None:
    """Write into an etcd."""
    with open_source(endpoint) as source:
        assert isinstance(source, WritableSource)
        for key, value in values.items():
            assert source.commit([Put(key.encode(), value, 0, lease)]).succeeded


# ---- advice: selections


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("ls", "/", "--stored-version", "rbac*/v1beta1", "-o", "keys"), 1),
        (("ls", "deploy", "-l", "app=frontend", "-o", "keys"), 1),
        (("ls", "-n", "shop", "-o", "keys"), 26),
        (("ls", "-n", "shop", "-o", "name"), 26),
        (("ls", "-l", "app=frontend", "-o", "keys"), 1),
    ],
)
def test_a_selection_is_honoured(shared: Path, kstore: Kstore, words: tuple[str, ...], count: int) -> None:
    """Not all 264 keys of the demo store."""
    assert len(kstore("--store", "demo", *words).text.splitlines()) == count


@pytest.mark.parametrize("words", [("check",), ("ls",)])
def test_nothing_below_the_prefix(shared: Path, kstore: Kstore, words: tuple[str, ...]) -> None:
    """It is said where objects are instead; none of them is left behind."""
    ran = kstore("--store", "demo", "--etcd-prefix", "/foo", *words)
    assert (ran.code, ran.out) == (2, b"")
    assert "nothing is stored below /foo" in ran.err
    assert "/registry" in ran.err


# ---- advice: what is the cluster's own


def test_foreign_keys(files: Path, kstore: Kstore) -> None:
    """Others' keys are one note without a command, and nowhere else."""
    found = findings(kstore, files / "mixed-keys.db")
    (note,) = found.pop("foreign-keys")
    assert (note["severity"], note["command"]) == ("note", "")
    assert {"/calico", "/coreos.com"} <= keys([note])
    assert all(key.startswith("/registry/") for rows in found.values() for key in keys(rows))
    assert all(key.startswith("/registry/") for key in deletions(found))


def test_three_tenants(files: Path, kstore: Kstore, tmp_path: Path) -> None:
    """Without a prefix they are listed; with one there is no other."""
    store = str(files / "three-tenants.db")
    for command in (["ls"], ["check"], ["analyze"], ["report"], ["export", str(tmp_path / "all")]):
        ran = kstore("--store", store, *command)
        assert ran.code == 2, command
        assert all(f"/tenant-{one}" in ran.err for one in "abc")
    ran = kstore("--store", store, "--etcd-prefix", "/tenant-b", "ls", "/", "-o", "keys")
    assert ran.code == 0
    assert ran.text.splitlines()
    assert all(key.startswith("/tenant-b/") for key in ran.text.splitlines())


@pytest.mark.slow
@pytest.mark.etcd
def test_two_tenants_live(live: Callable[[str], str]) -> None:
    """Nothing of one shows in, or is exported with, the other."""
    said = live("tenants")
    assert "below /default_tenant-00, /default_tenant-01, /registry" in said
    assert "nothing found" in said.partition("== check of tenant-00")[2].partition("==")[0]
    exported = said.partition("== export of tenant-00 holds:")[2]
    assert exported.count("/default_tenant-00/") == 2
    assert "tenant-01" not in exported


@pytest.mark.large
@pytest.mark.etcd
def test_an_events_etcd(live: Callable[[str], str], shared: Path, kstore: Kstore) -> None:
    """A store without Namespaces cannot tell which there are."""
    said = live("9-events-etcd")
    assert "nothing found" in said
    assert "delete" not in said
    assert "no-namespace" not in findings(kstore, shared / "snapshots" / "wardle.db.zst")


@pytest.mark.slow
@pytest.mark.etcd
def test_owners(live: Callable[[str], str]) -> None:
    """One living owner of two, and one that another server keeps: the garbage collector keeps both."""
    said = live("4-owner-gone")
    assert "owner-gone" not in said
    assert "served-elsewhere" in said


# ---- advice: what a server can read


@pytest.mark.slow
@pytest.mark.etcd
def test_undecodable(live: Callable[[str], str]) -> None:
    """What the server answers 500 for, with the very field; what it serves is no error."""
    said = live("8-undecodable").partition("(real server")[0]
    assert all(f"/default/{one}:" in said for one in ("big", "embed", "meta"))
    assert not any(f"/default/{one}" in said for one in ("dup", "utf8", "deep"))
    assert "embed: a string ('text') where an object was expected in spec.e.metadata" in said
    assert "meta: a string ('text') where an object was expected in metadata" in said


@pytest.mark.slow
@pytest.mark.etcd
def test_unknown_kinds(live: Callable[[str], str]) -> None:
    """Each of the four lists fails."""
    said = live("3-unknown-kinds-json")
    assert said.count("every list of") == 4
    assert "check rc=5" in said
    assert "delete" not in said


PEN = {"apiVersion": "c.lab/v1", "kind": "Pen", "metadata": {"name": "a", "namespace": "default", "uid": "u"}}
PENS: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "pens.c.lab"},
    "spec": {
        "group": "c.lab", "scope": "Namespaced",
        "names": {"plural": "pens", "singular": "pen", "kind": "Pen", "listKind": "PenList"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
            "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}],
    },
    "status": {"storedVersions": ["v1"], "acceptedNames": {"plural": "pens", "kind": "Pen"}, "conditions": []},
}  # fmt: skip


@pytest.mark.etcd
def test_cbor(shared: Path, etcd_server: Etcd, kstore: Kstore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release that cannot read it: found; written as JSON, by the encoding or by the release that is named."""
    monkeypatch.chdir(tmp_path)
    definition = "/registry/apiextensions.k8s.io/customresourcedefinitions/pens.c.lab"
    stored = write(PEN, "cbor")
    assert stored.startswith(bytes.fromhex("d9d9f7"))
    put(etcd_server.endpoint, {definition: json.dumps(PENS).encode(), "/registry/c.lab/pens/default/a": stored})
    (found,) = findings(
        kstore, etcd_server.endpoint, "--target-release", "1.29", "--only", "unknown-to-target"
    ).values()
    assert keys(found) == {"/registry/c.lab/pens/default/a"}
    for options in (("--media-type", "json", "--dry-run=diff"), ("--yes",)):
        ran = kstore("--store", etcd_server.endpoint, "migrate", "pens", "--to-release", "1.29", *options, "-o", "json")
        assert (ran.code, ran.json["changes"]) == (0, 1)
    read = kstore("--store", etcd_server.endpoint, "get", "/registry/c.lab/pens/default/a", "-o", "raw")
    assert json.loads(read.out)["kind"] == "Pen"


@pytest.mark.slow
@pytest.mark.etcd
def test_a_version_that_left_its_crd(live: Callable[[str], str]) -> None:
    """What is advised works (the matrix of findings runs it); the old way and edit name it."""
    said = live("7-version-gone-from-the-crd")
    advised = "kstore migrate gones.gone.lab --to gone.lab/v2 --assume-version gone.lab/v2"
    assert said.count(advised) >= 3
    assert "--assume-version" in said.partition("rc=3")[2]


@pytest.mark.slow
@pytest.mark.etcd
def test_dra_alpha(live: Callable[[str], str]) -> None:
    """By way of 1.33 everything stays; nobody is pointed at the option that empties the claim."""
    said = live("10-dra-alpha")
    assert "release 1.33 converts it whole" in said
    assert "--to-release 1.33 first, then --to-release 1.37" in said
    assert "--drop-unknown-fields" not in said
    last = said.splitlines()[-1]
    assert last.startswith("resource.k8s.io/v1 ")
    assert '"deviceClassName":"g"' in last


# ---- advice: keys, space, damage


def test_an_old_key_of_kms(
    shared: Path, etcd_binary: Path, start_etcd: Callable[..., Etcd], kstore: Kstore, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The plugin's Status says k2, a Secret is under k1: found, as `encrypt --dry-run` would change it."""
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "kms.yaml"
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "d", "uid": "1"}}
    with KmsPlugin(tmp_path / "kms.sock", key_id="k1", keys={"k1"}) as plugin:
        provider = {"kms": {"apiVersion": "v2", "name": "kms", "endpoint": plugin.endpoint}}
        head = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration"}
        config.write_text(
            json.dumps({**head, "resources": [{"resources": ["secrets"], "providers": [provider, {"identity": {}}]}]})
        )
        endpoint = start_etcd().endpoint
        put(endpoint, {"/registry/secrets/d/s": json.dumps(secret).encode()})
        options = ("--store", endpoint, "--encryption-provider-config", str(config))
        assert kstore("encrypt", *options, "--yes").code == 0
        assert kstore("check", *options, "--only", "old-key").code == 0
        plugin.rotate("k2")
        ran = kstore("check", *options, "--only", "old-key", "-o", "json")
        assert ran.code == 5
        (found,) = ran.json["findings"]
        assert keys([found]) == {"/registry/secrets/d/s"}
        assert "k1" in found["subject"]
        assert kstore("encrypt", *options, "--dry-run", "-o", "json").json["changes"] == 1
        assert kstore("encrypt", *options, "--yes").code == 0
        plugin.keys.discard("k1")
        assert kstore("get", "secrets/d/s", *options, "-o", "name").code == 0


def test_a_corrupt_member(files: Path, kstore: Kstore) -> None:
    """It is replaced: nothing is disarmed, and it is no matter of space."""
    store = files / "corrupt-alarm.db"
    assert findings(kstore, store, "--only", "space") == {}
    ((found,),) = findings(kstore, store, "--only", "space,corrupt-member").values()
    assert "disarm" not in found["command"]
    assert "replace the one that differs" in found["hint"]


@pytest.mark.parametrize("command", ["analyze", "check", "crds", "report"])
def test_a_wrong_checksum(files: Path, kstore: Kstore, command: str) -> None:
    """What could be read, and the damage."""
    ran = kstore("--store", str(files / "wrong-sha.db"), "--salvage", command)
    assert ran.code == 3
    assert len(ran.text.splitlines()) > 0
    assert "damaged: the snapshot's SHA-256" in ran.err + ran.text


# ---- advice: small ones


def test_a_diff_stops_at_the_slash(files: Path, kstore: Kstore) -> None:
    """Neither shop2 nor shop-a."""
    ran = kstore("--store", str(files / "prefix.db.zst"), "diff", "@2", "@", "/registry/configmaps/shop", "-o", "jsonl")
    assert ran.code == 5
    assert len(ran.lines) == 3
    assert all(line["key"].startswith("/registry/configmaps/shop/") for line in ran.lines)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")
@pytest.mark.parametrize("words", [("get", "/registry/configmaps/d/esc", "-o", "describe"), ("check",)])
def test_no_escape_reaches_a_terminal(files: Path, words: tuple[str, ...]) -> None:
    """As kubectl's describe escapes them."""
    _, shown = on_terminal(*words, "--store", str(files / "escapes.db.zst"))
    assert_steers_nothing(shown)


@pytest.mark.parametrize("form", ["hex", "custom-columns=X:.data.api-key", "describe", "jsonpath={.data.api-key}"])
def test_a_secret_is_masked(shared: Path, kstore: Kstore, form: str) -> None:
    """Unless its values are asked for; a form for programs is exact in a pipe, as documented."""
    hidden = kstore("--store", "demo", "get", "secret/shop/payment-gateway", "-o", form).text
    shown = kstore("--store", "demo", "get", "secret/shop/payment-gateway", "-o", form, "--show-secrets").text
    assert (hidden == shown) is form.startswith("jsonpath") or form == "describe"


@pytest.mark.etcd
def test_a_webhook_that_refuses_one_of_four(
    shared: Path, harbour: Any, serve: Any, certificate: Any, kstore: Kstore
) -> None:
    """One is left, with the webhook's own words; the others are converted."""
    endpoint = harbour(serve(refuses(1)), certificate[1])
    ran = kstore("--store", endpoint, *MIGRATE, "--allow-webhooks")
    assert ran.code == 3
    assert stored_versions(endpoint) == ["v2", "v1", "v2", "v2"]
    assert (ran.err + ran.text).count("boat 1 has no mast") == 1


@pytest.mark.etcd
def test_a_lease_of_one_has_gone(shared: Path, etcd_server: Etcd, kstore: Kstore, tmp_path: Path) -> None:
    """Of two keys to restore, on a lease each: the one whose lease is left gets it, the other goes through without."""
    import urllib.request

    def lease(verb: str, **body: str) -> int:
        request = urllib.request.Request(f"{etcd_server.endpoint}/v3/lease/{verb}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(json.load(answer).get("ID", 0))

    first, second = (lease("grant", TTL="3600", ID="0") for _ in range(2))
    value = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "d"}}).encode()
    names = {"/registry/configmaps/d/a": first, "/registry/configmaps/d/b": second, "/registry/configmaps/d/c": second}
    for key, granted in names.items():
        put(etcd_server.endpoint, {key: value}, granted)
    backup = str(tmp_path / "backup")
    store = ("--store", etcd_server.endpoint)
    assert kstore("export", backup, *store, "--no-yaml").code == 0
    lease("revoke", ID=str(first))
    assert (
        kstore("delete", "/registry/configmaps/d", "--all", "--yes", "--keep", str(tmp_path / "kept"), *store).code == 0
    )
    assert kstore("restore", "configmaps", "--from", backup, "--yes", *store).code == 0
    with open_source(etcd_server.endpoint) as source:
        assert {record.key.decode(): record.lease for record in source.scan(b"/registry/")} == {
            **names, "/registry/configmaps/d/a": 0,
        }  # fmt: skip
    lease("revoke", ID=str(second))
