"""
Asking a release: which Go it needs is said, and what it moved is found.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.tools.small_releases import API, release
from tools.catalog import modules
from tools.catalog.release import homes, hubs

TOO_OLD = "k8s.io/api@v0.40.0 requires go >= 1.30.0 (running go 1.29.8; GOTOOLCHAIN=local)"


def pretend_go(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A `go` on the path that does what a script says."""
    program = folder / "go"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_a_go_that_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which Go is needed, which one this is, and how to come by it."""
    pretend_go(tmp_path, monkeypatch, f'echo \'{{"Error": "{TOO_OLD}"}}\'; exit 1')
    with pytest.raises(SystemExit) as stopped:
        modules.downloaded("k8s.io/api", "v0.40.0", tmp_path)
    assert str(stopped.value) == (
        "k8s.io/api@v0.40.0 needs Go 1.30.0 or newer, and this is Go 1.29.8.\n"
        "Install it, or let Go fetch it: GOTOOLCHAIN=go1.30.0 in the environment."
    )


def test_a_module_that_is_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Go said, whether as JSON or as it was."""
    pretend_go(tmp_path, monkeypatch, 'echo \'{"Error": "403 Forbidden"}\'; exit 1')
    with pytest.raises(SystemExit, match=r"^k8s.io/api@v0.40.0 cannot be had: 403 Forbidden"):
        modules.downloaded("k8s.io/api", "v0.40.0", tmp_path)
    pretend_go(tmp_path, monkeypatch, "echo 'no network' >&2; exit 1")
    with pytest.raises(SystemExit, match=r"^k8s.io/api@v0.40.0 cannot be had: no network"):
        modules.downloaded("k8s.io/api", "v0.40.0", tmp_path)


def test_the_environment_says_which_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What GOTOOLCHAIN is set to is used for builds, too."""
    pretend_go(tmp_path, monkeypatch, 'echo "$GOTOOLCHAIN"')
    monkeypatch.setenv("GOTOOLCHAIN", "go1.30.0")
    assert modules.run(["go", "build"], tmp_path, modules.BUILDING) == "go1.30.0\n"


def test_without_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That it is needed."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="Go is needed"):
        modules.run(["go", "version"], tmp_path)


def test_the_modules_that_types_are_in() -> None:
    """Wherever they are: the sources of a module that is new are read, too."""
    moved = release("1.40", extensions="k8s.io/apiextensions-api/pkg/apis/apiextensions")
    assert homes(moved["kinds"]) == {
        "k8s.io/api", "k8s.io/kubernetes", "k8s.io/apiextensions-api", "k8s.io/apiextensions-apiserver",
    }  # fmt: skip
    assert [row["resource"] for row in moved["resources"]] == ["customresourcedefinitions", "cages"]


@pytest.mark.parametrize("hub", ["", f"{API}/v1.Cage"])
def test_the_storage_factory_is_asked_for_every_kind_with_a_hub(hub: str) -> None:
    """Be it an internal type or a version; the servers beside kube's have schemes of their own."""
    assert hubs({**release("1.40", hub=hub)}) == {("zoo.k8s.io", "Cage")}
