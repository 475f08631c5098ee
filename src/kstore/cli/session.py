"""
The composition root: from what the options said to a source, a codec and a store.

Everything is opened on first use and closed with the session; imports stand inside the functions, so that a command
pays for what it opens only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kstore.cli.memory import share_one_arena
from kstore.cli.options import Settings, settings
from kstore.cli.unpacking import show_unpacking
from kstore.errors import PartlyRead, UsageError

if TYPE_CHECKING:
    from kstore.catalog.releases import Release
    from kstore.codec import StorageCodec
    from kstore.encryption.transformers import Transformers
    from kstore.naming import GroupResource
    from kstore.scheme.scheme import Scheme
    from kstore.source.interface import Source
    from kstore.source.location.address import Location
    from kstore.source.options import SourceOptions
    from kstore.store import Store


def open_scheme(release: Release) -> Scheme:
    """
    The scheme of a release, with the types and rules of the plugins that are installed.

    Raises:
        ExtensionError: a plugin cannot be loaded.
    """
    from kstore.scheme import plugins
    from kstore.scheme.scheme import Scheme

    return Scheme(release, plugins=plugins.load())


class Session:
    """
    One command line's store.

    Args:
        given: what the options said.
        environment: where they fall back to.
        remembers: only reads and shows, so a snapshot that was found whole lately is not hashed again.
        one_revision: a scan whose revision is compacted away ends, rather than going on at a newer one.
    """

    def __init__(
        self,
        given: Settings,
        environment: Mapping[str, str] = os.environ,
        *,
        remembers: bool = False,
        one_revision: bool = True,
    ) -> None:
        self.given = given
        self._environment = environment
        self._remembers = remembers
        self._one_revision = one_revision

    @cached_property
    def release(self) -> Release:
        """The release whose types and storage versions are used."""
        from kstore.catalog.releases import Release, newest

        return Release(self.given.release) if self.given.release else newest()

    @cached_property
    def transformers(self) -> Transformers | None:
        """The encryption configuration, or None where none was given."""
        if not self.given.encryption_provider_config:
            return None
        from kstore.encryption.config import load_configuration

        return load_configuration(self.given.encryption_provider_config)

    @cached_property
    def codec(self) -> StorageCodec:
        """The storage codec of the release, with the keys of the encryption configuration."""
        from kstore.codec import StorageCodec

        return StorageCodec(open_scheme(self.release), transformers=self.transformers, resource_of=self._resource_of)

    def _resource_of(self, key: bytes) -> GroupResource | None:
        """The resource whose transformers open what lies at a key."""
        from kstore.naming import GroupResource

        place = self.store.place(key)
        return GroupResource(place.resource.group, place.resource.resource) if place else None

    @cached_property
    def location(self) -> Location:
        """Which store is meant, and who said so."""
        from kstore.source.location.address import locate_store

        return locate_store(
            self.given.store, self._source_options(), context=self.given.context, environment=self._environment
        )

    @cached_property
    def source(self) -> Source:
        """The store itself."""
        from kstore.source.location.address import is_live, open_location

        if is_live(self.location.address):
            share_one_arena()
        self._warn_unverified()
        source = open_location(self.location)
        for note in source.notes:
            click.echo(f"kstore: {note}", err=True)
        return source

    def _warn_unverified(self) -> None:
        """Say it when the store's certificate is not to be verified, and who asks for that."""
        from kstore.source.location.address import uses_tls

        if not self.location.options.insecure_skip_tls_verify or not uses_tls(self.location.address):
            return
        from kstore.cli.unverified import warn_unverified

        by_context = self.location.origin.startswith("context ")
        asked_by = self.location.origin if by_context else "$ETCDCTL_INSECURE_SKIP_TLS_VERIFY"
        option = "--insecure-skip-tls-verify"
        warn_unverified(self.location.address, option if self.given.insecure_skip_tls_verify else asked_by)

    @cached_property
    def store(self) -> Store:
        """The store, read through the codec."""
        source = self.source  # first: a snapshot's checksum is computed while the rest is loaded
        from kstore.catalog.resources import resources_of
        from kstore.store import Store

        return Store(
            source,
            self.codec,
            resources_of(self.release),
            extensions=self.codec.scheme.extension_resources,
            prefix=self.given.etcd_prefix or self.location.etcd_prefix or None,
            revision=self.given.rev,
        )

    def _source_options(self) -> SourceOptions:
        """
        What the options said of credentials and times to wait; etcdctl's variables fill in the rest.

        Raises:
            UsageError: half of a client certificate, or a time that is none.
        """
        from kstore.source.location.address import parse_duration
        from kstore.source.options import SourceOptions

        given = self.given
        if bool(given.cert) != bool(given.key):
            raise UsageError("a client certificate and its key are given together", hint="--cert FILE --key FILE")
        user, colon, password = given.user.partition(":")
        found: dict[str, Any] = {
            name: Path(value) for name in ("cacert", "cert", "key") if (value := getattr(given, name))
        }
        for name in ("dial_timeout", "command_timeout"):
            if text := getattr(given, name):
                found[name] = parse_duration(text, f"--{name.replace('_', '-')}")
        return SourceOptions(
            user=user,
            password=password if colon else given.password,
            tls_server_name=given.tls_server_name,
            insecure_skip_tls_verify=given.insecure_skip_tls_verify,
            salvage=given.salvage,
            wal=given.wal,
            remembers=self._remembers,
            continue_after_compaction=not self._one_revision,
            unpacking=show_unpacking(),
            **found,
        )

    def close(self) -> None:
        """Close what was opened."""
        for name in ("source", "transformers"):
            opened = self.__dict__.get(name)
            if opened is not None:
                opened.close()

    def report_compactions(self) -> None:
        """Say that what was read is of more than one revision, when it is."""
        if getattr(self.__dict__.get("source"), "compactions", 0):
            click.echo(
                "kstore: the store was compacted while it was read: the rest was read at a newer revision", err=True
            )

    def report_damage(self) -> None:
        """
        Say what of the store could not be read, when salvaging.

        Raises:
            PartlyRead: there was something.
        """
        damage = getattr(self.__dict__.get("source"), "damage", ())
        for each in damage:
            click.echo(f"kstore: damaged: {each.message} (byte {each.offset}); lost: {each.lost}", err=True)
        if damage:
            raise PartlyRead(f"of a damaged store, {len(damage)} things could not be read", where=self.location.address)


@contextmanager
def open_session(*, remembers: bool = True, one_revision: bool = True) -> Iterator[Session]:
    """The session of the running command, closed at its end (`remembers` and `one_revision`: see `Session`)."""
    session = Session(settings(), remembers=remembers, one_revision=one_revision)
    try:
        yield session
        session.report_compactions()
        session.report_damage()
    finally:
        session.close()
