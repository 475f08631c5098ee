"""The README's picture shows what its commands print, and asks nothing of elsewhere."""

from __future__ import annotations

import html
import re

from tools.generate_picture import COMMANDS, TARGET


def test_the_picture() -> None:
    """Each command, and something of what it prints."""
    drawn = TARGET.read_text()
    text = html.unescape(re.sub(r"<[^>]+>", "", drawn)).replace("\u00a0", " ")
    for command, _ in COMMANDS:
        assert command in text
    for printed in ("STORED AS", "Objects stored in a version that is no longer served", "1 change, 1 unchanged"):
        assert printed in text
    assert re.findall(r"https?://[^\"' )]*", drawn) == ["http://www.w3.org/2000/svg"]
