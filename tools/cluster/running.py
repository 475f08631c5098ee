"""
Servers as processes: started on free loopback ports, ready when they say so, ended by their id.

Knows flags and readiness of etcd, kube-apiserver and sample-apiserver. Knows nothing of where binaries come from.
"""

from __future__ import annotations

import atexit
import http.client
import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.cluster.client import Client

_ANY = random.SystemRandom()
"""Tests seed the common generator alike in every process."""
_TAKEN: deque[socket.socket] = deque()
"""What holds the last ports that were given out, until their servers listen for certain."""
_MOST_TAKEN = 100
TOKEN = "kstore-admin"


def free_port() -> int:
    """
    A port that nobody listens on now, and that no other process of ours is given.

    Below those that the kernel gives to connections, and not in order, so that nobody else takes it in between.
    """
    while True:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", _ANY.randrange(20_000, 32_000)))
            port = int(probe.getsockname()[1])
            held = _hold(port)
            if len(_TAKEN) == _MOST_TAKEN:
                _TAKEN.popleft().close()
            _TAKEN.append(held)
            return port


def _hold(port: int) -> socket.socket:
    """
    Take a name for a port that the kernel gives to one process at a time, and takes back when it ends.

    Raises:
        OSError: another process has it.
    """
    name = socket.socket(socket.AF_UNIX)
    if sys.platform == "linux":  # elsewhere there are no such names, and chance must do
        name.bind(f"\0kstore-port-{port}")
    return name


@atexit.register
def _give_back() -> None:
    for held in _TAKEN:
        held.close()


def flag_list(flags: Mapping[str, str]) -> list[str]:
    """`{"secure_port": "1"}` as `["--secure-port=1"]`."""
    return [f"--{name.replace('_', '-')}={value}" for name, value in flags.items()]


class Server:
    """
    One process with its log, a context manager that ends it.

    Args:
        name: what it is called in errors.
        command: program and arguments.
        folder: where its log is; its working directory.
        probe: host, port, path and whether to speak TLS: the server is ready when this answers 200.
    """

    endpoint: str = ""
    """Where clients ask, if that is known."""

    def __init__(self, name: str, command: list[str], folder: Path, probe: tuple[int, str, bool]) -> None:
        self.name = name
        self.command = command
        self.folder = folder
        self.log = folder / f"{name}.log"
        self.probe = probe
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, timeout: float = 120) -> Self:
        """Start the process and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + timeout
        while not self.ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}: {self.tail()}")
            if time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self.name} was not ready in {timeout:.0f} s: {self.tail()}")
            time.sleep(0.05)
        return self

    def ready(self) -> bool:
        """Whether the probe answers 200."""
        port, path, tls = self.probe
        connection = (
            http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=unverified())
            if tls
            else http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        )
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def tail(self) -> str:
        """The end of the log."""
        return self.log.read_text(errors="replace")[-2000:]

    def signal(self, number: signal.Signals, *, timeout: float = 30) -> None:
        """Send a signal that ends the process, and wait for the end; harmless when it has ended."""
        if self.process is None:
            return
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """End it as an operator would."""
        self.signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a crash would."""
        self.signal(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self if self.process is not None else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Etcd(Server):
    """
    An etcd of one member, in plain HTTP.

    Args:
        binary: the etcd to run.
        folder: where data and log go; data that is there is served.
        flags: further flags, without the leading dashes; underscores stand for dashes.
    """

    def __init__(self, binary: Path, folder: Path, **flags: str) -> None:
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.data = folder / "etcd"
        peer = f"http://127.0.0.1:{free_port()}"
        command = flag_list(
            {
                "name": "default",
                "data_dir": str(self.data),
                "listen_client_urls": self.endpoint,
                "advertise_client_urls": self.endpoint,
                "listen_peer_urls": peer,
                "initial_advertise_peer_urls": peer,
                "initial_cluster": f"default={peer}",
                "log_level": "warn",
                "logger": "zap",
                **flags,
            }
        )
        super().__init__("etcd", [str(binary), *command], folder, (self.port, "/health", False))


def three_etcds(binary: Path, folder: Path, **flags: str) -> list[Server]:
    """
    A cluster of three, running; each server has its `endpoint`.

    Args:
        binary: the etcd to run.
        folder: where data and logs go.
        flags: further flags of each, without the leading dashes; underscores stand for dashes.
    """
    clients, peers = ([f"http://127.0.0.1:{free_port()}" for _ in range(3)] for _ in range(2))
    servers = []
    for number, (client, peer) in enumerate(zip(clients, peers, strict=True)):
        own = {
            "name": f"m{number}",
            "data_dir": str(folder / f"m{number}"),
            "listen_client_urls": client,
            "advertise_client_urls": client,
            "listen_peer_urls": peer,
            "initial_advertise_peer_urls": peer,
            "initial_cluster": ",".join(f"m{number}={url}" for number, url in enumerate(peers)),
            "heartbeat_interval": "300",
            "election_timeout": "3000",  # a member that does not run for a second has not gone
            "log_level": "error",
        }
        port = int(client.rpartition(":")[2])
        server = Server(f"m{number}", [str(binary), *flag_list({**own, **flags})], folder, (port, "/health", False))
        server.endpoint = client
        servers.append(server)
    threads = [threading.Thread(target=server.start) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return servers


class KubeApiserver(Server):
    """
    A kube-apiserver with RBAC, one administrator's token and certificates of its own making.

    Args:
        binary: the kube-apiserver to run.
        folder: where its certificates, keys and log go.
        etcd: the endpoint of its etcd.
        flags: further flags, without the leading dashes; underscores stand for dashes.
    """

    def __init__(self, binary: Path, folder: Path, etcd: str, **flags: str) -> None:
        self.port = free_port()
        folder.mkdir(parents=True, exist_ok=True)
        key = folder / "service-account.key"
        if not key.exists():
            key.write_bytes(new_rsa_key())
        tokens = folder / "tokens.csv"
        tokens.write_text(f"{TOKEN},admin,admin,system:masters\n")
        command = flag_list(
            {
                "etcd_servers": etcd,
                "bind_address": "127.0.0.1",
                "secure_port": str(self.port),
                "cert_dir": str(folder / "certificates"),
                "service_account_key_file": str(key),
                "service_account_signing_key_file": str(key),
                "service_account_issuer": "https://kubernetes.default.svc",
                "service_cluster_ip_range": "10.96.0.0/16",
                "token_auth_file": str(tokens),
                "authorization_mode": "RBAC",
                # no controller runs that would make the service accounts and endpoints these two wait for
                "disable_admission_plugins": "ServiceAccount",
                "endpoint_reconciler_type": "none",
                **flags,
            }
        )
        super().__init__("kube-apiserver", [str(binary), *command], folder, (self.port, "/readyz", True))

    def client(self) -> Client:
        """A client with the administrator's token."""
        return Client("127.0.0.1", self.port, TOKEN, unverified())


class SampleApiserver(Server):
    """
    The sample-apiserver (group wardle.example.com), behind a kube-apiserver that says who may ask.

    Args:
        binary: the sample-apiserver to run.
        folder: where its certificates and log go.
        etcd: the endpoint of its etcd.
        kube: the kube-apiserver that authenticates and authorizes for it.
        flags: further flags, without the leading dashes; underscores stand for dashes.
    """

    def __init__(self, binary: Path, folder: Path, etcd: str, kube: KubeApiserver, **flags: str) -> None:
        self.port = free_port()
        folder.mkdir(parents=True, exist_ok=True)
        kubeconfig = write_kubeconfig(folder / "sample-apiserver.kubeconfig", kube.port)
        command = flag_list(
            {
                "etcd_servers": etcd,
                "bind_address": "127.0.0.1",
                "secure_port": str(self.port),
                "cert_dir": str(folder / "sample-certificates"),
                "authentication_kubeconfig": str(kubeconfig),
                "authorization_kubeconfig": str(kubeconfig),
                "kubeconfig": str(kubeconfig),
                **flags,
            }
        )
        super().__init__("sample-apiserver", [str(binary), *command], folder, (self.port, "/readyz", True))

    def client(self) -> Client:
        """A client with the administrator's token."""
        return Client("127.0.0.1", self.port, TOKEN, unverified())


class ControllerManager(Server):
    """
    A kube-controller-manager of which only some controllers run.

    Args:
        binary: the kube-controller-manager to run.
        folder: where its kubeconfig, certificates and log go.
        kube: the kube-apiserver whose objects it looks after.
        controllers: their names.
    """

    def __init__(self, binary: Path, folder: Path, kube: KubeApiserver, *controllers: str) -> None:
        port = free_port()
        folder.mkdir(parents=True, exist_ok=True)
        kubeconfig = write_kubeconfig(folder / "kubeconfig", kube.port)
        command = flag_list(
            {
                "kubeconfig": str(kubeconfig),
                "authentication_kubeconfig": str(kubeconfig),
                "authorization_kubeconfig": str(kubeconfig),
                "authentication_skip_lookup": "true",
                "bind_address": "127.0.0.1",
                "secure_port": str(port),
                "cert_dir": str(folder / "certificates"),
                "leader_elect": "false",
                "controllers": ",".join(controllers),
            }
        )
        super().__init__("kube-controller-manager", [str(binary), *command], folder, (port, "/healthz", True))


KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{{name: local, cluster: {{server: "https://127.0.0.1:{port}", insecure-skip-tls-verify: true}}}}]
users: [{{name: admin, user: {{token: "{token}"}}}}]
contexts: [{{name: local, context: {{cluster: local, user: admin}}}}]
current-context: local
"""


def write_kubeconfig(path: Path, port: int) -> Path:
    """Write the administrator's kubeconfig for the kube-apiserver at a port; where it is."""
    path.write_text(KUBECONFIG.format(port=port, token=TOKEN))
    return path


def unverified() -> ssl.SSLContext:
    """A TLS context for servers whose certificate they made themselves a moment ago."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def new_rsa_key() -> bytes:
    """A private key in PEM, to sign service accounts' tokens."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
