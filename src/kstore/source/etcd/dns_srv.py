"""
Finding etcd's endpoints by DNS SRV records, as etcdctl's `--discovery-srv` does.

One question in one datagram (RFC 1035, RFC 2782), because Python's standard library can ask for addresses
only. Knows the two names under which etcd is announced (`client/pkg/srv/srv.go`): `_etcd-client-ssl._tcp` and
`_etcd-client._tcp`.
"""

from __future__ import annotations

import secrets
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kstore.errors import StoreNotFound, StoreUnreachable, UsageError
from kstore.regular_file import read_regular

_SERVICES = (("_etcd-client-ssl._tcp", "https"), ("_etcd-client._tcp", "http"))
_SRV = 33
_OPT = 41
_INTERNET = 1
_RECURSION_DESIRED = 0x0100
_NO_SUCH_NAME = 3
_MAX_ANSWER = 4096
_RESOLV_CONF = Path("/etc/resolv.conf")
_LARGEST = 1 << 20
"""Bytes of it that are read."""


@dataclass(frozen=True, slots=True, order=True)
class Service:
    """One SRV record; lower priorities come first, higher weights within them."""

    priority: int
    weight: int
    port: int
    host: str


def discover(domain: str, *, timeout: float = 5.0, nameservers: Sequence[tuple[str, int]] = ()) -> list[str]:
    """
    The endpoints that a domain announces, in the order in which to try them.

    Args:
        domain: such as `example.com`.
        timeout: seconds for each question.
        nameservers: whom to ask; the system's own if empty.

    Raises:
        StoreUnreachable: no name server answers.
        StoreNotFound: the domain announces no etcd.
        UsageError: it is no domain.
    """
    _encode_name(domain)  # what is none is refused here
    servers = nameservers or _system_nameservers()
    found = [
        f"{scheme}://{service.host}:{service.port}"
        for name, scheme in _SERVICES
        for service in sorted(
            _ask(f"{name}.{domain}", servers, timeout), key=lambda each: (each.priority, -each.weight)
        )
    ]
    if not found:
        names = " or ".join(f"{name}.{domain}" for name, _ in _SERVICES)
        raise StoreNotFound(f"there is no SRV record for {names}", where=domain)
    return found


def _system_nameservers() -> list[tuple[str, int]]:
    try:
        lines = [line.split() for line in read_regular(_RESOLV_CONF, _LARGEST).decode().splitlines()]
    except (OSError, UnicodeDecodeError):
        lines = []
    return [(words[1], 53) for words in lines if len(words) > 1 and words[0] == "nameserver"] or [("127.0.0.1", 53)]


def _ask(name: str, servers: Sequence[tuple[str, int]], timeout: float) -> list[Service]:
    identity = secrets.randbelow(1 << 16)
    # one question, and an OPT record that allows an answer of more than 512 bytes (RFC 6891)
    question = (
        struct.pack(">6H", identity, _RECURSION_DESIRED, 1, 0, 0, 1)
        + _encode_name(name)
        + struct.pack(">2H", _SRV, _INTERNET)
        + struct.pack(">BHHIH", 0, _OPT, _MAX_ANSWER, 0, 0)
    )
    failures = []
    for server in servers:
        family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as asker:
            asker.settimeout(timeout)
            try:
                asker.connect(server)
                asker.send(question)
                return parse_answer(asker.recv(_MAX_ANSWER), identity)
            except (OSError, ValueError) as error:
                failures.append(f"{server[0]}: {error}")
    raise StoreUnreachable(f"no name server answers ({'; '.join(failures)})", where=name)


def parse_answer(message: bytes, identity: int) -> list[Service]:
    """
    The SRV records of an answer; none for a name that does not exist.

    Raises:
        ValueError: not an answer to this question, or a damaged one.
    """
    try:
        number, flags, questions, answers, _, _ = struct.unpack_from(">6H", message)
        if number != identity:
            raise ValueError("an answer to another question")
        if flags & 0xF not in (0, _NO_SUCH_NAME):
            raise ValueError(f"the name server refused (code {flags & 0xF})")
        offset = 12
        for _ in range(questions):
            offset = _decode_name(message, offset)[1] + 4
        services = []
        for _ in range(answers):
            offset = _decode_name(message, offset)[1]
            kind, _, _, length = struct.unpack_from(">2HIH", message, offset)
            offset += 10
            if kind == _SRV:
                priority, weight, port = struct.unpack_from(">3H", message, offset)
                services.append(Service(priority, weight, port, _decode_name(message, offset + 6)[0]))
            offset += length
    except (struct.error, IndexError) as error:
        raise ValueError(f"a damaged answer: {error}") from None
    return services


def _encode_name(name: str) -> bytes:
    try:
        labels = [label.encode("idna") for label in name.strip(".").split(".")]
    except UnicodeError:
        labels = [b""]
    if not all(labels):
        raise UsageError("this is no name of a domain", where=name, hint="srv://example.com")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _decode_name(message: bytes, offset: int) -> tuple[str, int]:
    """A name and the offset behind it; a pointer may lead elsewhere, but only so often (RFC 1035, 4.1.4)."""
    labels: list[str] = []
    end = 0
    for _ in range(128):
        length = message[offset]
        if length >= 0xC0:
            end = end or offset + 2
            offset = (length & 0x3F) << 8 | message[offset + 1]
        elif length:
            labels.append(message[offset + 1 : offset + 1 + length].decode("ascii", "replace"))
            offset += 1 + length
        else:
            return ".".join(labels), end or offset + 1
    raise ValueError("a name that never ends")
