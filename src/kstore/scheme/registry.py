"""
Where the hand-ported rules are declared, and how the one that holds for a release is found.

A module of rules makes one `Rules` object and decorates its functions with it; nothing is registered by importing.
`groups/__init__.py` lists the modules, and `Registry` collects them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kstore.catalog.releases import Release, in_range
from kstore.decode.json.typed_json import TypedJson

Obj = dict[str, Any]


@dataclass(frozen=True)
class Scope:
    """What a rule may ask for besides the object."""

    release: Release
    typed: TypedJson
    """Typed objects from and to JSON, for rules that keep parts of an object in annotations."""
    convert: Callable[[str, str, Obj], None]
    """Convert a part of an object, in place, by the names of its types: `scope.convert(source, target, obj)`."""
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    """The clock: a few defaults are the time of day."""


@dataclass(frozen=True)
class RunningServer:
    """How a server was started, as far as what it writes depends on it."""

    service_family: str = "IPv4"
    """`IPv4` or `IPv6`: the family of the first range of `--service-cluster-ip-range`."""


Default = Callable[[Obj, Scope], None]
"""Sets defaults in place, in the versioned object: `SetDefaults_Deployment`."""
Auto = Callable[[Obj], None]
"""The structural part of a conversion, in place: what upstream calls `autoConvert_…`."""
Convert = Callable[[Obj, Auto, Scope], None]
"""Converts in place between a versioned type and its hub type; calls `auto` where upstream calls `autoConvert_…`."""
Canonicalize = Callable[[Obj, Scope], None]
"""Brings a hub object into the one form in which it is stored, in place: what has no order gets one."""
OnRead = Callable[[Obj, Scope, RunningServer], None]
"""
Fills in, in place, what a server fills in before it answers with an object, in any version of its kind (a registry
store's `Decorator`).
"""
OnUpdate = Callable[[Obj, Scope, RunningServer], bool]
"""
Changes an object, in place and in any version of its kind, as an update does that asks for nothing (`BeginUpdate`, a
REST strategy's `PrepareForUpdate`); whether that raises its generation.
"""
Validate = Callable[[Obj, Scope], Iterable[str]]
"""Says what is wrong with a hub object, each as `path: message`."""
ConvertValue = Callable[[Any], Any]
"""Converts a value that is no struct, such as apiextensions' `JSON`."""


@dataclass(frozen=True)
class Rule:
    """One ported function and the releases it holds for."""

    function: Callable[..., Any]
    releases: str
    """A range such as `1.29-1.33`; empty for all."""
    declared: str = ""
    """How it was declared, for errors: `zoo.v1alpha1.to_hub('CageSpec')`."""


class Rules:
    """
    The rules of one package, as its module declares them.

    Args:
        versioned: the package of the versioned types, such as `apps.v1`.
        hub: the package of the internal types, such as `apps.internal`.
        defaulted: False where upstream registers no defaulting functions for the package.
    """

    def __init__(self, versioned: str, hub: str = "", *, defaulted: bool = True) -> None:
        self.versioned = versioned
        self.defaulted = defaulted
        self.hub = hub or f"{versioned.partition('.')[0]}.internal"
        self.names_hub = bool(hub)
        """Whether the hub was given, not assumed."""
        self.defaults: list[tuple[str, Rule]] = []
        self.conversions: list[tuple[str, str, Rule]] = []
        self.values: list[tuple[str, str, Rule]] = []
        self.canonical: list[tuple[str, Rule]] = []
        self.validations: list[tuple[str, Rule]] = []
        self.reads: list[tuple[str, Rule]] = []
        self.updates: list[tuple[str, Rule]] = []

    def on_read(self, name: str, *, releases: str = "") -> Callable[[OnRead], OnRead]:
        """Declare what a running server fills in before it answers with objects of a hub type."""

        def declare(function: OnRead) -> OnRead:
            self.reads.append((_full(self.hub, name), Rule(function, releases)))
            return function

        return declare

    def on_update(self, name: str, *, releases: str = "") -> Callable[[OnUpdate], OnUpdate]:
        """Declare what an update that asks for nothing changes in objects of a hub type (`PrepareForUpdate`)."""

        def declare(function: OnUpdate) -> OnUpdate:
            self.updates.append((_full(self.hub, name), Rule(function, releases)))
            return function

        return declare

    @property
    def functions(self) -> list[Callable[..., Any]]:
        """The functions that were declared."""
        pairs = (*self.defaults, *self.canonical, *self.validations)
        triples = (*self.conversions, *self.values)
        return [rule.function for _, rule in pairs] + [rule.function for _, _, rule in triples]

    def canonicalize(self, name: str) -> Callable[[Canonicalize], Canonicalize]:
        """Declare the last change of a hub type before it is stored (a REST strategy's `Canonicalize`)."""

        def declare(function: Canonicalize) -> Canonicalize:
            self.canonical.append((_full(self.hub, name), self._rule(function, "canonicalize", name)))
            return function

        return declare

    def validate(self, name: str) -> Callable[[Validate], Validate]:
        """Declare what must hold of a hub type (a REST strategy's `Validate`)."""

        def declare(function: Validate) -> Validate:
            self.validations.append((_full(self.hub, name), self._rule(function, "validate", name)))
            return function

        return declare

    def default(self, name: str, *, releases: str = "") -> Callable[[Default], Default]:
        """Declare the defaults of a versioned type (`SetDefaults_<name>`)."""

        def declare(function: Default) -> Default:
            self.defaults.append((_full(self.versioned, name), self._rule(function, "default", name, releases)))
            return function

        return declare

    def to_hub(self, name: str, hub: str = "", *, releases: str = "") -> Callable[[Convert], Convert]:
        """Declare the conversion of a versioned type to its hub type (`Convert_v1_<name>_To_apps_<hub>`)."""
        source, target = _full(self.versioned, name), _full(self.hub, hub or name.rpartition(".")[2])
        return self._conversion("to_hub", name, source, target, releases)

    def from_hub(self, name: str, hub: str = "", *, releases: str = "") -> Callable[[Convert], Convert]:
        """Declare the conversion of a hub type to a versioned type (`Convert_apps_<hub>_To_v1_<name>`)."""
        source, target = _full(self.hub, hub or name.rpartition(".")[2]), _full(self.versioned, name)
        return self._conversion("from_hub", name, source, target, releases)

    def _conversion(
        self, decorator: str, name: str, source: str, target: str, releases: str
    ) -> Callable[[Convert], Convert]:
        def declare(function: Convert) -> Convert:
            self.conversions.append((source, target, self._rule(function, decorator, name, releases)))
            return function

        return declare

    def value(self, source: str, target: str) -> Callable[[ConvertValue], ConvertValue]:
        """Declare the conversion of a value that is no struct, by the names that the tables have for its type."""

        def declare(function: ConvertValue) -> ConvertValue:
            self.values.append((source, target, self._rule(function, "value", source)))
            return function

        return declare

    def _rule(self, function: Callable[..., Any], decorator: str, name: str, releases: str = "") -> Rule:
        return Rule(function, releases, f"{self.versioned}.{decorator}({name!r})")


def _full(package: str, name: str) -> str:
    """A type's full name; one that has its package already is left as it is."""
    return name if "." in name else f"{package}.{name}"


class Registry:
    """The rules that hold for one release, by type."""

    def __init__(self, modules: Iterable[Rules], release: Release) -> None:
        self.defaults: dict[str, list[Default]] = {}
        self.conversions: dict[tuple[str, str], Convert] = {}
        self.values: dict[tuple[str, str], ConvertValue] = {}
        self.canonical: dict[str, Canonicalize] = {}
        self.validations: dict[str, list[Validate]] = {}
        self.reads: dict[str, list[OnRead]] = {}
        self.updates: dict[str, list[OnUpdate]] = {}
        self.undefaulted: set[str] = set()
        """The packages whose objects are never defaulted."""
        for rules in modules:
            if not rules.defaulted:
                self.undefaulted.add(rules.versioned)
            for name, rule in rules.defaults:
                if in_range(rule.releases, release.rules_minor):
                    self.defaults.setdefault(name, []).append(rule.function)
            for kind, declared in ((self.reads, rules.reads), (self.updates, rules.updates)):
                for name, rule in declared:
                    if in_range(rule.releases, release.rules_minor):
                        kind.setdefault(name, []).append(rule.function)
            _choose(self.conversions, rules.conversions, release)
            _choose(self.values, rules.values, release)
            self.canonical.update((name, rule.function) for name, rule in rules.canonical)
            for name, rule in rules.validations:
                self.validations.setdefault(name, []).append(rule.function)


def _choose(chosen: dict[tuple[str, str], Any], declared: list[tuple[str, str, Rule]], release: Release) -> None:
    """Pick each pair's rule for a release; two that hold at once are a mistake in the rules."""
    for source, target, rule in declared:
        if in_range(rule.releases, release.rules_minor):
            if (source, target) in chosen:
                raise AssertionError(f"two rules convert {source} to {target} in {release}")
            chosen[source, target] = rule.function
