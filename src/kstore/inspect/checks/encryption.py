"""Checks of values that are encrypted at rest, or should be."""

from __future__ import annotations

from collections.abc import Iterator

from kstore.codec import StoredObject, Undecodable
from kstore.errors import EncryptionError, KeyMissing
from kstore.inspect.checks.advice import kstore
from kstore.inspect.checks.interface import Found
from kstore.inspect.findings import Command
from kstore.inspect.survey import Seen, Survey
from kstore.naming import GroupResource


def unopened(seen: Seen, survey: Survey) -> Iterator[Found]:
    """Values that no key of the configuration opens."""
    read = seen.read
    if (
        isinstance(read, Undecodable)
        and isinstance(read.error, EncryptionError)
        and not (isinstance(read.error, KeyMissing) and survey.store.codec.transformers is None)
    ):
        words = read.error.hint or "find the configuration, or the plugin's key, that was in use when it was written"
        yield Found(seen.directory.label, seen.key, read.error.message, words=words)


def encrypted(seen: Seen, survey: Survey) -> Iterator[Found]:
    """Encrypted values, where no configuration was given."""
    read = seen.read
    if isinstance(read, Undecodable) and read.encryption_header is not None and survey.store.codec.transformers is None:
        yield Found(
            str(read.encryption_header), seen.key, advice=(kstore("check", "--encryption-provider-config", "FILE"),)
        )


def _target(seen: Seen, survey: Survey) -> str:
    """Who encrypts the resource's values by the configuration."""
    transformers, resource = survey.store.codec.transformers, seen.directory.resource
    if transformers is None or resource is None:
        return ""
    target = transformers.for_resource(GroupResource(resource.group, resource.resource)).target
    return str(target or "plain text (identity)")


def plain_text(seen: Seen, survey: Survey) -> Iterator[Found]:
    """Values in plain text that the configuration would encrypt."""
    if isinstance(seen.read, StoredObject) and seen.read.stale and seen.read.encryption_header is None:
        subject = f"{seen.directory.label}, to be encrypted by {_target(seen, survey)}"
        yield Found(subject, seen.key, advice=(_encrypt(seen, survey),))


def old_key(seen: Seen, survey: Survey) -> Iterator[Found]:
    """Values that the transformer calls stale: under another key than the one that is written with now."""
    if isinstance(seen.read, StoredObject) and seen.read.stale and seen.read.encryption_header is not None:
        key = seen.read.encryption_header.with_key_id
        subject = f"{seen.directory.label}, encrypted by {key}, now {_target(seen, survey)}"
        yield Found(subject, seen.key, advice=(_encrypt(seen, survey),))


def _encrypt(seen: Seen, survey: Survey) -> Command:
    """The command that encrypts a resource's objects anew, by the very configuration that the check was run with."""
    transformers = survey.store.codec.transformers
    assert transformers is not None
    return kstore("encrypt", seen.directory.label, "--encryption-provider-config", transformers.file or "FILE")
