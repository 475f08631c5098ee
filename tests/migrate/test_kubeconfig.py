"""
What a kubeconfig says of the way to its server.
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Any

import pytest
import yaml

from kstore.errors import UsageError
from kstore.migrate import kubeconfig
from kstore.migrate.kubeconfig import ServerAccess


@pytest.fixture
def reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """How a server is reached by a kubeconfig whose cluster says this."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)

    def by(**cluster: Any) -> dict[str, Any]:
        path = tmp_path / "kubeconfig"
        path.write_text(yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": "https://api.example.com:6443/", **cluster}}],
            "users": [{"name": "c", "user": {"token": "secret"}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
        }))  # fmt: skip
        found: dict[str, Any] = {}
        monkeypatch.setattr(kubeconfig, "HttpClient", lambda address, **named: found.update(named, address=address))
        ServerAccess(str(path), "").client(5.0, 1000)
        return found

    return by


def test_the_server_alone(reached: Any) -> None:
    """Its address without a slash at the end; its certificate is verified; no proxy is asked."""
    found = reached()
    assert (found["address"], found["proxy"], found["server_name"]) == ("https://api.example.com:6443", "", "")
    assert (found["timeout"], found["limit"], found["keep_alive"]) == (5.0, 1000, True)
    assert (found["tls"].verify_mode, found["tls"].check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_server_that_is_not_verified(reached: Any) -> None:
    """Where the kubeconfig asks for that, neither the certificate nor its name is looked at."""
    tls = reached(**{"insecure-skip-tls-verify": True})["tls"]
    assert (tls.verify_mode, tls.check_hostname) == (ssl.CERT_NONE, False)


def test_another_name(reached: Any) -> None:
    """The certificate is held to the name that is given."""
    assert reached(**{"tls-server-name": "kubernetes"})["server_name"] == "kubernetes"


@pytest.mark.parametrize(
    ("exceptions", "proxy"), [("", "http://proxy:3128"), ("other", "http://proxy:3128"), ("example.com", "")]
)
def test_a_proxy(reached: Any, monkeypatch: pytest.MonkeyPatch, exceptions: str, proxy: str) -> None:
    """The cluster's own, unless the environment excepts the server."""
    monkeypatch.setenv("NO_PROXY", exceptions)
    assert reached(**{"proxy-url": "http://proxy:3128"})["proxy"] == proxy


USER_FILES = ("client-certificate", "client-key", "tokenFile")


@pytest.mark.parametrize("member", ["certificate-authority", *USER_FILES])
def test_a_file_that_is_none(tmp_path: Path, member: str) -> None:
    """What the context names is looked at before it is read, beside the kubeconfig that names it."""
    (tmp_path / "folder").mkdir()
    of_user = {member: "folder"} if member in USER_FILES else {}
    of_cluster = {} if of_user else {member: "folder"}
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1", **of_cluster}}],
        "users": [{"name": "c", "user": of_user}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
    }))  # fmt: skip
    with pytest.raises(UsageError, match="cannot be read: it is a directory") as refused:
        ServerAccess(str(path), "")
    assert refused.value.where == str(tmp_path / "folder")


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"a: " + b"[" * 2000])
def test_one_of_several_that_is_none(tmp_path: Path, content: bytes | None) -> None:
    """Each file of a list is looked at, and is named."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("apiVersion: v1\nkind: Config\n")
    if content is None:
        second.mkdir()
    else:
        second.write_bytes(content)
    with pytest.raises(UsageError, match="cannot be read") as refused:
        ServerAccess(os.pathsep.join(map(str, (first, second))), "")
    assert refused.value.where == str(second)
