"""
A page about one object, for a person: `kubectl describe`, from what is stored alone.

Pods, workloads, nodes, secrets and definitions are laid out by hand; every other kind field by field. No page asks
for another object: the definition that a custom object's scale is read by, and the Events about it, are given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from kstore.catalog.releases import Release
from kstore.codec import StoredObject
from kstore.view.columns.ages import nanoseconds
from kstore.view.describe import cluster, custom, workloads
from kstore.view.describe.events import events
from kstore.view.describe.fields import fields
from kstore.view.describe.heading import heading, managers, storage
from kstore.view.describe.page import Page, render

_PAGES: Final[dict[tuple[str, str], Callable[[Mapping[str, Any], int], Page]]] = {
    ("", "ConfigMap"): cluster.config_map,
    ("", "ReplicationController"): workloads.controller,
    ("", "Service"): cluster.service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): custom.definition,
    ("apps", "DaemonSet"): workloads.controller,
    ("apps", "Deployment"): workloads.controller,
    ("apps", "ReplicaSet"): workloads.controller,
    ("apps", "StatefulSet"): workloads.controller,
    ("batch", "Job"): workloads.controller,
    ("extensions", "DaemonSet"): workloads.controller,
    ("extensions", "Deployment"): workloads.controller,
    ("extensions", "ReplicaSet"): workloads.controller,
}
_PRINTED: Final[dict[tuple[str, str], Callable[[Mapping[str, Any], int, Release | None], Page]]] = {
    ("", "Node"): cluster.node,
    ("", "Pod"): workloads.pod,
}
"""Pages with cells of kubectl's table, which releases print otherwise."""


def describe(
    read: StoredObject,
    obj: Mapping[str, Any],
    *,
    secrets: bool = False,
    now: datetime | None = None,
    definition: Mapping[str, Any] | None = None,
    about: Sequence[Mapping[str, Any]] | None = None,
    release: Release | None = None,
) -> str:
    """
    The page of one object.

    Args:
        read: how it is stored.
        obj: the object as it is shown, in whatever version, secrets masked or not.
        secrets: show the values of Secrets.
        now: the time that ages are counted to.
        definition: the CRD of a custom kind.
        about: the Events about the object, the oldest first; None where they are not to be shown.
        release: whose server prints a Pod's and a Node's status; None for the newest's.
    """
    moment = nanoseconds(now or datetime.now(UTC))
    end = [*storage(read), *(events(about, moment) if about is not None else ())]
    try:
        return render([*_page(read, obj, moment, definition, release, secrets=secrets), *end])
    except (AttributeError, LookupError, TypeError, ValueError):
        # a custom object may hold anything where others have a text or a list of objects
        return render([*fields(obj), *end])


def _page(
    read: StoredObject,
    obj: Mapping[str, Any],
    now: int,
    definition: Mapping[str, Any] | None,
    release: Release | None,
    *,
    secrets: bool,
) -> Page:
    """All but how the object is stored."""
    page = heading(obj, now)
    kind = (str(obj.get("apiVersion", "")).rpartition("/")[0], str(obj.get("kind", "")))
    if kind == ("", "Secret"):
        page += cluster.secret(obj, read.object, shown=secrets)
    elif kind in _PRINTED:
        page += _PRINTED[kind](obj, now, release)
    elif kind in _PAGES:
        page += _PAGES[kind](obj, now)
    else:
        page += custom.scale(obj, definition) + fields(obj, skip=("apiVersion", "kind", "metadata"))
    return page + managers(read.object, now)


__all__ = ["describe"]
