"""
What is wrong with a plugin, as far as its tables and the declarations of its rules tell.

A rule that is never called and a field that is dropped in silence both lose data, so each is refused, as Go's compiler
and conversion-gen refuse them (`k8s.io/code-generator/cmd/conversion-gen/generators/conversion.go`: a field that the
peer type lacks "requires manual conversion"). What rules do to objects, `guarded_rules.py` sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kstore.catalog.loader import Catalog
from kstore.catalog.plugin_tables import Tables, is_range
from kstore.catalog.releases import Release, in_range, known_releases, minor_of, newest
from kstore.catalog.tables import table_exists
from kstore.catalog.types import INTEGERS, Field, Kind, TypeRef
from kstore.errors import ExtensionError
from kstore.scheme.conversion import fields_by_go_name
from kstore.scheme.registry import Rule, Rules
from kstore.similar import in_brackets


def faults(tables: Tables, rules_given: Sequence[Rules]) -> list[ExtensionError]:
    """
    Everything that is wrong with a plugin.

    Args:
        tables: they hold by themselves; how they stand to the built-in ones is looked at here.
        rules_given: its rules.
    """
    found: dict[str, ExtensionError] = {}
    try:
        for fault in _faults(tables, rules_given):
            found.setdefault(str(fault), fault)
    except ExtensionError as fault:  # the catalog does not take the tables
        found.setdefault(str(fault), fault)
    return list(found.values())


def _faults(tables: Tables, rules_given: Sequence[Rules]) -> Iterator[ExtensionError]:
    catalog = Catalog(newest(), [tables])
    declared = [rule for rules in rules_given for rule in _declared(rules)]
    for rules in rules_given:
        yield from _package_faults(rules, tables)
        yield from _name_faults(rules, tables)
    yield from (
        ExtensionError(f"{rule.releases!r} is no range of releases", rule=rule.declared)
        for _, rule in declared
        if not all(map(is_range, rule.releases.split(","))) and rule.releases
    )
    yield from _whole_object_faults(tables, rules_given)
    yield from _overlaps(rules_given)
    ranges = tables.has_ranges or any(rule.releases for _, rule in declared)
    catalogs = [Catalog(release, [tables]) for release in _exact_releases()] if ranges else [catalog]
    for one in catalogs:
        yield from _Coverage(tables, rules_given, one).faults()


def _exact_releases() -> list[Release]:
    return [release for release in map(Release, known_releases()) if release.exact]


def _declared(rules: Rules) -> list[tuple[tuple[str, ...], Rule]]:
    """Each rule, and what it is for."""
    return [
        *(((name,), rule) for name, rule in (*rules.defaults, *rules.canonical, *rules.validations)),
        *(((source, target), rule) for source, target, rule in (*rules.conversions, *rules.values)),
    ]


def _package_faults(rules: Rules, tables: Tables) -> Iterator[ExtensionError]:
    """Packages that the tables do not have, or not as the hub."""
    uses_hub = rules.names_hub or rules.conversions or rules.canonical or rules.validations
    packages = [("package", rules.versioned)]
    if uses_hub:
        packages.append(("hub", rules.hub))
    for role, package in packages:
        if package in tables.types:
            continue
        if table_exists(f"types/{package}.json"):
            message = f"the {role} {package} is built in: a plugin has rules for its own types only"
        else:
            message = f"the {role} {package} is no package of the tables{in_brackets(package, tables.types)}"
        yield ExtensionError(message, rule=f"Rules({rules.versioned!r}, hub={rules.hub!r})")
    hubs = {
        kind["hub"].rpartition(".")[0]
        for kind in tables.kinds
        if kind["hub"] and kind["type"].rpartition(".")[0] == rules.versioned
    }
    if rules.conversions and hubs and rules.hub not in hubs:
        yield ExtensionError(
            f"the hub is {rules.hub}, but the kinds of {rules.versioned} convert through {', '.join(sorted(hubs))}",
            rule=f"Rules({rules.versioned!r}, hub={rules.hub!r})",
        )


def _name_faults(rules: Rules, tables: Tables) -> Iterator[ExtensionError]:
    """Rules for types that the tables do not have."""
    aliases = {ref.alias for ref in _refs(tables) if ref.alias}
    for names, rule in _declared(rules):
        for name in names:
            package, _, short = name.rpartition(".")
            if name in tables.struct_names or name in aliases:
                continue
            if table_exists(f"types/{package}.json") or "." not in name:
                yield ExtensionError(
                    f"{name} is built in: a plugin has rules for its own types only", rule=rule.declared
                )
            elif package in tables.types:
                close = in_brackets(short, tables.types[package])
                yield ExtensionError(f"{package} has no type {short!r} in the tables{close}", rule=rule.declared)
            elif package in (rules.versioned, rules.hub):
                continue  # said of the package
            elif any(package in structs for structs in tables.types.values()):
                yield ExtensionError(
                    f"a rule is for a whole type; {package!r} is one, {name!r} is not", rule=rule.declared
                )
            else:
                close = in_brackets(package, tables.types)
                yield ExtensionError(f"{package} is no package of the tables{close}", rule=rule.declared)


def _refs(tables: Tables) -> Iterator[TypeRef]:
    from kstore.catalog.types import parse_type

    for structs in tables.types.values():
        for struct in structs.values():
            for row in struct["fields"]:
                ref: TypeRef | None = parse_type(row["type"])
                while ref is not None:
                    yield ref
                    ref = ref.element


def _whole_object_faults(tables: Tables, rules_given: Sequence[Rules]) -> Iterator[ExtensionError]:
    """Canonicalize and validate are called with whole objects, in their hub."""
    whole = {kind["hub"] or kind["type"] for kind in tables.kinds}
    for rules in rules_given:
        for name, rule in (*rules.canonical, *rules.validations):
            if name in tables.struct_names and name not in whole:
                yield ExtensionError(
                    f"{name} is no kind's hub type, so the rule would never be called; it is for one of "
                    f"{', '.join(sorted(whole))}",
                    rule=rule.declared,
                )


def _overlaps(rules_given: Sequence[Rules]) -> Iterator[ExtensionError]:
    """Two rules for the same in one release."""
    seen: dict[tuple[str, ...], list[Rule]] = {}
    for rules in rules_given:
        alike = [
            *((("default", name), rule) for name, rule in rules.defaults),
            *((("canonicalize", name), rule) for name, rule in rules.canonical),
            *((("convert", source, target), rule) for source, target, rule in (*rules.conversions, *rules.values)),
        ]
        for key, rule in alike:
            for other in seen.setdefault(key, []):
                both = [one for one in known_releases() if _holds(rule, one) and _holds(other, one)]
                if both:
                    when = both[0] if len(both) == 1 else f"{both[0]} to {both[-1]}"
                    yield ExtensionError(
                        f"{other.declared} is there already: both hold for release {when}", rule=rule.declared
                    )
            seen[key].append(rule)


def _holds(rule: Rule, release: str) -> bool:
    try:
        return in_range(rule.releases, minor_of(release))
    except ValueError:
        return False  # said of the range


class _Coverage:
    """Whether each field of a version is known to the other side, or to a rule, in one release."""

    def __init__(self, tables: Tables, rules_given: Sequence[Rules], catalog: Catalog) -> None:
        self._catalog = catalog
        self._own = tables.struct_names
        minor = catalog.release.rules_minor
        self._ruled = {
            (source, target)
            for rules in rules_given
            for source, target, rule in (*rules.conversions, *rules.values)
            if in_range(rule.releases, minor)
        }
        self._kinds = [kind for kind in catalog.kinds if kind.type in self._own and kind.hub]

    def faults(self) -> Iterator[ExtensionError]:
        """A field that one side lacks, and one that is something else there, where no rule converts its type."""
        seen: set[tuple[str, str]] = set()
        for kind in self._kinds:
            yield from self._kind(kind, seen)

    def _kind(self, kind: Kind, seen: set[tuple[str, str]]) -> Iterator[ExtensionError]:
        for source, target in ((kind.type, kind.hub), (kind.hub, kind.type)):
            yield from self._pair(source, target, seen)

    def _pair(self, source: str, target: str, seen: set[tuple[str, str]]) -> Iterator[ExtensionError]:
        if source == target or (source, target) in seen or not {source, target} & self._own:
            return
        seen.add((source, target))
        left, right = (fields_by_go_name(self._catalog.struct(name)) for name in (source, target))
        ruled = (source, target) in self._ruled
        for name, field in left.items():
            row = f"types: {source}.{name}"
            if name in right:
                yield from self._fields(field, right[name], row, target, seen, ruled=ruled)
            elif not ruled:
                yield ExtensionError(
                    f"{target} has no such field{in_brackets(name, right)}, and no rule converts {source} to {target}",
                    row=row,
                )

    def _fields(
        self, left: Field, right: Field, row: str, target: str, seen: set[tuple[str, str]], *, ruled: bool
    ) -> Iterator[ExtensionError]:
        a, b = left.type, right.type
        while a.element is not None and b.element is not None and a.form == b.form:
            a, b = a.element, b.element
        structs = a.form == b.form and a.form in ("struct", "union")
        if structs:
            yield from self._pair(a.name, b.name, seen)
        elif not ruled and not _same(a, b):
            yield ExtensionError(f"a {left.type} here, a {right.type} in {target}, and no rule converts it", row=row)


def _same(a: TypeRef, b: TypeRef) -> bool:
    """Whether a value of one type is one of the other as it stands."""
    if a.element is not None or b.element is not None:
        return False
    return a.form == b.form and (a.name == b.name or {a.name, b.name} <= INTEGERS)
