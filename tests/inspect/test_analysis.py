"""
What fills a store: sums that add up, and the same for programs and for Prometheus.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from kstore.inspect.analysis import Analyzer
from kstore.inspect.analysis_forms import as_document, as_prometheus
from kstore.source.interface import Source
from kstore.source.location.demo import open_demo
from kstore.source.mvcc.key_value import encode_key_value

from .conftest import MemorySource, OpenStore, config_map

A, B = "/registry/configmaps/default/a", "/registry/configmaps/shop/b"


def fill(source: MemorySource) -> None:
    """Two config maps, one changed twice, one deleted; a Secret that is no object."""
    source.put(A, config_map("a", manager="one", time="2026-01-01T00:00:00Z", data={"k": "v"}))
    source.put(A, config_map("a", manager="one", time="2026-01-01T00:05:00Z", data={"k": "w" * 500}))
    source.put(A, config_map("a", manager="two", time="2026-01-01T00:10:00Z", data={"k": "x" * 900}), lease=7)
    source.put(B, config_map("b", "shop", manager="one", time="2026-01-01T00:01:00Z"))
    source.delete(B)
    source.put("/registry/secrets/default/s", b"\x00nothing")
    source.granted = {7: 60, 8: 60}


def test_bytes_are_told_apart(source: MemorySource, open_store: OpenStore) -> None:
    """Live, replaced and deleted bytes are those of the revisions; together they are all that was written."""
    fill(source)
    found = Analyzer(open_store()).run()
    sizes = [len(encode_key_value(one.record)) for one in source.past if not one.deleted]
    assert found.total.live_bytes == sizes[2] + sizes[4]
    assert found.total.history_bytes == sizes[0] + sizes[1] + sizes[3]
    assert (found.total.objects, found.total.history_revisions, found.total.tombstones) == (2, 3, 1)
    assert found.total.undecodable == 1
    assert [one.name for one in found.resources] == ["configmaps", "secrets"]
    assert {one.name: one.tombstones for one in found.namespaces} == {"default": 0, "shop": 1}
    assert found.free_bytes == 40_000


def test_who_wrote_it(source: MemorySource, open_store: OpenStore) -> None:
    """An object's bytes are those of the manager whose entry is the newest."""
    fill(source)
    found = Analyzer(open_store()).run()
    assert [(one.name, one.objects, one.written_bytes) for one in found.managers] == [
        ("two", 1, found.resources[0].live_bytes)
    ]


def test_who_wrote_last_within_a_second(source: MemorySource, open_store: OpenStore) -> None:
    """Of entries of the same second the last one counts, which servers sort behind the others."""
    obj = config_map("a", manager="first", time="2026-01-01T00:00:00Z")
    entries = obj["metadata"]["managedFields"]
    entries += [{**entries[0], "manager": "second"}, {**entries[0], "manager": "older", "time": "2025-01-01T00:00:00Z"}]
    source.put(A, obj)
    found = Analyzer(open_store()).run()
    assert {one.name for one in found.managers if one.written_bytes} == {"second"}


def test_large_fields_and_churn(source: MemorySource, open_store: OpenStore) -> None:
    """The largest object names its largest field; the key that changed most comes with its rate."""
    source.put("/registry/configmaps/default/0", config_map("0", manager="one", time="2026-01-01T00:00:00Z"))
    fill(source)
    found = Analyzer(open_store(), top=1).run()
    assert found.largest[0].key == A
    assert found.largest[0].fields[0].path == "data.k"
    assert [(one.key, one.changes) for one in found.churn] == [(A, 3)]
    assert found.window_minutes == 10.0
    assert found.per_minute(3) == 0.3


@pytest.mark.parametrize(("size", "headroom"), [(100, 900), (1000, 0), (1001, 0)])
def test_what_is_left_of_the_quota(
    source: MemorySource, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch, size: int, headroom: int
) -> None:
    """Nothing, where the file has grown beyond it; what that would be is not known without one."""
    status = replace(source.status(), size=size, quota=1000)
    monkeypatch.setattr(source, "status", lambda: status)
    assert as_document(Analyzer(open_store()).run())["store"]["headroomBytes"] == headroom
    status = replace(status, quota=0)
    assert as_document(Analyzer(open_store()).run())["store"]["headroomBytes"] is None


def test_labels_of_metrics(source: MemorySource, open_store: OpenStore) -> None:
    """Quotes, backslashes and line feeds of a manager's name are escaped: each sample is one line."""
    source.put(A, config_map("a", manager='a "b"\\c\nd', time="2026-01-01T00:00:00Z"))
    lines = "".join(as_prometheus(Analyzer(open_store()).run())).splitlines()
    (found,) = [line for line in lines if line.startswith("kstore_manager_last_written_bytes{")]
    assert found.startswith('kstore_manager_last_written_bytes{manager="a \\"b\\"\\\\c\\nd"} ')


def test_leases(source: MemorySource, open_store: OpenStore) -> None:
    """Leases granted, those with keys, and those that only a key knows."""
    fill(source)
    source.put("/registry/configmaps/default/c", config_map("c"), lease=99)
    leases = Analyzer(open_store()).run().leases
    assert leases is not None
    assert (leases.granted, leases.attached, leases.keys, leases.unknown) == (2, 1, 2, 1)


def test_changes_since_the_last_compaction(source: MemorySource, open_store: OpenStore) -> None:
    """What the revision that was compacted has left is not a change since; one change of a key is no churn."""
    fill(source)
    source.compact(source.get(A.encode()).mod_revision)
    found = Analyzer(open_store()).run()
    assert {one.name: one.changes for one in found.resources} == {"configmaps": 2, "secrets": 1}
    assert [(one.key, one.changes) for one in found.churn] == [(B, 2)]


def test_without_history(source: MemorySource, open_store: OpenStore) -> None:
    """Without the history nothing is said of it."""
    fill(source)
    found = Analyzer(open_store()).run(history=False)
    assert (found.history, found.total.history_bytes, found.churn) == (False, 0, [])


def test_for_programs(source: MemorySource, open_store: OpenStore) -> None:
    """The document and the metrics have the same figures."""
    fill(source)
    found = Analyzer(open_store()).run()
    document = as_document(found)
    assert document["total"]["liveBytes"] == found.total.live_bytes
    text = "".join(as_prometheus(found))
    live = found.resources[0].live_bytes
    assert f'kstore_resource_bytes{{resource="configmaps",state="live"}} {live}\n' in text
    assert all(line.startswith(("#", "kstore_")) for line in text.splitlines())


def test_sizes_without_values() -> None:
    """A file tells the sizes of its history without reading values: the same as with them."""
    with open_demo() as demo:
        assert list(demo.history_sizes()) == list(Source.history_sizes(demo))
