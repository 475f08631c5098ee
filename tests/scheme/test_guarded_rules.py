"""
A plugin's rule that raises, or leaves what a type has no place for, is an error of that object, and names itself.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from tests.scheme import fleet

from kstore.catalog.releases import newest
from kstore.cli.hints import hint_of
from kstore.errors import KstoreError, NotConvertible, RuleFailed
from kstore.migrate.conversions import convert_all
from kstore.naming import GroupVersion
from kstore.object_codec import ObjectCodec
from kstore.plugin import Plugin, Rules
from kstore.scheme.registry import RunningServer
from kstore.scheme.scheme import Scheme

V1, V1ALPHA1 = GroupVersion(fleet.GROUP, "v1"), GroupVersion(fleet.GROUP, "v1alpha1")


def ship(version: GroupVersion = V1ALPHA1, **spec: Any) -> bytes:
    """A stored ship."""
    return json.dumps({"kind": "Ship", "apiVersion": str(version), "metadata": {"name": "a"}, "spec": spec}).encode()


def codec_with(declare: Callable[[Rules], Callable[..., Any]], function: Callable[..., Any]) -> ObjectCodec:
    """A codec with the fleet's rules and one more."""
    more = Rules("fleet.v1alpha1", hub="fleet.v1")
    declare(more)(function)
    return ObjectCodec(Scheme(newest(), plugins=[fleet.plugin(more)]))


def raises(error: BaseException) -> Callable[..., Any]:
    """A rule that raises."""

    def rule(*_: Any) -> Any:
        raise error

    return rule


def sets(**members: Any) -> Callable[..., Any]:
    """A rule that sets members."""

    def rule(obj: dict[str, Any], *rest: Any) -> None:
        if len(rest) > 1:
            rest[0](obj)
        obj.update(members)

    return rule


DECORATORS: dict[str, Callable[[Rules], Callable[..., Any]]] = {
    "default('ShipSpec')": lambda rules: rules.default("ShipSpec"),
    "to_hub('Mast')": lambda rules: rules.to_hub("Mast"),
    "canonicalize('Ship')": lambda rules: rules.canonicalize("Ship"),
}


@pytest.mark.parametrize("rule", DECORATORS)
@pytest.mark.parametrize("error", [KeyError("tons"), ZeroDivisionError("x"), RecursionError(), SystemExit(0)])
def test_an_exception(rule: str, error: BaseException) -> None:
    """Whatever is raised, plugin and rule are named."""
    codec = codec_with(DECORATORS[rule], raises(error))
    with pytest.raises(RuleFailed) as caught:
        codec.convert(ship(mast={"height": 3}), V1, media_type="json")
    assert (caught.value.plugin, caught.value.rule) == ("fleet", f"fleet.v1alpha1.{rule}")
    assert repr(error) in str(caught.value)
    assert "plugin check fleet" in hint_of(caught.value)


def test_a_rule_that_refuses() -> None:
    """NotConvertible is a rule's own way to refuse an object: its words stand as they are."""
    codec = codec_with(DECORATORS["to_hub('Mast')"], raises(NotConvertible("too high")))
    with pytest.raises(NotConvertible, match=r"\Atoo high\Z"):
        codec.convert(ship(mast={"height": 3}), V1, media_type="json")


@pytest.mark.parametrize(
    ("rule", "members", "message"),
    [
        ("default('ShipSpec')", {"colour": "red"}, "ShipSpec does not have: colour"),
        ("default('ShipSpec')", {"mast": {"metres": 1}}, "does not have: mast.metres"),
        ("default('ShipSpec')", {"tons": "9"}, r"a string \('9'\) where a whole number was expected in tons"),
        ("default('ShipSpec')", {"tons": 1 << 40}, "does not fit int32 in tons"),
        ("default('ShipSpec')", {"mast": ["x"]}, "a list where an object was expected in mast"),
        ("to_hub('Mast')", {"height": 7}, "fleet.v1.Mast does not have: height"),
        ("to_hub('Mast')", {"metres": 1.5}, "where a whole number was expected in metres"),
        ("canonicalize('Ship')", {"status": {}}, "fleet.v1.Ship does not have: status"),
        ("canonicalize('Ship')", {"spec": {"crew": [1]}}, r"where a string was expected in spec.crew\[0\]"),
        ("default('ShipSpec')", {7: "x"}, "does not have: 7"),
    ],
)
def test_what_a_rule_leaves(rule: str, members: dict[Any, Any], message: str) -> None:
    """Members that the type does not have, and values of another type, are found before anything is written."""

    def update(obj: dict[Any, Any], *rest: Any) -> None:
        sets()(obj, *rest)
        obj.update(members)

    codec = codec_with(DECORATORS[rule], update)
    with pytest.raises(RuleFailed, match=message) as caught:
        codec.convert(ship(mast={"height": 3}), V1, media_type="json")
    assert caught.value.rule.endswith(rule)
    assert str(caught.value).count(caught.value.path) == 1


@pytest.mark.parametrize("said", [[3], [None], 7])
def test_what_a_validation_says(said: Any) -> None:
    """A validation says texts, or nothing."""
    codec = codec_with(lambda rules: rules.validate("Ship"), lambda *_: said)
    decoded = codec.decode(ship())
    with pytest.raises(RuleFailed, match=r"fleet\.v1alpha1\.validate"):
        codec.scheme.validate(decoded.gvk, decoded.object)
    silent = codec_with(lambda rules: rules.validate("Ship"), lambda *_: None)
    assert silent.scheme.validate(decoded.gvk, decoded.object) == []


def test_one_object_of_many() -> None:
    """Only the object that a rule fails on has an error; the others, built-in ones among them, are converted."""

    def picky(spec: dict[str, Any], _scope: Any) -> None:
        if spec["tons"] > 5:
            raise KeyError("tons")

    codec = codec_with(DECORATORS["default('ShipSpec')"], picky)
    pod = b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}'
    jobs = [(ship(tons=1), V1, "json"), (ship(tons=9), V1, "json"), (pod, GroupVersion("", "v1"), "json")]
    good, bad, built_in = convert_all(codec, False, RunningServer(), jobs)
    assert isinstance(good, bytes)
    assert isinstance(built_in, bytes)
    assert isinstance(bad, RuleFailed)


def test_what_was_there_before() -> None:
    """Members newer than the tables are no rule's doing: they are dropped or refused as of any kind."""
    codec = ObjectCodec(Scheme(newest(), plugins=[fleet.plugin()]))
    newer = ship(captain="Ahab", sails=3)
    with pytest.raises(KstoreError, match="sails"):
        codec.convert(newer, V1, media_type="json")
    found = json.loads(codec.convert(newer, V1, media_type="json", drop_unknown_fields=True))
    assert found["spec"] == {"crew": ["Ahab"]}


def test_a_rule_that_nests_without_end() -> None:
    """Depth is an error of the object, too."""

    def deep(spec: dict[str, Any], _scope: Any) -> None:
        inner: Any = "x"
        for _ in range(sys.getrecursionlimit() * 2):
            inner = [inner]
        spec["captain"] = inner

    with pytest.raises(RuleFailed):
        codec_with(DECORATORS["default('ShipSpec')"], deep).convert(ship(), V1, media_type="json")


def test_the_plugin_is_named() -> None:
    """Of several plugins the one at fault is named."""
    more = Rules("fleet.v1alpha1", hub="fleet.v1")
    more.default("Ship")(raises(KeyError("x")))
    plugin = Plugin("armada", fleet.tables(), (fleet.rules(), more))
    codec = ObjectCodec(Scheme(newest(), plugins=[plugin]))
    with pytest.raises(RuleFailed, match=r"plugin armada, rule fleet\.v1alpha1\.default"):
        codec.convert(ship(), V1, media_type="json")
