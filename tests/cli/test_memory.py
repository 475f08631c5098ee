"""
What a command does not load.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import sys
from kstore.cli import main
sys.argv = ["kstore", "--store", "demo", "sql", "select labels from pods limit 1"]
try:
    main.main()
finally:
    print([name for name in ("pandas", "pyarrow.dataset", "kubernetes", "textual") if sys.modules.get(name)])
"""


@pytest.mark.large
def test_sql_loads_no_pandas() -> None:
    """pyarrow imports pandas at its first array; a command keeps it from that, and loads no more of pyarrow."""
    pytest.importorskip("duckdb")
    pytest.importorskip("pandas")
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
