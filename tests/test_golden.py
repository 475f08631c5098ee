"""
kstore makes of stored bytes exactly what the real scheme of each release makes of them.
"""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from tests.golden.judge import Judge

OWN = sorted((Path(__file__).parent / "golden").glob("k8s-*.jsonl.xz"))
SHARED_FILES = [
    *(f"k8s-1.29-{mode}-11" for mode in ("hub", "raw6")),
    *(f"k8s-1.{minor}-mixed-11" for minor in range(30, 37)),
    *(f"k8s-1.37-{mode}" for mode in ("empty", "hub-11", "raw4-11", "raw85-11", "jsonin-11")),
]


def differences(name: str, lines: Iterable[bytes]) -> list[str]:
    """What differs over all cases of a file; at most twenty are listed."""
    release = re.search(r"k8s-(1\.\d+)", name)
    assert release is not None
    judge = Judge(release[1], drop_unknown_fields="jsonin" in name)
    found = []
    for line in lines:
        found += judge.differences(json.loads(line))
        if len(found) > 20:
            break
    return found


@pytest.mark.large
@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_own_cases(path: Path) -> None:
    """The cases kept in the repo, made by tools/oracle."""
    assert differences(path.name, lzma.decompress(path.read_bytes()).splitlines()) == []


@pytest.mark.golden
@pytest.mark.shared
@pytest.mark.parametrize("name", SHARED_FILES)
def test_shared_cases(name: str, shared: Path, unpack: Callable[[Path], bytes]) -> None:
    """All of the shared cases."""
    assert differences(name, unpack(shared / "golden" / f"{name}.jsonl.zst").splitlines()) == []
