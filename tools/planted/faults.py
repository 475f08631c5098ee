"""The faults of `faults.toml`, in their order."""

from __future__ import annotations

import tomllib
from pathlib import Path

from tools.planted.planting import Fault

FAULTS: tuple[Fault, ...] = tuple(
    Fault(**fault) for fault in tomllib.loads(Path(__file__).with_name("faults.toml").read_text())["fault"]
)
