"""
docs/reference/files.md: what it says of unpacking is what the code holds to.
"""

from __future__ import annotations

from pathlib import Path

from kstore.source.archive import folder, spool, unpack


def test_the_page_has_the_limits() -> None:
    """Each with its number."""
    page = (Path(__file__).parents[3] / "docs/reference/files.md").read_text(encoding="utf-8")
    for row in (
        f"| unpacked bytes in total | {spool.LARGEST >> 30} GiB |",
        f"| disk space that is left free | {spool.LEFT_FREE >> 20} MiB |",
        f"| nested archives | {unpack.DEEPEST} |",
        f"| files searched in a folder, and depth | {folder.MOST:,} files, {folder.DEEPEST} folders |",
    ):
        assert row in page
