"""The check of what the target release would convert with loss, or not at all."""

from __future__ import annotations

from collections.abc import Iterator

from kstore.codec import Undecodable
from kstore.errors import KstoreError, NotConvertible, RuleFailed, UnknownFields
from kstore.inspect.checks.advice import kstore
from kstore.inspect.checks.interface import Found
from kstore.inspect.survey import Seen, Survey

_NEWER = (
    "a newer release may know the fields (--target-release); migrate and encrypt drop them only with "
    "--drop-unknown-fields, as the apiserver does unasked"
)


def lossy(seen: Seen, survey: Survey) -> Iterator[Found]:
    """Objects that the target release would convert with loss, or not at all."""
    read = seen.read
    if isinstance(read, Undecodable) or not survey.catalog.holds(read.gvk):
        return
    show = (kstore("get", seen.key, "-o", "storage"),)
    try:
        survey.store.codec.convert_typed(read.plain)
    except UnknownFields as error:
        subject = f"{read.gvk}, fields that {survey.release} does not know"
        words = error.hint if error.by_way_of else _NEWER
        yield Found(subject, seen.key, ", ".join(error.paths), show, words)
    except RuleFailed:
        return  # it is the plugin that is wrong: `plugin-failed` says so
    except NotConvertible as error:
        subject = f"{read.gvk}, refused by a rule of {survey.release}"
        yield Found(subject, seen.key, error.message, (kstore("edit", seen.key),))
    except KstoreError as error:
        yield Found(f"{read.gvk}, not convertible", seen.key, str(error), show)
