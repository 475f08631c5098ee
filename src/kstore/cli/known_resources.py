"""
The resources that are known: built-in ones, those of the store's CRDs, and those that only keys tell of.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from kstore.errors import SourceError, UnknownResource

if TYPE_CHECKING:
    from kstore.catalog.mapper import NamedResource, Place, ResourceMapper
    from kstore.cli.session import Session


class Known:
    """
    The resources at hand.

    Args:
        session: its release, and its store if there is one.
        built_in: do not even look for a store.
    """

    def __init__(self, session: Session, *, built_in: bool = False) -> None:
        from kstore.catalog.mapper import ResourceMapper

        self.session = session
        self.prefix = "/" + (session.given.etcd_prefix.strip("/") or "registry")
        self.mapper: ResourceMapper[NamedResource] = ResourceMapper(session.scheme.resources)
        self._loose: list[NamedResource] = []
        if not built_in and self._has_store():
            self.prefix = session.store.prefix
            self._loose = list(session.store.unexplained())
            self.mapper = ResourceMapper([*session.store.mapper.resources, *self._loose])

    def _has_store(self) -> bool:
        """
        Whether there is a store; one that somebody named must be there.

        Raises:
            SourceError: it is named, and cannot be opened.
        """
        from kstore.source.location.address import DEFAULT_ORIGIN

        try:
            return self.session.source is not None
        except SourceError as error:
            if self.session.location.origin != DEFAULT_ORIGIN:
                raise
            click.echo(f"kstore: built-in resources only: {error.message}", err=True)
            return False

    def all(self) -> list[NamedResource]:
        """Every resource."""
        return list(self.mapper.resources)

    def named(self, names: tuple[str, ...]) -> list[NamedResource]:
        """The resources of these names or keys."""
        return list({one.key_prefix: one for name in names for one in self.find(name)[0]}.values())

    def find(self, text: str) -> tuple[list[NamedResource], Place[NamedResource] | None]:
        """
        The resources that a name stands for, or that of a key with what else the key says.

        Raises:
            UnknownResource: nothing answers to it.
        """
        path = self._path(text)
        place = self.mapper.place(path) if path else None
        if place is not None:
            return [place.resource], place
        if text.startswith("/"):
            raise UnknownResource(f"no resource keeps its objects at {text}", hint="`kstore ls` shows what is there")
        name, slash, rest = text.partition("/")
        found = self.mapper.find(name)
        if not slash:
            return found, None
        from kstore.catalog.mapper import Place

        first, inner, own = rest.partition("/")
        namespaced = found[0].namespaced
        namespace = first if namespaced and inner else ("default" if namespaced else "")
        return found[:1], Place(found[0], namespace, own if inner and namespaced else rest)

    def _path(self, text: str) -> str:
        """The part of a key below the prefix; empty for what is no key."""
        if not text.startswith("/"):
            return ""
        return text.removeprefix(f"{self.prefix}/") if text.startswith(f"{self.prefix}/") else text.lstrip("/")


def explained(known: Known, what: tuple[str, ...], *, as_json: bool) -> Iterator[str]:
    """A page, or a line of JSON, for each resource that the arguments mean."""
    from kstore.view.json_text import to_json_line
    from kstore.view.resource_text import api_path, key_of, resource_json, resource_page

    catalog = known.session.scheme.catalog
    between = ""
    for text in what:
        resources, place = known.find(text)
        for resource in resources:
            if not as_json:
                yield between + resource_page(resource, catalog, known.prefix, place)
                between = "\n"
                continue
            document: dict[str, Any] = resource_json(resource, catalog)
            if place is not None:
                document["namespace"], document["name"] = place.namespace, place.name
                document["key"] = key_of(resource, known.prefix, place.namespace, place.name)
            yield to_json_line(document | {"path": api_path(resource, document, place)})
