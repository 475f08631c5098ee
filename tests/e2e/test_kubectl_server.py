"""
A real kubectl 1.37.2 before a real kube-apiserver as the judge of `diff` and of outputs whose expression is in a file:
what it prints of objects on the server, kstore prints of the same objects in etcd.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tools.cluster import Etcd, KubeApiserver, write_kubeconfig

from kstore.cli.main import run
from kstore.source.location.address import open_source

CONFIG_MAP: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings", "labels": {"app": "shop", "tier": "back"}},
    "data": {"color": "blue", "long": "a\nb\nc\n", "size": "10"},
}
SECRET: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "password"},
    "data": {"user": "YWRh", "word": "c2VjcmV0"},
}
CHANGED = {
    "configmap": {**CONFIG_MAP, "data": {"color": "green", "long": "a\nB\nc\n", "shape": "round"}},
    "secret": {**SECRET, "data": {"user": "YWRh", "word": "b3RoZXI="}},
}
FILES = {
    "jsonpath-file": "{range .items[*]}{.metadata.name}{'\\t'}{.data.color}{'\\n'}{end}\n",
    "go-template-file": "{{range .items}}{{.metadata.name}} {{len .data}}{{println}}{{end}}",
    "templatefile": '{{range .items}}{{printf "%-12s|" .metadata.name}}{{index .metadata "namespace"}}\n{{end}}',
    "custom-columns-file": "NAME            COLOR         APP\n.metadata.name  .data.color   .metadata.labels.app\n",
}


APPLIED = re.compile(r'{"apiVersion"|last-applied-configuration')
"""The annotation of `kubectl apply`, which kstore masks in a Secret, and kubectl does not."""


class World:
    """A server with objects, the etcd below it, and kubectl before it."""

    def __init__(self, kubectl: Path, etcd: Etcd, folder: Path, port: int) -> None:
        self.etcd, self.folder = etcd, folder
        self._command = [str(kubectl), "--kubeconfig", str(write_kubeconfig(folder / "kubeconfig", port))]
        self._environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
        for obj in (CONFIG_MAP, SECRET):
            self.kubectl("apply", "-f", self.written("object.json", obj))

    def kubectl(self, *arguments: str, code: int = 0) -> str:
        """What kubectl prints; what it exits with is as expected."""
        command = [*self._command, *arguments]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, env=self._environment)
        assert ran.returncode == code, ran.stderr
        return ran.stdout

    def written(self, name: str, obj: Any) -> str:
        """A file of that content."""
        path = self.folder / name
        path.write_text(obj if isinstance(obj, str) else json.dumps(obj))
        return str(path)


@pytest.fixture
def world(
    server: Callable[[str], Path], etcd_server: Etcd, kube_apiserver: Callable[..., KubeApiserver], tmp_path: Path
) -> World:
    """All of it, started."""
    kubectl = server("kubectl")
    apiserver = kube_apiserver(etcd_server)
    return World(kubectl, etcd_server, tmp_path, apiserver.port)


def told(text: str) -> list[str]:
    """What a unified diff says that differs, and of which files; not when, in which folders, and what was applied."""
    kept = [line for line in text.splitlines() if line.startswith(("+", "-", "diff ")) and not APPLIED.search(line)]
    return [re.sub(r"\S*/(LIVE|MERGED)-[^/\s]*|\t.*| -u -N", "", line) for line in kept]


def test_diff(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    """The lines that differ, and the names of the files; Secrets are masked in both, by stars of another number."""
    changed = [f"--filename={world.written(f'{name}.json', obj)}" for name, obj in CHANGED.items()]
    expected = world.kubectl("diff", *changed, code=1)
    with open_source(world.etcd.endpoint) as source:
        revision = source.status().revision
    world.kubectl("apply", *changed)
    store = ["--store", world.etcd.endpoint, "-n", "default"]
    assert run([*store, "diff", f"@{revision}", "@", "configmaps,secrets", "-o", "external"]) == 5
    own = told(capfd.readouterr().out)
    assert own == told(expected.replace("'***", "'*****"))
    assert [line for line in own if "Secret" in line and line.startswith("+++")]


@pytest.mark.parametrize("output", FILES)
def test_expressions_in_files(world: World, output: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A list printed by what a file says, byte for byte; the file is read as kubectl reads it."""
    form = f"{output}={world.written('expression', FILES[output])}"
    expected = world.kubectl("get", "configmaps", "-o", form)
    assert "settings" in expected
    assert run(["--store", world.etcd.endpoint, "get", "configmaps", "-o", form]) == 0
    assert capsys.readouterr().out == expected
