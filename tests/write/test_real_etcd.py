"""
Writing to a real etcd that fills up, or is compacted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.migrate.conftest import key
from tools.cluster import Etcd, ServerMissing, find

from kstore.cli.main import run
from kstore.errors import Compacted, NoSpace
from kstore.records import Put
from kstore.source.etcd.live import LiveSource
from kstore.write.retry import Retry

pytestmark = pytest.mark.etcd


def fill(etcd: Etcd, deployment: Callable[..., bytes], count: int, size: int = 0) -> None:
    """Old Deployments; `size` bytes are in each of them."""
    with LiveSource([etcd.endpoint]) as source:
        for at in range(0, count, 20):
            names = [f"web-{number:05}" for number in range(at, min(at + 20, count))]
            puts = [Put(key(name), deployment(name, image="x" * size or "web:1"), 0) for name in names]
            assert source.commit(puts).succeeded


def until_it_is_full(source: LiveSource) -> None:
    fillers = ([Put(b"/other/%d" % number, b"x" * 100_000, 0)] for number in range(1000))
    with pytest.raises(NoSpace):
        all(source.commit(filler) for filler in fillers)


def test_a_full_server_lets_go(telling_etcd, deployment, tmp_path: Path, monkeypatch):
    """Deleting needs no room; putting back and changing do, and are refused as any other write is."""
    monkeypatch.chdir(tmp_path)
    etcd = telling_etcd(quota_backend_bytes=str(4 << 20))
    fill(etcd, deployment, 3)
    store = ["--store", etcd.endpoint]
    with LiveSource([etcd.endpoint]) as source:
        until_it_is_full(source)
        assert run([*store, "delete", key("web-00001").decode(), "--yes"]) == 0
        assert source.get(key("web-00001")) is None
        (saved,) = tmp_path.glob("kstore-deleted-*")
        assert run([*store, "restore", key("web-00001").decode(), "--from", str(saved), "--yes"]) == 4
        assert source.get(key("web-00001")) is None


@pytest.fixture
def telling_etcd(tmp_path: Path) -> Iterator[Callable[..., Etcd]]:
    """Start an etcd that tells its quota (3.6)."""
    try:
        binary = find("etcd")
    except ServerMissing as missing:
        pytest.skip(str(missing))
    started: list[Etcd] = []

    def start(**flags: str) -> Etcd:
        started.append(Etcd(binary, tmp_path / "etcd", **flags))
        return started[-1].start()

    yield start
    for server in started:
        server.stop()


@pytest.mark.large
@pytest.mark.parametrize("what", ["rollback", "restore"])
def test_room_is_left(telling_etcd, deployment, tmp_path: Path, monkeypatch, what: str, capsys):
    """A rollback, and what puts back many keys, end before the server's quota does; the apiserver still can write."""
    monkeypatch.chdir(tmp_path)
    # committed after every write, so that the size which it tells is that of now
    etcd = telling_etcd(quota_backend_bytes=str(16 << 20), backend_batch_limit="1")
    store = ["--store", etcd.endpoint]
    fill(etcd, deployment, 400, 12_000)
    with LiveSource([etcd.endpoint]) as source:
        if source.status().quota == 0:
            pytest.skip("this etcd does not tell its quota")
        if what == "rollback":
            assert run([*store, "migrate", "--to", "apps/v1", "--yes", "--journal", "journal"]) == 0
            arguments = ["migrate", "rollback", "journal", "--yes"]
        else:
            assert run([*store, "delete", "/registry", "--all", "--yes", "--keep", "copy"]) == 0
            arguments = ["restore", "/registry", "--from", "copy", "--yes"]
        number = 0
        while source.status().size_in_use < 0.77 * (16 << 20):
            source.commit([Put(b"/other/%d" % number, b"x" * 60_000, 0)])
            number += 1
        assert run([*store, *arguments]) == 4
        assert "quota" in capsys.readouterr().err
        status = source.status()
        assert (status.alarms, status.size < status.quota) == ((), True)
        assert source.commit([Put(b"/other/more", b"x" * 1000, 0)]).succeeded
        back = sum(b"apps/v1beta1" in record.value for record in source.scan(b"/registry/"))
        assert 0 < back < 400


class CompactedUnderScan(LiveSource):
    """An etcd that is compacted when a part of the first scan has been read."""

    left = 1

    def scan(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b""):
        for number, record in enumerate(super().scan(prefix, revision=revision, start=start)):
            if number == 50 and self.left:
                self.left -= 1
                self.commit([Put(b"/other/now", b"x", 0)])
                self.client.compact(self.revision(), physical=True)
            yield record


@pytest.mark.large
@pytest.mark.parametrize("revision_asked", [False, True])
def test_a_scan_goes_on_after_a_compaction(start_etcd, deployment, revision_asked: bool):
    """Every key comes once, in order, and it is said; a revision that was asked for is not exchanged."""
    etcd = start_etcd()
    fill(etcd, deployment, 3000)
    told: list[bool] = []
    with CompactedUnderScan([etcd.endpoint]) as source:
        revision = source.revision() if revision_asked else 0
        records = Retry(5).scan(source, [b"/registry/"], revision=revision, compacted=lambda: told.append(True))
        if revision_asked:
            with pytest.raises(Compacted):
                list(records)
            return
        keys = [record.key for record in records]
    assert keys == [key(f"web-{number:05}") for number in range(3000)]
    assert told == [True]


@pytest.mark.large
@pytest.mark.parametrize("command", ["migrate", "encrypt", "analyze", "check", "export"])
def test_commands_under_a_compaction(start_etcd, deployment, command: str, tmp_path: Path, monkeypatch, capsys):
    """What writes, and what counts, goes on and says so; an export is of one revision, or is not there."""
    from kstore.source.etcd import live

    etcd = start_etcd()
    fill(etcd, deployment, 3000)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(live, "LiveSource", CompactedUnderScan)
    Path("keys.yaml").write_text(
        "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: ['*.*']\n"
        f"  providers: [{{aesgcm: {{keys: [{{name: k, secret: {'A' * 43}=}}]}}}}, {{identity: {{}}}}]\n"
    )
    arguments = {
        "migrate": ["migrate", "--to", "apps/v1", "--yes", "-o", "json"],
        "encrypt": ["encrypt", "--encryption-provider-config", "keys.yaml", "--yes", "-o", "json"],
        "analyze": ["analyze", "-o", "json"],
        "check": ["check", "-o", "json"],
        "export": ["export", "copy"],
    }[command]
    code = run(["--store", etcd.endpoint, *arguments])
    told = capsys.readouterr()
    assert "compacted" in told.err
    if command == "export":
        assert (code, Path("copy").exists()) == (1, False)
    elif command in ("migrate", "encrypt"):
        assert code == 0
        assert json.loads(told.out)["changes"] == 3000
    else:
        assert code in (0, 5)
