"""
The demo store's story makes sense in time: whoever reads it need not wonder about a Pod that ran before it was born.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

import kstore

SOON = timedelta(minutes=10)
"""So long after the last object was created the story goes on: four restarts of a container take their time."""


@pytest.fixture(scope="module")
def objects() -> list[dict[str, Any]]:
    """Every object of the store as kubectl would print it."""
    with kstore.open("demo") as store:
        found = [one.object for one in store.objects("/registry") if isinstance(one, kstore.StoredObject)]
    return [one for one in found if one["metadata"].get("creationTimestamp")]


def times(value: Any) -> Iterator[datetime]:
    """Every time in a value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from times(each)
    elif isinstance(value, str) and re.fullmatch(r"20\d\d-[\d:.T-]+Z", value):
        yield datetime.fromisoformat(value)


def born(one: dict[str, Any]) -> datetime:
    """When an object was created."""
    return datetime.fromisoformat(one["metadata"]["creationTimestamp"])


def named(one: dict[str, Any]) -> str:
    """What an object is called in messages."""
    return f"{one['kind']} {one['metadata'].get('namespace', '')}/{one['metadata']['name']}"


def told(one: dict[str, Any]) -> list[datetime]:
    """The times that controllers, kubelets and whoever holds a Lease wrote."""
    written = [*times(one.get("status")), *times(one.get("spec"))]
    return written + list(times([one.get(name) for name in ("firstTimestamp", "lastTimestamp", "eventTime")]))


def test_nothing_is_older_than_its_namespace_or_its_owner(objects: list[dict[str, Any]]) -> None:
    """A namespace was there first; so was whoever owns an object."""
    namespaces = {one["metadata"]["name"]: one for one in objects if one["kind"] == "Namespace"}
    by_uid = {one["metadata"]["uid"]: one for one in objects}
    checked = 0
    for one in objects:
        before = [namespaces.get(one["metadata"].get("namespace", ""))]
        before += [by_uid.get(owner["uid"]) for owner in one["metadata"].get("ownerReferences", ())]
        for first in filter(None, before):
            checked += 1
            assert born(first) <= born(one), f"{named(one)} is older than {named(first)}"
    assert checked > 60


def test_nothing_is_told_before_the_object_was_born(objects: list[dict[str, Any]]) -> None:
    """A Pod that runs started after it was created; conditions, completions and renewals came after that, too."""
    told_of = [one for one in objects if told(one)]
    assert {"Pod", "Deployment", "Job", "CronJob", "Lease", "Event"} <= {one["kind"] for one in told_of}
    for one in told_of:
        assert min(told(one)) >= born(one), named(one)


def test_events_are_of_what_was_there(objects: list[dict[str, Any]]) -> None:
    """An Event happened to an object that was there already."""
    events = [one for one in objects if one["kind"] == "Event"]
    assert events
    for event in events:
        about = event["involvedObject"]
        (subject,) = [
            one for one in objects
            if (one["kind"], one["metadata"]["name"]) == (about["kind"], about["name"])
            and one["metadata"].get("namespace") == about.get("namespace")
        ]  # fmt: skip
        assert min(told(event)) >= born(subject)


def test_what_goes_on_is_recent(objects: list[dict[str, Any]]) -> None:
    """Leases were renewed, nightly jobs ran, when the store was saved; and nothing is told of much later."""
    saved = max(born(one) for one in objects)
    for one in objects:
        latest = max(told(one), default=saved)
        assert latest <= saved + SOON, named(one)
        if one["kind"] == "Lease":
            assert latest >= saved - SOON
        if one["kind"] == "CronJob":
            assert latest >= saved - timedelta(days=1)
