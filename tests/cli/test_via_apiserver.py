"""
`migrate` with an apiserver at hand, which is a fake, before a store in memory: what is refused, sent and said.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.cli.conftest import Command, CommandOn
from tests.migrate.conftest import FaultySource, codec, deployment, key
from tests.migrate.test_stored_versions import HIVES, bees, hive
from tests.migrate.test_via_apiserver import DISCOVERY, Fake, fake, item, path
from tools.cluster import write_kubeconfig

from kstore.cli import via_apiserver
from kstore.cli.exit_codes import ExitCode
from kstore.codec import StorageCodec
from kstore.migrate.apiserver import Apiserver, storage_version_hash
from kstore.migrate.via_apiserver import Rewritten
from kstore.naming import GroupVersion

__all__ = ["codec", "deployment", "fake"]

BETA = storage_version_hash("apps", "v1beta1", "Deployment")


@pytest.fixture
def store(deployment: Any) -> FaultySource:
    """Two Deployments of an old version."""
    return FaultySource({key("old"): deployment("old"), key("new"): deployment("new", version="apps/v1beta2")})


@pytest.fixture
def migrate(store: FaultySource, command_on: CommandOn) -> Command:
    """`kstore migrate` of that store, to apps/v1."""
    kstore = command_on(store)
    return lambda *words: kstore("migrate", "--to", "apps/v1", "--yes", *words)


def via(fake: Fake) -> tuple[str, ...]:
    """The options with which the fake writes."""
    return ("--via", "apiserver", "--kubeconfig", str(fake.kubeconfig))


def stores_as(fake: Fake, told: str) -> None:
    """Let the server's discovery tell another stored version of Deployments."""
    (found,) = DISCOVERY["/apis/apps/v1"]["resources"]
    fake.answers["GET", "/apis/apps/v1"] = {"resources": [{**found, "storageVersionHash": told}]}


def test_what_the_server_stores_so_too_is_written(migrate: Command, store: FaultySource, fake: Fake) -> None:
    """A server that stores what is aimed at agrees; it is only asked."""
    before = dict(store.records)
    code, _, _ = migrate("--kubeconfig", str(fake.kubeconfig))
    assert code == ExitCode.DONE
    assert all(store.records[one].mod_revision > before[one].mod_revision for one in before)
    assert {method for method, _ in fake.asked} == {"GET"}


@pytest.mark.parametrize("told", [BETA, "AAAAAAAAAAA="])
def test_what_the_server_would_write_back_is_not_written(
    migrate: Command, store: FaultySource, fake: Fake, told: str
) -> None:
    """Nothing is written, and the server's version is named; --force writes nevertheless, and asks nobody."""
    stores_as(fake, told)
    before = dict(store.records)
    code, _, said = migrate("--kubeconfig", str(fake.kubeconfig))
    version = "v1beta1" if told == BETA else "another version"
    assert code == ExitCode.CONFLICT
    assert f"the apiserver stores deployments as apps/{version}, and would write apps/v1 back to that" in said
    assert store.records == before
    fake.asked.clear()
    assert migrate("--kubeconfig", str(fake.kubeconfig), "--force")[0] == ExitCode.DONE
    assert fake.asked == []
    assert store.records != before


def test_without_a_kubeconfig_no_server_is_asked(migrate: Command, store: FaultySource, fake: Fake) -> None:
    """kubectl's own default is no reason to ask a server that has nothing to do with this store."""
    stores_as(fake, BETA)
    assert migrate()[0] == ExitCode.DONE
    assert fake.asked == []


def test_a_server_that_does_not_run(migrate: Command, store: FaultySource, tmp_path: Path) -> None:
    """It writes nothing back: that is said, and what was asked for is done."""
    before = dict(store.records)
    code, _, said = migrate("--kubeconfig", str(write_kubeconfig(tmp_path / "kubeconfig", port=1)))
    assert code == ExitCode.DONE
    assert "which versions it stores was not looked at" in said
    assert store.records != before


def test_a_server_that_would_not_say(migrate: Command, store: FaultySource, fake: Fake) -> None:
    """One that runs and refuses to answer may write back whatever it stores: nothing is written."""
    fake.answers["GET", "/apis/apps/v1"] = 403
    before = dict(store.records)
    assert migrate("--kubeconfig", str(fake.kubeconfig))[0] == ExitCode.FAILED
    assert store.records == before


@pytest.mark.parametrize(
    "condition",
    [
        ("--stored-version", "apps/v1beta1"), ("--only-stored-version", "*beta*"), ("-l", "app=old"),
        ("--field-selector", "metadata.name=old"), ("--where", "object.metadata.name == 'old'"),
    ],
    ids=lambda words: words[0],
)  # fmt: skip
def test_what_an_apiserver_cannot_choose(migrate: Command, fake: Fake, condition: tuple[str, str]) -> None:
    """It rewrites whole resources: a condition on objects is refused before it is asked, never dropped."""
    code, out, said = migrate(*via(fake), *condition)
    assert (code, out) == (ExitCode.USAGE, "")
    assert "--via apiserver rewrites whole resources" in said
    assert fake.asked == []


def test_the_server_writes(migrate: Command, store: FaultySource, deployment: Any, fake: Fake) -> None:
    """What is in etcd afterwards is looked at: what the server has not changed is told, with another exit code."""
    words = ("deployments", *via(fake), "-o", "json")
    code, out, _ = migrate(*words)
    told = json.loads(out)
    assert code == ExitCode.FOUND
    assert told["resources"] == [
        {"resource": "deployments.apps", "by": "updates", "objects": 2, "written": 1, "refused": []}
    ]
    assert [one["message"] for one in told["left"]] == [
        "is still stored as apps/v1beta2",
        "is still stored as apps/v1beta1",
    ]
    for name in ("old", "new"):
        store.put(key(name), deployment(name, version="apps/v1"))
    code, out, _ = migrate(*words)
    assert (code, json.loads(out)["left"]) == (ExitCode.DONE, [])


def test_the_server_refuses_one(migrate: Command, store: FaultySource, deployment: Any, fake: Fake) -> None:
    """An object that admission does not let through is named, and the exit code says that not all was done."""
    for name in ("old", "new"):
        store.put(key(name), deployment(name, version="apps/v1"))
    fake.answers["PATCH", path("new")] = 422
    code, out, said = migrate("deployments", *via(fake))
    assert code == ExitCode.SOME_SKIPPED
    assert "deployments.apps: 2 objects patched, 1 written anew" in out
    assert "refused " in said


def test_what_is_left_is_told_first(migrate: Command, fake: Fake) -> None:
    """The exit code tells what is still stored otherwise, whatever was refused; both are named."""
    fake.answers["PATCH", path("new")] = 422
    code, out, said = migrate("deployments", *via(fake))
    assert code == ExitCode.FOUND
    assert "/registry/deployments/shop/old: is still stored as apps/v1beta1" in out
    assert "etcd holds every object" not in out
    assert "refused /apis/apps/v1/namespaces/shop/deployments/new" in said


def test_of_one_namespace(migrate: Command, fake: Fake) -> None:
    """-n is what the server is asked for, too."""
    listed = "/apis/apps/v1/namespaces/shop/deployments?limit=500"
    fake.answers["GET", listed] = {"items": [item("old")], "metadata": {}}
    words = ("deployments", "-n", "shop", *via(fake), "-o", "json")
    told = json.loads(migrate(*words)[1])
    assert told["resources"][0]["objects"] == 1
    assert ("GET", listed) in fake.asked


def test_what_the_server_does_not_serve_is_left_out(migrate: Command, fake: Fake) -> None:
    """Of all resources of a target only those that the server has are rewritten."""
    told = json.loads(migrate(*via(fake), "-o", "json")[1])
    assert [one["resource"] for one in told["resources"]] == ["deployments.apps"]


def test_only_what_the_version_is_about_is_left(
    command_on: CommandOn, fake: Fake, codec: StorageCodec, deployment: Any
) -> None:
    """An object in the right version is not left, however it is encoded; nor what the server's release has not."""
    version = GroupVersion("apps", "v1")
    values = {key("old"): codec.convert_typed(deployment("old"), version, media_type="json")[1]}
    words = ("--yes", *via(fake))
    assert command_on(FaultySource(values))("migrate", "--to", "apps/v1", *words)[0] == ExitCode.DONE
    psp = {"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy", "metadata": {"name": "p"}}
    values[b"/registry/podsecuritypolicy/p"] = json.dumps(psp).encode()
    assert command_on(FaultySource(values))("migrate", "deploy", "psp", "--to-release", "1.37", *words)[0] == 0


def test_what_the_server_does_not_tell(migrate: Command, store: FaultySource, fake: Fake) -> None:
    """A resource that it does not serve, or says nothing of, is written by nobody else."""
    fake.answers["GET", "/apis/apps/v1"] = {"resources": []}
    before = dict(store.records)
    assert migrate("--kubeconfig", str(fake.kubeconfig))[0] == ExitCode.DONE
    assert all(store.records[one].mod_revision > before[one].mod_revision for one in before)


# ---- what is passed on


TO = ("migrate", "deploy", "--to", "apps/v1", "--yes")


def migrated(deployment: Any) -> FaultySource:
    """A Deployment that is as it should be."""
    return FaultySource({key("old"): deployment("old", version="apps/v1")})


class Rewriter:
    """Notes how it is made, and has all written at once; somebody asks to stop meanwhile, if so wished."""

    made: ClassVar[dict[str, Any]] = {}
    stops = False

    def __init__(self, _: Apiserver, **named: Any) -> None:
        Rewriter.made = named

    def rewrite(self, wanted: Any, namespace: str) -> Rewritten:
        if self.stops:
            self.made["stop"].ask()
        return Rewritten(wanted.resource, 1, 1)


@pytest.mark.parametrize(("stops", "code"), [(False, 0), (True, 130)])
def test_how_it_is_asked(
    command_on: CommandOn, fake: Fake, deployment: Any, monkeypatch: pytest.MonkeyPatch,
    stops: bool, code: int,
) -> None:  # fmt: skip
    """So many requests at once; whoever stops it is not told that all is done."""
    monkeypatch.setattr(via_apiserver, "ViaApiserver", Rewriter)
    monkeypatch.setattr(Rewriter, "stops", stops)
    found, out, _ = command_on(migrated(deployment))(*TO, *via(fake), "--concurrency", "7")
    assert (found, Rewriter.made["concurrency"]) == (code, 7)
    assert ("etcd holds every object" in out) is not stops


@pytest.mark.parametrize(("options", "seconds"), [((), 60.0), (("--command-timeout", "7s"), 7.0)])
@pytest.mark.parametrize("verified", [True, False])
def test_how_the_server_is_reached(
    command_on: CommandOn, fake: Fake, deployment: Any, monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...], seconds: float, verified: bool,
) -> None:  # fmt: skip
    """With the time that was given for an answer; a certificate that nobody looks at is warned of."""
    given: list[float] = []

    class Noting(Apiserver):
        is_verified = verified

        def __init__(self, kubeconfig: str, *, timeout: float) -> None:
            given.append(timeout)
            super().__init__(kubeconfig, timeout=timeout)

    monkeypatch.setattr(via_apiserver, "Apiserver", Noting)
    code, _, err = command_on(migrated(deployment))(*options, *TO, *via(fake))
    assert (code, given) == (0, [seconds])
    assert ("insecure-skip-tls-verify" in err) is not verified


def test_a_version_that_has_left_its_crd(command_on: CommandOn, fake: Fake) -> None:
    """What is read in an assumed version is not in the one that is wanted: it is left."""
    group = {"name": "bees.example.net", "preferredVersion": {"groupVersion": "bees.example.net/v2"}}
    row = {"name": "hives", "kind": "Hive", "namespaced": True, "verbs": ["list", "patch"]}
    fake.answers["GET", "/apis"] = {"groups": [group]}
    fake.answers["GET", "/apis/bees.example.net/v2"] = {"resources": [row]}
    fake.answers["GET", "/apis/bees.example.net/v2/hives?limit=500"] = {"items": [], "metadata": {}}
    hives = bees(["v2"], "v2")
    hives.put(f"{HIVES}/orchard/old", hive("old", "v1beta1"))
    words = ("migrate", "hives", "--to", "bees.example.net/v2", "--assume-version", "bees.example.net/v1alpha1")
    code, out, _ = command_on(hives)(*words, "--yes", *via(fake))
    assert code == 5
    assert f"{HIVES}/orchard/old: is still stored as bees.example.net/v1beta1\n" in out
    assert "orchard/v2" not in out
