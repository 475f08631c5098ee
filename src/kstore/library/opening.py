"""
The composition root: from an address, a release and an encryption configuration to a store that can be read.

Each part is opened on first use and closed with the whole; imports stand inside the functions, so that whoever asks for
the scheme alone pays for no store.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kstore.catalog.releases import Release
    from kstore.catalog.server_flags import ServerFlags
    from kstore.encryption.transformers import Transformers
    from kstore.errors import ExtensionError
    from kstore.scheme.plugins import Plugin
    from kstore.scheme.scheme import Scheme
    from kstore.source.interface import Source
    from kstore.source.location.address import Location
    from kstore.source.options import SourceOptions
    from kstore.store import Store


class Opening:
    """
    A store, and all that it is read through.

    Args:
        address: endpoints, a file or directory, `demo`; empty to look where `locate_store` looks; or the source itself.
        options: how to reach it.
        context: a store of the config file.
        environment: where the address and the options fall back to.
        release: whose types and storage versions; empty for the newest known.
        gates: feature gates that differ from the release's defaults.
        flags: how the release's servers are started.
        plugins: types and rules of extension API servers; None for those that are installed.
        not_loaded: told of each installed plugin that cannot be loaded, and then left out; None to raise the error.
        encryption_config: the file of the apiserver's EncryptionConfiguration; empty where there is none.
        prefix: the apiserver's `--etcd-prefix`; empty to find it.
        revision: look at the store as of this revision; 0 is now.
    """

    def __init__(
        self,
        address: str | Source = "",
        options: SourceOptions | None = None,
        *,
        context: str = "",
        environment: Mapping[str, str] = os.environ,
        release: str = "",
        gates: Mapping[str, bool] | None = None,
        flags: ServerFlags | None = None,
        plugins: Iterable[Plugin] | None = (),
        not_loaded: Callable[[ExtensionError], None] | None = None,
        encryption_config: str = "",
        prefix: str = "",
        revision: int = 0,
    ) -> None:
        self._address = address
        self._options = options
        self._context = context
        self._environment = environment
        self._release = release
        self._gates = dict(gates or {})
        self._flags = flags
        self._plugins = None if plugins is None else tuple(plugins)
        self._not_loaded = not_loaded
        self._encryption_config = encryption_config
        self._prefix = prefix
        self._revision = revision

    @cached_property
    def release(self) -> Release:
        """
        The release whose types and storage versions are used.

        Raises:
            UnknownRelease: the catalog does not hold it, or how it emulates.
        """
        return release_of(self._release, self._gates, self._flags)

    @cached_property
    def scheme(self) -> Scheme:
        """
        The release's types and rules, the plugins' among them.

        Raises:
            ExtensionError: a plugin cannot be loaded, or contradicts itself.
        """
        return self.scheme_of(self.release)

    def scheme_of(self, release: Release) -> Scheme:
        """The types and rules of another release, with the same plugins."""
        return make_scheme(release, self._plugins, self._not_loaded)

    @property
    def encryption_config(self) -> str:
        """
        The file of the encryption configuration, given or named by the context; empty where there is none.

        Raises:
            UsageError: as `location`.
        """
        return self._encryption_config or self.location.encryption_config

    @cached_property
    def transformers(self) -> Transformers | None:
        """
        What opens and encrypts values; None where neither an argument nor the context names a configuration.

        Raises:
            EncryptionConfigError: an apiserver would not start with it.
        """
        if not self.encryption_config:
            return None
        from kstore.encryption.config import load_configuration

        return load_configuration(self.encryption_config)

    @cached_property
    def location(self) -> Location:
        """
        Which store is meant, and who said so.

        Raises:
            UsageError: nobody did, or the options contradict each other.
        """
        from kstore.source.location.address import Location, locate_store
        from kstore.source.options import SourceOptions

        if not isinstance(self._address, str):
            return Location(self._address.status().location)
        options = replace(self._options or SourceOptions(), revision=self._revision)
        return locate_store(self._address, options, context=self._context, environment=self._environment)

    @cached_property
    def source(self) -> Source:
        """
        The store itself.

        Raises:
            SourceError: it cannot be opened or reached.
        """
        from kstore.source.location.address import open_location

        if not isinstance(self._address, str):
            return self._address
        return open_location(self.location)

    @cached_property
    def store(self) -> Store:
        """The store, read as Kubernetes objects."""
        source = self.source  # first: a snapshot's checksum is computed while the rest is loaded
        from kstore.store import Store

        prefix = self._prefix or self.location.etcd_prefix or None
        return Store(source, self.scheme, self.transformers, prefix=prefix, revision=self._revision)

    @property
    def opened_source(self) -> Source | None:
        """The source, if it has been opened."""
        found: Source | None = self.__dict__.get("source")
        return found

    def close(self) -> None:
        """Close what was opened here, so not a source that was given; harmless when called twice."""
        for name in ("source", "transformers"):
            opened = self.__dict__.get(name)
            if opened is not None and opened is not self._address:
                opened.close()


def release_of(name: str, gates: Mapping[str, bool] | None = None, flags: ServerFlags | None = None) -> Release:
    """
    The release of that name, the newest known where it is empty, with its servers started with flags.

    Raises:
        UnknownRelease: the catalog does not hold it, or how it emulates.
    """
    from kstore.catalog.releases import Release, newest
    from kstore.catalog.server_flags import ServerFlags

    return Release.started(name or newest().name, flags or ServerFlags(), gates)


_SCHEMES: dict[tuple[object, ...], Scheme] = {}
"""
Those that were made, by release, its servers' flags, and plugins, which they hold. A scheme does not change, and builds
what it knows of a type when it first meets one: two stores of a release, or one opened twice, share it.
"""
_KEPT = 8
"""How many are kept at most."""


def make_scheme(
    release: Release,
    plugins: Iterable[Plugin] | None = (),
    not_loaded: Callable[[ExtensionError], None] | None = None,
    *,
    sent: bool = False,
) -> Scheme:
    """
    The scheme of a release, with the types and rules of plugins: those given, or, for None, those installed.

    Args:
        release: whose types and rules.
        plugins: the plugins.
        not_loaded: told of each installed plugin that cannot be loaded, and then left out; None to raise the error.
        sent: also know the kinds that are sent and never stored.

    Raises:
        ExtensionError: a plugin cannot be loaded.
    """
    from kstore.scheme.scheme import Scheme

    if plugins is None:
        from kstore.scheme.installed_plugins import load

        loaded = load()
        for failure in loaded.failures:
            if not_loaded is None:
                raise failure
            not_loaded(failure)
        plugins = loaded.plugins
    given = tuple(plugins)
    key = (release.name, release.flags, sent, *map(id, given))
    if key not in _SCHEMES:
        if len(_SCHEMES) >= _KEPT:
            _SCHEMES.clear()
        _SCHEMES[key] = Scheme(release, plugins=given, sent=sent)
    return _SCHEMES[key]
