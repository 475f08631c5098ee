"""
Field selectors: `metadata.name=web,status.phase!=Running`, read as the apiserver does, matched as it matches.

Knows the grammar of `apimachinery/pkg/fields/selector.go`, and which fields each kind can be selected by and how they
are spelled as text (the `SelectableFields` of `pkg/registry/*/strategy.go`, the field label conversions of
`pkg/apis/*/conversion.go`). Since nothing is indexed here, any other field that a type has can be asked for as well,
by its path; whether a type has it, `fields.py` tells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kstore.naming import GroupKind, gvk
from kstore.scalars.selectors import SelectorError, check_size
from kstore.view.columns.pods import pod_ip
from kstore.view.columns.reading import Object, number, part, text
from kstore.view.custom_columns import go_value
from kstore.view.jsonpath import JsonPath, JsonPathError, JsonPathFault

_HINT = "write metadata.name=web, status.phase!=Running or type==Opaque; escape ',', '=' and '\\' with '\\'"
_OPERATOR = re.compile(r"!=|==|=")
_ESCAPE = re.compile(r"\\(.?)|[,=]", re.S)
_SPECIAL = re.compile(r"[\\,=]")

Spelling = Callable[[Object], str]
"""A field of an object as the text that it is compared as; what is absent is the empty text."""


# ---- what a kind can be selected by


def _path(*path: str) -> Spelling:
    return lambda obj: text(obj, *path)


def _count(*path: str) -> Spelling:
    return lambda obj: str(number(obj, *path))


def _flag(*path: str) -> Spelling:
    return lambda obj: "true" if part(obj, *path[:-1]).get(path[-1]) else "false"


def _event_reporter(obj: Object) -> str:
    return text(obj, "reportingComponent") or text(obj, "reportingController")


def _event_source(obj: Object) -> str:
    source = part(obj, "source") or part(obj, "deprecatedSource")
    return text(source, "component") or _event_reporter(obj)


def _involved(name: str) -> Spelling:
    return lambda obj: text(part(obj, "involvedObject") or part(obj, "regarding"), name)


_INVOLVED = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_NAME = {"name": _path("metadata", "name")}
_SIGNER = {"spec.signerName": _path("spec", "signerName")}
_REPLICAS = {"status.replicas": _count("status", "replicas")}
_EVENT: dict[str, Spelling] = {
    **{f"involvedObject.{name}": _involved(name) for name in _INVOLVED},
    **{f"regarding.{name}": _involved(name) for name in _INVOLVED},
    "reason": _path("reason"),
    "reportingComponent": _event_reporter,
    "reportingController": _event_reporter,
    "source": _event_source,
    "type": _path("type"),
}
_FIELDS: dict[GroupKind, dict[str, Spelling]] = {
    GroupKind("", "Pod"): {
        "spec.nodeName": _path("spec", "nodeName"),
        "spec.host": _path("spec", "nodeName"),
        "spec.restartPolicy": _path("spec", "restartPolicy"),
        "spec.schedulerName": _path("spec", "schedulerName"),
        "spec.serviceAccountName": _path("spec", "serviceAccountName"),
        "spec.hostNetwork": _flag("spec", "hostNetwork"),
        "status.phase": _path("status", "phase"),
        "status.podIP": pod_ip,
        "status.nominatedNodeName": _path("status", "nominatedNodeName"),
    },
    GroupKind("", "Event"): _EVENT,
    GroupKind("events.k8s.io", "Event"): _EVENT,
    GroupKind("", "Namespace"): {"status.phase": _path("status", "phase"), **_NAME},
    GroupKind("", "Node"): {"spec.unschedulable": _flag("spec", "unschedulable")},
    GroupKind("", "PersistentVolume"): _NAME,
    GroupKind("", "PersistentVolumeClaim"): _NAME,
    GroupKind("", "ReplicationController"): _REPLICAS,
    GroupKind("", "Secret"): {"type": _path("type")},
    GroupKind("", "Service"): {"spec.clusterIP": _path("spec", "clusterIP"), "spec.type": _path("spec", "type")},
    GroupKind("apps", "ReplicaSet"): _REPLICAS,
    GroupKind("extensions", "ReplicaSet"): _REPLICAS,
    GroupKind("batch", "Job"): {"status.successful": _count("status", "succeeded")},
    GroupKind("certificates.k8s.io", "CertificateSigningRequest"): _SIGNER,
    GroupKind("certificates.k8s.io", "ClusterTrustBundle"): _SIGNER,
    GroupKind("certificates.k8s.io", "PodCertificateRequest"): {
        **_SIGNER,
        "spec.podName": _path("spec", "podName"),
        "spec.nodeName": _path("spec", "nodeName"),
    },
    GroupKind("coordination.k8s.io", "LeaseCandidate"): {"spec.leaseName": _path("spec", "leaseName")},
    GroupKind("resource.k8s.io", "ResourceSlice"): {
        "spec.nodeName": _path("spec", "nodeName"),
        "spec.driver": _path("spec", "driver"),
        "spec.pool.name": _path("spec", "pool", "name"),
    },
}
_METADATA: dict[str, Spelling] = {
    "metadata.name": _path("metadata", "name"),
    "metadata.namespace": _path("metadata", "namespace"),
}


def is_label(kind: GroupKind, label: str) -> bool:
    """Whether the apiserver itself lets a kind be selected by a field label."""
    return label in _METADATA or label in _FIELDS.get(kind, {})


def field_path(label: str) -> tuple[str, ...]:
    """The names of the members on the way to a field, written as a path."""
    return JsonPath(f"{{.{label.removeprefix('.')}}}").paths[0]


def selectable_fields(kind: GroupKind) -> tuple[str, ...]:
    """The fields that the apiserver itself lets a kind be selected by."""
    return (*_METADATA, *_FIELDS.get(kind, {}))


def _any_path(path: str) -> Spelling:
    """A field that the apiserver does not index, by its path."""
    try:
        template = JsonPath(f"{{.{path.removeprefix('.')}}}")
    except JsonPathError as error:
        raise SelectorError(f"{path!r} is not a field: {error.message}", hint=_HINT) from None

    def spell(obj: Object) -> str:
        try:
            found = template.find(obj)[0]
        except JsonPathFault:
            return ""
        return "" if not found or found[0] is None else go_value(found[0])

    return spell


# ---- selectors


@dataclass(frozen=True, slots=True)
class FieldTerm:
    """One comparison of a selector."""

    path: str
    value: str
    equal: bool = True

    def __str__(self) -> str:
        return f"{self.path}{'=' if self.equal else '!='}" + _SPECIAL.sub(r"\\\g<0>", self.value)


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """Comparisons that must all hold; none at all selects everything."""

    terms: tuple[FieldTerm, ...] = ()
    _by_kind: dict[tuple[str, str], list[Spelling]] = field(default_factory=dict, repr=False, compare=False)

    def matches(self, obj: Mapping[str, Any]) -> bool:
        """
        Whether an object is selected; its `apiVersion` and `kind` say which fields it has.

        Raises:
            SelectorError: a term's field cannot be a path.
        """
        kind = text(obj, "apiVersion"), text(obj, "kind")
        spellings = self._by_kind.get(kind)
        if spellings is None:
            spellings = self._by_kind[kind] = self._spellings(gvk(*kind).group_kind)
        return all((spell(obj) == term.value) is term.equal for term, spell in zip(self.terms, spellings, strict=True))

    def _spellings(self, kind: GroupKind) -> list[Spelling]:
        known = {**_METADATA, **_FIELDS.get(kind, {})}
        return [known.get(term.path) or _any_path(term.path) for term in self.terms]

    def __str__(self) -> str:
        return ",".join(map(str, self.terms))


def parse_field_selector(selector: str) -> FieldSelector:
    """
    Read what `kubectl --field-selector` takes (`fields.ParseSelector`); the empty text selects everything.

    Raises:
        SelectorError: the apiserver would refuse it, it is too large, or a field cannot be a path.
    """
    terms: list[FieldTerm] = []
    check_size(selector)
    for written in filter(None, sorted(_split(selector))):
        operator = _OPERATOR.search(written)
        if operator is None:
            raise SelectorError(f"cannot understand {written!r} in {selector!r}", hint=_HINT)
        path, value = written[: operator.start()], _unescape(written[operator.end() :])
        if not path and not value:
            continue  # as upstream: a comparison of nothing with nothing selects everything
        if path not in _METADATA:
            _any_path(path)
        terms.append(FieldTerm(path, value, operator[0] != "!="))
        check_size(selector, len(terms))
    return FieldSelector(tuple(terms))


def _split(selector: str) -> list[str]:
    """Split at the commas that are not escaped (`splitTerms`)."""
    terms, start, escaped = [], 0, False
    for index, character in enumerate(selector):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == ",":
            terms.append(selector[start:index])
            start = index + 1
    return [*terms, selector[start:]]


def _unescape(value: str) -> str:
    """Undo the escapes of backslash, comma and equals sign, which may not stand bare (`UnescapeValue`)."""

    def plain(match: re.Match[str]) -> str:
        if match[1] is None:
            raise SelectorError(f"unescaped {match[0]!r} in the value {value!r}", hint=_HINT)
        if not _SPECIAL.fullmatch(match[1]):
            raise SelectorError(f"invalid escape sequence {match[0]!r} in {value!r}", hint=_HINT)
        return match[1]

    return _ESCAPE.sub(plain, value)
