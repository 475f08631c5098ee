"""
What an empty selector of a PodDisruptionBudget means: nothing in policy/v1beta1, everything in policy/v1.

A label that nothing has says the other thing in each version (`pkg/apis/policy/helper.go`).
"""

from __future__ import annotations

from kstore.scheme.registry import Obj

LABEL = "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match"


def matches_if(operator: str) -> Obj:
    """The selector that the label makes match all (`DoesNotExist`) or none (`Exists`)."""
    return {"matchExpressions": [{"key": LABEL, "operator": operator}]}


def is_empty(selector: Obj | None) -> bool:
    """Whether a selector is there, and says nothing."""
    return selector is not None and not any(selector.values())


def is_only(selector: Obj | None, operator: str) -> bool:
    """Whether a selector is `matches_if(operator)`."""
    expressions = (selector or {}).get("matchExpressions") or []
    if selector is None or selector.get("matchLabels") or len(expressions) != 1:
        return False
    one = expressions[0]
    return one.get("key") == LABEL and one.get("operator") == operator and not one.get("values")


def strip_label(selector: Obj | None) -> None:
    """Drop the label where it stands beside what users wrote (`StripPDBV1beta1Label`)."""
    if selector is not None and selector.get("matchExpressions"):
        selector["matchExpressions"] = [one for one in selector["matchExpressions"] if one.get("key") != LABEL]
