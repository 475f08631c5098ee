"""
Devices and the requests for them: what is flat in v1beta1 is nested in later versions, and the other way round.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.scheme.groups.stored import example, stored

from kstore.catalog.releases import Release
from kstore.naming import parse_group_version
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

GROUP = "resource.k8s.io"
ALPHA, FLAT, NESTED, NEW = f"{GROUP}/v1alpha3", f"{GROUP}/v1beta1", f"{GROUP}/v1beta2", f"{GROUP}/v1"


def request(found: dict[str, Any], version: str, to: str, release: str = "1.37") -> dict[str, Any]:
    """A request for devices in another version, without its name."""
    claim = example("ResourceClaim", version, spec={"devices": {"requests": [{"name": "r", **found}]}})
    result: dict[str, Any] = stored(claim, to, release)["spec"]["devices"]["requests"][0]
    del result["name"]
    return result


def device(found: dict[str, Any], version: str, to: str, release: str = "1.37") -> dict[str, Any]:
    """A device in another version, without its name."""
    slice_ = example("ResourceSlice", version, spec={"devices": [{"name": "d", **found}]})
    result: dict[str, Any] = stored(slice_, to, release)["spec"]["devices"][0]
    del result["name"]
    return result


def test_one_device_by_default() -> None:
    """Exactly one, wherever a request stands; all is all."""
    exact = {"allocationMode": "ExactCount", "count": 1, "deviceClassName": "gpu"}
    assert request({"deviceClassName": "gpu"}, FLAT, NEW) == {"exactly": exact}
    assert request({"exactly": {"deviceClassName": "gpu"}}, NESTED, NEW) == {"exactly": exact}
    assert request({"firstAvailable": [{"name": "a", "deviceClassName": "gpu"}]}, NEW, NEW) == {
        "firstAvailable": [{"name": "a", **exact}]
    }
    everything = {"allocationMode": "All", "deviceClassName": "gpu"}
    assert request(everything, FLAT, NEW) == {"exactly": everything}


def test_flat_and_nested_requests() -> None:
    """The members of `exactly` stand in the request itself in v1beta1."""
    members = {
        "deviceClassName": "gpu",
        "selectors": [{"cel": {"expression": "true"}}],
        "allocationMode": "ExactCount",
        "count": 2,
        "adminAccess": False,
        "tolerations": [{"operator": "Exists"}],
    }
    assert request(members, FLAT, NEW) == {"exactly": members}
    assert request({"exactly": members}, NEW, FLAT) == members


def test_alternatives_have_no_exact_request() -> None:
    """A request without a class has sub-requests since 1.33, and no defaults of its own."""
    found = {"firstAvailable": [{"name": "a", "deviceClassName": "gpu", "allocationMode": "All"}]}
    assert request(found, FLAT, NEW) == found
    assert request(found, NEW, FLAT) == {"deviceClassName": "", **found}
    assert request({}, FLAT, FLAT, "1.32")["count"] == 1


def test_flat_and_nested_devices() -> None:
    """All but the name stands in `basic` in v1beta1, which is always there."""
    members = {"attributes": {"model": {"string": "x"}}, "capacity": {"memory": {"value": "1Gi"}}}
    assert device({"basic": members}, FLAT, NEW) == members
    assert device(members, NEW, FLAT) == {"basic": members}
    assert device({}, FLAT, FLAT) == {"basic": {}}


@pytest.mark.parametrize("release", ["1.32", "1.33"])
def test_capacities_of_v1alpha3_are_quantities(release: str) -> None:
    """In v1beta1 a capacity is an object with one."""
    plain, full = {"basic": {"capacity": {"memory": "1Gi"}}}, {"basic": {"capacity": {"memory": {"value": "1Gi"}}}}
    assert device(plain, ALPHA, FLAT, release) == full
    assert device(full, FLAT, ALPHA, release) == plain
    assert device(plain, ALPHA, ALPHA, release) == plain


def test_multipliers_were_set_in_one_release() -> None:
    """1.36 maps node resources one to one; 1.37 has other members instead."""
    found: dict[str, Any] = {"nodeAllocatableResourceMappings": {"cpu": {}}}
    expected = {"nodeAllocatableResourceMappings": {"cpu": {"allocationMultiplier": "1"}}}
    assert device(found, NEW, NEW, "1.36") == expected
    assert device(found, NEW, NEW, "1.37") == {}


def test_an_unset_node_stays_unset() -> None:
    """v1beta1 cannot tell an empty node and a false flag from unset ones; the hub has neither."""
    found = example("ResourceSlice", FLAT, spec={"nodeName": "", "allNodes": False})
    assert not {"nodeName", "allNodes"} & stored(found, NEW)["spec"].keys()
    found = example("ResourceSlice", FLAT, spec={"nodeName": "n", "allNodes": True})
    assert stored(found, NEW)["spec"]["nodeName"] == "n"


def test_taints_are_as_old_as_now() -> None:
    """A taint that does not say when it was added was added now, to the second."""
    codec = ObjectCodec(Scheme(Release("1.37"), now=lambda: datetime(2031, 2, 3, 4, 5, 6, 789, UTC)))

    def added(**taint: str) -> str:
        rule = example("DeviceTaintRule", NEW, spec={"taint": {"key": "a", "effect": "NoSchedule", **taint}})
        found = codec.convert(json.dumps(rule).encode(), parse_group_version(NEW), media_type="json")
        time: str = json.loads(found)["spec"]["taint"]["timeAdded"]
        return time

    assert added() == "2031-02-03T04:05:06Z"
    assert added(timeAdded="2020-01-01T00:00:00Z") == "2020-01-01T00:00:00Z"


def test_limits_and_modes() -> None:
    """A pool's status is asked for a hundred pools; old claims wait for their consumer."""
    found = stored(example("ResourcePoolStatusRequest", ALPHA, spec={"driver": "d"}), ALPHA)
    assert found["spec"]["limit"] == 100
    claim = stored(example("ResourceClaim", f"{GROUP}/v1alpha2"), f"{GROUP}/v1alpha2", "1.29")
    assert claim["spec"]["allocationMode"] == "WaitForFirstConsumer"


def test_what_says_nothing_is_no_exact_request() -> None:
    """A count of zero alone is nothing; of what is said, an empty list of tolerations is not kept."""
    several = [{"name": "a", "deviceClassName": "gpu"}]
    found = request({"count": 0, "firstAvailable": several}, FLAT, NEW)
    assert found.keys() == {"firstAvailable"}
    exact = request({"deviceClassName": "gpu", "tolerations": []}, FLAT, NEW)["exactly"]
    assert exact == {"allocationMode": "ExactCount", "count": 1, "deviceClassName": "gpu"}
