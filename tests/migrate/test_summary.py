"""
What a migration has come to, counted.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore.errors import NotConvertible
from kstore.migrate.plan import Change, Skipped, Unchanged
from kstore.migrate.request import Request
from kstore.migrate.summary import Summary
from kstore.naming import GroupVersion, GroupVersionKind
from kstore.records import Record

OLD, NEW = (GroupVersionKind("apps", version, "Deployment") for version in ("v1beta1", "v1"))
TARGET = GroupVersion("apps", "v1")


def record(number: int = 0) -> Record:
    """One of four bytes."""
    return Record(b"/registry/deployments/shop/%d" % number, b"four", 3, 4, 2)


def test_what_is_written_anew_in_its_version() -> None:
    """Each line tells what of its objects changes; where that is the version, the line itself does."""
    summary = Summary()
    for stored, media_type, reason in (
        (OLD, "protobuf", "version"),
        (NEW, "protobuf", "encoding"),
        (NEW, "json", "encoding"),
        (NEW, "protobuf", "defaults"),
    ):
        summary.add(Change(record(), stored, TARGET, media_type, b"sixsix", reason))
    summary.add(Unchanged(record(), NEW, TARGET))
    lines = {line.stored: line for line in summary.lines.values()}
    assert lines["apps/v1beta1"].anew == set()
    assert lines["apps/v1"].anew == {"protobuf", "json", "defaults"}
    assert (lines["apps/v1"].changes, lines["apps/v1"].unchanged) == (3, 1)
    assert (summary.changes, summary.unchanged, summary.growth) == (4, 1, 8)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
def test_so_many_are_named(count: int) -> None:
    """The first of those that are skipped; all of them are counted."""
    summary = Summary(keep=2)
    for number in range(count):
        summary.add(Skipped(record(number), NotConvertible("it cannot be had so"), OLD))
    assert summary.skipped_count == count
    assert [one.key for one in summary.skipped] == [record(number).key.decode() for number in range(min(count, 2))]


@pytest.mark.parametrize(
    ("condition", "whole"),
    [
        ({}, True), ({"resources": ("pods",)}, True), ({"drop_unknown_fields": True}, True),
        ({"namespace": "shop"}, False), ({"selector": "app=web"}, False), ({"only_stored_version": "apps/*"}, False),
        ({"field_selector": "metadata.name=web"}, False), ({"where": "spec.replicas > 1"}, False),
    ],
)  # fmt: skip
def test_whether_all_objects_are_taken(condition: dict[str, Any], whole: bool) -> None:
    """Of a resource; each condition on objects takes a part of them."""
    assert Request(release="1.37", to=("apps/v1",), **condition).is_whole is whole


@pytest.mark.parametrize("finished", [True, False])
def test_metrics(finished: bool) -> None:
    """Every count under its own name; what is skipped goes to no version."""
    summary = Summary(conflicts=4)
    summary.add(Change(record(), OLD, TARGET, "protobuf", b"more", "version"))
    for number in range(2):
        summary.add(Unchanged(record(number), NEW, TARGET))
    for number in range(3):
        summary.add(Skipped(record(number), NotConvertible("no"), OLD))
    lines = [line for line in summary.as_metrics(finished=finished).splitlines() if not line.startswith("#")]
    counts = dict(line.rsplit(" ", 1) for line in lines)
    old, new = 'kind="Deployment",from="apps/v1beta1"', 'kind="Deployment",from="apps/v1"'
    of = {key.partition("{")[2].rstrip("}"): int(value) for key, value in counts.items() if "{" in key}
    assert {key: value for key, value in of.items() if value} == {
        f'{old},to="apps/v1",result="changed"': 1,
        f'{new},to="apps/v1",result="unchanged"': 2,
        f'{old},to="",result="skipped"': 3,
    }
    assert counts["kstore_migration_conflicts"] == "4"
    assert counts["kstore_migration_finished"] == str(int(finished))
