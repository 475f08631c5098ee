"""
A plugin's rules, each seen to keep to its types: what one raises or breaks is an error of that object and names it.

Built-in rules are held against Kubernetes' own code and run as they are; those of a plugin are anybody's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from kstore.decode.json.typed_json import TypedJson
from kstore.errors import DecodeError, NotConvertible, RuleFailed
from kstore.scheme.registry import Auto, Obj, Rule, Rules, Scope


def guarded(plugin: str, given: Iterable[Rules], typed: TypedJson) -> list[Rules]:
    """
    The plugin's rules, which raise nothing but `NotConvertible` and leave nothing behind that a type has no place for.

    Args:
        plugin: the plugin's name.
        given: its rules.
        typed: the types, those of the plugin among them.
    """
    return [_guarded(rules, plugin, typed) for rules in given]


def _guarded(rules: Rules, plugin: str, typed: TypedJson) -> Rules:
    found = Rules(rules.versioned, rules.hub, defaulted=rules.defaulted)

    def guard(rule: Rule) -> _Guard:
        return _Guard(plugin, rule, typed)

    found.defaults = [(name, _with(rule, guard(rule).in_place(name))) for name, rule in rules.defaults]
    found.canonical = [(name, _with(rule, guard(rule).in_place(name))) for name, rule in rules.canonical]
    found.conversions = [
        (source, target, _with(rule, guard(rule).conversion(source, target)))
        for source, target, rule in rules.conversions
    ]
    found.values = [(source, target, _with(rule, guard(rule).value)) for source, target, rule in rules.values]
    found.validations = [(name, _with(rule, guard(rule).validation)) for name, rule in rules.validations]
    found.reads, found.updates = rules.reads, rules.updates
    return found


def _with(rule: Rule, function: Callable[..., Any]) -> Rule:
    return Rule(function, rule.releases, rule.declared)


@dataclass(frozen=True)
class _Guard:
    """What stands around one rule."""

    plugin: str
    rule: Rule
    typed: TypedJson

    def in_place(self, name: str) -> Callable[[Any, Scope], None]:
        """A rule that changes an object of one type."""

        def run(obj: Any, scope: Scope) -> None:
            self._run(name, name, obj, lambda: self.rule.function(obj, scope))

        return run

    def conversion(self, source: str, target: str) -> Callable[[Obj, Auto, Scope], None]:
        """A rule that makes an object of one type one of another."""

        def run(obj: Obj, auto: Auto, scope: Scope) -> None:
            self._run(source, target, obj, lambda: self.rule.function(obj, auto, scope))

        return run

    def value(self, found: Any) -> Any:
        """A rule that converts a value."""
        return self._call(lambda: self.rule.function(found))

    def validation(self, obj: Obj, scope: Scope) -> Iterable[str]:
        """A rule that says what is wrong with an object."""
        said = self._call(lambda: list(self.rule.function(obj, scope) or ()))
        for one in said:
            if not isinstance(one, str):
                raise self._failed(f"said {one!r:.80}; expected text such as 'spec.size: must not be negative'")
        return said  # type: ignore[no-any-return]

    def _call(self, function: Callable[[], Any]) -> Any:
        try:
            return function()
        except NotConvertible:
            raise  # the rule refuses the object
        except (Exception, SystemExit) as error:
            raise self._failed(f"raised {error!r:.300}") from error

    def _run(self, source: str, target: str, obj: Any, function: Callable[[], Any]) -> None:
        before = frozenset(self._unknown(source, obj))
        self._call(function)
        self._check(target, obj, before)

    def _check(self, target: str, obj: Any, before: frozenset[str]) -> None:
        """
        See that an object is one of a type.

        Args:
            target: the type.
            obj: as the rule left it.
            before: the paths of what was unknown before: fields newer than the tables stay where they are.

        Raises:
            RuleFailed: it is not; with the field path.
        """
        if not self._is_struct(target):
            return
        try:
            self.typed.read(target, obj)
            added = [path.lstrip(".") for path in self._unknown(target, obj) if path not in before]
        except DecodeError as error:
            raise self._failed(f"left {error.message}", error.path) from None
        except Exception as error:
            raise self._failed(f"left what is no {target}: {error!r:.300}") from error
        if added:
            failed = self._failed(f"left members that {target} does not have: {', '.join(added)}")
            failed.path = added[0]
            raise failed

    def _unknown(self, name: str, obj: Any) -> Iterable[str]:
        return self.typed.unknown_paths(name, obj) if self._is_struct(name) else ()

    def _is_struct(self, name: str) -> bool:
        try:
            self.typed.catalog.struct(name)
        except (KeyError, OSError):
            return False  # a named list or map
        return True

    def _failed(self, message: str, path: str = "") -> RuleFailed:
        return RuleFailed(message, plugin=self.plugin, rule=self.rule.declared, path=path)
