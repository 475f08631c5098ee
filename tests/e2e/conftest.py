"""
Fixtures of the tests against real servers: an etcd and kube-apiservers, built once, started for a test, ended after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tools.cluster import Etcd, KubeApiserver, SampleApiserver, ServerMissing, find

KUBE_APISERVERS = {"1.37": "kube-apiserver", "1.33": "kube-apiserver133", "1.29": "kube-apiserver129"}
_GATES = {
    "1.37": (
        "ClusterTrustBundle", "CompositePodGroup", "DRADeviceTaintRules", "DRADeviceTaints", "DRAResourcePoolStatus",
        "EvictionRequestAPI", "GenericWorkload", "PodCertificateRequest", "StorageVersionMigrator",
        "TopologyAwareWorkloadScheduling",
    ),
    "1.33": (
        "ClusterTrustBundle", "CoordinatedLeaderElection", "DRADeviceTaints", "DynamicResourceAllocation",
        "MutatingAdmissionPolicy", "StorageVersionMigrator", "VolumeAttributesClass",
    ),
    "1.29": (
        "ClusterTrustBundle", "DynamicResourceAllocation", "MultiCIDRServiceAllocator", "ValidatingAdmissionPolicy",
        "VolumeAttributesClass",
    ),
}  # fmt: skip
SERVING_ALL = {
    release: {"runtime_config": "api/all=true", "feature_gates": ",".join(f"{gate}=true" for gate in gates)}
    for release, gates in _GATES.items()
}
"""Flags with which a server of a release serves every resource that it can store."""
BUILD_SECONDS = 3000
"""The first test of a fresh machine waits for the servers to be built."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of this folder get time for a build, and their marker."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("e2e")
            item.add_marker(pytest.mark.timeout(BUILD_SECONDS))


@pytest.fixture(scope="session")
def server() -> Callable[[str], Path]:
    """The path of a server's binary; the test is skipped where it can neither be found nor built."""

    def binary(name: str) -> Path:
        try:
            return find(name)
        except ServerMissing as missing:
            pytest.skip(str(missing))

    return binary


@pytest.fixture(scope="session")
def etcd_binary(server: Callable[[str], Path]) -> Path:
    """The etcd these releases of Kubernetes are meant for, rather than any on the path."""
    return server("etcd")


@pytest.fixture
def kube_apiserver(
    server: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., KubeApiserver]]:
    """
    Start a kube-apiserver on an etcd: `kube_apiserver(etcd_server, release="1.29", storage_media_type="…")`.

    It is ready when it is returned; `client()` asks it as an administrator.
    """
    started: list[KubeApiserver] = []

    def start(etcd: Etcd, release: str = "1.37", **flags: str) -> KubeApiserver:
        binary = server(KUBE_APISERVERS[release])
        started.append(KubeApiserver(binary, tmp_path_factory.mktemp("kube-apiserver"), etcd.endpoint, **flags))
        return started[-1].start()

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def sample_apiserver(
    server: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., SampleApiserver]]:
    """Start a sample-apiserver on an etcd, behind a kube-apiserver: `sample_apiserver(etcd_server, kube)`."""
    started: list[SampleApiserver] = []

    def start(etcd: Etcd, kube: KubeApiserver, **flags: str) -> SampleApiserver:
        folder = tmp_path_factory.mktemp("sample-apiserver")
        started.append(SampleApiserver(server("sample-apiserver"), folder, etcd.endpoint, kube, **flags))
        return started[-1].start()

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def restore(server: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Restore a snapshot with etcdutl into a folder that `start_etcd(folder)` then serves."""
    import subprocess

    def run(snapshot: Path) -> Path:
        folder = tmp_path_factory.mktemp("restored")
        subprocess.run(
            [str(server("etcdutl")), "snapshot", "restore", str(snapshot), "--data-dir", str(folder / "etcd")],
            check=True,
            capture_output=True,
        )
        return folder

    return run
