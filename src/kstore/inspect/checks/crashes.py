"""
Checks of what an apiserver does not survive: objects that it cannot read without a panic.

Its validation takes none of them; they come from restored backups, tools that write etcd, and releases whose validation
was another. Each row was tried on real servers (`tests/e2e/test_crashes.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from kstore.catalog.releases import in_range
from kstore.codec import Undecodable
from kstore.inspect.checks.advice import kstore
from kstore.inspect.checks.interface import Found
from kstore.inspect.survey import Seen, Survey
from kstore.naming import GroupKind

_ENDS = "a server that reads it ends, and does not start again"
_DROPS = "requests panic that it concerns: their connections are dropped"


@dataclass(frozen=True, slots=True)
class _Crash:
    """One way in which a server crashes."""

    kind: GroupKind
    lacks: Callable[[dict[str, Any]], str]
    """What an object's spec lacks so that a server crashes; empty where it does not."""
    then: str = _ENDS
    releases: str = ""
    """Those whose servers do; empty for all."""


def _definition(spec: dict[str, Any]) -> str:
    """`apiserver/pkg/endpoints/installer.go`, GetArticleForNoun: documentation is made for each served version."""
    served = [one for one in spec.get("versions") or () if one.get("served")] or spec.get("version")
    return "" if (spec.get("names") or {}).get("kind") or not served else "spec.names.kind"


def _converter(spec: dict[str, Any]) -> str:
    """`apiextensions-apiserver/pkg/apiserver/conversion/webhook_converter.go`: the webhook is taken for there."""
    conversion = spec.get("conversion") or {}
    config = (conversion.get("webhook") or {}).get("clientConfig") or conversion.get("webhookClientConfig")
    return "spec.conversion.webhook.clientConfig" if conversion.get("strategy") == "Webhook" and config is None else ""


def _priority_level(spec: dict[str, Any]) -> str:
    """`apiserver/pkg/util/flowcontrol/apf_controller.go`: whatever is not exempt is taken for limited."""
    is_typed = spec.get("type") in ("Exempt", "Limited")
    return "" if is_typed or spec.get("limited") is not None or spec.get("exempt") is not None else "spec.type"


def _flow_schema(spec: dict[str, Any]) -> str:
    """`apiserver/pkg/util/flowcontrol/apf_controller.go`, computeFlowDistinguisher: not of what is exempt."""
    method, level = spec.get("distinguisherMethod"), spec.get("priorityLevelConfiguration") or {}
    is_asked = method is not None and spec.get("rules") and level.get("name") != "exempt"
    return "spec.distinguisherMethod.type" if is_asked and not (method or {}).get("type") else ""


def _policy(spec: dict[str, Any]) -> str:
    """`apiserver/pkg/admission/plugin/validatingadmissionpolicy`: the policy's constraints are read unasked."""
    return "" if spec.get("matchConstraints") is not None else "spec.matchConstraints"


_CRDS = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")
_CRASHES = (
    _Crash(_CRDS, _definition),
    _Crash(_CRDS, _converter, _DROPS),
    _Crash(GroupKind("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"), _priority_level),
    _Crash(GroupKind("flowcontrol.apiserver.k8s.io", "FlowSchema"), _flow_schema, _DROPS),
    _Crash(GroupKind("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"), _policy, _DROPS, "1.29"),
)


def crashing(seen: Seen, survey: Survey) -> Iterator[Found]:
    """Objects that lack what an apiserver of the target release reads without asking whether it is there."""
    if isinstance(seen.read, Undecodable) or seen.directory.resource is None:
        return
    kind, spec = seen.read.gvk.group_kind, seen.read.object.get("spec") or {}
    for row in _CRASHES:
        if row.kind == kind and in_range(row.releases, survey.release.rules_minor) and (lacking := row.lacks(spec)):
            subject = f"{seen.directory.label} without {lacking}"
            yield Found(subject, seen.key, row.then, (kstore("edit", seen.key),), _WORDS)


_WORDS = (
    "add the missing field here, in etcd, before a server is started; an older revision (`kstore history`), a backup "
    "or the manifest may have it"
)
