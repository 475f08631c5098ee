"""
A plugin's rules on random objects: what is lost there and back is named by its field, with an object that shows it.
"""

from __future__ import annotations

from typing import Any

import pytest
from kstore_bird import plugin as bird
from kstore_wardle import plugin as wardle
from tests.scheme import fleet

from kstore.catalog.loader import Catalog
from kstore.catalog.releases import newest
from kstore.decode.json.typed_json import TypedJson
from kstore.naming import gvk
from kstore.plugin import Plugin, Rules
from kstore.scheme.plugin_trial import Trial, try_plugin
from kstore.scheme.random_objects import RandomObjects, words_of


def trials(plugin: Plugin, objects: int = 60) -> dict[str, Trial]:
    """How each version fared."""
    return {one.gvk.version: one for one in try_plugin(plugin, newest(), objects=objects) if one.hub}


def with_rules(to_hub: Any, from_hub: Any) -> Plugin:
    """The fleet with these conversions of its specs."""
    found = Rules("fleet.v1alpha1", hub="fleet.v1")
    found.to_hub("ShipSpec")(to_hub)
    found.from_hub("ShipSpec")(from_hub)
    return Plugin("fleet", fleet.tables(), (found,))


def test_rules_that_keep_all() -> None:
    """The bird's rules lose nothing, and hardly any object is refused; the fleet's, too."""
    for plugin in (bird, fleet.plugin()):
        for trial in trials(plugin).values():
            assert trial.failures == {}
            assert trial.same > 30


def test_what_upstream_loses() -> None:
    """A reference of another type is lost by the sample-apiserver's own conversion; nothing else is."""
    alpha = trials(wardle, 200)["v1alpha1"]
    assert {text.partition(" ")[0] for text in alpha.failures} == {"spec.reference", "spec.referenceType"}
    example = next(iter(alpha.failures.values()))
    assert example["spec"]["referenceType"] not in ("Flunder", "Fischer")


def forgets(spec: dict[str, Any], auto: Any, _scope: Any) -> None:
    """A rule that only drops what the other side lacks."""
    auto(spec)


def doubles(spec: dict[str, Any], auto: Any, scope: Any) -> None:
    """A rule that changes what it should carry."""
    fleet.to_hub(spec, auto, scope)
    spec["tons"] = spec.get("tons", 0) + 1


@pytest.mark.parametrize(
    ("to_hub", "from_hub", "message"),
    [
        (forgets, fleet.from_hub, "spec.captain is lost"),
        (fleet.to_hub, forgets, "spec.captain is lost"),
        (doubles, fleet.from_hub, "spec.tons is changed"),
    ],
)
def test_rules_that_do_not(to_hub: Any, from_hub: Any, message: str) -> None:
    """The field is named, and an object that it happens to."""
    found = trials(with_rules(to_hub, from_hub))
    assert [text for text in found["v1alpha1"].failures if text.startswith(message)]
    assert found["v1"].failures == {}


def test_a_rule_that_raises() -> None:
    """An exception is found, and the rule named."""

    def fussy(spec: dict[str, Any], _auto: Any, _scope: Any) -> None:
        raise LookupError(spec["captain"])

    assert any("to_hub('ShipSpec')" in text for text in trials(with_rules(fussy, fleet.from_hub))["v1alpha1"].failures)


def test_when_all_are_refused() -> None:
    """A validation that refuses everything leaves nothing known, which is not the same as nothing wrong."""
    more = Rules("fleet.v1alpha1", hub="fleet.v1")
    more.validate("Ship")(lambda *_: ["metadata: no"])
    (trial, *_) = trials(fleet.plugin(more)).values()
    assert (trial.same, trial.refused, trial.nothing_tried) == (0, 60, True)


@pytest.mark.parametrize("name", ["apps/v1 Deployment", "v1 Pod", "apiextensions.k8s.io/v1 CustomResourceDefinition"])
def test_random_objects_fit_their_type(name: str) -> None:
    """They are what a decoder takes, the same for the same seed, and different for another."""
    catalog = Catalog(newest())
    version, _, kind = name.partition(" ")
    found = catalog.kind(gvk(version, kind))
    random = RandomObjects(catalog)
    for seed in ("1", "2", "3"):
        obj = random.of_kind(found, seed)
        assert list(TypedJson(catalog).unknown_paths(found.type, TypedJson(catalog).read(found.type, obj))) == []
        assert obj == random.of_kind(found, seed)
    assert random.of_kind(found, "1") != random.of_kind(found, "2")


def test_words_of_rules() -> None:
    """What rules compare with is drawn, too: their constants, and collections of their modules."""
    words = words_of(function for rules in (*wardle.rules, *bird.rules) for function in rules.functions)
    assert {"Flunder", "Fischer", ","} <= set(words)
