"""
What a real server leaves of odd and aged objects, at updates that ask for nothing, is what a migration writes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from tests.e2e.aged_objects import Aged, all_aged
from tests.e2e.odd_objects import all_odd, text_of
from tests.e2e.test_aged_fields import is_listed
from tools.cluster import ApiError, Client, Etcd

from kstore.catalog.releases import Release
from kstore.differences import object_differences
from kstore.object_codec import ObjectCodec
from kstore.records import Put
from kstore.scheme.registry import RunningServer
from kstore.scheme.scheme import Scheme
from kstore.source.etcd.live import LiveSource

BY_TIME = "metadata.managedFields"
"""Where an update changes an object its manager gets an entry with the time."""
MOST = 20
"""Updates after which nothing more may change; the server's controllers come in between."""
CONFLICT = 409


def value_of(codec: ObjectCodec, aged: Aged) -> bytes:
    """The object as it is stored: what is odd as it stands."""
    return text_of(aged) if aged.key in ODD else codec.encode(aged.object, aged.media_type)


ODD = {odd.key for odd in all_odd()}
OF_PATCH_ALONE = {"/registry/services/specs/default/external-with-policy"}
"""A field that a patch keeps, and GET with PUT drops; so does a migration."""


def at_rest(client: Client, source: LiveSource, aged: Aged) -> bytes:
    """
    The value when patches that ask for nothing change it no more.

    Raises:
        ApiError: the server refuses the object.
    """
    path = client.path_of({**aged.object, "apiVersion": aged.updated_as or aged.object["apiVersion"]})
    revision = -1
    for _ in range(MOST):
        metadata = client.request("GET", path)["metadata"]
        identity = {name: metadata[name] for name in ("uid", "resourceVersion")}
        try:
            client.request("PATCH", path, {"metadata": identity}, media="application/merge-patch+json")
        except ApiError as error:
            if error.status != CONFLICT:
                raise
            continue
        record = source.get(aged.key.encode())
        assert record is not None
        if record.mod_revision == revision or aged.object["kind"] == "Event":  # whose lease is granted anew
            return record.value
        revision = record.mod_revision
    raise AssertionError(f"{aged.key} changes at every update")


@pytest.mark.parametrize("release", ["1.37", "1.33", "1.29"])
def test_what_a_server_leaves(release: str, etcd_server: Etcd, kube_apiserver: Callable[..., Any]) -> None:
    """Byte for byte, but for what the server's own controllers write."""
    objects = [*all_aged(), *all_odd()]
    codec = ObjectCodec(Scheme(Release(release)))
    client = kube_apiserver(etcd_server, release=release).client()
    different: dict[str, Any] = {}
    refused: Counter[str] = Counter()
    with LiveSource([etcd_server.endpoint]) as source:
        for aged in objects:
            value = value_of(codec, aged)
            assert source.commit([Put(aged.key.encode(), value, 0)]).succeeded
            try:
                left = at_rest(client, source, aged)
            except ApiError as error:
                refused[f"{aged.key}: {error}"] += 1
                continue
            made = codec.convert_typed(value, drop_unknown_fields=True, server=RunningServer())[1]
            before, after = codec.decode(made), codec.decode(left)
            paths = [one.path for one in object_differences(
                before.object, after.object, after.type_name, codec.scheme.catalog)]  # fmt: skip
            paths = [path for path in paths if not path.startswith(BY_TIME)]
            listed = aged.key in OF_PATCH_ALONE or is_listed(f"{aged.object['kind']} {aged.key}", paths)
            if not listed and (paths or (left != made and before.object == after.object)):
                different[aged.key] = before.object, after.object
    assert different == {}
    assert refused == {}
