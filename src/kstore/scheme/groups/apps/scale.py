"""
The Scale of apps and extensions before autoscaling/v1: its selector as a map beside the text.
"""

from __future__ import annotations

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
    """The labels of a selector that consists of equalities only, else None (`metav1.ParseToLabelSelector`)."""
    labels = {}
    for requirement in filter(None, (part.strip() for part in text.split(","))):
        name, sign, value = requirement.partition("=")
        if not sign or name.endswith("!"):
            return None
        labels[name.strip()] = value.removeprefix("=").strip()
    return labels
