"""
The scheme against the real one, hypothesis filling objects of every stored kind: decode, default, convert, encode.

What it finds becomes a golden case.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.oracle.objects import Filler
from tools.cluster import ServerMissing, find
from tools.oracle.asking import Oracle, Refused

from kstore.catalog.releases import newest
from kstore.catalog.types import Kind
from kstore.decode.json import go_json
from kstore.errors import KstoreError
from kstore.naming import GroupVersionKind, parse_group_version
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

pytestmark = pytest.mark.oracle

CODEC = ObjectCodec(Scheme(newest()))
FILLER = Filler(CODEC.scheme.catalog)
CLOCK = {"DeviceTaintRule", "ResourceSlice"}
"""Kinds in whose defaults the time of day stands."""


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    """The real scheme of the newest release, built with Go where it is not yet."""
    try:
        binary = find("oracle")
    except ServerMissing as missing:
        pytest.skip(str(missing))
    with Oracle(binary) as running:
        yield running


@pytest.fixture(scope="module")
def kinds(oracle: Oracle) -> list[Kind]:
    """The kinds that the real scheme knows; the catalog remembers more."""
    found = []
    for kind in CODEC.scheme.catalog.kinds:
        name = GroupVersionKind(kind.group, kind.version, kind.kind)
        if kind.hub and CODEC.scheme.stored_as(name):
            with suppress(Refused):
                oracle.ask({"kind": kind.kind, "apiVersion": name.api_version})
                found.append(kind)
    return found


def attempt(value: bytes, version: str, media_type: str) -> bytes | KstoreError:
    """What kstore makes of a value; a refusal comes back as it is."""
    try:
        return CODEC.convert(value, parse_group_version(version), media_type=media_type)
    except KstoreError as error:
        return error


@settings(
    max_examples=1500,
    deadline=None,
    derandomize=True,  # with random seeds hypothesis now and then finds what it draws inconsistent
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_every_kind(oracle: Oracle, kinds: list[Kind], data: st.DataObject) -> None:
    """Stored as JSON, an object is read alike, and becomes the same bytes in every version it can be stored in."""
    kind = data.draw(st.sampled_from(kinds))
    found = data.draw(FILLER.objects(kind))
    value = json.dumps(found, separators=(",", ":"), ensure_ascii=False).encode()
    try:
        answer = oracle.ask(value)
    except Refused:
        with pytest.raises(KstoreError):
            CODEC.decode(value)
        return
    shown = CODEC.decode(value).object
    assert answer.text.encode() == go_json.dumps(shown)
    for media_type, answers in (("protobuf", answer.protobuf), ("json", answer.json)):
        for version, expected in answers.items():
            if kind.kind not in CLOCK:
                assert expected == attempt(value, version, media_type), f"to {version} {media_type}"
    for place in answer.errors:
        version, _, media_type = place.partition(" ")
        assert isinstance(attempt(value, version, media_type), KstoreError), place


def test_kinds_are_many(kinds: list[Kind]) -> None:
    """The property is asked of everything that the release stores."""
    assert len(kinds) > 120


def example(kind: str, **members: Any) -> bytes:
    """An object of apps/v1 stored as JSON."""
    return json.dumps({"kind": kind, "apiVersion": "apps/v1", **members}).encode()


def test_the_oracle_is_the_right_one(oracle: Oracle) -> None:
    """It answers with what 1.37 stores, for one object whose bytes are plain to see."""
    answer = oracle.ask(example("Deployment", metadata={"name": "a"}))
    assert b'"progressDeadlineSeconds":600' in answer.json["apps/v1"]
