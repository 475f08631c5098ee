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
        f"| bytes that are unpacked, all together | {spool.LARGEST >> 30} GiB |",
        f"| room that stays free on that disk | {spool.LEFT_FREE >> 20} MiB |",
        f"| archives within one another | {unpack.DEEPEST} |",
        f"| folders looked into for a backup, and how deep | {folder.MOST:,} entries, {folder.DEEPEST} folders |",
    ):
        assert row in page
