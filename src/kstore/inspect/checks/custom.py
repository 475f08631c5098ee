"""Checks of CRDs: their storedVersions against the versions that their objects are stored in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from kstore.customresource.resource import CustomResource
from kstore.inspect.checks.interface import Found, kstore
from kstore.inspect.findings import Command
from kstore.inspect.survey import Survey
from kstore.naming import GroupVersion

_WORDS = (
    "migrate has every object stored as the CRD stores, and then storedVersions say so; of a file, change them in the "
    "cluster: kubectl patch --subresource=status"
)


def _listed(resource: CustomResource) -> list[str]:
    found: list[str] = ((resource.definition or {}).get("status") or {}).get("storedVersions") or []
    return found


def _advice(resource: CustomResource, versions: Iterable[str]) -> tuple[Command, ...]:
    """To look at the CRD, and to migrate its objects where it has all versions that they are stored in."""
    name, look = f"{resource.resource}.{resource.group}", kstore("crds")
    if not all(resource.has_version(GroupVersion(resource.group, one)) for one in versions):
        return (look,)
    return look, kstore("migrate", name, "--to", f"{resource.group}/{resource.storage_version}")


def unlisted_versions(survey: Survey) -> Iterator[Found]:
    """Versions that objects are stored in, and that the CRD's storedVersions does not list."""
    for name, resource in survey.custom.items():
        listed = _listed(resource)
        really = survey.stored_versions.get(name, Counter())
        for version, count in really.items():
            if version not in listed:
                detail = f"status.storedVersions says {', '.join(listed) or 'nothing'}"
                advice = _advice(resource, really)
                yield Found(f"{name}: {count} stored as {version}", name, detail, advice, _WORDS)


def idle_versions(survey: Survey) -> Iterator[Found]:
    """Versions that storedVersions lists, and that no object is stored in; silent where an object could not be read."""
    for name, resource in survey.custom.items():
        really = survey.stored_versions.get(name, Counter())
        idle = [one for one in _listed(resource) if one != resource.storage_version and one not in really]
        if idle and name not in survey.unread:
            detail = f"no object is stored so; the CRD stores {resource.storage_version}"
            yield Found(f"{name}: {', '.join(idle)}", name, detail, _advice(resource, really), _WORDS)
