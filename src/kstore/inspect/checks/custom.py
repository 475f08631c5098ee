"""Checks of CRDs: their storedVersions against the versions that their objects are stored in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from kstore.customresource.resource import CustomResource
from kstore.inspect.checks.advice import WEBHOOK, kstore, migration
from kstore.inspect.checks.interface import Found
from kstore.inspect.findings import Command
from kstore.inspect.survey import Survey
from kstore.naming import GroupVersion

_WORDS = (
    "a migration rewrites every object in the CRD's storage version, and then updates status.storedVersions; for a "
    "store that is a file, update it in the cluster with kubectl patch --subresource=status"
)


def _words(resource: CustomResource) -> str:
    return f"{_WORDS}; {WEBHOOK}" if resource.converts_by_webhook else _WORDS


def _listed(resource: CustomResource) -> list[str]:
    found: list[str] = ((resource.definition or {}).get("status") or {}).get("storedVersions") or []
    return found


def _advice(resource: CustomResource, survey: Survey, *, of_objects: bool) -> tuple[Command, ...]:
    """
    To look at the CRD, and to migrate its objects where it has all versions that they are stored in.

    Args:
        resource: the CRD's.
        survey: of the store.
        of_objects: it is the objects that a migration mends: it leaves the CRDs of a file as they are.
    """
    name, look = f"{resource.resource}.{resource.group}", kstore("crds")
    versions = survey.stored_versions.get(name, Counter())
    readable = all(resource.has_version(GroupVersion(resource.group, one)) for one in versions)
    return (look, migration(name, survey.release)) if readable and (of_objects or not survey.is_file) else (look,)


def unlisted_versions(survey: Survey) -> Iterator[Found]:
    """Versions that objects are stored in, and that the CRD's storedVersions does not list."""
    for name, resource in survey.custom.items():
        listed = _listed(resource)
        really = survey.stored_versions.get(name, Counter())
        for version, count in really.items():
            if version not in listed:
                detail = f"status.storedVersions says {', '.join(listed) or 'nothing'}"
                advice = _advice(resource, survey, of_objects=version != resource.storage_version)
                yield Found(f"{name}: {count} stored as {version}", name, detail, advice, _words(resource))


def idle_versions(survey: Survey) -> Iterator[Found]:
    """Versions that storedVersions lists, and that no object is stored in; silent where an object could not be read."""
    for name, resource in survey.custom.items():
        really = survey.stored_versions.get(name, Counter())
        idle = [one for one in _listed(resource) if one != resource.storage_version and one not in really]
        if idle and name not in survey.unread and not survey.is_partial:
            detail = f"no object is stored so; the CRD stores {resource.storage_version}"
            advice = _advice(resource, survey, of_objects=False)
            yield Found(f"{name}: {', '.join(idle)}", name, detail, advice, _words(resource))
