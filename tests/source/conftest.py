"""
Servers that only the tests of stores need: etcds with TLS, of other versions; certificates.
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from tests.source.etcd_releases import RELEASES, EtcdRelease, installed
from tools.cluster import Etcd, Server, ServerMissing, find, find_etcd, free_port
from tools.cluster.servers import BUILDS

from kstore.source.etcd.live import LiveSource
from kstore.source.options import SourceOptions

# ---- certificates


class Authority:
    """A certificate authority for one test session, whose files are in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.cacert = folder / f"{name}.crt"
        certificate = self._sign(self._subject, self._key.public_key(), days=10, ca=True)
        self.cacert.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(
        self,
        name: str,
        *,
        names: tuple[str, ...] = ("127.0.0.1", "localhost"),
        days: int = 10,
        since: int = 30,
        key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | None = None,
    ) -> tuple[Path, Path]:
        """
        A certificate and its key, good for servers and clients; expired if `days` is negative, not valid yet if `since`
        is.
        """
        key = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._sign(subject, key.public_key(), days=days, names=names, since=since)
        cert_file, key_file = self.folder / f"{self.name}-{name}.crt", self.folder / f"{self.name}-{name}.key"
        cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return cert_file, key_file

    def _sign(
        self,
        subject: x509.Name,
        public_key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey,
        *,
        days: int,
        since: int = 30,
        ca: bool = False,
        names: tuple[str, ...] = (),
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=since))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False
            ).add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
        return builder.sign(self._key, hashes.SHA256())


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The authority that the tests' servers trust."""
    return Authority(tmp_path_factory.mktemp("authority"), "authority")


# ---- servers


@dataclass
class TlsEtcd:
    """A running etcd that speaks TLS on its client port."""

    server: Server
    endpoint: str


@pytest.fixture
def start_tls_etcd(
    etcd_binary: Path, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., TlsEtcd]]:
    """
    Start an etcd with a certificate; it wants one of its clients too, unless `client_cert_auth="false"` and no
    `trusted_ca_file`.
    """
    started: list[Server] = []

    def start(certificate: tuple[Path, Path] | None = None, **flags: str) -> TlsEtcd:
        cert, key = certificate or authority.issue("server")
        folder = tmp_path_factory.mktemp("etcd")
        port, metrics, peer = free_port(), free_port(), free_port()
        endpoint = f"https://127.0.0.1:{port}"
        settings = {
            "data-dir": str(folder / "etcd"),
            "listen-client-urls": endpoint,
            "advertise-client-urls": endpoint,
            "listen-metrics-urls": f"http://127.0.0.1:{metrics}",
            "listen-peer-urls": f"http://127.0.0.1:{peer}",
            "initial-advertise-peer-urls": f"http://127.0.0.1:{peer}",
            "initial-cluster": f"default=http://127.0.0.1:{peer}",
            "cert-file": str(cert),
            "key-file": str(key),
            "client-cert-auth": "true",
            "trusted-ca-file": str(authority.cacert),
            "log-level": "error",
            **{name.replace("_", "-"): value for name, value in flags.items()},
        }
        command = [str(etcd_binary), *(f"--{name}={value}" for name, value in settings.items())]
        server = Server("etcd", command, folder, (metrics, "/health", False))
        started.append(server)
        return TlsEtcd(server.start(), endpoint)

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def start_etcd_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Etcd]]:
    """Start the etcd of a certain name (`etcd`, `etcd-3.7`); the test is skipped where it is not installed."""
    started: list[Etcd] = []

    def start(name: str, **flags: str) -> Etcd:
        try:
            binary = find(name) if name in BUILDS and name != "etcd" else find_etcd(name)
        except ServerMissing as missing:
            pytest.skip(str(missing))
        started.append(Etcd(binary, tmp_path_factory.mktemp("etcd"), **flags))
        return started[-1].start()

    yield start
    for server in started:
        server.stop()


# ---- sources


@pytest.fixture
def connect() -> Iterator[Callable[..., LiveSource]]:
    """Open a live store at some endpoints (`connect(endpoint, user="root", password="x")`), closed with the test."""
    opened: list[LiveSource] = []

    def open_live(*endpoints: str, **options: Any) -> LiveSource:
        opened.append(LiveSource(endpoints, SourceOptions(**options)))
        return opened[-1]

    yield open_live
    for source in opened:
        source.close()


@pytest.fixture
def live(start_etcd: Callable[..., Etcd], connect: Callable[..., LiveSource]) -> LiveSource:
    """An empty etcd as a store."""
    return connect(start_etcd().endpoint)


# ---- releases


@pytest.fixture(params=RELEASES)
def etcd_release(request: pytest.FixtureRequest) -> EtcdRelease:
    """Each release of etcd in turn; the test is skipped for those that are not installed."""
    release = installed().get(request.param)
    if release is None:
        pytest.skip(f"no etcd {request.param} is installed here")
    return release


@pytest.fixture
def newest_release() -> EtcdRelease:
    """The newest etcd that is installed with its tools."""
    if not installed():
        pytest.skip("no etcd with its tools is installed here")
    return installed()[max(installed())]


@pytest.fixture
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Etcd]]:
    """Start the server of a release (`serve(release, folder)`), on data that is there if a folder is given."""
    started: list[Etcd] = []

    def start(release: EtcdRelease, folder: Path | None = None, **flags: str) -> Etcd:
        started.append(Etcd(release.etcd, folder or tmp_path_factory.mktemp("etcd"), **flags))
        return started[-1].start()

    yield start
    for server in started:
        server.stop()
