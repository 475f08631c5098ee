"""
A snapshot of a real cluster with encryption at rest: aescbc, aesgcm and secretbox.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from kstore.encryption.config import load_configuration
from kstore.encryption.transformers import Transformers
from kstore.errors import EncryptionError, TamperedValue, WrongKey
from kstore.naming import GroupResource
from kstore.records import Record
from kstore.source.snapshot.source import SnapshotSource

pytestmark = pytest.mark.shared

RESOURCES = {
    b"/registry/secrets/": GroupResource("", "secrets"),
    b"/registry/configmaps/": GroupResource("", "configmaps"),
    b"/registry/deployments/": GroupResource("apps", "deployments"),
    b"/registry/stable.example.com/crontabs/": GroupResource("stable.example.com", "crontabs"),
}


@pytest.fixture(scope="module")
def configuration(shared: Path) -> Path:
    """The configuration that the cluster ran with."""
    return shared / "snapshots" / "json-encrypted-1.37.encryption.yaml"


@pytest.fixture(scope="module")
def encrypted(
    shared: Path, unpack: Callable[[Path], bytes], tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[Record, GroupResource]]:
    """The encrypted records of the snapshot, each with its resource."""
    path = tmp_path_factory.mktemp("snapshot") / "encrypted.db"
    path.write_bytes(unpack(shared / "snapshots" / "json-encrypted-1.37.db.zst"))
    with SnapshotSource(path) as source:
        records = [record for record in source.scan(b"/registry/") if record.value.startswith(b"k8s:enc:")]
    return [
        (record, next(RESOURCES[prefix] for prefix in RESOURCES if record.key.startswith(prefix))) for record in records
    ]


def test_every_encrypted_value_opens(encrypted: list[tuple[Record, GroupResource]], configuration: Path) -> None:
    """Each value opens to the object whose name is its key's last part."""
    transformers = load_configuration(configuration)
    providers: Counter[str] = Counter()
    for record, resource in encrypted:
        opened = transformers.open(record.key, record.value, resource)
        assert opened.encryption_header is not None
        assert json.loads(opened.plain)["metadata"]["name"] == record.key.decode().rsplit("/", 1)[1]
        providers[opened.encryption_header.provider] += 1
        assert opened.stale == (opened.encryption_header.key_name == "key1")
    assert set(providers) == {"aescbc", "aesgcm", "secretbox"}
    assert providers.total() == len(encrypted) > 10


def test_moved_values_are_refused_where_the_path_is_authenticated(
    encrypted: list[tuple[Record, GroupResource]], configuration: Path
) -> None:
    """Under another key path aesgcm's values do not open, and the path they came from is found."""
    transformers = load_configuration(configuration)
    moved = [(record, resource) for record, resource in encrypted if b":aesgcm:" in record.value[:20]]
    assert moved
    for record, resource in moved:
        with pytest.raises(TamperedValue):
            transformers.open(record.key + b"-copy", record.value, resource)
        candidates = [other.key for other, _ in encrypted]
        assert transformers.for_resource(resource).moved_from(record.value, candidates) == record.key


def test_other_secrets_are_wrong_keys(
    encrypted: list[tuple[Record, GroupResource]], configuration: Path, tmp_path: Path
) -> None:
    """With other secrets under the same names no value opens, and the keys are blamed, not the values."""
    text = configuration.read_text()
    for prefix in ("c2Vj", "Zmly", "Z2Nt"):
        text = text.replace(prefix, "AAAA")
    path = tmp_path / "other.yaml"
    path.write_text(text)
    transformers = load_configuration(path)
    for record, resource in encrypted:
        assert isinstance(outcome(transformers, record, resource), WrongKey)


def outcome(transformers: Transformers, record: Record, resource: GroupResource) -> EncryptionError | None:
    """The error of a value, as the codec would find it: on opening, or by what it opened to."""
    try:
        opened = transformers.open(record.key, record.value, resource)
        json.loads(opened.plain)
    except EncryptionError as error:
        return error
    except ValueError:
        return opened.doubt(record.key)
    return None
