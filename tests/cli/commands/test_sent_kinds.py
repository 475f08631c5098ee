"""
`kstore decode` and `encode` of what is sent and never stored.

That their bytes are right is held against k8s.io/api's test data (tests/test_api_testdata.py).
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from tests.cli.conftest import Kstore

SENT: list[dict[str, Any]] = [
    {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "no", "code": 404},
    {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Orphan"},
    {"kind": "DeleteOptions", "apiVersion": "policy/v1", "gracePeriodSeconds": 0},
    {"kind": "SerializedReference", "apiVersion": "v1", "reference": {"kind": "Pod", "name": "p"}},
    {"kind": "DeploymentRollback", "apiVersion": "apps/v1beta1", "name": "d", "rollbackTo": {"revision": 3}},
    {"type": "ADDED", "object": {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p"}}},
]


@pytest.mark.parametrize("obj", SENT, ids=lambda obj: f"{obj.get('apiVersion', '')} {obj.get('kind', 'WatchEvent')}")
def test_there_and_back(kstore: Kstore, obj: dict[str, Any]) -> None:
    """As protobuf, unless JSON is asked for; what was given comes out."""
    written = kstore("encode", "--batch", stdin=json.dumps({"object": obj}).encode()).lines[0]["value"]
    assert base64.b64decode(written).startswith(b"k8s\0")
    found = kstore("decode", stdin=written.encode()).json
    assert {name: found[name] for name in obj} == obj
    in_json = kstore("encode", "--media", "json", stdin=json.dumps(obj).encode())
    assert in_json.code == 0


def test_an_event_that_says_nothing(kstore: Kstore) -> None:
    """An envelope that names no kind, and holds no WatchEvent, is damaged."""
    ran = kstore("decode", stdin=base64.b64encode(b'k8s\0\n\0\x12\0\x1a\0"\0'))
    assert ran.code != 0
    assert "holds no WatchEvent" in ran.err


def test_a_store_has_none(kstore: Kstore) -> None:
    """Only the filters know them: what a store holds of such a name is of no built-in kind."""
    from kstore.catalog.loader import Catalog
    from kstore.catalog.releases import newest
    from kstore.naming import gvk

    assert not Catalog(newest()).has_kind(gvk("v1", "Status"))
    assert Catalog(newest(), sent=True).has_kind(gvk("v1", "Status"))
