"""
Holds kstore against golden cases: decode, default, convert, encode, byte for byte.

A case is a line of JSON: `in` (stored bytes), `json` (the object in its own version), `out` and `outJSON` (the bytes
of every version it can be stored in), `error` (what the scheme refuses), `clock` (versions that depend on the time).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from kstore.catalog.releases import Release
from kstore.decode.json import go_json
from kstore.errors import KstoreError
from kstore.naming import parse_group_version
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

Case = dict[str, Any]


class Judge:
    """
    One release's codec, and what differs between it and the real one.

    Args:
        release: such as `1.37`.
        drop_unknown_fields: as the scheme itself does; for cases with fields that the types do not have.
    """

    def __init__(self, release: str, *, drop_unknown_fields: bool = False) -> None:
        self.codec = ObjectCodec(Scheme(Release(release)))
        self.drop = drop_unknown_fields

    def differences(self, case: Case) -> Iterator[str]:
        """Yield a line for each answer of kstore that is not the scheme's."""
        value = base64.b64decode(case["in"])
        refused = case.get("error") or {}
        if "" in refused:
            if not self._refuses(lambda: go_json.dumps(self.codec.decode(value).object)):
                yield f"{case['name']}: decoded, which the scheme refuses: {refused['']}"
            return
        if not self.drop:
            yield from self._decoded(case, value)
        for media_type, answers in (("protobuf", case.get("out")), ("json", case.get("outJSON"))):
            for version, answer in (answers or {}).items():
                expected = base64.b64decode(answer) if media_type == "protobuf" else answer.encode()
                yield from self._converted(case, value, version, media_type, expected)
        for place in refused:
            version, _, media_type = place.partition(" ")
            media_type = "json" if "json" in media_type else "protobuf"
            if not self._refuses(lambda v=version, m=media_type: self._convert(value, v, m)):  # type: ignore[misc]
                yield f"{case['name']} to {place}: converted, which the scheme refuses: {refused[place]}"

    def _decoded(self, case: Case, value: bytes) -> Iterator[str]:
        decoded = self.codec.decode(value)
        text = go_json.dumps(decoded.object)
        expected = json.dumps(case["json"])
        if json.dumps(json.loads(text)) != expected:
            yield f"{case['name']}: decoded to {text[:400]!r}, not {expected[:400]}"

    def _converted(self, case: Case, value: bytes, version: str, media_type: str, expected: bytes) -> Iterator[str]:
        try:
            found = self._convert(value, version, media_type)
        except KstoreError as error:
            yield f"{case['name']} to {version} {media_type}: refused: {error}"
            return
        if found != expected and version not in (case.get("clock") or ()):
            yield f"{case['name']} to {version} {media_type}: other bytes than the scheme's"

    def _convert(self, value: bytes, version: str, media_type: str) -> bytes:
        return self.codec.convert(
            value, parse_group_version(version), media_type=media_type, drop_unknown_fields=self.drop
        )

    def _refuses(self, ask: Any) -> bool:
        try:
            ask()
        except KstoreError:
            return True
        return False
