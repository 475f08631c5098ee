"""
docs/notebook.ipynb, run as it is written: its cells answer what stands beneath them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

NEEDED = ("nbclient", "ipykernel", "duckdb", "pandas", "polars")


def answers(notebook: Any) -> list[list[str]]:
    """The words of what each cell of code answers: how wide a table is drawn is its drawer's affair."""
    return [
        [word for output in cell.outputs for word in re.findall(r"[\w.*/-]+", text_of(output))]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def text_of(output: Any) -> str:
    """One answer as text."""
    return str(output.get("text") or output.get("data", {}).get("text/plain") or output)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Jupyter's own
def test_the_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell runs, and says what the page has."""
    for needed in NEEDED:
        pytest.importorskip(needed)
    nbformat = pytest.importorskip("nbformat")
    generate_notebook = pytest.importorskip("tools.generate_notebook")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    kept = nbformat.read(generate_notebook.PAGE, as_version=4)
    assert answers(generate_notebook.executed()) == answers(kept)
    assert sum(bool(words) for words in answers(kept)) >= 7
