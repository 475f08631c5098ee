"""`kstore explain`: the fields of a resource's objects, with their types and protobuf numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kstore.cli.known_resources import Known, explained
from kstore.cli.listing import write
from kstore.cli.options import output_option, store_options
from kstore.cli.session import open_session
from kstore.cli.standard_output import show
from kstore.errors import UnknownResource, UsageError

MOST_LEVELS = 100
"""Deeper than any type goes; what holds itself is shown once."""

if TYPE_CHECKING:
    from kstore.catalog.mapper import NamedResource
    from kstore.naming import GroupVersion
    from kstore.view.explain import ExplainedField, Source


@click.command()
@click.argument("what", metavar="RESOURCE[.FIELD...] or KEY")
@click.option("--api-version", default="", metavar="GROUP/VERSION", help="Default: the version that is stored.")
@click.option("-R", "--recursive", is_flag=True, help="Also the fields of fields.")
@click.option(
    "--max-depth",
    default=0,
    type=click.IntRange(min=0),
    metavar="N",
    help="With --recursive: the maximum depth; 0 is unlimited.",
)
@click.option("--built-in", is_flag=True, help="Only built-in resources: no store is opened.")
@output_option(("text", "plaintext", "json"), "text")
@store_options
def command(
    what: str, api_version: str, recursive: bool, max_depth: int, built_in: bool, output: str
) -> int:  # fmt: skip
    """
    Show the fields of a type, with their types and protobuf numbers. For custom resources, use the schema of the CRD.

    \b
    kstore explain pods.spec.containers
    kstore explain hpa.spec --api-version autoscaling/v2beta2 --release 1.24
    kstore explain crontabs.stable.example.com --recursive
    kstore explain /registry/minions/node-a
    """
    if max_depth and not recursive:
        raise UsageError("--max-depth goes with --recursive")
    depth = (max_depth or MOST_LEVELS) if recursive else 1
    with open_session() as session:
        known = Known(session, built_in=built_in)
        if what.startswith("/"):
            write(explained(known, (what,), as_json=output == "json"))
            return 0
        from kstore.naming import parse_group_version
        from kstore.view.explain import explain_json, explain_text, field_at

        resource, path = _parts(known, what)
        version = parse_group_version(api_version) if api_version else None
        source, root, group_version = _type(known, resource, version)
        found = field_at(source, root, path)
        if output == "json":
            from kstore.view.json_text import to_json

            head = {"apiVersion": str(group_version), "kind": resource.kind, "path": ".".join(path)}
            write([to_json(head | explain_json(source, found, depth=depth))])
            return 0
        labels = {"KIND": resource.kind, "VERSION": str(group_version)}
        if path:
            labels["FIELD"] = f"{'.'.join(path)} <{found.type}>" + (f", number {found.number}" if found.number else "")
        show(explain_text(source, found, labels, depth=depth))
        return 0


def _parts(known: Known, text: str) -> tuple[NamedResource, list[str]]:
    """The resource, which may be spelled with its group, and the path of fields behind it."""
    parts = text.split(".")
    for length in range(len(parts), 1, -1):
        try:
            found = known.mapper.find(".".join(parts[:length]))[0]
        except UnknownResource:
            continue
        if found.group == ".".join(parts[1:length]):
            return found, parts[length:]
    return known.mapper.find(parts[0])[0], parts[1:]


def _type(
    known: Known, resource: NamedResource, version: GroupVersion | None
) -> tuple[Source, ExplainedField, GroupVersion]:
    """
    Where a resource's fields are found, in a version.

    Raises:
        UsageError: nothing is known of its fields, or there is no such version.
    """
    from kstore.catalog.types import TypeRef
    from kstore.naming import GroupVersionKind
    from kstore.view.explain import ExplainedField, SchemaFields, TypeFields
    from kstore.view.resource_text import storage_version

    catalog = known.session.scheme.catalog
    group_version = version or storage_version(resource, catalog.release) or _first(resource)
    kind = GroupVersionKind(group_version.group, group_version.version, resource.kind)
    if catalog.has_kind(kind):
        ref = TypeRef("struct", name=catalog.kind(kind).type)
        return TypeFields(catalog), ExplainedField(resource.kind, resource.kind, inner=ref), group_version
    if group_version.group == resource.group and group_version.version not in resource.versions:
        versions = ", ".join(f"{resource.group}/{one}".lstrip("/") for one in resource.versions)
        raise UsageError(f"{resource.resource} have no version {group_version}", hint=f"there are {versions}")
    schema = _schema(resource, group_version.version)
    if schema is None:
        raise UsageError(f"nothing tells which fields {resource.resource} have in {group_version}")
    described = ExplainedField(
        resource.kind, resource.kind, description=str(schema.get("description") or ""), inner=schema
    )
    return SchemaFields(), described, group_version


def _first(resource: NamedResource) -> GroupVersion:
    from kstore.naming import GroupVersion

    return GroupVersion(resource.group, next(iter(resource.versions), ""))


def _schema(resource: Any, version: str) -> dict[str, Any] | None:
    """The schema that a CRD has for a version."""
    from kstore.decode.json.raw_json import plain

    spec = (resource.definition or {}).get("spec") or {}
    named: dict[str, Any] = next((one for one in spec.get("versions") or [] if one.get("name") == version), {})
    validation = named.get("schema") or spec.get("validation") or {}
    schema = plain(validation.get("openAPIV3Schema"))
    return schema if isinstance(schema, dict) else None
