"""A control plane node's own files say where its store is: kubeadm, RKE2, OpenShift, k3s, k0s."""

from __future__ import annotations

from pathlib import Path

import pytest

from kstore.errors import UsageError
from kstore.source.location.control_plane import find_on_node, parse_flags, read_apiserver
from kstore.source.options import SourceOptions

NOTHING = SourceOptions()

MANIFEST = """
apiVersion: v1
kind: Pod
metadata: {name: kube-apiserver, namespace: kube-system}
spec:
  containers:
  - name: kube-apiserver
    command:
    - kube-apiserver
    - --etcd-servers=https://10.0.0.1:2379,https://10.0.0.2:2379
    - --etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt
    - --etcd-certfile
    - /keys/client.crt
    - --etcd-keyfile=/keys/deep/client.key
    - --etcd-prefix=/kubernetes.io
    volumeMounts:
    - {mountPath: /keys, name: keys}
    - {mountPath: /keys/deep, name: deep}
    - {mountPath: /nowhere, name: none}
  volumes:
  - {name: keys, hostPath: {path: /var/lib/keys}}
  - {name: deep, hostPath: {path: /var/lib/deep/}}
  - {name: none, emptyDir: {}}
"""


def place(root: Path, *names: str, content: str = "") -> None:
    """Files on the node."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


@pytest.mark.parametrize(
    "manifest",
    ["etc/kubernetes/manifests/kube-apiserver.yaml", "var/lib/rancher/rke2/agent/pod-manifests/kube-apiserver.yaml"],
)
def test_the_apiservers_flags(tmp_path: Path, manifest: str) -> None:
    """Endpoints, files (where the host has what the container mounts) and prefix are those of the static pod."""
    place(tmp_path, manifest, content=MANIFEST)
    found = find_on_node(NOTHING, root=tmp_path)
    assert found
    assert found.endpoints == "https://10.0.0.1:2379,https://10.0.0.2:2379"
    assert found.etcd_prefix == "/kubernetes.io"
    assert found.origin.endswith(manifest)
    assert found.options == SourceOptions(
        cacert=tmp_path / "etc/kubernetes/pki/etcd/ca.crt",
        cert=tmp_path / "var/lib/keys/client.crt",
        key=tmp_path / "var/lib/deep/client.key",
    )


@pytest.mark.parametrize(
    ("name", "files"),
    [
        (
            "kubeadm",
            (
                "etc/kubernetes/pki/etcd/ca.crt",
                "etc/kubernetes/pki/apiserver-etcd-client.crt",
                "etc/kubernetes/pki/apiserver-etcd-client.key",
            ),
        ),
        (
            "kubeadm",
            (
                "etc/kubernetes/pki/etcd/ca.crt",
                "etc/kubernetes/pki/etcd/healthcheck-client.crt",
                "etc/kubernetes/pki/etcd/healthcheck-client.key",
            ),
        ),
        (
            "OpenShift",
            (
                "etc/kubernetes/static-pod-resources/etcd-certs/configmaps/etcd-all-bundles/server-ca-bundle.crt",
                "etc/kubernetes/static-pod-resources/etcd-certs/secrets/etcd-all-certs/etcd-peer-master-0.crt",
                "etc/kubernetes/static-pod-resources/etcd-certs/secrets/etcd-all-certs/etcd-peer-master-0.key",
            ),
        ),
        *(
            (
                name,
                tuple(
                    f"var/lib/rancher/{name}/server/tls/etcd/{file}"
                    for file in ("server-ca.crt", "client.crt", "client.key")
                ),
            )
            for name in ("k3s", "rke2")
        ),
        (
            "k0s",
            (
                "var/lib/k0s/pki/etcd/ca.crt",
                "var/lib/k0s/pki/apiserver-etcd-client.crt",
                "var/lib/k0s/pki/apiserver-etcd-client.key",
            ),
        ),
    ],
)
def test_certificates_alone(tmp_path: Path, name: str, files: tuple[str, ...]) -> None:
    """Where no manifest says more, the distribution's certificates lead to the member on this machine."""
    place(tmp_path, *files[:2])
    assert find_on_node(NOTHING, root=tmp_path) is None
    place(tmp_path, *files)
    found = find_on_node(NOTHING, root=tmp_path)
    assert found
    cacert, cert, key = (tmp_path / file for file in files)
    assert (found.endpoints, found.origin) == ("https://127.0.0.1:2379", f"{name} on this node")
    assert found.options == SourceOptions(cacert=cacert, cert=cert, key=key)


def test_the_socket_of_kine(tmp_path: Path) -> None:
    """k3s without etcd has kine's socket."""
    place(tmp_path, "var/lib/rancher/k3s/server/kine.sock")
    found = find_on_node(NOTHING, root=tmp_path)
    assert found
    assert found.endpoints == f"unix://{tmp_path}/var/lib/rancher/k3s/server/kine.sock"


def test_given_files_win(tmp_path: Path) -> None:
    """A file that the user gave stays, whatever the node says."""
    place(tmp_path, "etc/kubernetes/manifests/kube-apiserver.yaml", content=MANIFEST)
    found = find_on_node(SourceOptions(cacert=Path("mine.crt"), user="root"), root=tmp_path)
    assert found
    assert (found.options.cacert, found.options.user) == (Path("mine.crt"), "root")
    assert found.options.key == tmp_path / "var/lib/deep/client.key"


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "spec: 7", "spec: {containers: [7, {command: [x]}]}", "a: [", "\0",
        "spec: {volumes: [1], containers: [{command: [--etcd-servers=]}]}",
    ],
)  # fmt: skip
def test_manifests_that_say_nothing(tmp_path: Path, content: str) -> None:
    """A manifest that is none, or of something else, is passed over."""
    place(tmp_path, "etc/kubernetes/manifests/kube-apiserver.yaml", content=content)
    assert find_on_node(NOTHING, root=tmp_path) is None


def test_flags() -> None:
    """Both spellings of a flag's value, switches, and the last of a name."""
    words = ["kube-apiserver", "--a=1", "--b", "2", "--c", "--d=", "--a=3", "-v", "--e"]
    assert parse_flags(words) == {"a": "3", "b": "2", "c": "", "d": "", "e": ""}


APISERVER_POD = """\
apiVersion: v1
kind: Pod
spec:
  containers:
  - name: proxy
    image: example.com/proxy:v2
    command: [proxy, --listen=:1]
  - name: kube-apiserver
    image: {image}
    command: [kube-apiserver, --etcd-servers=https://127.0.0.1:2379, --emulated-version, "1.36"]
    args: ["--storage-media-type=application/json"]
"""


@pytest.mark.parametrize(
    ("image", "release"),
    [
        ("registry.k8s.io/kube-apiserver:v1.37.2", "v1.37.2"),
        ("host:5000/kube-apiserver:v1.36.0@sha256:abc", "v1.36.0"),
        ("rancher/hardened-kubernetes:v1.35.1-rke2r1-build20260101", "v1.35.1-rke2r1-build20260101"),
        ("kube-apiserver@sha256:abc", ""),
        ("kube-apiserver:latest", ""),
    ],
)
def test_a_kube_apiserver_s_static_pod(image: str, release: str, tmp_path: Path) -> None:
    """The flags of the container that has an etcd, in either form, and the release of its image's tag."""
    path = tmp_path / "pod.yaml"
    path.write_text(APISERVER_POD.format(image=image))
    found = read_apiserver(path)
    assert found.release == release
    assert (found.flags["emulated-version"], found.flags["storage-media-type"]) == ("1.36", "application/json")


@pytest.mark.parametrize("text", ["", "a: [", "[]", "spec: {containers: [{image: x, command: [etcd]}]}", "spec: 5"])
def test_what_is_no_kube_apiserver_s(text: str, tmp_path: Path) -> None:
    """Another pod, broken YAML, a folder, nothing: said by name, never a traceback."""
    path = tmp_path / "pod.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match="kube-apiserver"):
        read_apiserver(path)
    with pytest.raises(UsageError):
        read_apiserver(tmp_path)
    with pytest.raises(UsageError, match="no such file"):
        read_apiserver(tmp_path / "none")
