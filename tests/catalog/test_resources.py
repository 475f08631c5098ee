"""
What a resource's row says of the releases that store it.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from kstore.catalog.releases import Release
from kstore.catalog.resources import all_resources, custom_media_type


@pytest.mark.parametrize(
    ("storage", "first", "last"),
    [
        ({"1.17-1.21": "a/v1"}, "1.17", "1.21"),
        ({"1.17-1.21": "a/v1", "1.22-": "a/v2"}, "1.17", ""),
        ({"1.20": "a/v1"}, "1.20", "1.20"),
        ({"1.20,1.22-1.24": "a/v1"}, "1.20", "1.24"),
        ({"-1.24": "a/v1"}, "", "1.24"),
        ({"1.34-1.35,1.37": "a/v1"}, "1.34", "1.37"),
    ],
)
def test_which_releases_store_it(storage: dict[str, str], first: str, last: str) -> None:
    """The first and the last of its ranges, of which one may be a single release."""
    resource = replace(all_resources()[0], storage=storage)
    assert (resource.first_release, resource.last_release) == (first, last)


@pytest.mark.parametrize(
    ("stored", "release", "gate", "wanted", "written"),
    [
        ("cbor", "1.31", True, "", "json"),
        ("cbor", "1.32", True, "", "cbor"),
        ("cbor", "1.32", False, "", "json"),
        ("cbor", "1.37", True, "json", "json"),
        ("json", "1.37", True, "", "json"),
        ("json", "1.37", True, "cbor", "json"),
    ],
)
def test_the_encoding_of_a_custom_resource(stored: str, release: str, gate: bool, wanted: str, written: str) -> None:
    """It stays what it is, where the release's servers write that too; the first that read CBOR are those of 1.32."""
    target = Release(release, {"CBORServingAndStorage": gate})
    assert custom_media_type(stored, target, wanted) == written
