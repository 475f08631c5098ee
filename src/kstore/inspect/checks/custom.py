"""Checks of CRDs: their storedVersions against the versions that their objects are stored in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from kstore.inspect.checks.interface import Found, kstore
from kstore.inspect.survey import Survey

_ADVICE = (kstore("crds"),)


def unlisted_versions(survey: Survey) -> Iterator[Found]:
    """Versions that objects are stored in, and that the CRD's storedVersions does not list."""
    for name, resource in survey.custom.items():
        listed = ((resource.definition or {}).get("status") or {}).get("storedVersions") or []
        really = survey.stored_versions.get(name, Counter())
        for version, count in really.items():
            if version not in listed:
                detail = f"status.storedVersions says {', '.join(listed) or 'nothing'}"
                yield Found(f"{name}: {count} stored as {version}", name, detail, _ADVICE)


def idle_versions(survey: Survey) -> Iterator[Found]:
    """Versions that storedVersions lists, and that no object is stored in."""
    for name, resource in survey.custom.items():
        listed = ((resource.definition or {}).get("status") or {}).get("storedVersions") or []
        really = survey.stored_versions.get(name, Counter())
        idle = [one for one in listed if one != resource.storage_version and one not in really]
        if idle:
            detail = f"no object is stored so; the CRD stores {resource.storage_version}"
            yield Found(f"{name}: {', '.join(idle)}", name, detail, _ADVICE)
