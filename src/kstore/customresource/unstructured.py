"""
Custom objects as `unstructured` holds and writes them: numbers in Go's form, members sorted.
"""

from __future__ import annotations

from typing import Any

from kstore.decode.json import go_json
from kstore.decode.json.raw_json import RawJSON
from kstore.errors import EncodeError

Object = dict[str, Any]


def normalize(value: Any) -> Any:
    """
    A deep copy with numbers as `unstructured` has them: what does not fit into an int64 is a float64, and -0 is 0.

    Raises:
        DecodeError: a number that no float64 holds.
    """
    if isinstance(value, dict):
        return {name: normalize(item) for name, item in value.items()}
    if isinstance(value, list):
        return [normalize(item) for item in value]
    if isinstance(value, RawJSON):
        text = go_json.reprint(value.data)
        return RawJSON(text, nested=True) if value.nested else go_json.loads(text)
    return go_json.unstructured_number(value)


def write(obj: Object, media_type: str = "json") -> bytes:
    """
    The stored bytes of a custom object: members sorted at every level; of JSON, a newline at its end.

    Args:
        obj: the object, normalized.
        media_type: `json` or `cbor`.

    Raises:
        EncodeError: something in it has no form in that encoding.
    """
    if media_type == "cbor":
        from kstore.decode import cbor

        return cbor.dumps(obj)
    return go_json.dumps(_sorted(obj)) + b"\n"


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        try:
            return {name: _sorted(value[name]) for name in sorted(value, key=str.encode)}
        except (TypeError, UnicodeEncodeError) as error:
            raise EncodeError(f"a member's name has no JSON form: {error}") from None
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return 0 if isinstance(value, float) and value == 0 else value  # of -0.0 the text is -0, which is read as 0
