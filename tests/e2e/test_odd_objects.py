"""
What a real server leaves of odd and aged objects, at updates that ask for nothing, is what a migration writes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.e2e.aged_objects import Aged, all_aged
from tests.e2e.aged_variants import Variants, whole_objects
from tests.e2e.conftest import SERVING_ALL
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
OF_TIME = ".timeAdded"
"""A default that is the time of day."""
OF_CONVERSION = "/registry/networkpolicies/default/extensions-"
"""Policies whose first update raises the generation, because a conversion made empty lists of none."""
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


def differences(
    etcd: Etcd, client: Client, codec: ObjectCodec, objects: list[Aged]
) -> tuple[dict[str, Any], dict[str, str]]:
    """What the server leaves otherwise than a migration, by key, both; and what it refuses, with its words."""
    different: dict[str, Any] = {}
    refused: dict[str, str] = {}
    with LiveSource([etcd.endpoint]) as source:
        for aged in objects:
            value = value_of(codec, aged)
            assert source.commit([Put(aged.key.encode(), value, 0)]).succeeded
            try:
                left = at_rest(client, source, aged)
            except ApiError as error:
                refused[aged.key] = str(error)
                continue
            made = codec.convert_typed(value, drop_unknown_fields=True, server=RunningServer())[1]
            before, after = codec.decode(made), codec.decode(left)
            found = object_differences(before.object, after.object, after.type_name, codec.scheme.catalog)
            paths = [one.path for one in found if not one.path.startswith(BY_TIME) and not one.path.endswith(OF_TIME)]
            if aged.key.startswith(OF_CONVERSION) and paths == ["metadata.generation"]:
                continue
            listed = aged.key in OF_PATCH_ALONE or is_listed(f"{aged.object['kind']} {aged.key}", paths)
            if not listed and (paths or (left != made and before.object == after.object)):
                different[aged.key] = before.object, after.object
    return different, refused


@pytest.mark.parametrize("release", ["1.37", "1.33", "1.29"])
def test_what_a_server_leaves(release: str, etcd_server: Etcd, kube_apiserver: Callable[..., Any]) -> None:
    """Byte for byte, but for what the server's own controllers write."""
    client = kube_apiserver(etcd_server, release=release).client()
    codec = ObjectCodec(Scheme(Release(release)))
    assert differences(etcd_server, client, codec, [*all_aged(), *all_odd()]) == ({}, {})


def test_what_a_server_leaves_of_every_kind(etcd_server: Etcd, kube_apiserver: Callable[..., Any]) -> None:
    """The same of one object of each kind at every age, as far as the server takes it."""
    client = kube_apiserver(etcd_server, **SERVING_ALL["1.37"]).client()
    codec = ObjectCodec(Scheme(Release("1.37")))
    objects = list(Variants("1.37").all())
    different, refused = differences(etcd_server, client, codec, objects)
    assert different == {}
    taken = {aged.object["kind"] for aged in objects if aged.key not in refused}
    assert taken == {one["kind"] for one in whole_objects("1.37")}
