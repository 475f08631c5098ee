"""
What the options of the store, the codec and the talk said, wherever on the command line they stood.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import click


@dataclass
class Settings:
    """What the options said; None or empty where they said nothing."""

    store: str = ""
    context: str = ""
    cacert: str = ""
    cert: str = ""
    key: str = ""
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    http_header: str = field(default="", repr=False)
    tls_server_name: str = ""
    insecure_skip_tls_verify: bool = False
    dial_timeout: str = ""
    command_timeout: str = ""
    consistency: str = ""
    etcd_prefix: str = ""
    encryption_provider_config: str = ""
    release: str = ""
    like: str = ""
    emulated_version: str = ""
    min_compatibility_version: str = ""
    feature_gates: str = ""
    runtime_config: str = ""
    storage_media_type: str = ""
    rev: int = 0
    salvage: bool = False
    wal: bool = False
    color: str = "auto"
    """`auto`, `always` or `never`."""
    quiet: bool = False
    verbose: bool = False
    progress: bool = True
    pager: bool = True
    traceback: bool = False
    given: set[str] = field(default_factory=set)
    """The names of those that the command line gave."""


def settings(ctx: click.Context | None = None) -> Settings:
    """The settings of the running command line."""
    root = (ctx or click.get_current_context()).find_root()
    found: Settings = root.ensure_object(Settings)
    return found
