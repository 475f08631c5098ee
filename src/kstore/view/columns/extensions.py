"""
The cells of what extends the API, and of the kinds that have no printer of their own.

Ports the table convertors of `apiextensions-apiserver/pkg/registry/customresourcedefinition/tableconvertor`,
`kube-aggregator/pkg/registry/apiservice/etcd` and `apiserver/pkg/registry/rest/table.go`.
"""

from __future__ import annotations

from typing import Any

from kstore.scalars.times import ZERO_SECONDS, format_time, parse_time
from kstore.view.columns.ages import since
from kstore.view.columns.reading import Object, created, items, name_of, part, text


def _created_at(obj: Object) -> str:
    """The time of creation in UTC; Go's zero time where there is none."""
    try:
        return format_time(parse_time(created(obj) or "")[0])
    except ValueError:
        return format_time(ZERO_SECONDS)


def default_cells(obj: Object, now: int) -> list[Any]:
    """`defaultTableConvertor`: name, and time of creation."""
    return [name_of(obj), _created_at(obj)]


def custom_resource_definition_cells(obj: Object, now: int) -> list[Any]:
    """`crdConvertor`; v1beta1 may name its only version in `spec.version`."""
    spec = part(obj, "spec")
    versions = items(spec, "versions")
    if not versions and (only := text(spec, "version")):
        versions = [{"name": only, "served": True, "storage": True}]
    served = [text(v, "name") + ("(storage)" if v.get("storage") else "") for v in versions if v.get("served")]
    names = part(spec, "names")
    established = any(
        c.get("type") == "Established" and c.get("status") == "True" for c in items(obj, "status", "conditions")
    )
    return [
        name_of(obj),
        text(spec, "scope"),
        ",".join(sorted(served)),
        _created_at(obj),
        text(spec, "group"),
        text(names, "kind"),
        ",".join(items(names, "shortNames")),
        established,
    ]


def api_service_cells(obj: Object, now: int) -> list[Any]:
    """The aggregator's `ConvertToTable`."""
    service = part(obj, "spec").get("service")
    hosted = "Local" if service is None else f"{text(service, 'namespace')}/{text(service, 'name')}"
    found = next((c for c in items(obj, "status", "conditions") if c.get("type") == "Available"), None)
    available = "Unknown"
    if found is not None:
        available = text(found, "status")
        if available != "True" and text(found, "reason"):
            available = f"{available} ({text(found, 'reason')})"
    return [name_of(obj), hosted, available, since(created(obj), now)]
