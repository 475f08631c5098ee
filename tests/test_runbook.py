"""
The runbook's commands, run as they are written, procedure by procedure.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.test_cookbook import Kitchen, folder
from tools.cluster import Etcd

from kstore.records import Put
from kstore.source.interface import WritableSource
from kstore.source.location.address import open_source
from kstore.source.location.demo import open_demo

__all__ = ["folder"]

pytestmark = pytest.mark.slow

RUNBOOK = Path(__file__).resolve().parents[1] / "docs" / "runbook.md"
BLOCK = re.compile(r"^```sh (demo|live)\n(.*?)^```$", re.S | re.M)
SECTIONS = {
    heading: BLOCK.findall(body)
    for heading, body in re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", RUNBOOK.read_text(encoding="utf-8"), re.S | re.M)
}
PLAIN = [heading for heading, blocks in SECTIONS.items() if all(kind == "demo" for kind, _ in blocks)]
LIVE = [heading for heading in SECTIONS if heading not in PLAIN]


def run(folder: Path, heading: str, stores: dict[str, str]) -> list[str]:
    """Run a section's commands in their order; those that did not exit as they say."""
    wrong = []
    for kind, body in SECTIONS[heading]:
        for line in filter(str.strip, body.splitlines()):
            code = re.search(r"# exits with (\d+)", line)
            done = Kitchen(folder, stores[kind]).cook(line)
            if done.returncode != (int(code[1]) if code else 0):
                wrong.append(f"{line}\n  {done.returncode}: {done.stdout[-500:]}{done.stderr}")
    return wrong


@pytest.fixture
def tools_of_etcd(etcd_binary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`etcdctl` and `etcdutl` on the path; the test is skipped where they are not beside etcd."""
    if not all((etcd_binary.parent / name).exists() for name in ("etcdctl", "etcdutl")):
        pytest.skip(f"no etcdctl and etcdutl in {etcd_binary.parent}")
    monkeypatch.setenv("PATH", f"{etcd_binary.parent}{os.pathsep}{os.environ['PATH']}")


def test_there_are_procedures() -> None:
    """Each section has commands, and no block is marked otherwise."""
    assert all(SECTIONS.values())
    assert RUNBOOK.read_text(encoding="utf-8").count("```sh") == sum(map(len, SECTIONS.values()))


@pytest.mark.etcd
@pytest.mark.usefixtures("tools_of_etcd")
@pytest.mark.parametrize("heading", PLAIN)
def test_with_a_file(folder: Path, heading: str) -> None:
    """A procedure that needs no server."""
    assert "\n".join(run(folder, heading, {"demo": "demo"})) == ""


@pytest.mark.etcd
@pytest.mark.usefixtures("tools_of_etcd")
@pytest.mark.parametrize("heading", LIVE)
def test_with_a_running_etcd(
    folder: Path, start_etcd: Callable[..., Etcd], heading: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A procedure on a running etcd with the objects of the demo store."""
    server = start_etcd()
    with open_source(server.endpoint) as target, open_demo() as demo:
        assert isinstance(target, WritableSource)
        for record in demo.scan():
            target.commit([Put(record.key, record.value, 0)])
    monkeypatch.setenv("ETCDCTL_ENDPOINTS", server.endpoint)
    assert "\n".join(run(folder, heading, {"demo": "demo", "live": server.endpoint})) == ""
