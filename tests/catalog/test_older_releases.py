"""
Releases before the oldest exact one: their types are known, their hubs are those of the rules that serve them.
"""

from __future__ import annotations

import pytest

from kstore.catalog.loader import Catalog
from kstore.catalog.releases import Release, known_releases
from kstore.codec import ObjectCodec
from kstore.decode import go_json
from kstore.naming import GroupVersion
from kstore.scheme.scheme import Scheme

OLDER = [name for name in known_releases() if not Release(name).exact]
SERVICE = {
    "kind": "Service",
    "apiVersion": "v1",
    "metadata": {"name": "outside", "namespace": "shop"},
    "spec": {"type": "ExternalName", "externalName": "shop.example.com", "sessionAffinity": "ClientIP"},
}


@pytest.mark.parametrize("name", OLDER)
def test_hubs_are_those_of_the_rules(name: str) -> None:
    """Every hub has the fields of the release whose rules convert to it: a field that is missing would be dropped."""
    release = Release(name)
    older, exact = Catalog(release), Catalog(Release(f"1.{release.rules}"))
    hubs = {kind.hub for kind in exact.kinds() if kind.hub}
    seen: set[str] = set()
    while hubs:
        hub = hubs.pop()
        seen.add(hub)
        fields = exact.struct(hub).fields
        assert older.struct(hub).fields == fields, hub
        below = {ref.name for ref in (_innermost(field.type) for field in fields) if ref.form == "struct"}
        hubs |= {struct for struct in below if ".internal." in struct} - seen
    assert len(seen) > 500


def _innermost(ref):
    while ref.element is not None:
        ref = ref.element
    return ref


@pytest.mark.parametrize("name", OLDER)
def test_a_service_keeps_what_it_says(name: str) -> None:
    """What such a release knows of an object is there after a conversion as it was before."""
    codec = ObjectCodec(Scheme(Release(name)))
    value = go_json.dumps(SERVICE)
    kept = codec.decode(codec.convert(value, GroupVersion("", "v1"))).object["spec"]
    assert {**kept, **SERVICE["spec"]} == kept
