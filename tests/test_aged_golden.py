"""
Aged and odd objects as a migration leaves them and a real server does, too: cases that need neither Go nor a server.

`tests/golden/record_aged.py` has made them; `tests/e2e/test_aged.py`, `test_aged_fields.py` and `test_odd_objects.py`
ask the servers.
"""

from __future__ import annotations

import json
import lzma
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from kstore.catalog.releases import Release
from kstore.errors import KstoreError
from kstore.object_codec import ObjectCodec
from kstore.scheme.registry import RunningServer
from kstore.scheme.scheme import Scheme

GOLDEN = Path(__file__).parent / "golden"


RELEASES = sorted(path.name.removeprefix("aged-").removesuffix(".jsonl.xz") for path in GOLDEN.glob("aged-*.jsonl.xz"))
PLAIN = 67
"""The plain run takes one case of so many, and `make slow` all."""


def cases_of(release: str) -> list[dict[str, Any]]:
    """The recorded cases of a release."""
    text = lzma.decompress((GOLDEN / f"aged-{release}.jsonl.xz").read_bytes())
    return [json.loads(line) for line in text.splitlines()]


def different(release: str, cases: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The keys of the cases that come out otherwise, each with what came out."""
    codec, server = ObjectCodec(Scheme(Release(release))), RunningServer()
    found = []
    for case in cases:
        expected = b64decode(case["out"])
        for value in (b64decode(case["in"]), expected):
            try:
                made = codec.convert_typed(value, drop_unknown_fields=True, server=server)[1]
            except KstoreError as error:
                found.append((case["key"], str(error)))
                continue
            if made != expected:
                found.append((case["key"], repr(codec.decode(made).object)))
    return found


@pytest.mark.large
@pytest.mark.parametrize("release", RELEASES)
def test_what_a_migration_leaves(release: str) -> None:
    """Byte for byte, and a second migration changes nothing: some cases, a few of each kind."""
    assert different(release, cases_of(release)[::PLAIN]) == []


@pytest.mark.slow
@pytest.mark.parametrize("release", RELEASES)
def test_what_a_migration_leaves_of_all(release: str) -> None:
    """The same of every case."""
    cases = cases_of(release)
    assert different(release, cases) == []
    assert len(cases) > 1000
