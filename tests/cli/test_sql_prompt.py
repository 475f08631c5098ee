"""
The prompt of `kstore sql` on a real terminal.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

pexpect = pytest.importorskip("pexpect")
pytest.importorskip("duckdb")
pytest.importorskip("prompt_toolkit")


@pytest.mark.large
def test_a_conversation(tmp_path: Path) -> None:
    """Completion, queries over several lines, errors that end nothing, masked Secrets, history for the next time."""
    environment = os.environ | {"XDG_STATE_HOME": str(tmp_path), "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
    talk = pexpect.spawn(
        sys.executable, ["-m", "kstore", "sql", "demo"], env=environment, encoding="utf-8", timeout=60,
        dimensions=(30, 160),
    )  # fmt: skip
    talk.expect("kstore>")
    talk.send("select resource, count(*) n from obj\t")
    talk.expect("ects")  # the rest of the word
    talk.send("\r")
    talk.expect(r"\.\.\.>")
    talk.send("group by 1 order by n desc limit 3;\r")
    talk.expect("clusterroles")
    talk.expect("3 rows in")
    talk.expect("kstore>")
    talk.send("select nope from pods;\r")
    talk.expect("there is no column 'nope'")
    talk.expect("kstore>")
    talk.send("select data from secrets where name = 'payment-gateway';\r")
    talk.expect(r"\*\*\*\*\*")
    talk.expect("kstore>")
    talk.send(".output json\r")
    talk.expect("kstore>")
    talk.send("select data from secrets where name = 'payment-gateway';\r")
    talk.expect(r"\*\*\*\*\*")
    talk.expect("kstore>")
    talk.send(".columns\r")
    talk.expect("'.columns' needs TABLE")
    talk.send(".output xml\r")
    talk.expect("'.output' does not take 'xml'")
    left = "\x1b[D" * len(" from deployments where spec is not null;")
    talk.send(f"select sta from deployments where spec is not null;{left}\t")  # a column of the table behind it
    talk.expect("tus")
    talk.send("\r")
    talk.expect("rows in")
    talk.send("select 1")
    talk.sendintr()
    talk.expect("kstore>")
    talk.send(".quit\r")
    talk.expect(pexpect.EOF)
    talk.close()
    assert talk.exitstatus == 0
    history = tmp_path / "kstore" / "sql_history"
    assert "+select nope from pods;" in history.read_text()
    assert "+select resource, count(*) n from objects\n+group by 1" in history.read_text()  # one entry
    assert history.stat().st_mode & 0o777 == 0o600
