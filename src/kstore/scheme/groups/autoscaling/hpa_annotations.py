"""
The annotations in which older versions of a HorizontalPodAutoscaler keep what they have no fields for.

(`pkg/apis/autoscaling/annotations.go` and `helpers.go`) What stands in them is JSON that anybody may have edited: text
that Go would not read is left out, as upstream leaves it out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from kstore.decode.json import go_json
from kstore.decode.json.raw_json import plain
from kstore.decode.json.slow_json import repeated_name
from kstore.errors import DecodeError, NotConvertible, RepeatedName
from kstore.scheme.registry import Obj, Scope

METRICS = "autoscaling.alpha.kubernetes.io/metrics"
CURRENT_METRICS = "autoscaling.alpha.kubernetes.io/current-metrics"
CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
BEHAVIOR = "autoscaling.alpha.kubernetes.io/behavior"
TOLERANCES = {
    "scaleDown": "autoscaling.alpha.kubernetes.io/scale-down-tolerance",
    "scaleUp": "autoscaling.alpha.kubernetes.io/scale-up-tolerance",
}
"""By the member of `spec.behavior` whose tolerance it keeps."""
FIRST_TOLERANCE = 33
"""The minor release that gave scaling rules a tolerance."""

Value = TypeVar("Value")

_BEHAVIOR = "autoscaling.internal.HorizontalPodAutoscalerBehavior"


def drop(hpa: Obj, scope: Scope) -> None:
    """Remove all of them (`DropRoundTripHorizontalPodAutoscalerAnnotations`)."""
    found = hpa["metadata"].get("annotations")
    if found is None:
        return
    names: tuple[str, ...] = (METRICS, BEHAVIOR, CURRENT_METRICS, CONDITIONS)
    if scope.release.rules_minor >= FIRST_TOLERANCE:
        names = (*names, *TOLERANCES.values())
    if any(name in found for name in names):
        hpa["metadata"]["annotations"] = {name: text for name, text in found.items() if name not in names}


def put(hpa: Obj, name: str, value: Any) -> None:
    """Keep a value as JSON."""
    put_text(hpa, name, go_json.dumps(value).decode())


def put_text(hpa: Obj, name: str, text: str) -> None:
    """Keep a text."""
    metadata = hpa["metadata"]
    metadata["annotations"] = {**(metadata.get("annotations") or {}), name: text}


def text(hpa: Obj, name: str) -> str | None:
    """The text that is kept, if there is one."""
    found: str | None = (hpa["metadata"].get("annotations") or {}).get(name)
    return found


def read_list(hpa: Obj, name: str, type_name: str, scope: Scope) -> list[Obj] | None:
    """
    The typed objects of a list that is kept; None where there is none that Go would read.

    Raises:
        NotConvertible: what the annotation says is ambiguous.
    """

    def read(value: Any) -> list[Obj] | None:
        if value is None:
            return []
        if not isinstance(value, list):
            return None
        return [_typed(type_name, item if item is not None else {}, scope) for item in value]

    return _read(hpa, name, read)


def read_behavior(hpa: Obj, scope: Scope) -> Obj | None:
    """
    The behavior that is kept, unless it is empty.

    It is JSON of the internal type, whose members are spelled as in Go; Go reads them in any case.

    Raises:
        NotConvertible: what the annotation says is ambiguous.
    """

    def read(value: Any) -> Obj | None:
        if not isinstance(value, dict):
            return None
        behavior = _typed(_BEHAVIOR, value, scope)
        return behavior if any(behavior.get(name) is not None for name in TOLERANCES) else None

    return _read(hpa, BEHAVIOR, read)


def _read(hpa: Obj, name: str, read: Callable[[Any], Value | None]) -> Value | None:
    found = text(hpa, name)
    if found is None:
        return None
    try:
        value = go_json.loads(found.encode("utf-8", "surrogateescape"))
        if (name_twice := repeated_name(value)) is not None:
            raise RepeatedName(f"{name_twice!r} comes twice in one object")
        return read(plain(value))
    except RepeatedName as error:
        raise NotConvertible(
            f"the annotation {name!r} is ambiguous: {error}",
            hint="Go would merge what comes twice; write it once, or remove the annotation",
        ) from None
    except DecodeError:
        return None


def put_behavior(hpa: Obj, behavior: Obj, scope: Scope) -> None:
    """Keep the behavior, in the internal type's own JSON: every member, spelled as in Go."""
    put(hpa, BEHAVIOR, {go: _rules(behavior.get(name), scope) for go, name in _SIDES})


_SIDES = (("ScaleUp", "scaleUp"), ("ScaleDown", "scaleDown"))


def _rules(rules: Obj | None, scope: Scope) -> Obj | None:
    if rules is None:
        return None
    policies = rules.get("policies")
    found = {
        "StabilizationWindowSeconds": rules.get("stabilizationWindowSeconds"),
        "SelectPolicy": rules.get("selectPolicy"),
        "Policies": None if policies is None else [_policy(policy) for policy in policies],
    }
    if scope.release.rules_minor >= FIRST_TOLERANCE:
        found["Tolerance"] = rules.get("tolerance")
    return found


def _policy(policy: Obj) -> Obj:
    return {
        "Type": policy.get("type") or "",
        "Value": policy.get("value") or 0,
        "PeriodSeconds": policy.get("periodSeconds") or 0,
    }


def _typed(type_name: str, value: Any, scope: Scope) -> Obj:
    """A typed object from JSON, without what the type does not have."""
    typed = scope.typed.read(type_name, _spelled(type_name, value, scope))
    scope.typed.drop_unknown(type_name, typed)
    return typed


def _spelled(type_name: str, value: Any, scope: Scope) -> Any:
    """
    JSON with its members named as the type names them, whatever their case.

    `encoding/json`, which these annotations are read with, matches names without regard to case, unlike the decoder of
    whole objects.

    Raises:
        RepeatedName: two names differ in nothing but case.
    """
    if not isinstance(value, dict):
        return value
    fields = {field.json.casefold(): field for field in scope.typed.catalog.struct(type_name).fields}
    spelled: Obj = {}
    for name, item in value.items():
        field = fields.get(name.casefold())
        if field is None:
            continue
        ref = field.type
        if ref.form == "struct":
            item = _spelled(ref.name, item, scope)
        elif ref.form == "list" and ref.element is not None and ref.element.form == "struct" and isinstance(item, list):
            item = [_spelled(ref.element.name, one, scope) for one in item]
        if field.json in spelled:
            raise RepeatedName(f"{field.json!r} and {name!r} are one name")
        spelled[field.json] = item
    return spelled
