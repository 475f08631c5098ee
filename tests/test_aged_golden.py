"""
Aged objects as a migration leaves them and a real server does, too: cases that need neither Go nor a server.

`tests/golden/record_aged.py` has made them; `tests/e2e/test_aged.py` and `test_aged_fields.py` ask the servers.
"""

from __future__ import annotations

import json
import lzma
from base64 import b64decode
from pathlib import Path

import pytest

from kstore.catalog.releases import Release
from kstore.codec import ObjectCodec
from kstore.errors import KstoreError
from kstore.scheme.registry import RunningServer
from kstore.scheme.scheme import Scheme

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("release", ["1.37", "1.29"])
def test_what_a_migration_leaves(release: str) -> None:
    """Byte for byte; and a second migration changes nothing."""
    codec, server = ObjectCodec(Scheme(Release(release))), RunningServer()
    cases = [
        json.loads(line) for line in lzma.decompress((GOLDEN / f"aged-{release}.jsonl.xz").read_bytes()).splitlines()
    ]
    different = []
    for case in cases:
        expected = b64decode(case["out"])
        for value in (b64decode(case["in"]), expected):
            try:
                found = codec.convert_typed(value, drop_unknown_fields=True, server=server)[1]
            except KstoreError as error:
                different.append((case["key"], str(error)))
                continue
            if found != expected:
                different.append((case["key"], repr(codec.decode(found).object)))
    assert different == []
    assert len(cases) > 400
