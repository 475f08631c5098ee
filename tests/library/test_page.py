"""
The examples of docs/library.md, run as they are written, and held against mypy.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tools.cluster import Etcd

from kstore.records import Put
from kstore.source.interface import WritableSource
from kstore.source.location.address import open_source

PAGE = Path(__file__).resolve().parents[2] / "docs" / "library.md"
EXAMPLES = re.findall(r"^```python( live| server)?\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.S | re.M)
OFFLINE = [code for live, code in EXAMPLES if not live]
LIVE = [code for live, code in EXAMPLES if live == " live"]
SERVER = [code for live, code in EXAMPLES if live == " server"]
"""Those that ask a running apiserver, which `tests/e2e/test_prove.py` runs."""
READER = """\
import kstore

with kstore.open("{snapshot}", release="1.37") as store:
    for item in store.objects("deployments"):
        if isinstance(item, kstore.StoredObject) and item.stored_version != "apps/v1":
            print(item.namespace, item.name, item.stored_version)
    print(store.get("deployments/shop/cart").as_version("apps/v1").yaml())
    print(kstore.migration(store, to="apps/v1").plan().summary().changes)
"""
WRITER = """\
import kstore

with kstore.open("{endpoint}") as store:
    report = kstore.migration(store, to="apps/v1").apply("apps.journal", progress=print)
print(report.summary.changes, kstore.Journal.open("apps.journal").verify().findings)
"""


def run(code: str, folder: Path) -> str:
    """Run a program; what it prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def missing(code: str) -> str:
    """What of the extra `sql`, and of what takes its tables, an example needs and this machine has not."""
    if "polars" not in code:
        return ""
    return ", ".join(name for name in ("duckdb", "pandas", "polars") if importlib.util.find_spec(name) is None)


@pytest.fixture
def full_etcd(etcd_server: Etcd) -> Etcd:
    """A running etcd that holds what the demo store holds."""
    with open_source("demo") as demo, open_source(etcd_server.endpoint) as target:
        assert isinstance(target, WritableSource)
        for record in demo.scan(b"/registry/"):
            target.commit([Put(record.key, record.value, 0)])
    return etcd_server


@pytest.mark.slow
@pytest.mark.parametrize("code", OFFLINE)
def test_an_example(code: str, tmp_path: Path) -> None:
    """It runs, and prints something."""
    if lacking := missing(code):
        pytest.skip(f"not installed: {lacking}")
    assert run(code, tmp_path)


@pytest.mark.slow
@pytest.mark.etcd
@pytest.mark.parametrize("code", LIVE)
def test_an_example_that_writes(code: str, tmp_path: Path, full_etcd: Etcd) -> None:
    """It migrates a running etcd, proves it, and puts back what was there."""
    changes, findings, restored = run(code.replace("ENDPOINT", repr(full_etcd.endpoint)), tmp_path).splitlines()
    assert int(changes.split()[0]) > 0
    assert findings == "[]"
    assert restored == changes.split()[0]


@pytest.fixture(scope="module")
def snapshot() -> Path:
    """The demo store as a file."""
    from kstore.source.location.demo import unpacked

    return unpacked()


@pytest.mark.slow
def test_a_program_that_reads(snapshot: Path, tmp_path: Path) -> None:
    """Under twelve lines, one import: what is not stored as apps/v1, one object converted, and what would change."""
    code = READER.format(snapshot=snapshot)
    assert len(code.splitlines()) < 12
    lines = run(code, tmp_path).splitlines()
    assert any(line.startswith("shop cart ") for line in lines)
    assert "apiVersion: apps/v1" in lines
    assert int(lines[-1]) > 0


@pytest.mark.slow
@pytest.mark.etcd
def test_a_program_that_writes(full_etcd: Etcd, tmp_path: Path) -> None:
    """The plan of another is applied to a real etcd, and proved."""
    code = WRITER.format(endpoint=full_etcd.endpoint)
    assert len(code.splitlines()) < 12
    last = run(code, tmp_path).splitlines()[-1]
    assert int(last.split()[0]) > 0
    assert last.endswith(" []")
    with open_source(full_etcd.endpoint) as source:
        record = source.get(b"/registry/deployments/shop/cart")
    assert record is not None
    assert b"apps/v1" in record.value[:40]


@pytest.mark.slow
def test_types_are_complete(snapshot: Path, tmp_path: Path) -> None:
    """Whoever writes a program so may hold it to `mypy --strict`."""
    if importlib.util.find_spec("mypy") is None:
        pytest.skip("mypy is not installed")
    programs = [
        *(
            f"ENDPOINT, KUBECONFIG = 'http://127.0.0.1:2379', 'admin.conf'\n{code}"
            for _, code in EXAMPLES
            if not missing(code)
        ),
        READER.format(snapshot=snapshot),
        WRITER.format(endpoint="http://127.0.0.1:2379"),
        "import kstore\n\nreveal_type(kstore.open)\n",
    ]
    files = []
    for number, code in enumerate(programs):
        files.append(tmp_path / f"program_{number}.py")
        files[-1].write_text(code)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout
    assert "-> kstore.library.store.Store" in done.stdout
