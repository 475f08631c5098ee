"""Checks of values that are encrypted at rest, or should be."""

from __future__ import annotations

from collections.abc import Iterator

from kstore.codec import Undecodable
from kstore.errors import EncryptionError, KeyMissing
from kstore.inspect.checks.interface import Found, kstore
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
        advice = () if read.error.hint else (kstore("delete", seen.key),)
        yield Found(seen.home.label, seen.key, read.error.message, advice, read.error.hint)


def sealed(seen: Seen, survey: Survey) -> Iterator[Found]:
    """Encrypted values, where no configuration was given."""
    read = seen.read
    if isinstance(read, Undecodable) and read.seal is not None and survey.store.codec.transformers is None:
        yield Found(str(read.seal), seen.key, advice=(kstore("check", "--encryption-provider-config", "FILE"),))


def _transformer(seen: Seen, survey: Survey) -> tuple[str, bool] | None:
    """Who seals the resource's values now, by the configuration, and whether it is the first provider's key."""
    transformers, resource = survey.store.codec.transformers, seen.home.resource
    if transformers is None or resource is None:
        return None
    target = transformers.for_resource(GroupResource(resource.group, resource.resource)).target
    if target is None:
        return None
    seal = seen.read.seal
    same = seal is not None and (seal.provider, seal.key_name) == (target.provider, target.key_name)
    return str(target), same


def plain_text(seen: Seen, survey: Survey) -> Iterator[Found]:
    """Values in plain text that the configuration would encrypt."""
    wanted = _transformer(seen, survey)
    if wanted and seen.read.seal is None:
        command = kstore("encrypt", seen.home.label)
        yield Found(f"{seen.home.label}, to be sealed by {wanted[0]}", seen.key, advice=(command,))


def old_key(seen: Seen, survey: Survey) -> Iterator[Found]:
    """Values under another key than the one that the configuration writes with."""
    wanted = _transformer(seen, survey)
    if wanted and seen.read.seal is not None and not wanted[1]:
        subject = f"{seen.home.label}, sealed by {seen.read.seal}, now {wanted[0]}"
        yield Found(subject, seen.key, advice=(kstore("encrypt", seen.home.label),))
