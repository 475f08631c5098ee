"""
HorizontalPodAutoscalers and Scales against the real scheme: there and back, edited annotations, any selector.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.scheme.groups.autoscaling.autoscalers import (
    CPU,
    METRICS,
    STATUSES,
    Obj,
    autoscaler,
    lost_metrics,
    lost_statuses,
)
from tests.scheme.groups.stored import NEWEST, codec_of, example
from tools.cluster import ServerMissing, find
from tools.oracle.asking import Oracle, Refused

from kstore.errors import KstoreError
from kstore.naming import parse_group_version

pytestmark = pytest.mark.oracle

CODEC = codec_of(NEWEST)
PREFIX = "autoscaling.alpha.kubernetes.io/"
MANY = settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    """The real scheme of the newest release, built with Go where it is not yet."""
    try:
        binary = find("oracle")
    except ServerMissing as missing:
        pytest.skip(str(missing))
    with Oracle(binary) as running:
        yield running


def both(oracle: Oracle, value: bytes, version: str) -> bytes:
    """A value in another version, as kstore and the real scheme alike have it."""
    theirs = oracle.ask(value, to=[version]).protobuf[version]
    assert theirs == CODEC.convert(value, parse_group_version(version))
    return theirs


def survives(oracle: Oracle, found: Obj) -> bool:
    """Whether the real scheme gives the very bytes back after v2 → v1 → v2; kstore agrees at each step."""
    stored = both(oracle, json.dumps(found).encode(), "autoscaling/v2")
    return both(oracle, both(oracle, stored, "autoscaling/v1"), "autoscaling/v2") == stored


def test_upstream_loses_what_is_named(oracle: Oracle) -> None:
    """The metrics that do not come back from v1 are those that upstream loses, no more and no fewer."""
    metrics = {name for name, one in METRICS.items() if not survives(oracle, autoscaler([one], tolerance=True))}
    statuses = {name for name, one in STATUSES.items() if not survives(oracle, autoscaler([CPU], [one]))}
    assert metrics == lost_metrics("v1", CODEC.scheme.release.minor)
    assert statuses == lost_statuses("v1")


def agree(oracle: Oracle, found: Obj) -> None:
    """kstore and the real scheme make the same of an object, in every version and encoding, refusals included."""
    value = json.dumps(found).encode()
    try:
        answer = oracle.ask(value)
    except Refused:
        with pytest.raises(KstoreError):
            CODEC.convert(value, parse_group_version(found["apiVersion"]), drop_unknown_fields=True)
        return
    for media_type, answers in (("protobuf", answer.protobuf), ("json", answer.json)):
        for version, expected in answers.items():
            assert expected == converted(value, version, media_type), f"to {version} {media_type}"
    for place in answer.errors:
        version, _, media_type = place.partition(" ")
        assert isinstance(converted(value, version, media_type or "protobuf"), KstoreError), place


def converted(value: bytes, version: str, media_type: str) -> bytes | KstoreError:
    """What kstore makes of a value; a refusal comes back as it is."""
    try:
        return CODEC.convert(value, parse_group_version(version), media_type=media_type, drop_unknown_fields=True)
    except KstoreError as error:
        return error


# ---- annotations by anybody's hand

ANYTHING = st.sampled_from([None, True, 0, 5, -1, 80, 2**31, 1.5, "", "a", "100m", "1e3", "much", [], {}, ["a"]])
QUANTITIES = st.sampled_from(["100m", "1.5Gi", "0", "1e3", "0.50", 5, None]) | ANYTHING
TIMES = st.sampled_from([None, "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.5+02:00", "yesterday", 7])
SELECTORS = st.sampled_from(
    [
        None,
        {},
        {"matchLabels": {"a": "b"}},
        {"MATCHLABELS": {"A": "b"}},
        {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]},
    ]
)
LEAVES: dict[str, st.SearchStrategy[Any]] = {
    "metricName": st.sampled_from(["m", ""]),
    "name": st.sampled_from(["cpu", "memory"]),
    "container": st.sampled_from(["app", ""]),
    "target": st.just({"kind": "Service", "name": "web"}),
    **dict.fromkeys(["selector", "metricSelector"], SELECTORS),
    **dict.fromkeys(["targetAverageUtilization", "currentAverageUtilization"], st.sampled_from([None, 0, 50])),
    **dict.fromkeys(
        ["targetValue", "averageValue", "targetAverageValue", "currentValue", "currentAverageValue"], QUANTITIES
    ),
}
SOURCES = st.fixed_dictionaries({}, optional=LEAVES)
TYPES = ["Object", "Pods", "Resource", "ContainerResource", "External"]
KEPT_METRICS = st.lists(
    st.one_of(
        st.sampled_from(TYPES).flatmap(
            lambda name: SOURCES.map(lambda source: {"type": name, name[0].lower() + name[1:]: source})
        ),
        st.fixed_dictionaries({"type": st.just("Pods"), "Pods": SOURCES, "unheard of": ANYTHING}),
        ANYTHING,
    ),
    max_size=3,
)
RULES = ANYTHING | st.fixed_dictionaries(
    {},
    optional={
        "StabilizationWindowSeconds": st.sampled_from([None, 0, 300]),
        "selectpolicy": st.sampled_from([None, "Max"]),
        "Policies": st.sampled_from([None, [], [{}], [None], [{"Type": "Pods", "Value": 4, "PeriodSeconds": 15}]]),
        "Tolerance": QUANTITIES,
    },
)
KEPT_BEHAVIOR = st.fixed_dictionaries({}, optional={"ScaleUp": RULES, "SCALEDOWN": RULES, "Unheard": ANYTHING})
KEPT_CONDITIONS = st.lists(
    st.fixed_dictionaries(
        {"type": st.just("AbleToScale"), "status": st.just("True")},
        optional={"lastTransitionTime": TIMES, "message": st.text(max_size=5)},
    ),
    max_size=2,
)
DAMAGE = st.sampled_from([("", ""), ("", ""), ("", ""), ("", " "), (" ", "x"), ("\ufeff", ""), ("[", "]"), ("", ",")])


def texts(values: st.SearchStrategy[Any]) -> st.SearchStrategy[str]:
    """JSON of such values, now and then broken."""
    return st.tuples(values | ANYTHING, DAMAGE).map(lambda drawn: drawn[1][0] + json.dumps(drawn[0]) + drawn[1][1])


ANNOTATIONS = st.fixed_dictionaries(
    {},
    optional={
        PREFIX + "metrics": texts(KEPT_METRICS),
        PREFIX + "current-metrics": texts(KEPT_METRICS),
        PREFIX + "behavior": texts(KEPT_BEHAVIOR),
        PREFIX + "conditions": texts(KEPT_CONDITIONS),
        PREFIX + "scale-up-tolerance": st.sampled_from(["0.1", "much", ""]),
        "team": st.just("a"),
    },
)


@MANY
@given(ANNOTATIONS, st.sampled_from([None, 0, 50]), st.sampled_from(["autoscaling/v1", "autoscaling/v2"]))
def test_annotations(oracle: Oracle, annotations: dict[str, str], cpu: int | None, version: str) -> None:
    """Whatever somebody wrote into the annotations is read as Go reads it, or left out as Go leaves it out."""
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 3}
    if version == "autoscaling/v1":
        spec["targetCPUUtilizationPercentage"] = cpu
    found = example("HorizontalPodAutoscaler", version, spec=spec)
    found["metadata"]["annotations"] = annotations
    agree(oracle, found)


# ---- selectors as text

WORDS = st.sampled_from(
    ["a", "a\0", "app", "example.com/name", "A_b.c", "a/b/c", "-a", "é", "in", "notin", "a" * 64, "1", ""]
)
OPERATORS = st.sampled_from(["=", "==", "!=", ">", "<", " in ", " notin ", " = ", "===", " IN ", ""])
VALUES = WORDS | st.lists(WORDS, max_size=3).map(lambda words: f"({','.join(words)})") | st.just("( a , b )")
TERMS = st.one_of(
    st.tuples(WORDS, OPERATORS, VALUES).map("".join), WORDS, WORDS.map(lambda word: "!" + word), st.text(max_size=3)
)


@MANY
@given(st.lists(TERMS, max_size=3), st.sampled_from([",", " , ", ",,", " "]))
def test_selectors(oracle: Oracle, terms: list[str], comma: str) -> None:
    """Any text as a selector: a map in the old versions where it is one, refused where it is none."""
    status = {"replicas": 1, "selector": comma.join(terms)}
    agree(oracle, example("Scale", "autoscaling/v1", status=status))


@MANY
@given(
    st.dictionaries(WORDS, WORDS, max_size=3) | st.none(),
    st.just("") | TERMS,
    st.sampled_from(["apps/v1beta1", "apps/v1beta2", "extensions/v1beta1"]),
)
def test_selectors_of_old_versions(oracle: Oracle, labels: dict[str, str] | None, text: str, version: str) -> None:
    """A map, a text or both, of labels that the API would refuse as well."""
    status = {"replicas": 1, "selector": labels, "targetSelector": text}
    agree(oracle, example("Scale", version, status=status))
