"""
What becomes of an object in the store: asked by the tests of the rules.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from kstore.catalog.releases import Release
from kstore.naming import parse_group_version
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

NEWEST = "1.37"


@cache
def codec_of(release: str) -> ObjectCodec:
    """The codec of a release."""
    return ObjectCodec(Scheme(Release(release)))


def stored(found: dict[str, Any], to: str, release: str = NEWEST) -> dict[str, Any]:
    """
    An object as a server of the release would store it in a version: defaulted, converted, as JSON.

    Args:
        found: the object as it is in the store.
        to: the version, as `apps/v1`.
        release: whose rules.
    """
    value = json.dumps(found).encode()
    result: dict[str, Any] = json.loads(
        codec_of(release).convert(value, parse_group_version(to), media_type="json", drop_unknown_fields=True)
    )
    return result


def example(kind: str, version: str, **members: Any) -> dict[str, Any]:
    """An object of a kind, named `web`, with these members."""
    return {"kind": kind, "apiVersion": version, "metadata": {"name": "web"}, **members}
