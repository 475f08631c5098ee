"""
One command line's store: what the options said, handed to the library, and what is to be told while it is opened.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kstore.cli.hints import worded
from kstore.cli.memory import share_one_arena
from kstore.cli.plugins import report_plugin
from kstore.cli.server_flags import as_manifest, flags_of
from kstore.cli.settings import Settings, settings
from kstore.cli.unpacking import show_fetching, show_unpacking
from kstore.errors import PartlyRead, UsageError
from kstore.scalars.counts import counted

if TYPE_CHECKING:
    from kstore.catalog.releases import Release
    from kstore.codec import StorageCodec
    from kstore.encryption import Transformers
    from kstore.library.opening import Opening
    from kstore.scheme.scheme import Scheme
    from kstore.source.interface import Source
    from kstore.source.location.address import Location
    from kstore.source.options import SourceOptions
    from kstore.store import Store

_LARGEST_HEADERS = 64 << 10
"""Bytes of a file of headers."""


def open_scheme(release: Release, *, sent: bool = False) -> Scheme:
    """
    The scheme of a release, with the types and rules of the plugins that are installed.

    A plugin that cannot be loaded is named on standard error, and the command's exit code says that something was
    left out; what it does with other kinds goes on.

    Args:
        release: whose types and rules.
        sent: also know the kinds that are sent and never stored.
    """
    from kstore.library.opening import make_scheme

    return make_scheme(release, plugins=None, not_loaded=report_plugin, sent=sent)


class Session:
    """
    One command line's store.

    Args:
        given: what the options said.
        environment: where they fall back to.
        remembers: only reads and shows, so a snapshot that was found whole lately is not hashed again.
        one_revision: a scan whose revision is compacted away ends, rather than going on at a newer one.
        for_hints: only names are wanted, and at once: nothing is verified, and nothing is said.
    """

    def __init__(
        self,
        given: Settings,
        environment: Mapping[str, str] = os.environ,
        *,
        remembers: bool = False,
        one_revision: bool = True,
        for_hints: bool = False,
    ) -> None:
        self.given = as_manifest(given)
        self._environment = environment
        self._remembers = remembers
        self._one_revision = one_revision
        self._for_hints = for_hints

    @cached_property
    def opening(self) -> Opening:
        """The store, and all that it is read through, for the library."""
        from kstore.library.opening import Opening

        given = self.given
        return Opening(
            given.store,
            self.source_options(),
            context=given.context,
            environment=self._environment,
            release=given.release,
            flags=flags_of(given),
            plugins=None,
            not_loaded=report_plugin,
            encryption_config=given.encryption_provider_config,
            prefix=given.etcd_prefix,
            revision=given.rev,
        )

    @property
    def release(self) -> Release:
        """The release whose types and storage versions are used."""
        return self.opening.release

    @property
    def scheme(self) -> Scheme:
        """The release's types and rules, the installed plugins' among them."""
        return self.opening.scheme

    @property
    def transformers(self) -> Transformers | None:
        """What opens and encrypts values; None where no configuration was given."""
        return self.opening.transformers

    @property
    def encryption_config(self) -> str:
        """The file of the encryption configuration; empty where neither an option nor the context names one."""
        return self.opening.encryption_config

    @property
    def codec(self) -> StorageCodec:
        """The storage codec of the release, with the keys of the encryption configuration."""
        return self.store.codec

    @property
    def location(self) -> Location:
        """Which store is meant, and who said so."""
        return self.opening.location

    @cached_property
    def source(self) -> Source:
        """The store itself."""
        from kstore.source.location.address import is_live

        if is_live(self.location.address):
            share_one_arena()
        self._warn_unverified()
        source = self.opening.source
        for note in source.notes if not self.given.quiet else ():
            click.echo(f"kstore: {worded(note)}", err=True)
        if self.given.verbose:
            self._introduce(source)
        return source if self._one_revision else source.across_compactions()

    def _introduce(self, source: Source) -> None:
        """Say which store this is, who named it, and as of which revision it is looked at."""
        status = source.status()
        revision = self.given.rev or status.revision
        click.echo(f"kstore: {status.location}, from {worded(self.location.origin)}, revision {revision}", err=True)

    def _warn_unverified(self) -> None:
        """Say it when the store's certificate is not to be verified, and who asks for that."""
        from kstore.source.location.address import uses_tls

        if not self.location.options.insecure_skip_tls_verify or not uses_tls(self.location.address):
            return
        from kstore.cli.unverified import warn_unverified

        by_context = self.location.origin.startswith("context ")
        asked_by = self.location.origin if by_context else "$ETCDCTL_INSECURE_SKIP_TLS_VERIFY"
        option = "--insecure-skip-tls-verify"
        warn_unverified(self.location.shown, option if self.given.insecure_skip_tls_verify else asked_by)

    @cached_property
    def store(self) -> Store:
        """The store, read through the codec."""
        _ = self.source  # first: what is to be said of it comes before what may be wrong with the rest
        return self.opening.store if self._one_revision else self.opening.store.across_compactions()

    def source_options(self) -> SourceOptions:
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
            http_headers=_lines_of(given.http_header),
            tls_server_name=given.tls_server_name,
            insecure_skip_tls_verify=given.insecure_skip_tls_verify,
            serializable=given.consistency.startswith("s"),
            salvage=given.salvage,
            wal=given.wal,
            remembers=self._remembers,
            for_hints=self._for_hints,
            fetching=show_fetching(),
            unpacking=show_unpacking(),
            **found,
        )

    def close(self) -> None:
        """Close what was opened."""
        if "opening" in self.__dict__:
            self.opening.close()

    @property
    def _opened_source(self) -> Source | None:
        """The source, if it has been opened."""
        return self.opening.opened_source if "opening" in self.__dict__ else None

    def report_compactions(self) -> None:
        """Say that what was read is of more than one revision, when it is."""
        if getattr(self._opened_source, "compactions", 0):
            click.echo(
                "kstore: the store was compacted while it was read: the rest was read at a newer revision", err=True
            )

    def report_damage(self) -> None:
        """
        Say what of the store could not be read, when salvaging.

        Raises:
            PartlyRead: there was something.
        """
        damage = getattr(self._opened_source, "damage", ())
        for each in damage:
            click.echo(f"kstore: damaged: {each.message} (byte {each.offset}); lost: {each.lost}", err=True)
        if damage:
            raise PartlyRead(
                f"of a damaged store, {counted(len(damage), 'thing')} could not be read", where=self.location.shown
            )


def _lines_of(header: str) -> tuple[str, ...]:
    """
    What `--http-header` says: a header, or those of a file, whose values no list of processes shows.

    Raises:
        UsageError: the file cannot be read.
    """
    if not header.startswith("@"):
        return (header,) if header else ()
    from kstore.regular_file import read_regular

    try:
        text = read_regular(Path(header[1:]), _LARGEST_HEADERS).decode()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", "") or str(error)
        raise UsageError(f"the file of headers cannot be read: {reason}", where=header[1:]) from None
    return tuple(line for line in text.splitlines() if line.strip())


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
