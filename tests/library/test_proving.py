"""
What a running server is asked about, and by which release its answers are read.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from kstore.catalog.releases import newest
from kstore.catalog.server_flags import ServerFlags
from kstore.library.opening import Opening
from kstore.library.proving import release_for, written
from kstore.migrate.apiserver import Apiserver
from kstore.migrate.journal import Journal
from kstore.testing import MemorySource


@pytest.mark.parametrize(
    ("name", "flags", "release", "emulated"),
    [
        ("1.35", ServerFlags(), "1.35", ""),
        ("1.35", ServerFlags(emulated_version="1.34"), "1.35", "1.34"),
        ("1.35", ServerFlags(emulated_version="1.20"), "1.35", ""),
        ("1.99", ServerFlags(), newest().name, ""),
    ],
)
def test_the_release_of_a_server(name: str, flags: ServerFlags, release: str, emulated: str) -> None:
    """Its own, emulating what it emulates where that is understood; of one that is too new the newest known."""
    found = release_for(cast(Apiserver, SimpleNamespace(started=lambda: (name, flags))))
    assert (found.name, found.emulated) == (release, emulated)


def test_what_a_migration_wrote() -> None:
    """Each object once, as it is now; not what it deleted, even if it is there again, nor what has gone since."""
    values = {
        f"/registry/configmaps/default/{name}": {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"},
        }
        for name in ("kept", "there-again", "other")
    }  # fmt: skip
    batches = [
        SimpleNamespace(
            entries=[
                SimpleNamespace(key=f"/registry/configmaps/default/{name}".encode(), deletes=deletes)
                for name, deletes in entries
            ]
        )
        for entries in (
            [("kept", False), ("there-again", True)],
            [("gone", False), ("kept", False)],
        )
    ]
    journal = cast(Journal, SimpleNamespace(batches=lambda: batches))
    found = written(journal, Opening(MemorySource(values), release="1.37").store)
    assert [read.record.key for read in found] == [b"/registry/configmaps/default/kept"]
