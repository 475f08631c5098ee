"""
Which versions of built-in APIs a server serves: by its release's defaults, and by `--runtime-config`.

Ported from `pkg/controlplane/instance.go` (what is on by default) and `apiserver/pkg/server/resourceconfig/helpers.go`
(MergeAPIResourceConfigs).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_STAGE = re.compile(r"v\d+(alpha|beta)?(?:\d+)?\Z")
_STAGES: Final = {None: "api/ga", "beta": "api/beta", "alpha": "api/alpha"}
_FIRST_BETA_OFF: Final = 24
"""The minor release from which a new version of beta is off unless asked for (KEP-3136)."""
_BETA_ON: Final = {"flowcontrol.apiserver.k8s.io/v1beta3": 32}
"""Newer versions of beta that were on all the same, and the minor release in which that ended."""


def is_enabled(
    group: str, version: str, resource: str, config: Mapping[str, bool], *, introduced: int, minor: int
) -> bool:
    """
    Whether a server serves a resource in a version that it has.

    Args:
        group: its group; empty for the core group, which is always served.
        version: the version.
        resource: the plural.
        config: what `--runtime-config` says.
        introduced: the minor release in which the version came; 0 where it is older than all that are known.
        minor: the release that the server is, or emulates.
    """
    stage = _STAGES[match[1]] if (match := _STAGE.match(version)) else "api/ga"
    enabled = _by_default(f"{group}/{version}", stage, introduced, minor)
    for name in ("api/all", stage, f"{group}/{version}", f"{group}/{version}/{resource}"):
        enabled = config.get(name, enabled)
    return enabled


def _by_default(name: str, stage: str, introduced: int, minor: int) -> bool:
    if stage == "api/beta":
        return introduced < _FIRST_BETA_OFF or minor < _BETA_ON.get(name, 0)
    return stage == "api/ga"
