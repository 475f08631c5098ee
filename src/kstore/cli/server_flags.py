"""
How the server of a store is started, as the options or its own manifest say it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kstore.cli.settings import Settings

if TYPE_CHECKING:
    from kstore.catalog.server_flags import ServerFlags

FLAGS: Final = (
    "emulated_version", "min_compatibility_version", "feature_gates", "runtime_config", "storage_media_type",
)  # fmt: skip


def as_manifest(given: Settings) -> Settings:
    """
    The settings, and what `--like FILE` says where they say nothing: release and flags.

    Raises:
        UsageError: the file is no static Pod of a kube-apiserver.
    """
    if not given.like:
        return given
    from kstore.source.location.control_plane import read_apiserver

    found = read_apiserver(Path(given.like))
    named = {name: found.flags.get(name.replace("_", "-"), "") for name in FLAGS}
    told = {name: value for name, value in named.items() if name not in given.given}
    release = given.release or found.release
    whole: dict[str, Any] = {"like": "", "release": release, "given": given.given | {"runtime_config"}, **told}
    return replace(given, **whole)


def flags_of(given: Settings) -> ServerFlags:
    """
    The flags that settings say.

    Raises:
        UsageError: one is not understood.
    """
    from kstore.catalog.server_flags import ServerFlags

    return ServerFlags.of(words_of(given))


def words_of(given: Settings) -> dict[str, str]:
    """The flags by their own names, those that were given."""
    return {
        name.replace("_", "-"): getattr(given, name)
        for name in FLAGS
        if getattr(given, name) or (name in given.given and name == "runtime_config")
    }


def with_flags(given: Settings, words: dict[str, str]) -> Settings:
    """The settings with just these flags."""
    named = {name.replace("-", "_"): value for name, value in words.items()}
    runtime = {"runtime_config"} if "runtime_config" in named else set()
    told: dict[str, Any] = {name: named.get(name, "") for name in FLAGS}
    return replace(given, **told, like="", given=(given.given - {"runtime_config"}) | runtime)


def family_of_manifest(given: Settings) -> str:
    """The family of the first of `--service-cluster-ip-range` in the manifest of `--like`; empty where it says none."""
    if not given.like:
        return ""
    from kstore.scheme.groups.core.storage import family_of
    from kstore.source.location.control_plane import read_apiserver

    first = read_apiserver(Path(given.like)).flags.get("service-cluster-ip-range", "").partition(",")[0]
    return family_of(first) if first else ""
