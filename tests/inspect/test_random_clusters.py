"""
Clusters drawn at random, of which is known what is in use: `check` never advises a command that loses any of it.

Owner graphs, CRDs with several versions, shared prefixes, aggregated groups, encryption by several providers, stores
of Events alone; what is lost for sure is drawn among them, and found.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from tests.inspect.findings.matrix import api_service, config_map, definition, encryption, lamp, obj

from kstore.catalog.releases import Release
from kstore.encryption.config import read_configuration
from kstore.inspect.checks import run_checks
from kstore.inspect.findings import Finding
from kstore.inspect.survey import Survey
from kstore.naming import GroupResource
from kstore.scheme.scheme import Scheme
from kstore.store import Store
from kstore.testing import MemorySource

RELEASES = ("1.29", "1.33", "1.37")
WORDS = ("ash", "box", "cos", "dill", "elm", "fir", "gum", "hop", "ivy", "kale")


@dataclass
class Cluster:
    """What is stored, and which of it is beyond use."""

    random: Random
    values: dict[str, Any] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    living: list[dict[str, Any]] = field(default_factory=list)
    """Objects that may own others."""
    events_only: bool = False

    def name(self) -> str:
        """A name that nothing has yet."""
        return f"{self.random.choice(WORDS)}-{len(self.values)}"

    def namespaces(self) -> None:
        """Some namespaces, one of which is going."""
        for name in ("default", "shop"):
            self.values[f"/registry/namespaces/{name}"] = obj("v1", "Namespace", name, "")
        going = {"metadata_deletionTimestamp": "2026-01-01T00:00:00Z", "spec": {"finalizers": ["kubernetes"]}}
        self.values["/registry/namespaces/going"] = obj("v1", "Namespace", "going", "", **going)
        self.values |= dict([api_service("apps"), api_service("batch")])

    def owners(self) -> None:
        """A chain of owners, some of which are gone, going, of kinds that nobody knows, or kept elsewhere."""
        gone = [
            {"apiVersion": "batch/v1", "kind": "Job", "name": "gone", "uid": "0"},
            {"apiVersion": "new.example.com/v7", "kind": "Thing", "name": "a", "uid": "1"},
            {"apiVersion": "zoo.example.com/v1", "kind": "Cage", "name": "a", "uid": "2"},
        ]
        for _ in range(6):
            name = self.name()
            here = [
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "name": one["metadata"]["name"],
                    "uid": one["metadata"]["uid"],
                }
                for one in self.random.sample(self.living, min(len(self.living), 2))
            ]
            owners = self.random.sample(gone + here, self.random.randint(0, len(gone + here)))
            value = config_map(name, metadata_ownerReferences=owners)
            self.values[f"/registry/configmaps/default/{name}"] = value
            self.living.append(value)

    def custom_resources(self) -> None:
        """A CRD of one to three versions, and objects in any of them, or in one that it has lost."""
        versions = self.random.sample(["v1", "v2", "v1beta1", "v1alpha1"], self.random.randint(1, 3))
        listed = tuple(self.random.sample(versions, self.random.randint(1, len(versions))))
        self.values |= definition(*versions, stored=listed)
        self.values |= dict([api_service("lab.example.com")]) if self.random.random() < 0.7 else {}
        for _ in range(5):
            name = self.name()
            version = self.random.choice([*versions, "v9"])
            self.values[f"/registry/lab.example.com/lamps/shop/{name}"] = lamp(
                version, name, metadata_labels={"a": "b"}
            )

    def aggregated(self) -> None:
        """Objects that another server keeps in this etcd, in its own encoding too, and one of a group that is gone."""
        self.values |= dict([api_service("zoo.example.com", "api")])
        self.values["/registry/zoo.example.com/cages/gone/a"] = obj("zoo.example.com/v1", "Cage", "a", "gone")
        self.values[f"/registry/zoo.example.com/cages/shop/{self.name()}"] = bytes(self.random.randbytes(20))
        if self.random.random() < 0.5 and not self.events_only:
            key = f"/registry/left.example.com/things/shop/{self.name()}"
            self.values[key] = obj("left.example.com/v1", "Thing", "a", "shop")
            self.lost.add(key)

    def others(self) -> None:
        """What shares the etcd: network plugins, another cluster beside this one, one nested in it."""
        self.values |= {
            "/calico/resources/a": b'{"kind":"IPPool"}',
            "/cilium/state/a": self.random.randbytes(9),
            "/tenant/configmaps/shop/a": config_map("a", "shop"),
            "/tenant/namespaces/shop": obj("v1", "Namespace", "shop", ""),
            "/registry/tenant/left.example.com/things/shop/a": obj("left.example.com/v1", "Thing", "a", "shop"),
            f"/registry/driver/{self.name()}": self.random.randbytes(30),
            "compact_rev_key": b"7",
        }

    def encrypted(self) -> None:
        """Config maps by the first provider, the second, one that is not configured, and one that nobody knows."""
        for provider in ("new", "old", "other"):
            key = f"/registry/configmaps/shop/{self.name()}"
            value = json.dumps(config_map(key.rpartition("/")[2], "shop")).encode()
            transformers = read_configuration(encryption(provider))
            self.values[key] = transformers.encrypt(key.encode(), value, GroupResource("", "configmaps"))
        self.values[f"/registry/secrets/shop/{self.name()}"] = b"k8s:enc:future:v3:" + self.random.randbytes(40)

    def broken(self) -> None:
        """A value that no server can read; and, in the old versions of releases, some that all can."""
        key = f"/registry/configmaps/shop/{self.name()}"
        self.values[key] = b"k8s\0" + b"\x0a\xff" + self.random.randbytes(5)
        self.lost.add(key)
        for version, kind, directory in (
            ("apps/v1beta1", "Deployment", "deployments"), ("extensions/v1beta1", "Ingress", "ingress"),
            ("policy/v1beta1", "PodDisruptionBudget", "poddisruptionbudgets"), ("v1", "Unheard", "endpoints"),
            ("resource.k8s.io/v1alpha2", "ResourceClaim", "resourceclaims"), ("batch/v2alpha1", "CronJob", "cronjobs"),
        ):  # fmt: skip
            name = self.name()
            self.values[f"/registry/{directory}/shop/{name}"] = obj(version, kind, name, "shop")

    def events(self) -> None:
        """An etcd of Events alone."""
        self.events_only = True
        for _ in range(4):
            name = self.name()
            version = self.random.choice(["v1", "events.k8s.io/v1"])
            self.values[f"/registry/events/shop/{name}"] = obj(version, "Event", name, "shop")


def drawn(seed: int) -> Cluster:
    """A cluster."""
    cluster = Cluster(Random(seed))
    if seed % 7:
        cluster.namespaces()
    else:
        cluster.events()
    parts = [cluster.owners, cluster.custom_resources, cluster.aggregated, cluster.others, cluster.encrypted]
    for part in cluster.random.sample([*parts, cluster.broken], cluster.random.randint(2, 6)):
        part()
    return cluster


def losing(found: list[Finding]) -> set[str]:
    """The keys that what is advised deletes."""
    commands = [command for one in found for command in one.advice]
    assert not any("--drop-unknown-fields" in command or "--force" in command for command in commands)
    return {command[2] for command in commands if command[1] == "delete"}


@pytest.mark.large
@pytest.mark.parametrize("seed", [*range(12), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(12, 60))])
def test_nothing_in_use_is_lost(seed: int) -> None:
    """With and without the keys, against each release, at each prefix: only what is beyond use may be deleted."""
    cluster = drawn(seed)
    release = Release(cluster.random.choice(RELEASES))
    for configured in (None, read_configuration(encryption("new", "old"))):
        store = Store(MemorySource(cluster.values), Scheme(release), configured, prefix="/registry")
        found = run_checks(Survey(store, release))
        assert losing(found) <= cluster.lost
        assert all(key.startswith(("/registry/", "lamps.")) for one in found if one.advice for key, _ in one.keys)
    if "/tenant/namespaces/shop" in cluster.values:
        tenant = Store(MemorySource(cluster.values), Scheme(release), prefix="/tenant")
        assert losing(run_checks(Survey(tenant, release))) == set()


@pytest.mark.large
def test_the_draw_is_worth_it() -> None:
    """Every part is drawn often, and what is beyond use is found in most clusters that have it."""
    clusters = [drawn(seed) for seed in range(60)]
    assert sum(bool(one.lost) for one in clusters) > 20
    assert sum("/tenant/namespaces/shop" in one.values for one in clusters) > 20
    found = 0
    for one in clusters:
        store = Store(MemorySource(one.values), Scheme(Release("1.37")), prefix="/registry")
        found += bool(losing(run_checks(Survey(store, Release("1.37")))))
    assert found > 20
