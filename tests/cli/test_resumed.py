"""
What is gone on with, or begun anew: with which flags, by which command, and who may read what is left behind.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import CommandOn
from tests.migrate.conftest import FaultySource, codec, deployment, shop

from kstore.cli import journals, migration
from kstore.cli.journals import see_that_it_may_go_on
from kstore.cli.session import Session
from kstore.cli.settings import Settings
from kstore.errors import WriteRefused
from kstore.migrate.journal import Journal
from kstore.migrate.journal_writer import JournalWriter
from kstore.migrate.request import Request

__all__ = ["codec", "deployment", "shop"]

FLAGGED = Request(release="1.36", to=("apps/v1",), server_flags=("--emulated-version=1.35",))


def journal(path: Path, request: Request = FLAGGED, **header: Any) -> Path:
    """A journal that was begun."""
    JournalWriter(path, {**header, **request.header()}).close()
    return path


def test_the_flags_of_a_journal(
    command_on: CommandOn, shop: FaultySource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration that goes on is for the server that it was begun for; flags beside it are refused."""
    read: list[Settings] = []

    class Noting(Session):
        def __init__(self, given: Settings) -> None:
            read.append(given)
            super().__init__(given)

    monkeypatch.setattr(migration, "Session", Noting)
    command = command_on(shop)
    path = journal(tmp_path / "j")
    code, _, err = command("--emulated-version", "1.36", "migrate", "resume", str(path))
    assert (code, read) == (2, [])
    assert "was said when this migration was planned" in err
    assert command("migrate", "resume", str(path))[0] == 0
    assert [(given.release, given.emulated_version) for given in read] == [("1.36", "1.35")]


@pytest.mark.parametrize(
    ("request_", "header", "words"),
    [
        (Request("1.37", to=("apps/v1", "v1"), resources=("deploy",)), {}, "migrate --to=apps/v1 --to=v1 deploy"),
        (Request("1.36", to_release="1.36"), {}, "migrate --to-release 1.36"),
        (Request("1.37", encrypt=True, resources=("secrets",)), {}, "encrypt secrets"),
        (
            Request("1.37"),
            {"store": "a", "prefixes": ["/old"], "toPrefixes": ["/new"], "encryption": "", "toEncryption": ""},
            "move --to-prefix /new",
        ),
    ],
)
def test_how_it_is_begun_anew(tmp_path: Path, request_: Request, header: dict[str, Any], words: str) -> None:
    """What was rolled back is not gone on with: the command that begins it anew is named."""
    path = journal(tmp_path / "j", request_, **({"move": header} if header else {}))
    writer = JournalWriter(path, None)
    writer.begin_rollback()
    writer.finish_rollback(0)
    writer.close()
    assert journals._as_asked(Journal(path)) == f"kstore {words}"
    with pytest.raises(WriteRefused) as refused:
        see_that_it_may_go_on(Journal(path))
    assert refused.value.hint == f"to migrate after all, begin anew: `kstore {words}`"


def test_who_may_read_the_metrics(command_on: CommandOn, shop: FaultySource, tmp_path: Path) -> None:
    """The exporter that reads them is another user; the journal, which has values, is the owner's alone."""
    before = os.umask(0o022)
    try:
        words = ("--journal", "j", "--metrics-file", "metrics")
        assert command_on(shop)("migrate", "--to", "apps/v1", "--yes", *words)[0] == 0
    finally:
        os.umask(before)
    modes = {name: (tmp_path / name).stat().st_mode & 0o777 for name in ("j", "metrics")}
    assert modes == {"j": 0o600, "metrics": 0o644}
