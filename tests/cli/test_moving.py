"""
How a move ends.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from kstore.cli.moving import MoveRun
from kstore.library.moving import Move, MoveReport
from kstore.migrate.move import MoveSummary
from kstore.migrate.move_copy import Meanwhile


@pytest.mark.parametrize(("skipped", "changed", "code"), [(0, None, 0), (0, 0, 0), (2, 0, 3), (0, 1, 4), (2, 1, 4)])
def test_the_exit_code(skipped: int, changed: int | None, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """What others changed while the cluster was copied is a conflict, beside which what was skipped counts for less."""
    meanwhile = None if changed is None else Meanwhile(changed, b"/registry/pods/default/a", 9)
    report = MoveReport(MoveSummary(skipped_count=skipped), Path("a.journal"), meanwhile=meanwhile)
    move = cast(Move, SimpleNamespace(routes=SimpleNamespace(pairs=(("/a", "/b"),))))
    assert MoveRun()._done(move, report) == code
    printed = capsys.readouterr()
    assert printed.out.startswith("/a -> /b\n0 keys copied (0 B)")
    assert ("/registry/pods/default/a the first" in printed.err) is bool(changed)
    assert "kstore migrate verify a.journal" in printed.err
    assert "kstore migrate rollback a.journal" in printed.err
