"""
Lossless in both directions: what older versions have no fields for, annotations keep.
"""

from __future__ import annotations

import json

import pytest
from tests.scheme.groups.autoscaling.autoscalers import (
    CPU,
    METRICS,
    STATUSES,
    Obj,
    autoscaler,
    lost_metrics,
    lost_statuses,
)

from kstore.catalog.releases import Release
from kstore.naming import GroupVersion
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

V2 = GroupVersion("autoscaling", "v2")
MINORS = range(29, 38)
# v2beta1 and v2beta2 are in no server's scheme from 1.36 on; what is in a store is still converted
VIAS = ["v1", "v2beta1", "v2beta2"]


@pytest.fixture(scope="module", params=MINORS, ids=lambda minor: f"1.{minor}")
def codec(request: pytest.FixtureRequest) -> ObjectCodec:
    """The codec of each release."""
    return ObjectCodec(Scheme(Release(f"1.{request.param}")))


def survives(codec: ObjectCodec, found: Obj, via: str) -> bool:
    """Whether the stored bytes are the very same after the way through another version and back."""
    stored = codec.convert(json.dumps(found).encode(), V2)
    # from 1.36 on no server has v2beta1, and what would be lost is refused unless it is told to go
    there = codec.convert(stored, GroupVersion("autoscaling", via), drop_unknown_fields=True)
    return codec.convert(there, V2) == stored


@pytest.mark.large
@pytest.mark.parametrize("via", VIAS)
def test_every_metric(codec: ObjectCodec, via: str) -> None:
    """Metrics of every type come back with behavior and conditions, but for those that upstream loses."""
    minor = codec.scheme.release.minor
    lost = {
        name
        for name, metric in METRICS.items()
        if not survives(codec, autoscaler([metric], tolerance=minor >= 33), via)
    }
    assert lost == lost_metrics(via, minor)


@pytest.mark.large
@pytest.mark.parametrize("via", VIAS)
def test_every_status(codec: ObjectCodec, via: str) -> None:
    """Current metrics of every type come back, but for those that upstream loses."""
    lost = {name for name, status in STATUSES.items() if not survives(codec, autoscaler([CPU], [status]), via)}
    assert lost == lost_statuses(via)


@pytest.mark.large
@pytest.mark.parametrize("via", VIAS)
def test_all_at_once(codec: ObjectCodec, via: str) -> None:
    """Many metrics come back in their order, since the CPU's utilization stands last."""
    minor = codec.scheme.release.minor
    lost = lost_metrics(via, minor) | {"cpu, utilization"}
    metrics = [metric for name, metric in METRICS.items() if name not in lost]
    statuses = [status for name, status in STATUSES.items() if name not in lost_statuses(via)]
    assert survives(codec, autoscaler([*metrics, CPU], statuses, tolerance=minor >= 33), via)


def test_v1_puts_the_cpu_last(codec: ObjectCodec) -> None:
    """v1 has a field for the CPU's utilization, and for one of it: its place among the metrics is lost, as upstream."""
    assert not survives(codec, autoscaler([CPU, METRICS["pods"]]), "v1")
    assert not survives(codec, autoscaler([CPU, CPU]), "v1")
