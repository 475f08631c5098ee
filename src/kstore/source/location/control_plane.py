"""
Where a control plane node keeps its store: what its own static pods and certificates say.

Knows kubeadm (and whatever else runs the apiserver as a static pod with flags, such as RKE2), OpenShift, k3s
and k0s by the places of their files. Reads them only; whether the store answers is for others to find out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

from kstore.errors import UsageError
from kstore.regular_file import read_regular
from kstore.source.options import SourceOptions

_LOCAL = "https://127.0.0.1:2379"
LARGEST = 1 << 20
"""Bytes of a static pod's manifest."""

_API_SERVER_MANIFESTS = (
    "etc/kubernetes/manifests/kube-apiserver.yaml",
    "var/lib/rancher/rke2/agent/pod-manifests/kube-apiserver.yaml",
)

# The apiserver's flag and the option of the same meaning (`pkg/server/options/etcd.go` in k8s.io/apiserver).
_FILE_FLAGS = {"etcd-cafile": "cacert", "etcd-certfile": "cert", "etcd-keyfile": "key"}

# Distribution, endpoint, and glob patterns of the CA, the client's certificate and its key, relative to the
# root.
_CERTIFICATES = (
    (
        "kubeadm",
        _LOCAL,
        "etc/kubernetes/pki/etcd/ca.crt",
        "etc/kubernetes/pki/apiserver-etcd-client.crt",
        "etc/kubernetes/pki/apiserver-etcd-client.key",
    ),
    (
        "kubeadm",
        _LOCAL,
        "etc/kubernetes/pki/etcd/ca.crt",
        "etc/kubernetes/pki/etcd/healthcheck-client.crt",
        "etc/kubernetes/pki/etcd/healthcheck-client.key",
    ),
    (
        "OpenShift",
        _LOCAL,
        "etc/kubernetes/static-pod-resources/etcd-certs/configmaps/etcd-*/*ca-bundle.crt",
        "etc/kubernetes/static-pod-resources/etcd-certs/secrets/etcd-all-certs/etcd-peer-*.crt",
        "etc/kubernetes/static-pod-resources/etcd-certs/secrets/etcd-all-certs/etcd-peer-*.key",
    ),
    *(
        (
            name,
            _LOCAL,
            f"var/lib/rancher/{name}/server/tls/etcd/server-ca.crt",
            f"var/lib/rancher/{name}/server/tls/etcd/client.crt",
            f"var/lib/rancher/{name}/server/tls/etcd/client.key",
        )
        for name in ("k3s", "rke2")
    ),
    (
        "k0s",
        _LOCAL,
        "var/lib/k0s/pki/etcd/ca.crt",
        "var/lib/k0s/pki/apiserver-etcd-client.crt",
        "var/lib/k0s/pki/apiserver-etcd-client.key",
    ),
)

_KINE_SOCKETS = (("k3s", "var/lib/rancher/k3s/server/kine.sock"),)


@dataclass(frozen=True, slots=True)
class NodeStore:
    """What a node's files say of its store."""

    endpoints: str
    """Comma separated."""
    options: SourceOptions
    etcd_prefix: str
    """The apiserver's `--etcd-prefix`, empty where nothing says so."""
    origin: str
    """The file or distribution that says it."""


def find_on_node(options: SourceOptions, *, root: Path = Path("/")) -> NodeStore | None:
    """
    The store of the control plane that runs on this machine, or None.

    Args:
        options: what else is asked of the connection; files that are given there win.
        root: where the node's file system begins.
    """
    for manifest in _API_SERVER_MANIFESTS:
        found = _from_manifest(root, manifest, options)
        if found is not None:
            return found
    for name, endpoint, *patterns in _CERTIFICATES:
        files = [_first(root, pattern) for pattern in patterns]
        if all(files):
            cacert, cert, key = files
            return NodeStore(endpoint, _filled(options, cacert=cacert, cert=cert, key=key), "", f"{name} on this node")
    for name, socket in _KINE_SOCKETS:
        if _exists(root / socket):
            return NodeStore(f"unix://{root / socket}", options, "", f"{name} on this node")
    return None


@dataclass(frozen=True, slots=True)
class ApiserverPod:
    """A kube-apiserver's static Pod."""

    flags: dict[str, str]
    """What it is started with, by name, without dashes."""
    release: str
    """The version that its image's tag says, such as `v1.37.2`; empty where it says none."""


def read_apiserver(path: Path) -> ApiserverPod:
    """
    The static Pod of a kube-apiserver.

    Raises:
        UsageError: the file cannot be read, or is none.
    """
    if not _exists(path):
        raise UsageError("there is no such file", where=str(path), hint="/etc/kubernetes/manifests/kube-apiserver.yaml")
    pod = _load(path)
    for flags, _, image in _containers(pod):
        if "etcd-servers" in flags:
            tag = image.partition("@")[0].rpartition(":")[2]
            return ApiserverPod(flags, tag if re.match(r"v1\.\d+\.\d+", tag) else "")
    raise UsageError(
        "no container in it is started as a kube-apiserver is", where=str(path), hint="a static Pod's manifest is meant"
    )


def _from_manifest(root: Path, manifest: str, options: SourceOptions) -> NodeStore | None:
    pod = _load(root / manifest)
    for flags, mounts, _ in _containers(pod):
        servers = flags.get("etcd-servers")
        if not servers:
            continue
        files = {option: _on_host(root, flags[flag], mounts) for flag, option in _FILE_FLAGS.items() if flags.get(flag)}
        return NodeStore(servers, _filled(options, **files), flags.get("etcd-prefix", ""), str(root / manifest))
    return None


def _load(path: Path) -> Any:
    import yaml

    from kstore.yaml_limits import check_yaml

    with suppress(OSError, yaml.YAMLError, ValueError, RecursionError):
        text = read_regular(path, LARGEST).decode()
        check_yaml(text)
        return yaml.safe_load(text)
    return None


def _containers(pod: Any) -> Iterator[tuple[dict[str, str], dict[str, str], str]]:
    """Each container's flags, where what it mounts is on the host, and its image."""
    spec = pod.get("spec") if isinstance(pod, dict) else None
    if not isinstance(spec, dict):
        return
    volumes = {
        volume.get("name"): (volume.get("hostPath") or {}).get("path")
        for volume in spec.get("volumes") or ()
        if isinstance(volume, dict)
    }
    for container in spec.get("containers") or ():
        if not isinstance(container, dict):
            continue
        words = [str(word) for part in ("command", "args") for word in container.get(part) or ()]
        mounts = {
            str(mount["mountPath"]): str(volumes[mount["name"]])
            for mount in container.get("volumeMounts") or ()
            if isinstance(mount, dict) and mount.get("mountPath") and volumes.get(mount.get("name"))
        }
        yield parse_flags(words), mounts, str(container.get("image") or "")


def parse_flags(words: list[str]) -> dict[str, str]:
    """`--name=value` and `--name value` among a command's words; the last one of a name counts."""
    flags: dict[str, str] = {}
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            flags[name] = value if equals or following.startswith("--") else following
    return flags


def _on_host(root: Path, path: str, mounts: dict[str, str]) -> Path:
    """Where a container's file is on the host; kubeadm mounts things at their own paths, others do not."""
    for inside in sorted(mounts, key=len, reverse=True):
        if path == inside or path.startswith(inside.rstrip("/") + "/"):
            path = mounts[inside].rstrip("/") + path[len(inside.rstrip("/")) :]
            break
    return root / path.lstrip("/")


def _first(root: Path, pattern: str) -> Path | None:
    with suppress(OSError):
        return next(iter(sorted(root.glob(pattern))), None)
    return None


def _exists(path: Path) -> bool:
    with suppress(OSError):
        return path.exists()
    return False


def _filled(options: SourceOptions, **files: Path | None) -> SourceOptions:
    """The options with these files, unless others are given."""
    missing: dict[str, Any] = {name: path for name, path in files.items() if getattr(options, name) is None}
    return replace(options, **missing)
