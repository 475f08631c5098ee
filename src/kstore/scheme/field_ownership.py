"""
Sets of fields in `managedFields`, brought into the form that a release's schema asks for.

Where an older release owned a struct, map or list in parts and this one owns it as a whole, whoever owned a part owns
the whole (`structured-merge-diff/typed/reconcile_schema.go`, ReconcileFieldSetWithSchema). The other way nothing
changes.

Knows what is owned how from the tables; which entries there are is `managed_fields.py`'s business, and what is beside
the metadata of custom resources `customresource/field_ownership.py`'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from kstore.catalog.loader import Catalog
from kstore.catalog.releases import in_range
from kstore.catalog.tables import read_table
from kstore.catalog.types import Field, TypeRef
from kstore.decode.json.raw_json import RawJSON
from kstore.naming import GroupVersionKind
from kstore.scheme.field_sets import FieldSet, parsed, written
from kstore.scheme.list_keys import ListKeys, members_of

_UNTYPED: Final = ("RawExtension",)
"""Values of any type, owned as a whole in every release (`__untyped_atomic_` in the schemas)."""


class FieldOwnership:
    """
    How the fields of one release's types are owned.

    Args:
        catalog: the release's types.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        minor = catalog.release.rules_minor
        self._owned = {
            sort: frozenset(name for name, releases in rows.items() if in_range(releases, minor))
            for sort, rows in _table().items()
        }
        self._suspicious: dict[str, re.Pattern[bytes]] = {}
        self._keys = ListKeys(catalog, self._owned["lists"], self._owned["keys"], self._owned["defaulted"])

    def can_be_told(self, gvk: GroupVersionKind, obj: Mapping[str, Any], versions: Iterable[str]) -> bool:
        """
        Whether a server can say of an object who owns what, at whatever update.

        An object that has an element twice it can take as it is, but not convert
        (`managedfields/internal/versionconverter.go`, Convert).

        Args:
            gvk: its kind, in the version that it is in.
            obj: the object.
            versions: those that managedFields speak of, as far as they are served.
        """
        if not self._catalog.is_built_in(gvk):
            return True
        type_name = self._catalog.kind(gvk).type
        if self._keys.are_missing(type_name, obj):
            return False
        return all(one == gvk.api_version for one in versions) or not self._keys.are_twice(type_name, obj)

    def reconciled(self, gvk: GroupVersionKind, fields: Any) -> Any:
        """
        A set of fields of a kind, as FieldsV1 holds it; the very same where nothing is to be changed.

        Args:
            gvk: the version that the set speaks of.
            fields: what is stored.
        """
        if not isinstance(fields, RawJSON) or not self._catalog.is_built_in(gvk):
            return fields
        type_name = self._catalog.kind(gvk).type
        if not self._pattern(type_name).search(fields.data):
            return fields
        found = parsed(fields)
        if found is None or not self._struct(type_name, found):
            return fields
        return written(found)

    def of_struct(self, name: str, found: FieldSet) -> bool:
        """Bring the part of a set that is below a struct into its form, in place; whether something was changed."""
        return self._struct(name, found)

    # ---- walking a set along its type; each says whether something was changed

    def _struct(self, name: str, found: FieldSet) -> bool:
        members = members_of(self._catalog, name)
        changed = False
        for key, below in found.items():
            field = members.get(key[2:]) if key.startswith("f:") else None
            if field is None or not below or not isinstance(below, dict):
                continue
            owner, one = field
            if self._is_whole(owner, one):
                found[key] = {}
                changed = True
            else:
                changed |= self._below(one.type, below)
        return changed

    def _below(self, ref: TypeRef, found: FieldSet) -> bool:
        """What is below a field that is owned in parts."""
        if ref.form == "struct":
            return self._struct(ref.name, found)
        element = ref.element
        if element is None or element.form != "struct":
            return False
        changed = False
        for key, below in found.items():
            if key == "." or not below or not isinstance(below, dict):
                continue
            if element.name in self._owned["structs"]:
                found[key] = {}
                changed = True
            else:
                changed |= self._struct(element.name, below)
        return changed

    def _is_whole(self, owner: str, field: Field) -> bool:
        """Whether a field is owned as a whole: lists are, unless they are known to be owned in parts."""
        place = f"{owner}.{field.json}"
        if field.type.form == "list":
            return place not in self._owned["lists"]
        if place in self._owned["exceptions"]:
            return False
        return (
            place in self._owned["maps"]
            or field.type.name in _UNTYPED
            or (field.type.form == "struct" and field.type.name in self._owned["structs"])
        )

    # ---- most sets need no change, and are not parsed to find that out

    def _pattern(self, type_name: str) -> re.Pattern[bytes]:
        """What the text of a set has where it may need a change: something below a member that is owned as a whole."""
        found = self._suspicious.get(type_name)
        if found is None:
            names = sorted(set(self._whole_names(type_name, set())))
            text = "|".join(map(re.escape, names)) or r"\b\B"
            found = self._suspicious[type_name] = re.compile(rf'"f:(?:{text})":\s*\{{\s*"'.encode())
        return found

    def _whole_names(self, struct: str, seen: set[str]) -> Iterator[str]:
        """The names of members within a struct that are owned as a whole, or whose elements are."""
        if struct in seen:
            return
        seen.add(struct)
        for name, (owner, field) in members_of(self._catalog, struct).items():
            if self._is_whole(owner, field):
                yield name
                continue
            ref = field.type if field.type.form == "struct" else field.type.element
            if ref is None or ref.form != "struct":
                continue
            if ref.name in self._owned["structs"]:
                yield name
            else:
                yield from self._whole_names(ref.name, seen)


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = read_table("ownership.json")
    return found
