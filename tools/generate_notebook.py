"""
python -m tools.generate_notebook

Run docs/notebook.ipynb and keep what its cells answer. The cells are the source: they are edited there, or in Jupyter.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

PAGE = Path(__file__).resolve().parents[1] / "docs" / "notebook.ipynb"
_START: int = 300
"""Seconds that the kernel has to begin: on a busy machine it may need many."""


def executed(path: Path = PAGE) -> Any:
    """The notebook with what its cells answer now, and nothing in it that differs from run to run."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=_START, startup_timeout=_START, kernel_name="python3", record_timing=False
    ).execute()
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(notebook.cells):
        cell.id, cell.metadata = f"cell-{number}", {}
    return notebook


def main() -> None:
    """Write it anew."""
    notebook = executed()
    nbformat.validate(notebook)
    nbformat.write(notebook, PAGE)


if __name__ == "__main__":
    main()
