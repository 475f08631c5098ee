"""
Migrations through a real apiserver, and what it is asked before others.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.test_json_reference import faults
from tools.cluster import ControllerManager, Etcd, KubeApiserver, write_kubeconfig

from kstore.cli.main import run
from kstore.demo import database
from kstore.source.etcd.live import LiveSource


@pytest.fixture
def cluster(restore, start_etcd, kube_apiserver, tmp_path: Path) -> tuple[Etcd, KubeApiserver, str]:
    """The demo store behind a real kube-apiserver, and a kubeconfig for it."""
    snapshot = tmp_path / "demo.db"
    snapshot.write_bytes(database())
    etcd = start_etcd(restore(snapshot))
    server = kube_apiserver(etcd)
    return etcd, server, str(write_kubeconfig(tmp_path / "kubeconfig", server.port))


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_the_apiserver_writes(cluster, capsys):
    """Every Deployment is sent back, the old ones are written anew, and etcd holds all in apps/v1 afterwards."""
    etcd, _, kubeconfig = cluster
    arguments = ["--store", etcd.endpoint, "migrate", "deployments", "--to", "apps/v1", "--via", "apiserver"]
    assert run([*arguments, "--kubeconfig", kubeconfig, "--yes", "-o", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert faults("migrate-via-apiserver", document) == []
    (found,) = document["resources"]
    assert (found["objects"], found["written"], found["by"]) == (4, 3, "updates")
    with LiveSource([etcd.endpoint]) as source:
        values = [record.value for record in source.scan(b"/registry/deployments/")]
    assert all(b"apps/v1\x12" in value[:40] for value in values)


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_the_server_s_own_controller_writes(cluster, server, capsys, tmp_path):
    """The real controller carries out the StorageVersionMigration that kstore makes; etcd holds all in apps/v1."""
    etcd, kube, kubeconfig = cluster
    binary = server("kube-controller-manager")
    # the migrator reads what is to be written from the garbage collector's cache
    names = ("storage-version-migrator-controller", "garbage-collector-controller")
    arguments = ["--store", etcd.endpoint, "migrate", "deployments", "--to", "apps/v1", "--via", "apiserver"]
    with ControllerManager(binary, tmp_path / "controllers", kube, *names):
        assert run([*arguments, "--kubeconfig", kubeconfig, "--yes", "-o", "json"]) == 0
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert [one["by"] for one in found["resources"]] == ["StorageVersionMigration"]
    assert found["left"] == []
    assert "waiting for the server's StorageVersionMigration kstore-deployments-" in shown.err


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_what_the_apiserver_would_write_back_is_refused(cluster, capsys, tmp_path):
    """The server's storageVersionHash says that it stores another version: nothing is written, unless forced."""
    etcd, _, kubeconfig = cluster
    arguments = ["--store", etcd.endpoint, "migrate", "hpa", "--to", "autoscaling/v1", "--kubeconfig", kubeconfig]
    arguments += ["--yes", "--journal", str(tmp_path / "journal")]
    assert run(arguments) == 4
    assert "autoscaling/v2" in capsys.readouterr().err
    assert not (tmp_path / "journal").exists()
    assert run([*arguments, "--force"]) == 0


def test_an_apiserver_that_does_not_run_stops_nothing(restore, start_etcd, capsys, tmp_path: Path):
    """A kubeconfig whose server is down: that is said, and the migration goes on without its word."""
    snapshot = tmp_path / "demo.db"
    snapshot.write_bytes(database())
    etcd = start_etcd(restore(snapshot))
    path = write_kubeconfig(tmp_path / "kubeconfig", port=1)
    arguments = ["--store", etcd.endpoint, "migrate", "--to", "apps/v1", "--kubeconfig", str(path), "--yes"]
    assert run([*arguments, "--journal", str(tmp_path / "journal")]) == 0
    assert "no apiserver answers" in capsys.readouterr().err
