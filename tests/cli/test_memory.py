"""
What a command does not load.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import sys
from kstore.cli import main
sys.argv = ["kstore", "--store", "demo", *sys.argv[1:]]
try:
    main.main()
finally:
    print([name for name in ("pandas", "pyarrow", "pyarrow.dataset", "kubernetes", "textual") if sys.modules.get(name)])
"""


def loaded(*arguments: str) -> str:
    """Which large packages a command loads."""
    done = subprocess.run([sys.executable, "-c", CODE, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@pytest.mark.large
def test_sql_loads_no_pyarrow() -> None:
    """Its rows reach DuckDB as batches of arro3's: pyarrow would take more memory than all else."""
    pytest.importorskip("duckdb")
    assert loaded("sql", "select labels, managers, created_at, spec from pods limit 1") == "[]"


@pytest.mark.large
def test_parquet_loads_no_pandas(tmp_path: Path) -> None:
    """pyarrow imports pandas at its first array; a command keeps it from that, and loads no more of pyarrow."""
    pytest.importorskip("pyarrow")
    pytest.importorskip("pandas")
    assert loaded("export", "-o", "parquet", str(tmp_path / "demo.parquet")) == "['pyarrow']"
