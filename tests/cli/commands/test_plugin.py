"""
`kstore plugin check`: everything that is wrong with the plugins that are installed.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.cli.conftest import Kstore
from tests.cli.test_plugins import install

__all__ = ["install"]

Install = Callable[[str], None]


def test_none(kstore: Kstore) -> None:
    """Without plugins there is nothing to say, and a name is unknown."""
    ran = kstore("plugin", "check")
    assert (ran.code, ran.text) == (0, "no plugin is installed\n")
    assert kstore("plugin", "check", "fleet").code == 2


@pytest.mark.parametrize("name", [(), ("fleet",), ("kstore-fleet",)])
def test_one_that_holds(name: tuple[str, ...], install: Install, kstore: Kstore) -> None:
    """By its name, by its package, or all; each version is tried."""
    install("")
    ran = kstore("plugin", "check", *name, "--objects", "20")
    assert ran.code == 0
    assert "fleet (package kstore-fleet): loaded" in ran.text
    assert "v1alpha1" in ran.text
    assert "20 random objects came back the same" in ran.text


def test_everything_that_is_wrong(install: Install, kstore: Kstore) -> None:
    """Not only the first fault; as JSON with rule and row apart."""
    install(
        'extra.to_hub("ShipSpek")(print)\nextra.default("apps.v1.Deployment")(print)\nextra.validate("Mast")(print)'
    )
    ran = kstore("plugin", "check", "fleet")
    assert ran.code == 5
    assert "fleet (package kstore-fleet): not loaded" in ran.text
    for part in ("did you mean 'ShipSpec'", "apps.v1.Deployment is built in", "would never be called"):
        assert part in ran.text
    (one,) = kstore("plugin", "check", "-o", "json").json["plugins"]
    assert (one["loaded"], one["package"]) == (False, "kstore-fleet")
    assert {fault["rule"] for fault in one["faults"]} == {
        "fleet.v1alpha1.default('apps.v1.Deployment')",
        "fleet.v1alpha1.to_hub('ShipSpek')",
        "fleet.v1alpha1.validate('Mast')",
    }


def test_a_rule_that_fails(install: Install, kstore: Kstore) -> None:
    """What random objects bring to light is found, with the object."""
    install('@extra.default("ShipSpec")\ndef rule(spec, scope):\n    spec["hull"] = spec["mast"]["height"]')
    ran = kstore("plugin", "check", "-o", "json")
    assert ran.code == 5
    (one,) = ran.json["plugins"]
    (alpha,) = (version for version in one["versions"] if "v1alpha1" in version["kind"])
    assert any("KeyError('mast')" in found["message"] for found in alpha["found"])
    assert any("does not have: hull" in found["message"] for found in alpha["found"])
    assert alpha["found"][0]["object"]["kind"] == "Ship"
