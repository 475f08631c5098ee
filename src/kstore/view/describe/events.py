"""
The Events about an object, as the last part of its page.

Ports `DescribeEvents` of `kubectl/pkg/describe/describe.go`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kstore.view.columns.ages import instant, since
from kstore.view.columns.reading import number, part, text
from kstore.view.describe.page import Page, Table


def events(found: Sequence[Mapping[str, Any]], now: int) -> Page:
    """A table of Events, or that there is none."""
    rows = [
        (
            text(event, "type"),
            text(event, "reason"),
            _age(event, now),
            text(part(event, "source"), "component")
            or text(part(event, "deprecatedSource"), "component")
            or text(event, "reportingComponent")
            or text(event, "reportingController"),
            (text(event, "message") or text(event, "note")).strip(),
        )
        for event in found
    ]
    return [("Events", Table(("Type", "Reason", "Age", "From", "Message"), rows))]


def _age(event: Mapping[str, Any], now: int) -> str:
    first = text(event, "firstTimestamp") or text(event, "deprecatedFirstTimestamp")
    if instant(first) is None:
        first = text(event, "eventTime")
    count, last = number(event, "count") or number(event, "deprecatedCount"), text(event, "lastTimestamp")
    if series := part(event, "series"):
        count, last = number(series, "count"), text(series, "lastObservedTime")
    last = last or text(event, "deprecatedLastTimestamp")
    if count > 1 or series:
        return f"{since(last, now)} (x{count} over {since(first, now)})"
    return since(first, now)
