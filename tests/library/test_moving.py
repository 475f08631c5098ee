"""
A cluster copied, from the library's side: into which store, what its journal says, and whose keys encrypt the copies.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.encryption.conftest import configuration, keyed

import kstore
from kstore.errors import UsageError
from kstore.library.moving import Destination, Move, Origin
from kstore.library.opening import Opening
from kstore.source.interface import StoreStatus
from kstore.testing import MemorySource

SECRET = b"/registry/secrets/default/s"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Two configurations, with a key each."""
    found = {name: tmp_path / f"{name}.yaml" for name in ("old", "new")}
    for number, (name, path) in enumerate(found.items(), 1):
        path.write_text(configuration(("secrets", f"{keyed('aesgcm', (name, number))}, {{identity: {{}}}}")))
    return found


def source() -> MemorySource:
    """A cluster with a Secret, as yet in plain text."""
    return MemorySource({
        SECRET: {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "default"}}
    })  # fmt: skip


@pytest.mark.parametrize(("given", "key"), [("", "old"), ("new", "new")])
def test_whose_keys_encrypt_the_copies(files: dict[str, Path], tmp_path: Path, given: str, key: str) -> None:
    """Those of the cluster that is copied, where no other configuration is given."""
    store = source()
    with kstore.open(store, encryption_config=str(files["old"])) as opened:
        kstore.move(opened, "/other", encryption_config=files[given] if given else "").apply(tmp_path / "j")
    copy = store.live()[b"/other/secrets/default/s"]
    assert copy.value.startswith(b"k8s:enc:aesgcm:v1:%s:" % key.encode())


@pytest.mark.parametrize("output", [None, Path("new.db")])
def test_what_the_journal_says(files: dict[str, Path], output: Path | None) -> None:
    """Where the copies are, and below which prefix; from where they are, and which keys each cluster has."""
    with kstore.open(source(), encryption_config=str(files["old"])) as opened, kstore.open(MemorySource()) as other:
        asked = kstore.move(opened, "/other", to_store=other, encryption_config=files["new"])
        move = Move(
            asked.store, ["/other"], replace(asked.destination, address="https://there"), address="https://here"
        )
        header = move.header(output)
    assert (header["prefix"], header["store"]) == ("/other", "https://here" if output else "https://there")
    assert header["output"] == (str(output.resolve()) if output else "")
    assert Origin.of(header, "") == Origin(
        "https://here", ("/registry",), ("/other",), str(files["old"]), str(files["new"])
    )


class Etcd(MemorySource):
    """A store in memory that says of which cluster it is."""

    cluster_id = ""

    def status(self) -> StoreStatus:
        return replace(super().status(), cluster_id=self.cluster_id)


def etcd(cluster: str) -> Etcd:
    """A store with one object."""
    metadata: dict[str, Any] = {"name": "a", "namespace": "default"}
    value = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata}
    source = Etcd({"/registry/configmaps/default/a": value})
    source.cluster_id = cluster
    return source


@pytest.mark.parametrize(
    ("ours", "theirs", "address", "within"),
    [
        ("a1", "a1", "https://10.0.0.2:2379", True),
        ("a1", "b2", "https://10.0.0.2:2379", False),
        ("", "", "https://10.0.0.2:2379", False),
        ("a1", "b2", "https://10.0.0.1:2379", True),
    ],
)
def test_another_address_of_the_same_store(ours: str, theirs: str, address: str, within: bool) -> None:
    """A member at another address is of the same cluster: copies below the same prefix would be the keys themselves."""
    store = Opening(etcd(ours), release="1.37").store
    destination = Destination(etcd(theirs), address, None)
    if within:
        with pytest.raises(UsageError):
            Move(store, (), destination, address="https://10.0.0.1:2379")
    else:
        found = Move(store, (), destination, address="https://10.0.0.1:2379")
        assert found.routes.pairs == (("/registry", "/registry"),)
