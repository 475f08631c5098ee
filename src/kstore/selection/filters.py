"""
The conditions on objects themselves (labels, fields, stored version, CEL) as one test, and whether their types have
the fields that it names.

A field that no object can have is an error, as it is of the apiserver (`apimachinery/pkg/fields/requirements.go`,
`pkg/apis/*/conversion.go`: "field label not supported"); a field that an object happens to lack is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from kstore.catalog.mapper import NamedResource
from kstore.codec import StoredObject
from kstore.customresource.resource import CustomResource, selectable_labels
from kstore.decode.projection import EVERYTHING, NOTHING, Projection
from kstore.errors import UnknownField
from kstore.naming import GroupKind
from kstore.scalars.selectors import SelectorError
from kstore.scheme.scheme import Scheme
from kstore.selection.criteria import Criteria
from kstore.selection.fields import ResourceFields

if TYPE_CHECKING:
    from kstore.selection.field_selectors import FieldSelector
    from kstore.selection.where import Where

LABELS = Projection.of([("metadata", "labels")])

Test = Callable[[StoredObject], bool]


class UnknownLabel(UnknownField, SelectorError):
    """A field label that the apiserver would refuse."""

    code = SelectorError.code


class Filter:
    """
    The conditions on objects that criteria name.

    Args:
        criteria: of which the paths, names and namespaces are `Selection`'s business.

    Raises:
        UsageError: a selector or an expression that cannot be read.
    """

    def __init__(self, criteria: Criteria) -> None:
        self.options = criteria.filters
        self.fields: FieldSelector | None = None
        self.where: Where | None = None
        self._labels = bool(criteria.selector)
        tests: list[Test] = []
        if criteria.selector:
            from kstore.scalars.selectors import label_matcher, parse_label_selector

            has_labels = label_matcher(parse_label_selector(criteria.selector))
            tests.append(lambda read: has_labels(read.object))
        if criteria.field_selector:
            from kstore.selection.field_selectors import parse_field_selector

            self.fields = parse_field_selector(criteria.field_selector)
            has_fields = self.fields.matches
            tests.append(lambda read: has_fields(read.object))
        if criteria.stored_version:
            tests.append(lambda read: fnmatchcase(read.gvk.api_version, criteria.stored_version))
        if criteria.where:
            from kstore.selection.where import Where

            self.where = Where(criteria.where)
            tests.append(self.where.matches)
        self._tests = tuple(tests)

    def __bool__(self) -> bool:
        """Whether there is any condition, so that objects must be read to be selected."""
        return bool(self._tests)

    def matches(self, read: StoredObject) -> bool:
        """Whether an object meets all conditions; it must have been read with `projection` at least."""
        for test in self._tests:  # noqa: SIM110 - most often there is none, and this is asked of every object
            if not test(read):
                return False
        return True

    @property
    def projection(self) -> Projection:
        """What of an object the conditions look at."""
        if self.fields is not None or self.where is not None:
            return EVERYTHING
        return LABELS if self._labels else NOTHING

    @property
    def fault(self) -> str:
        """Why nothing matched, where the expression itself may be at fault; else empty."""
        return self.where.fault if self.where is not None and not self.where.matched else ""

    # ---- do the types have the fields

    def check(self, arguments: Sequence[Sequence[NamedResource]], scheme: Scheme) -> None:
        """
        See that the fields which the conditions name are fields of what is selected from.

        Args:
            arguments: the resources that each argument means. Of one argument's (a category, a path above several)
                one must declare the field; where nothing is known of a resource that is meant alone, it may have it.
            scheme: the types of the release.

        Raises:
            SelectorError, UsageError: a field that there is not.
        """
        if self.fields is None and self.where is None:
            return
        for resources in arguments:
            types = _Types(resources, scheme)
            for term in self.fields.terms if self.fields is not None else ():
                types.require_label(term.path)
            for path in self.where.paths if self.where is not None else ():
                types.require_path(path)


class _Types:
    """The types that an argument may mean objects of; looked into one by one, as far as it takes."""

    def __init__(self, resources: Sequence[NamedResource], scheme: Scheme) -> None:
        self._resources = resources
        self._scheme = scheme
        self._declared = len(resources) > 1
        self._fields: dict[int, ResourceFields] = {}

    def _of(self, place: int) -> ResourceFields:
        if place not in self._fields:
            self._fields[place] = ResourceFields(self._resources[place], self._scheme)
        return self._fields[place]

    def _any(self, has: Callable[[ResourceFields], bool]) -> bool:
        """Whether one of them has it, or of none anything is known."""
        places = range(len(self._resources))
        return any(self._of(place).known and has(self._of(place)) for place in places) or not any(
            self._of(place).known for place in places
        )

    def _has(self, fields: ResourceFields, path: tuple[str, ...]) -> bool:
        return fields.has(path, declared=self._declared)

    @property
    def _who(self) -> str:
        return self._resources[0].resource if len(self._resources) == 1 else "none of these resources"

    def require_label(self, label: str) -> None:
        """
        Raises:
            UnknownLabel: the apiserver does not know the label, and it is no field either.
        """
        from kstore.selection.field_selectors import field_path, is_label

        def has(fields: ResourceFields) -> bool:
            resource = fields.resource
            if isinstance(resource, CustomResource) and resource.definition is not None:
                return label in selectable_labels(resource)
            return is_label(GroupKind(resource.group, resource.kind), label) or self._has(fields, field_path(label))

        if not self._any(has):
            raise UnknownLabel(
                f"field label not supported: {label}",
                hint=self._label_hint(label),
                explained=self._explained(field_path(label)),
            )

    def _label_hint(self, label: str) -> str:
        from kstore.selection.field_selectors import field_path

        first = self._resources[0]
        if len(self._resources) > 1 or not isinstance(first, CustomResource):
            return self._hint(field_path(label))
        return (
            f"{first.resource} can be selected by {', '.join(selectable_labels(first))}: selectableFields of the CRD "
            "name others; `where=` asks about any field"
        )

    def require_path(self, path: tuple[str, ...]) -> None:
        """
        Raises:
            UnknownField: an expression names a field that there is not.
        """
        if not self._any(lambda fields: self._has(fields, path)):
            raise UnknownField(
                f"no such field: {'.'.join(path)}", hint=self._hint(path), explained=self._explained(path)
            )

    def _hint(self, path: tuple[str, ...]) -> str:
        if len(self._resources) != 1:
            return f"{self._who} have it; name the resource that does"
        missing = self._of(0).missing(path)
        return f"{self._who} have no {missing}"

    def _explained(self, path: tuple[str, ...]) -> str:
        """The type that lacks a field of the path; empty where there is no one resource to ask about."""
        if len(self._resources) != 1 or self._has(self._of(0), path):
            return ""
        return ".".join([self._resources[0].resource, *self._of(0).missing(path).split(".")[:-1]])
