"""
What is wrong with a plugin is said when it is made: by rule or row, with what was probably meant.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from kstore_bird import plugin as bird
from kstore_wardle import plugin as wardle
from tests.scheme import fleet

from kstore.catalog.releases import known_releases
from kstore.errors import ExtensionError
from kstore.plugin import Plugin, Rules, Tables


def nothing(*_: Any) -> None:
    """A rule that does nothing."""


def declared(declare: Callable[[Rules], Any], versioned: str = "fleet.v1alpha1", hub: str = "fleet.v1") -> Rules:
    """Rules with one declaration."""
    found = Rules(versioned, hub=hub)
    declare(found)
    return found


def refused(*rules: Rules, tables: Tables | None = None) -> ExtensionError:
    """Why a plugin with these rules is refused."""
    with pytest.raises(ExtensionError) as caught:
        Plugin("fleet", tables or fleet.tables(), rules)
    return caught.value


def test_what_holds() -> None:
    """The examples hold, and so does the fleet."""
    assert fleet.plugin().name == "fleet"
    for plugin in (bird, wardle):
        assert Plugin(plugin.name, plugin.tables, plugin.rules) == plugin


@pytest.mark.parametrize(
    ("declare", "rule", "message"),
    [
        (lambda r: r.to_hub("ShipSpek")(nothing), "to_hub('ShipSpek')", "no type 'ShipSpek' .*did you mean 'ShipSpec'"),
        (lambda r: r.from_hub("Masst")(nothing), "from_hub('Masst')", "no type 'Masst' .*did you mean 'Mast'"),
        (lambda r: r.default("shipspec")(nothing), "default('shipspec')", "did you mean 'ShipSpec'"),
        (lambda r: r.to_hub("ShipSpec", "ShipSpecification")(nothing), "to_hub('ShipSpec')", "did you mean 'ShipSpec'"),
        (lambda r: r.default("ShipSpec.tons")(nothing), "default('ShipSpec.tons')", "a rule is for a whole type"),
        (lambda r: r.default("flet.v1.Ship")(nothing), "default('flet.v1.Ship')", "did you mean 'fleet.v1'"),
        (lambda r: r.default("meta.v1.ObjectMeta")(nothing), "ObjectMeta", "is built in"),
        (lambda r: r.to_hub("core.v1.PodSpec", "core.internal.PodSpec")(nothing), "PodSpec", "is built in"),
        (lambda r: r.value("string", "int32")(nothing), "value('string')", "is built in"),
        (lambda r: r.canonicalize("ShipSpec")(nothing), "canonicalize('ShipSpec')", "would never be called.*v1.Ship"),
        (lambda r: r.validate("Mast")(nothing), "validate('Mast')", "would never be called.*v1.Ship"),
        (lambda r: r.default("Ship", releases="1.2x")(nothing), "default('Ship')", "'1.2x' is no range"),
        (lambda r: r.default("Ship", releases="1.30-1.29x")(nothing), "default('Ship')", "is no range"),
    ],
)
def test_a_rule_for_nothing(declare: Callable[[Rules], Any], rule: str, message: str) -> None:
    """A rule that nothing would ever call is named, and what was probably meant."""
    error = refused(fleet.rules(), declared(declare))
    assert rule in error.rule
    with pytest.raises(ExtensionError, match=message):
        raise error


@pytest.mark.parametrize(
    ("versioned", "hub", "message"),
    [
        ("fleet.v1alpha1", "fleet.v1beta9", "the hub fleet.v1beta9 is no package of the tables"),
        ("fleet.v1alpha1", "flet.v1", "the hub flet.v1 is no package of the tables .did you mean 'fleet.v1'"),
        ("fleet.v1alpah1", "fleet.v1", "the package fleet.v1alpah1 is no package .*did you mean 'fleet.v1alpha1'"),
        ("apps.v1", "apps.internal", "apps.v1 is built in"),
        ("core.v1", "fleet.v1", "core.v1 is built in"),
        ("fleet.v1alpha1", "core.internal", "core.internal is built in"),
        ("fleet.v1", "fleet.v1alpha1", "hub is fleet.v1alpha1, but the kinds of fleet.v1 convert through fleet.v1"),
    ],
)
def test_packages(versioned: str, hub: str, message: str) -> None:
    """A package that the tables do not have, a hub that is none, and what is built in."""
    error = refused(fleet.rules(), declared(lambda r: r.to_hub("ShipSpec")(nothing), versioned, hub))
    assert any(message.split(" .")[0] in one.message for one in error.all), [str(one) for one in error.all]


@pytest.mark.parametrize(
    ("first", "second", "when"),
    [
        ("", "", " to ".join((known_releases()[0], known_releases()[-1]))),
        ("1.29-1.34", "1.34-", "release 1.34"),
        ("-1.30", "1.29-1.31,1.36", "1.29 to 1.30"),
    ],
)
@pytest.mark.parametrize("decorator", ["to_hub", "default"])
def test_overlapping_releases(decorator: str, first: str, second: str, when: str) -> None:
    """Two rules for one type in one release: which of them holds?"""
    both = Rules("fleet.v1alpha1", hub="fleet.v1")
    for releases in (first, second):
        getattr(both, decorator)("Mast", releases=releases)(nothing)
    error = refused(fleet.rules(), both)
    assert when in error.message
    assert f"{decorator}('Mast')" in error.rule


def test_releases_side_by_side() -> None:
    """Rules that follow each other hold; a gap between them is a release whose field nothing converts."""
    found = Rules("fleet.v1alpha1", hub="fleet.v1")
    for releases in ("1.29-1.33", "1.34-"):
        found.to_hub("ShipSpec", releases=releases)(fleet.to_hub)
        found.from_hub("ShipSpec", releases=releases)(fleet.from_hub)
    assert Plugin("fleet", fleet.tables(), (found,)).rules == (found,)
    short = Rules("fleet.v1alpha1", hub="fleet.v1")
    short.to_hub("ShipSpec", releases="-1.36")(fleet.to_hub)
    short.from_hub("ShipSpec")(fleet.from_hub)
    assert refused(short).row == "types: fleet.v1alpha1.ShipSpec.Captain"


def test_a_field_that_one_side_lacks() -> None:
    """Each direction needs its rule, as conversion-gen has it; the field is named."""
    one_way = declared(lambda r: r.to_hub("ShipSpec")(fleet.to_hub))
    error = refused(one_way)
    assert error.row == "types: fleet.v1.ShipSpec.Crew"
    assert "no rule converts fleet.v1.ShipSpec to fleet.v1alpha1.ShipSpec" in error.message
    rows = {one.row for one in refused().all}
    assert rows == {"types: fleet.v1.ShipSpec.Crew", "types: fleet.v1alpha1.ShipSpec.Captain"}


def test_a_field_in_a_struct_below() -> None:
    """Structs within structs are looked into, though a rule converts what is around them."""
    changed = fleet.tables("types", "fleet.v1", "Mast", "fields", 0, "go", to="Metres")
    rows = {one.row for one in refused(fleet.rules(), tables=changed).all}
    assert rows == {"types: fleet.v1alpha1.Mast.Height", "types: fleet.v1.Mast.Metres"}


@pytest.mark.parametrize("type_", ["string", "[]int32", "map[string]int32"])
def test_a_field_of_another_type(type_: str) -> None:
    """What is something else on the other side needs a rule; a wider whole number does not, nor a pointer to one."""
    changed = fleet.tables("types", "fleet.v1", "Mast", "fields", 0, "type", to=type_)
    error = refused(fleet.rules(), tables=changed)
    assert error.row == "types: fleet.v1alpha1.Mast.Height"
    for alike in ("int64", "*int32"):
        wider = fleet.tables("types", "fleet.v1", "Mast", "fields", 0, "type", to=alike)
        assert Plugin("fleet", wider, (fleet.rules(),)).name == "fleet"


@pytest.mark.parametrize(
    ("path", "to", "row", "message"),
    [
        (("types", "fleet.v1", "Mast", "fields", 0, "flags"), "omitemty", "fleet.v1.Mast.Height", "mean 'omitempty'"),
        (("types", "fleet.v1", "Mast", "fields", 0, "flags"), "inlined", "fleet.v1.Mast.Height", "mean 'inline'"),
        (("types", "fleet.v1", "Mast", "fields", 0, "protobuf"), 1, "fleet.v1.Mast.Height", "'protobuf' is unknown"),
        (("types", "fleet.v1", "Mast", "feilds"), [], "types: fleet.v1.Mast", "'feilds' is unknown.*'fields'"),
        (("kinds", 0, "hubb"), "x", "kinds: Ship", "'hubb' is unknown.*'hub'"),
        (("resources", 0, "shortNames"), ["sh"], "resources: ships", "'shortNames' is unknown.*'short_names'"),
        (("resources", 0, "storage"), f"{fleet.GROUP}/v1beta1", "storage", "no version 'fleet.example.com/v1beta1'"),
        (("resources", 0, "storage"), {"1.29-1.3x": f"{fleet.GROUP}/v1"}, "storage", "is no range of releases"),
        (("resources", 0, "versions"), ["v1", "v1alhpa1"], "versions", "no version 'v1alhpa1'.*'v1alpha1'"),
        (("resources", 0, "kind"), "Shipp", "resources: ships", "no 'Shipp' .*'Ship'"),
        (("resources", 0, "key_prefix"), "pods", "resources: ships", "built-in resource keeps its objects"),
        (("kinds", 0, "hub"), "fleet.v2.Ship", "kinds: hub of Ship", "'fleet.v1.Ship'"),
        (
            ("types", "fleet.v1", "ShipSpec", "fields", 1, "json"),
            "tons",
            "fleet.v1.ShipSpec",
            "two fields have the json",
        ),
    ],
)
def test_tables(path: tuple[Any, ...], to: Any, row: str, message: str) -> None:
    """Mistakes in a row of the tables are named with the row."""
    with pytest.raises(ExtensionError, match=message) as caught:
        fleet.tables(*path, to=to)
    assert row in caught.value.row


def test_a_kind_that_is_built_in() -> None:
    """A plugin cannot take the place of a kind that Kubernetes has."""
    for group, version, kind in (("apps", "v1", "Deployment"), ("", "v1", "Pod")):
        row = {"group": group, "version": version, "kind": kind, "type": "fleet.v1.Ship", "hub": ""}
        found = Tables((*fleet.tables().kinds, row), fleet.tables().resources, fleet.tables().types)
        assert f"{group}/{version}/{kind} is known already" in refused(fleet.rules(), tables=found).message
