"""
`kstore describe`: pages, and the Events about the objects.
"""

from __future__ import annotations

import pytest
from tests.cli.conftest import Kstore

from kstore.catalog.releases import newest
from kstore.decode.json.go_json import dumps
from kstore.inspect.events import EventsByObject
from kstore.scheme.scheme import Scheme
from kstore.store import Store
from kstore.testing import MemorySource
from kstore.view.describe.events import events as events_page
from kstore.view.describe.page import render

NOW = ("--now", "2026-11-30T00:00:00Z")


@pytest.mark.large
@pytest.mark.parametrize(
    "arguments", [("pod", "webserver"), ("pods/default/webserver",), ("/registry/pods/default/webserver",)]
)
def test_one_object(demo: Kstore, arguments: tuple[str, ...]) -> None:
    """The page of `get -o describe`, and the Events about the object behind it."""
    ran = demo("describe", *arguments, *NOW)
    assert ran.code == 0
    page, _, events = ran.text.partition("Events:\n")
    assert page == demo("get", "pods/default/webserver", "-o", "describe", *NOW).text
    assert events.split()[:5] == ["TYPE", "REASON", "AGE", "FROM", "MESSAGE"]
    assert 'Successfully pulled image "nginx"' in events
    assert "Events:" not in demo("describe", *arguments, "--no-show-events").text


def test_many(demo: Kstore) -> None:
    """All objects of a resource, of a label or of a prefix, without Events unless they are asked for."""
    for arguments in (("pods",), ("pods", "webserver-"), ("pods", "-l", "app=webserver"), ("po", "webserver-6d")):
        text = demo("describe", *arguments).text
        assert text.count("Stored As:") >= 1
        assert "Events:" not in text
    assert demo("describe", "pods", "--show-events").text.count("Events:") == 2


def test_what_is_not_there(demo: Kstore) -> None:
    """A name that nothing has and nothing begins with is an error."""
    ran = demo("describe", "pod", "nobody")
    assert (ran.code, ran.out) == (1, b"")
    assert demo("describe", "podz", "a").code == 2
    assert demo("describe", "pods", "-n", "nowhere").code == 0


def event(name: str, **fields: object) -> dict[str, object]:
    """An Event of v1."""
    about = {"kind": "Pod", "name": "a", "namespace": "default", "uid": "u"}
    metadata = {"name": name, "namespace": "default"}
    return {"kind": "Event", "apiVersion": "v1", "metadata": metadata, "involvedObject": about, **fields}


def test_whose_events() -> None:
    """By kind, name and uid; the oldest first; with how often they were seen, as kubectl has it."""
    found = [
        event("a.2", reason="Later", lastTimestamp="2026-01-01T00:10:00Z", firstTimestamp="2026-01-01T00:05:00Z",
              count=4, source={"component": "kubelet"}),
        event("other-name.1", reason="First", eventTime="2026-01-01T00:00:00.000000Z", reportingComponent="sched"),
        event("x", involvedObject={"kind": "Pod", "name": "a", "namespace": "default", "uid": "another"}),
        event("y", involvedObject={"kind": "Service", "name": "a", "namespace": "default"}),
        {"kind": "Event", "apiVersion": "events.k8s.io/v1", "metadata": {"name": "z", "namespace": "default"},
         "regarding": {"kind": "Pod", "name": "a", "namespace": "default"}, "reason": "New", "note": "n",
         "eventTime": "2026-01-01T00:20:00.000000Z", "reportingController": "c",
         "series": {"count": 7, "lastObservedTime": "2026-01-01T00:30:00.000000Z"}},
    ]  # fmt: skip
    source = MemorySource()
    for number, one in enumerate(found):
        source.put(f"/registry/events/default/e{number}".encode(), dumps(one))
    store = Store(source, Scheme(newest()))
    pod = {"kind": "Pod", "metadata": {"name": "a", "namespace": "default", "uid": "u"}}
    about = EventsByObject(store).about(pod)
    assert [one["reason"] for one in about] == ["First", "Later", "New"]
    moment = 1767229200 * 1_000_000_000  # 2026-01-01T01:00:00Z
    lines = render(events_page(about, moment)).splitlines()
    assert [line.split() for line in lines[2:]] == [
        ["First", "60m", "sched"],
        ["Later", "50m", "(x4", "over", "55m)", "kubelet"],
        ["New", "30m", "(x7", "over", "40m)", "c", "n"],
    ]
    assert EventsByObject(store).about({"kind": "Pod", "metadata": {"name": "b", "namespace": "default"}}) == []
    assert render(events_page([], moment)) == "Events:  <none>\n"
