"""
What a conversion webhook is sent: how many objects at a time, and where to.
"""

from __future__ import annotations

from collections.abc import Callable
from email.message import Message
from typing import Any

import pytest

from kstore.customresource import webhook
from kstore.customresource.webhook import ConversionWebhook
from kstore.errors import NotConvertible
from kstore.http_exchange import HttpAnswer

HERE, THERE = "https://here.example.com/convert", "https://there.example.com/convert"


@pytest.mark.parametrize(
    ("count", "batches"), [(0, []), (1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])]
)
def test_how_many_objects_a_review_holds(count: int, batches: list[int]) -> None:
    """A hundred, in order."""
    objects = [{"number": number} for number in range(count)]
    found = list(webhook._batches(objects))
    assert [len(batch) for batch in found] == batches
    assert [one for batch in found for one in batch] == objects


def test_how_many_bytes_a_review_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to the limit; what is larger alone goes alone."""
    monkeypatch.setattr(webhook, "_BYTES", 20)
    small, large = {"a": "12"}, {"a": "x" * 30}  # of 10 and 38 bytes
    sizes = [len(batch) for batch in webhook._batches([small, small, small, large, small])]
    assert sizes == [2, 1, 1, 1]


def asked(monkeypatch: pytest.MonkeyPatch, answer: Callable[[str], tuple[int, str]]) -> tuple[list[str], str]:
    """The addresses that one review is sent to, and what comes of it, where each answers with a status and a place."""
    sent: list[str] = []

    class Client:
        def __init__(self, url: str) -> None:
            self._url = url

        def request(self, method: str, path: str, **_: Any) -> HttpAnswer:
            sent.append(self._url)
            status, place = answer(self._url)
            headers = Message()
            if place:
                headers["Location"] = place
            return HttpAnswer(status, "", headers, b"{}")

    monkeypatch.setattr(ConversionWebhook, "_client", lambda self, url: Client(url))
    (found,) = ConversionWebhook("boats.example.com", HERE)([{"a": 1}], "b/v2")
    assert isinstance(found, NotConvertible)
    return sent, str(found)


@pytest.mark.parametrize(
    ("status", "follows"), [(301, False), (302, False), (303, False), (304, False), (307, True), (308, True)]
)
def test_which_redirects_are_followed(monkeypatch: pytest.MonkeyPatch, status: int, follows: bool) -> None:
    """Those after which the same is sent again; after the others Go's client asks without the objects."""
    sent, said = asked(monkeypatch, lambda url: (200, "") if url == THERE else (status, THERE))
    assert sent == ([HERE, THERE] if follows else [HERE])
    assert ("no response provided" in said) if follows else (f"answered {status}" in said)


def test_a_redirect_without_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to follow."""
    sent, said = asked(monkeypatch, lambda _: (308, ""))
    assert (sent, "answered 308" in said) == ([HERE], True)


def test_redirects_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten are asked, as Go's client does, and no more."""
    sent, said = asked(monkeypatch, lambda url: (307, "/convert"))
    assert len(sent) == 10
    assert "redirects more than 10 times" in said
