"""
Stores in Google Cloud Storage and in Azure Blob Storage, of the servers with which others test what reads these:
fake-gcs-server and Azurite, where they are on the path.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tools.cluster import Server, free_port

from kstore.cli.main import run
from kstore.library.stored_files import find_stores
from kstore.source.location.demo import unpacked

_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Those that every Azurite has, and its documentation names."""
FILES: dict[str, Callable[[bytes], bytes]] = {"prod/etcd.db": bytes, "prod/old/etcd.db.gz": gzip.compress}


def program(name: str) -> str:
    """Where a server is; the test is skipped where it is not installed."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} on the path")
    return found


@pytest.fixture
def gs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket of fake-gcs-server's, read by obstore's own variables."""
    port = free_port()
    for name, pack in FILES.items():
        path = tmp_path / "data" / "backups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pack(unpacked().read_bytes()))
    at = f"127.0.0.1:{port}"
    command = [
        program("fake-gcs-server"), "-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-public-host", at,
        "-external-url", f"http://{at}", "-data", str(tmp_path / "data"), "-backend", "memory",
    ]  # fmt: skip
    monkeypatch.setenv("GOOGLE_BASE_URL", f"http://{at}")
    monkeypatch.setenv("GOOGLE_SKIP_SIGNATURE", "true")
    with Server("fake-gcs-server", command, tmp_path, (port, "/storage/v1/b", False)):
        yield "gs://backups"


@pytest.fixture
def az(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A container of Azurite's, read by obstore's own variables."""
    obstore = pytest.importorskip("obstore")
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}/{_ACCOUNT}"
    variables = {"NAME": _ACCOUNT, "KEY": _KEY}
    for name, value in variables.items():
        monkeypatch.setenv(f"AZURE_STORAGE_ACCOUNT_{name}", value)
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", endpoint)
    command = [
        program("azurite-blob"), "--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(tmp_path),
        "--skipApiVersionCheck", "--silent",
    ]  # fmt: skip
    with _Azurite("azurite", command, tmp_path, (port, "/", False)):
        _create_container(endpoint, "backups")
        store = obstore.store.AzureStore("backups", client_options={"allow_http": True})
        for name, pack in FILES.items():
            obstore.put(store, name, pack(unpacked().read_bytes()))
        yield "az://backups"


class _Azurite(Server):
    """It answers whoever it does not know with an error, which says that it is there."""

    def ready(self) -> bool:
        """Whether it answers at all."""
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.probe[0]}/", timeout=5).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True


def _create_container(endpoint: str, name: str) -> None:
    """As the service's API has it, which obstore has no part of: a request that is signed with the account's key."""
    date, version = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"), "2021-12-02"
    signed = (
        f"PUT{12 * chr(10)}x-ms-date:{date}\nx-ms-version:{version}\n/{_ACCOUNT}/{_ACCOUNT}/{name}\nrestype:container"
    )
    digest = hmac.new(base64.b64decode(_KEY), signed.encode(), hashlib.sha256).digest()
    headers = {
        "x-ms-date": date, "x-ms-version": version, "Content-Length": "0",
        "Authorization": f"SharedKey {_ACCOUNT}:{base64.b64encode(digest).decode()}",
    }  # fmt: skip
    url = f"{endpoint}/{name}?restype=container"
    request = urllib.request.Request(url, method="PUT", headers=headers)
    urllib.request.urlopen(request).close()


@pytest.mark.parametrize("service", ["gs", "az"])
def test_read(service: str, request: pytest.FixtureRequest, capfd: pytest.CaptureFixture[str]) -> None:
    """A file, a folder with one, a pattern; what is not there is said, and where it is a folder, that."""
    base = request.getfixturevalue(service)
    assert run(["--store", str(unpacked()), "ls", "/", "-o", "keys"]) == 0
    expected = capfd.readouterr().out
    for address in (f"{base}/prod/etcd.db", f"{base}/prod/old/etcd.db.gz", f"{base}/prod/old/"):
        assert run(["--store", address, "ls", "/", "-o", "keys"]) == 0
        assert capfd.readouterr().out == expected
    assert [one.address for one in find_stores(f"{base}/**/*.db*")] == [f"{base}/{name}" for name in sorted(FILES)]
    assert run(["--store", f"{base}/prod/none.db", "ls"]) == 1
    assert "there is no such object in the bucket" in capfd.readouterr().err
    assert run(["--store", f"{base}/prod", "ls"]) == 1
    assert "but a folder" in capfd.readouterr().err
