"""
What a conversion webhook may answer for an object, and what is taken of it.

Ported from apiextensions-apiserver, `pkg/apiserver/conversion/webhook_converter.go` (validateConvertedObject,
restoreObjectMeta); how a webhook is reached is `webhook.py`'s business.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from kstore.customresource.unstructured import Object, normalize
from kstore.errors import NotConvertible


def checked(original: Object, answer: Any, target: str) -> Object:
    """
    A webhook's object, accepted: the same one in the version wanted, with only labels and annotations of its metadata.

    Raises:
        NotConvertible: it is another object, or not what was asked for.
    """
    if not isinstance(answer, dict):
        raise NotConvertible("the webhook returned something that is no object")
    converted: Object = normalize(answer)
    for member, expected in (("apiVersion", target), ("kind", original.get("kind"))):
        if converted.get(member) != expected:
            raise NotConvertible(f"the webhook returned {member} {converted.get(member)!r}, expected {expected!r}")
    metadata = converted.get("metadata")
    if not isinstance(metadata, dict):
        raise NotConvertible("the webhook returned an object without metadata")
    before = original.get("metadata") or {}
    for member in ("name", "namespace", "uid"):
        if (metadata.get(member) or "") != (before.get(member) or ""):
            raise NotConvertible(
                f"the webhook changed metadata.{member} from {before.get(member)!r} to {metadata.get(member)!r}"
            )
    restored = copy.deepcopy(before)
    for member in ("labels", "annotations"):
        restored.pop(member, None)
        found = metadata.get(member)
        if found is None:
            continue
        if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
            raise NotConvertible(f"the webhook returned metadata.{member} that are no strings")
        if found != before.get(member):
            _validate(member, found)
        restored[member] = found
    converted["metadata"] = restored
    return converted


_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?\Z")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
_ANNOTATIONS_LIMIT = 256 << 10
"""TotalAnnotationSizeLimitB, in bytes over all keys and values."""


def _validate(member: str, found: Mapping[str, str]) -> None:
    """
    See whether changed labels or annotations are valid (metav1validation.ValidateLabels, ValidateAnnotations).

    Raises:
        NotConvertible: a key is no qualified name, a label's value no valid one, or annotations are too large.
    """
    for name, value in found.items():
        prefix, slash, rest = name.rpartition("/")
        if member == "annotations":
            rest = rest.lower()
        if not _NAME.match(rest) or (slash and (len(prefix) > 253 or not _SUBDOMAIN.match(prefix.lower()))):
            raise NotConvertible(f"the webhook returned metadata.{member} with {name!r}, which is no qualified name")
        if member == "labels" and value and not _NAME.match(value):
            raise NotConvertible(f"the webhook returned the label {name}={value!r}, which is no valid value")
    size = sum(len(name.encode()) + len(value.encode()) for name, value in found.items())
    if member == "annotations" and size > _ANNOTATIONS_LIMIT:
        raise NotConvertible(f"the webhook returned annotations of {size} bytes; {_ANNOTATIONS_LIMIT} are allowed")
