"""
Cells that are read from objects as they are stored: they are those of the object that a server would have read.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kstore.catalog.releases import Release, known_releases
from kstore.naming import GroupVersionKind
from kstore.object_codec import ObjectCodec
from kstore.scheme.random_objects import RandomObjects
from kstore.scheme.scheme import Scheme
from kstore.view.columns import printer_for
from kstore.view.columns.engine import _AS_STORED

NOW = datetime(2026, 1, 3, tzinfo=UTC)
WORDS = ("Always", "Completed", "Failed", "Initialized", "NodeLost", "Ready", "Succeeded", "True")


@pytest.mark.large
@pytest.mark.parametrize("release", known_releases()[::4])
def test_defaults_change_no_cell(release: str) -> None:
    """Of random objects of each such kind, in the version that the release stores: the cells of both are the same."""
    scheme = Scheme(Release(release))
    codec = ObjectCodec(scheme)
    objects = RandomObjects(scheme.catalog, WORDS)
    for one in _AS_STORED:
        version = scheme.storage_version(GroupVersionKind(one.group, "v1", one.kind))
        name = GroupVersionKind(version.group, version.version, one.kind)
        printer = printer_for(name, None, Release(release))
        assert printer.as_stored
        for seed in range(40):
            value = codec.encode(objects.of_kind(scheme.catalog.kind(name), str(seed)))
            stored, served = codec.decode(value).object, codec.convert_object(value, version)
            assert stored != served
            (_, cells), (_, served_cells) = (next(iter(printer.rows([obj], NOW))) for obj in (stored, served))
            assert cells == served_cells
