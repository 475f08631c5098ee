"""
The Scale of apps and extensions before autoscaling/v1: its selector as a map beside the text.
"""

from __future__ import annotations

from kstore.errors import NotConvertible
from kstore.scalars.selectors import SelectorError, parse_label_selector
from kstore.scheme.registry import Auto, Obj, Scope


def scale_status_to_hub(status: Obj, auto: Auto, _scope: Scope) -> None:
    """The text if there is one, else the map as text (`Convert_v1beta1_ScaleStatus_To_autoscaling_ScaleStatus`)."""
    text, labels = status.get("targetSelector"), status.pop("selector", None)
    auto(status)
    if not text and labels is not None:
        text = ",".join(f"{name}={labels[name]}" for name in sorted(labels))
    status["selector"] = text or ""


def scale_status_from_hub(status: Obj, auto: Auto, _scope: Scope) -> None:
    """The text, and a map where the text is no more than that."""
    text = status.pop("selector", "")
    auto(status)
    status["targetSelector"] = text
    labels = match_labels(text)
    if labels is not None:
        status["selector"] = labels


def match_labels(text: str) -> dict[str, str] | None:
    """
    The labels of a selector that consists of equalities only, else None (`metav1.ParseToLabelSelector`).

    Raises:
        NotConvertible: no selector of the API says what the text says.
    """
    try:
        terms = parse_label_selector(text).requirements
    except SelectorError as error:
        raise NotConvertible(f"failed to parse selector {text!r}: {error.message}") from None
    for term in terms:
        if term.operator in ("!=", "gt", "lt"):
            raise NotConvertible(f"failed to parse selector {text!r}: {term.operator!r} is not of a label selector")
    if all(term.operator in ("=", "==") for term in terms):
        return {term.key: term.values[0] for term in terms}
    return None
