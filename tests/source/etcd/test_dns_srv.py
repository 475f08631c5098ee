"""
Endpoints by DNS SRV records: from a name server that is a fake.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest

from kstore.errors import StoreNotFound, StoreUnreachable, UsageError
from kstore.source.etcd.dns_srv import Service, discover, parse_answer

Answer = Callable[[bytes], bytes]


def encoded(name: str) -> bytes:
    """A name as a message holds it."""
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def answer(question: bytes, services: list[Service], code: int = 0) -> bytes:
    """An answer to a question, its records naming the question by a pointer; one of another kind comes first."""
    end = question.index(b"\0", 12) + 5
    head = struct.pack(">6H", struct.unpack(">H", question[:2])[0], 0x8180 | code, 1, len(services) + 1, 0, 0)
    records = [b"\xc0\x0c" + struct.pack(">2HIH", 16, 1, 60, 3) + b"\x02hi"]
    for one in services:
        data = struct.pack(">3H", one.priority, one.weight, one.port) + encoded(one.host)
        records.append(b"\xc0\x0c" + struct.pack(">2HIH", 33, 1, 60, len(data)) + data)
    return head + question[12:end] + b"".join(records)


class NameServer:
    """Answers with what `reply` makes of a question."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.reply: Answer = lambda question: answer(question, [])
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        """Until the socket is closed."""
        while True:
            try:
                question, asker = self.socket.recvfrom(4096)
                self.socket.sendto(self.reply(question), asker)
            except OSError:
                return

    def discover(self, domain: str = "example.com") -> list[str]:
        """Ask it."""
        return discover(domain, timeout=60, nameservers=[self.socket.getsockname()])


@pytest.fixture
def server() -> Iterator[NameServer]:
    """A name server."""
    found = NameServer()
    yield found
    found.socket.close()


def test_endpoints_in_their_order(server: NameServer) -> None:
    """TLS first; lower priorities first, and of one priority the heavier."""
    secure = [
        Service(2, 1, 2379, "c.example.com"),
        Service(1, 5, 2379, "b.example.com"),
        Service(1, 9, 2380, "a.example"),
    ]
    plain = [Service(1, 1, 1234, "d.example.com")]
    server.reply = lambda question: answer(question, secure if b"-ssl" in question else plain)
    assert server.discover() == [
        "https://a.example:2380",
        "https://b.example.com:2379",
        "https://c.example.com:2379",
        "http://d.example.com:1234",
    ]


def test_a_domain_without_etcd(server: NameServer) -> None:
    """No record, and no such name, are the same to whoever looks for etcd."""
    for code in (0, 3):
        server.reply = lambda question, code=code: answer(question, [], code)  # type: ignore[misc]
        with pytest.raises(StoreNotFound, match="no SRV record"):
            server.discover()


@pytest.mark.parametrize(
    "reply",
    [
        lambda question: b"",
        lambda question: question[:5],
        lambda question: answer(question, [Service(1, 1, 1, "a.example")])[:-4],
        lambda question: bytes([question[0] ^ 1]) + answer(question, [])[1:],
        lambda question: answer(question, [], 2),
    ],
)
def test_answers_that_are_none(server: NameServer, reply: Answer) -> None:
    """Cut short, to another question, a refusal: said, with the name server."""
    server.reply = reply
    with pytest.raises(StoreUnreachable, match=r"no name server answers \(127\.0\.0\.1"):
        server.discover()


def test_a_name_that_never_ends() -> None:
    """A pointer to itself is a damaged answer, not a loop."""
    with pytest.raises(ValueError, match="never ends"):
        parse_answer(struct.pack(">6H", 7, 0x8180, 1, 0, 0, 0) + b"\xc0\x0c", 7)


@pytest.mark.parametrize("domain", ["a..b", "x" * 64 + ".com", ""])
def test_what_is_no_domain(domain: str) -> None:
    """It is a usage error, before anybody is asked."""
    with pytest.raises(UsageError, match="no name of a domain"):
        discover(domain, nameservers=[("127.0.0.1", 1)])


@pytest.mark.parametrize("before", [0, 100, 300, 1500])
def test_a_name_that_is_elsewhere(before: int) -> None:
    """A pointer has fourteen bits: what it leads to may lie anywhere in a large answer."""
    filler = b"\0" + struct.pack(">2HIH", 16, 1, 60, before) + bytes(before)
    place = 12 + len(filler) + 11
    told = b"\0" + struct.pack(">2HIH", 16, 1, 60, 19) + encoded("etcd.example.com") + b"x"
    data = struct.pack(">3H", 1, 2, 2379) + struct.pack(">H", 0xC000 | place)
    service = b"\0" + struct.pack(">2HIH", 33, 1, 60, len(data)) + data
    message = struct.pack(">6H", 7, 0x8180, 0, 3, 0, 0) + filler + told + service
    assert parse_answer(message, 7) == [Service(1, 2, 2379, "etcd.example.com")]


def test_a_name_server_that_is_away(server: NameServer) -> None:
    """The next one is asked."""
    server.reply = lambda question: answer(question, [Service(1, 1, 2379, "a.example")])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        away = taken.getsockname()
    found = discover("example.com", timeout=60, nameservers=[away, server.socket.getsockname()])
    assert found == ["https://a.example:2379", "http://a.example:2379"]
