"""
The steps of a proof, told from what was counted.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kstore.errors import SourceError
from kstore.inspect.backup_proof import Counts, Expected, Verdict, age, complete, objects
from kstore.inspect.proof_record import Proof, Subject, expected_by, write_record

from .conftest import MemorySource, OpenStore, config_map

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("newest", "most", "verdict", "words"),
    [
        ("", None, Verdict.NOT_RUN, "no object carries a time"),
        ("", timedelta(hours=1), Verdict.FAILED, "no object carries a time"),
        ("2026-01-02T11:00:00Z", None, Verdict.NOT_RUN, "1 h 0 min ago; no limit was given"),
        ("2026-01-02T11:00:00Z", timedelta(hours=1), Verdict.OK, "1 h 0 min ago"),
        ("2026-01-02T10:59:59Z", timedelta(hours=1), Verdict.FAILED, "more than 1 h 0 min"),
        ("2025-12-31T10:00:00Z", timedelta(days=1), Verdict.FAILED, "2 d 2 h ago: more than 1 d 0 h"),
    ],
)
def test_its_age(newest: str, most: timedelta | None, verdict: Verdict, words: str) -> None:
    """Where a limit is given, what tells no age is not young enough."""
    step = age(Counts(newest=newest), most, NOW)
    assert (step.verdict, step.detail.endswith(words)) == (verdict, True)


@pytest.mark.parametrize(
    ("found", "expected", "verdict", "missing"),
    [
        ([], None, Verdict.FAILED, []),
        (["pods"], None, Verdict.OK, []),
        (["pods", "nodes"], ["pods"], Verdict.OK, []),
        (["pods"], ["pods", "nodes", "secrets"], Verdict.FAILED, ["nodes", "secrets"]),
    ],
)
def test_what_is_missing(found: list[str], expected: list[str] | None, verdict: Verdict, missing: list[str]) -> None:
    """What an earlier proof had and this store has not; what is new is none of it."""
    counts = Counts()
    counts.objects.update(found)
    before = None if expected is None else Expected("2026-01-01T00:00:00Z", frozenset(expected), "0" * 64)
    step = complete(counts, before)
    assert (step.verdict, step.facts["missing"]) == (verdict, missing)


@pytest.mark.parametrize(
    ("kind", "renewed", "newest"),
    [
        ("Lease", "2026-01-02T10:00:00.000000Z", "2026-01-02T10:00:00.000000Z"),
        ("Lease", "2025-01-02T10:00:00.000000Z", "2026-01-01T00:00:00Z"),
        ("Lease", None, "2026-01-01T00:00:00Z"),
        ("Holder", "2026-01-02T10:00:00.000000Z", "2026-01-01T00:00:00Z"),
    ],
)
def test_the_newest_time(
    source: MemorySource, open_store: OpenStore, kind: str, renewed: str | None, newest: str
) -> None:
    """A Lease is renewed every few seconds, which its metadata do not say; a field of that name elsewhere is not it."""
    metadata = {"name": "a", "namespace": "shop", "creationTimestamp": "2026-01-01T00:00:00Z"}
    obj = {"apiVersion": "coordination.k8s.io/v1", "kind": kind, "metadata": metadata, "spec": {"renewTime": renewed}}
    key = "leases" if kind == "Lease" else "example.com/holders"
    if kind != "Lease":
        obj["apiVersion"] = "example.com/v1"
    source.put(f"/registry/{key}/shop/a", obj)
    _, counts = objects(open_store())
    assert counts.newest == newest


def test_what_an_earlier_proof_missed_is_still_expected(tmp_path: Path) -> None:
    """A resource that has gone does not count as complete the night after."""
    counts = Counts()
    counts.objects.update(["pods"])
    step = complete(counts, Expected("2026-01-01T00:00:00Z", frozenset({"pods", "secrets"}), "0" * 64))
    proof = Proof(Subject("a.db", {}), [step], {}, counts, "1.37", NOW, "1.0")
    write_record(tmp_path / "proof.json", proof)
    found = expected_by(tmp_path / "proof.json")
    assert found.resources == {"pods", "secrets"}
    assert found.sha256 == proof.statement()["predicate"]["sha256"]


def test_a_record_that_was_changed(tmp_path: Path) -> None:
    """Its own SHA-256 tells, whatever was changed."""
    path = tmp_path / "proof.json"
    write_record(path, Proof(Subject("a.db", {}), [], {}, Counts(), "1.37", NOW, "1.0"))
    path.write_text(path.read_text().replace('"proved"', '"not proved"'))
    with pytest.raises(SourceError, match="was changed since it was written"):
        expected_by(path)
    path.write_text("{}")
    with pytest.raises(SourceError, match="no record of a proof"):
        expected_by(path)


def test_what_could_not_be_decrypted_was_not_decoded(source: MemorySource, open_store: OpenStore) -> None:
    """Each object counts in one of the two steps: as encrypted and not opened, or as decoded or not."""
    source.put("/registry/namespaces/shop", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    source.put("/registry/configmaps/shop/a", config_map("a", "shop"))
    source.put("/registry/secrets/shop/sealed", b"k8s:enc:aescbc:v1:lost:" + bytes(48))
    source.put("/registry/configmaps/shop/broken", b"k8s\x00broken")
    steps, counts = objects(open_store())
    decodes, keys, _ = steps
    assert (counts.objects.total(), counts.unopened_count, counts.undecodable_count) == (4, 1, 1)
    assert (decodes.verdict, decodes.facts["failed"], keys.verdict, keys.facts["failed"]) == ("failed", 1, "failed", 1)
    assert [one["key"] for one in keys.facts["keys"]] == ["/registry/secrets/shop/sealed"]
    source.delete("/registry/configmaps/shop/broken")
    (decodes, keys, _), _ = objects(open_store())
    assert (decodes.verdict, decodes.detail) == ("ok", "2 objects decoded")
    assert keys.detail.startswith("1 of 1 cannot be decrypted: /registry/secrets/shop/sealed")
