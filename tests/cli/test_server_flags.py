"""
How a server is started, as the command line and its own manifest say it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kstore.cli.server_flags import as_manifest, family_of_manifest, with_flags, words_of
from kstore.cli.settings import Settings


@pytest.fixture
def manifest(tmp_path: Path) -> str:
    """The static Pod of a server of 1.36."""
    path = tmp_path / "pod.yaml"
    path.write_text(
        "spec:\n  containers:\n  - image: registry.k8s.io/kube-apiserver:v1.36.1\n"
        "    command: [kube-apiserver, --etcd-servers=x, --feature-gates=A=true, --emulated-version=1.35,\n"
        "      '--service-cluster-ip-range=fd00::/108,10.0.0.0/24']\n"
    )
    return str(path)


def test_what_a_manifest_fills_in(manifest: str) -> None:
    """Whatever the command line does not say; and a manifest says all, so what it lacks has its default."""
    found = as_manifest(Settings(like=manifest))
    assert found.release == "v1.36.1"
    assert words_of(found) == {"emulated-version": "1.35", "feature-gates": "A=true", "runtime-config": ""}
    given = Settings(like=manifest, release="1.37", emulated_version="1.36", given={"emulated_version"})
    found = as_manifest(given)
    assert (found.release, found.emulated_version, found.feature_gates) == ("1.37", "1.36", "A=true")


def test_flags_that_are_not_said_are_none() -> None:
    """Without a manifest only the configuration of APIs may be said as nothing."""
    assert words_of(as_manifest(Settings())) == {}
    assert words_of(Settings(given={"runtime_config", "feature_gates"})) == {"runtime-config": ""}


def test_flags_replace_all_that_were_there(manifest: str) -> None:
    """None of those before them is left, nor where they came from."""
    before = Settings(like=manifest, feature_gates="A=true", runtime_config="a/v1", given={"runtime_config", "store"})
    found = with_flags(before, {"emulated-version": "1.34"})
    assert (words_of(found), found.like, found.given) == ({"emulated-version": "1.34"}, "", {"store"})
    assert words_of(with_flags(before, {"runtime-config": ""})) == {"runtime-config": ""}


def test_the_family_of_a_manifest(manifest: str) -> None:
    """That of the first range; nothing without a manifest."""
    assert family_of_manifest(Settings(like=manifest)) == "IPv6"
    assert family_of_manifest(Settings()) == ""
