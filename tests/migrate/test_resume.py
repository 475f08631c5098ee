"""
Resume of a real etcd's migration: within its plan, and never of what was rolled back.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.cluster import Etcd

from kstore.cli.main import run
from kstore.migrate.journal_writer import JournalWriter
from kstore.records import Put
from kstore.source.etcd.live import LiveSource

from .conftest import key

pytestmark = pytest.mark.etcd


@pytest.fixture
def etcd(etcd_server: Etcd, deployment) -> Etcd:
    """Four old Deployments."""
    with LiveSource([etcd_server.endpoint]) as source:
        source.commit([Put(key(f"web-{number}"), deployment(f"web-{number}"), 0) for number in range(4)])
    return etcd_server


def versions(etcd: Etcd, codec) -> list[str]:
    """The stored versions, in key order."""
    with LiveSource([etcd.endpoint]) as source:
        return [codec.read(record).gvk.api_version for record in source.scan(b"/registry/deployments/")]


def test_resume_stays_within_the_plan(etcd: Etcd, codec, tmp_path: Path) -> None:
    """What the saved plan did not name is not migrated by going on; another plan in its place is refused."""
    plan, journal = tmp_path / "plan", str(tmp_path / "journal")
    migrate = ["--store", etcd.endpoint, "migrate"]
    assert run([*migrate, "--to", "apps/v1", "--dry-run", "--save-plan", str(plan)]) == 0
    lines = plan.read_bytes().splitlines(keepends=True)
    plan.write_bytes(b"".join(lines[:3]))
    assert run([*migrate, "--plan", str(plan), "--yes", "--journal", journal]) == 1
    assert run([*migrate, "--plan", str(plan), "--edited-plan", "--yes", "--journal", journal]) == 0
    expected = ["apps/v1", "apps/v1", "apps/v1beta1", "apps/v1beta1"]
    assert versions(etcd, codec) == expected
    assert run([*migrate, "resume", journal]) == 0
    assert versions(etcd, codec) == expected
    assert run([*migrate, "verify", journal]) == 0
    for content in (b"".join(lines), b"".join(lines[:2])):
        plan.write_bytes(content)
        assert run([*migrate, "resume", journal]) == 1
    plan.unlink()
    assert run([*migrate, "resume", journal]) == 1
    assert versions(etcd, codec) == expected


def test_what_was_rolled_back_is_not_gone_on_with(
    etcd: Etcd, codec, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After a rollback, and after one that was only begun, resume writes nothing and says what to do."""
    migrate = ["--store", etcd.endpoint, "migrate"]
    for name, ended, words in (("one", True, "was rolled back"), ("two", False, "kstore migrate rollback")):
        journal = str(tmp_path / name)
        assert run([*migrate, "--to", "apps/v1", "--yes", "--journal", journal]) == 0
        if ended:
            assert run([*migrate, "rollback", journal, "--yes"]) == 0
        else:
            writer = JournalWriter(Path(journal), None)
            writer.begin_rollback()
            writer.close()
        before = versions(etcd, codec)
        assert run([*migrate, "resume", journal]) == 4
        assert words in capsys.readouterr().err
        assert versions(etcd, codec) == before
        assert run([*migrate, "verify", journal]) == 5
