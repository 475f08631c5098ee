"""
Raw JSON: carried byte for byte, parsed for people, and shown as what it is where it is none.
"""

from __future__ import annotations

import pytest

from kstore.decode.json.go_json import compacted
from kstore.decode.json.raw_json import RawJSON, plain


def test_the_value_of_text():
    """What is JSON is parsed."""
    assert plain({"data": [RawJSON(b'{"a": [1, 2.5, null]}')]}) == {"data": [{"a": [1, 2.5, None]}]}


@pytest.mark.parametrize(
    ("data", "shown"),
    [(b'{"a\xa5":1}', '{"a\\xa5":1}'), (b"{", "{"), (b"", ""), (b'{"a":1}}', '{"a":1}}'), (b"\xff\xfe", "\\xff\\xfe")],
)
def test_text_that_is_no_json_is_shown_as_it_is(data: bytes, shown: str):
    """A view of an object with broken raw JSON shows the text, under a name that says so, and does not fail."""
    assert RawJSON(data).value == {"$invalidJSON": shown}


def test_printing_it_as_go_would_is_refused():
    """Go's encoder refuses raw text that is no JSON, and so does the writer of stored bytes."""
    with pytest.raises(ValueError, match="broken"):
        compacted(RawJSON(b"{"))
