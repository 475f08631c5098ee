"""The flags of docker-compose.yml, on the binaries: there is no Docker engine where kstore is developed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tools.cluster import Server, free_port


@pytest.fixture
def services(repository: Path) -> dict[str, Any]:
    return yaml.safe_load((repository / "docker-compose.yml").read_text())["services"]


def rewritten(command: list[str], *places: tuple[str, str]) -> list[str]:
    """A container's flags with its addresses and paths replaced by this machine's; no flag is added or lost."""
    for inside, outside in places:
        assert any(inside in argument for argument in command), f"no flag names {inside}"
        command = [argument.replace(inside, outside) for argument in command]
    return command


def test_the_servers_run_with_these_flags(services, repository, server, tmp_path):
    """etcd and kube-apiserver become ready on a first start and on one with the keys of the first, and the token of
    the file is the administrator's."""
    client, peer, secure = free_port(), free_port(), free_port()
    etcd = rewritten(
        services["etcd"]["command"],
        ("http://0.0.0.0:2379", f"http://127.0.0.1:{client}"),
        ("http://etcd:2379", f"http://127.0.0.1:{client}"),
        ("http://127.0.0.1:2380", f"http://127.0.0.1:{peer}"),
        ("/var/lib/etcd", str(tmp_path / "data")),
    )
    tokens = tmp_path / "tokens.csv"
    tokens.write_text(yaml.safe_load((repository / "docker-compose.yml").read_text())["configs"]["tokens"]["content"])
    apiserver = rewritten(
        services["kube-apiserver"]["command"],
        ("http://etcd:2379", f"http://127.0.0.1:{client}"),
        ("--bind-address=0.0.0.0", "--bind-address=127.0.0.1"),
        ("6443", str(secure)),
        ("/var/run/kubernetes", str(tmp_path / "keys")),
        ("/etc/kubernetes/tokens.csv", str(tokens)),
    )
    with Server("etcd", [str(server("etcd")), *etcd], tmp_path, (client, "/health", False)):
        for _ in range(2):
            command = [str(server("kube-apiserver")), *apiserver]
            with Server("kube-apiserver", command, tmp_path, (secure, "/readyz", True)) as running:
                token = tokens.read_text().partition(",")[0]
                names = [item["metadata"]["name"] for item in listed(secure, token, "/api/v1/namespaces")]
                assert {"default", "kube-system"} <= set(names), running.tail()


def test_the_etcd_check_of_health_answers(services, server, start_etcd):
    """The health check's own command, run against an etcd, succeeds."""
    import subprocess

    etcd = start_etcd()
    _, program, *arguments = services["etcd"]["healthcheck"]["test"]
    arguments = rewritten(arguments, ("http://127.0.0.1:2379", etcd.endpoint))
    result = subprocess.run([str(server(program)), *arguments], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def listed(port: int, token: str, path: str) -> list[dict[str, Any]]:
    from tools.cluster.client import Client
    from tools.cluster.running import unverified

    return Client("127.0.0.1", port, token, unverified()).request("GET", path)["items"]
