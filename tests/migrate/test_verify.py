"""
After a migration: held against the store.
"""

from __future__ import annotations

from kstore.migrate.journal import Journal
from kstore.migrate.verify import verify_live

from .conftest import key


def test_verify_finds_what_differs(migrated, codec, deployment):
    """All is well after a migration; each kind of difference has its code."""
    store, path = migrated
    assert verify_live(Journal(path), store, codec).findings == []
    store.put(key("web-1"), deployment("web-1", image="web:9", version="apps/v1"))
    store.put(key("web-2"), store.records[key("web-2")].value, lease=5)
    del store.records[key("web-3")]
    found = {
        finding.key.rpartition("/")[2]: finding.code for finding in verify_live(Journal(path), store, codec).findings
    }
    assert found == {"web-1": "changed", "web-2": "lease", "web-3": "deleted"}
