"""`kstore report`: one HTML page, well formed, with nothing from elsewhere and no value of any object."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from kstore.cli.main import run


class Outline(HTMLParser):
    """Sees that every element is closed, and remembers attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes |= {name for name, _ in attrs}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    """Findings and tables, every element closed, no script and no link."""
    assert run(["--store", "demo", "report", "--target-release", "1.37"]) == 0
    text = capsys.readouterr().out
    outline = Outline()
    outline.feed(text)
    assert outline.open == []
    assert not outline.attributes & {"src", "href", "onclick"}
    assert "Objects stored in a version that is no longer served: apps/v1beta1 Deployment" in text
    assert "deployments.apps" in text
