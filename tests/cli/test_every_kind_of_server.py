"""
The same commands on the same store, however its server is reached: each answers what it answers of a plain etcd.

Behind a proxy, from a learner or the last of three members, with every kind of certificate, through a socket, and as a
user who may read the cluster's prefix and nothing else.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from difflib import unified_diff
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from tests.cli.conftest import Kstore
from tests.cli.conftest import kstore as kstore
from tests.patience import COMMAND_TIMEOUT, SECONDS, until
from tests.source.conftest import Authority, TlsEtcd
from tests.source.conftest import authority as authority
from tests.source.conftest import connect as connect
from tests.source.conftest import start_tls_etcd as start_tls_etcd
from tests.source.etcd.test_servers_as_they_are import grpc_proxy
from tests.source.etcd.test_servers_as_they_are import learner as learner
from tools.cluster import Etcd, Server, find_etcd

from kstore.records import Delete, Mutation, Put
from kstore.source.etcd.live import LiveSource
from kstore.source.location.demo import open_demo

pytestmark = [pytest.mark.etcd, pytest.mark.slow]

DEPLOYMENT = "/registry/deployments/default/webserver"
READ: tuple[tuple[str, ...], ...] = (
    ("ls",),
    ("ls", "/", "-o", "keys"),
    ("ls", "deploy", "-o", "name"),
    ("ls", "-n", "shop", "-o", "name"),
    ("ls", "crontabs", "-A", "-o", "yaml"),
    ("ls", "/", "--stored-version", "apps/v1beta*", "-o", "keys"),
    ("ls", "/registry/configmaps", "-o", "jsonl", "--rev", "250"),
    ("get", "deploy/default/webserver", "-o", "yaml"),
    ("get", "secret/shop/payment-gateway", "-o", "json"),
    ("get", DEPLOYMENT, "-o", "storage"),
    ("get", DEPLOYMENT, "-o", "raw"),
    ("releases", "--diff", "1.29", "1.37"),
    ("ls", "/registry/", "-o", "keys"),
    ("diff", "@250", "@", "/registry", "-o", "jsonl"),
    ("diff", "@250", "@"),
    ("check", "--skip", "foreign-keys", "-o", "json"),
    ("check", "--skip", "foreign-keys", "--target-release", "1.34"),
    ("crds",),
    ("resources", "-o", "json"),
    ("sql", "select resource, count(*), sum(size), max(mod_revision) from objects group by 1 order by 1", "-o", "csv"),
    ("migrate", "--to-release", "1.37", "--dry-run=diff"),
    ("delete", "configmaps", "-n", "shop", "--all", "--dry-run"),
    ("restore", DEPLOYMENT, "--from-rev", "250", "--overwrite", "--dry-run"),
)
"""What needs no more than to read the cluster."""
HISTORY: tuple[tuple[str, ...], ...] = (
    ("history", DEPLOYMENT, "-o", "jsonl"),
    ("history", "/registry/configmaps", "-o", "lines"),
    ("history", "/registry", "--deleted", "-o", "jsonl"),
    ("sql", "select change, count(*) from history group by 1 order by 1", "-o", "csv"),
)
"""What needs the history as well, which a learner does not tell."""
WHOLE: tuple[tuple[str, ...], ...] = (("prefixes",), ("analyze", "-o", "json"), ("prove", "-o", "json"))
"""What is of the whole store, which a user of one prefix cannot read: it is said so, or left out."""
WRITE: tuple[tuple[str, ...], ...] = (
    ("migrate", "--to-release", "1.37", "--yes", "--journal", "migrate.journal", "-o", "json"),
    ("migrate", "verify", "migrate.journal"),
    ("migrate", "rollback", "migrate.journal", "--yes"),
    ("delete", "configmaps", "-n", "shop", "--all", "--yes", "--keep", "kept"),
    ("restore", "/registry/configmaps/shop", "--from", "kept", "--yes"),
    ("restore", DEPLOYMENT, "--from-rev", "250", "--overwrite", "--yes"),
)
"""What changes the store, in this order."""
VARYING = {"store", "sha256", "digest", "seconds", "time", "perMinute"}
"""Members of JSON documents that etcds of the same content do not have in common, such as the size of the file."""
TIMES = r"(?<!\w)\d+(\.\d+)? ?(ms|s|seconds)\b|\d+ d \d+ h|\d+ h \d+ min|(?<=-)\d{8}T\d+"
"""What a command took, the age of a backup, and the hour within the name of a new file."""

UNVERIFIED = r"kstore: warning: the certificate of STORE is not verified .*\n"
"""What is said first of a server whose certificate was not looked at."""


@dataclass(frozen=True)
class Reached:
    """How a store that has been filled is reached."""

    options: tuple[str, ...]
    """What each command is told."""
    direct: LiveSource
    """A connection that may do everything."""
    votes: bool = True
    reads_all: bool = True
    writes: bool = True


def filled(source: LiveSource) -> LiveSource:
    """The demo store with its history, and a key of others, in an empty etcd."""
    current: dict[bytes, int] = {}
    with open_demo() as demo:
        for _, one_revision in groupby(demo.history_scan(), lambda one: one.record.mod_revision):
            changes: list[Mutation] = []
            for one in one_revision:
                key, before = one.record.key, current.get(one.record.key, 0)
                if one.deleted and before:
                    changes.append(Delete(key, before))
                elif not one.deleted:
                    changes.append(Put(key, one.record.value, before))
            if changes:
                committed = source.commit(changes)
                assert committed.succeeded
                current |= {one.key: 0 if isinstance(one, Delete) else committed.revision for one in changes}
    source.commit([Put(b"/others/1", b"1", 0)])
    return source


def answers(kstore: Kstore, reached: Reached, commands: tuple[tuple[str, ...], ...]) -> dict[str, tuple[int, Any, str]]:
    """Exit code, output and messages of each command, without what is of the server and not of its content."""
    return {" ".join(words): _answer(kstore, reached, words) for words in commands}


def _answer(kstore: Kstore, reached: Reached, words: tuple[str, ...]) -> tuple[int, Any, str]:
    ran = kstore(*words, *reached.options)
    store = reached.options[1]

    def without(text: str) -> str:
        plain = text.replace(store, "STORE").replace(store.partition("://")[2], "STORE")
        return re.sub(TIMES, "TIME", re.sub(UNVERIFIED, "", plain))

    if "json" in words and ran.out:
        return ran.code, _agreed(json.loads(without(ran.text))), without(ran.err)
    return ran.code, without(ran.out.decode("latin-1")), without(ran.err)


def _agreed(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: _agreed(value) for name, value in found.items() if name not in VARYING}
    return [_agreed(one) for one in found] if isinstance(found, list) else found


def _difference(name: str, expected: Any, found: Any) -> str:
    before, after = (json.dumps(one, indent=1, default=repr).splitlines() for one in (expected, found))
    return "\n".join((name, *unified_diff(before, after, "a plain etcd", "this one", lineterm="", n=1)))


# ---- the kinds


def plain(own: Callable[[str], Any]) -> Reached:
    """An etcd of one member, without TLS: what the others are held against."""
    server = own("etcd_server")
    return Reached(("--store", server.endpoint), filled(own("connect")(server.endpoint)))


def behind_a_proxy(own: Callable[[str], Any]) -> Reached:
    """`etcd grpc-proxy` is asked."""
    direct = filled(own("connect")(own("etcd_server").endpoint))
    return Reached(("--store", own("proxy")), direct)


def a_learner_alone(own: Callable[[str], Any]) -> Reached:
    """It answers serializable reads, and nothing is written there."""
    direct, endpoint = filled(own("connect")(own("etcd_server").endpoint)), own("learner")
    behind = own("connect")(endpoint, serializable=True, dial_timeout=SECONDS)
    until(lambda: behind.revision() == direct.revision())
    return Reached(
        ("--store", endpoint, "--consistency", "serializable"), direct, votes=False, reads_all=False, writes=False
    )


def a_learner_first(own: Callable[[str], Any]) -> Reached:
    """The voting member behind it among the endpoints answers."""
    server, endpoint = own("etcd_server"), own("learner")
    return Reached(("--store", f"{endpoint},{server.endpoint}"), filled(own("connect")(server.endpoint)))


def without_a_quorum(own: Callable[[str], Any]) -> Reached:
    """The last of three members."""
    servers: list[Server] = own("three_members")
    direct = filled(own("connect")(*[one.endpoint for one in servers]))
    behind = own("connect")(servers[2].endpoint, serializable=True, dial_timeout=SECONDS)
    until(lambda: behind.count() == direct.count())
    for server in servers[:2]:
        server.kill()
    return Reached(("--store", servers[2].endpoint, "--consistency", "serializable"), behind, writes=False)


def with_certificate(issued: Callable[[Authority], tuple[Path, Path]], *, verified: bool = True) -> Any:
    """An etcd whose certificate is verified, or is one that nobody should accept."""

    def reached(own: Callable[[str], Any]) -> Reached:
        trusted = own("authority")
        server = own("start_tls_etcd")(issued(trusted), client_cert_auth="false", trusted_ca_file="")
        options = ("--cacert", str(trusted.cacert)) if verified else ("--insecure-skip-tls-verify",)
        direct = own("connect")(server.endpoint, **{"cacert": trusted.cacert} if verified else {"insecure_skip_tls_verify": True})  # noqa: E501  # fmt: skip
        return Reached(("--store", server.endpoint, *options), filled(direct))

    return reached


def with_client_certificate(own: Callable[[str], Any]) -> Reached:
    """An etcd that wants one of its clients."""
    trusted: Authority = own("authority")
    server: TlsEtcd = own("start_tls_etcd")()
    cert, key = trusted.issue("client")
    options = ("--cacert", str(trusted.cacert), "--cert", str(cert), "--key", str(key))
    direct = own("connect")(server.endpoint, cacert=trusted.cacert, cert=cert, key=key)
    return Reached(("--store", server.endpoint, *options), filled(direct))


def a_user_of_one_prefix(own: Callable[[str], Any]) -> Reached:
    """The user's only role is for `/registry/`; what is beside it is not theirs to see."""
    endpoint = own("etcd_server").endpoint
    filled(own("connect")(endpoint))
    for words in (
        "user add root:rootpw", "user grant-role root root", "user add t:tpw", "role add t",
        "role grant-permission t --prefix readwrite /registry/", "user grant-role t t", "auth enable",
    ):  # fmt: skip
        command = [str(find_etcd("etcdctl")), f"--endpoints={endpoint}", COMMAND_TIMEOUT, *words.split()]
        subprocess.run(command, check=True, capture_output=True)
    direct = own("connect")(endpoint, user="root", password="rootpw")
    return Reached(("--store", endpoint, "--user", "t:tpw"), direct, reads_all=False)


KINDS: dict[str, Callable[[Callable[[str], Any]], Reached]] = {
    "plain": plain,
    "proxy": behind_a_proxy,
    "learner": a_learner_alone,
    "learner first": a_learner_first,
    "no quorum": without_a_quorum,
    "RSA": with_certificate(lambda by: by.issue("rsa", key=rsa.generate_private_key(65537, 2048))),
    "P-256": with_certificate(lambda by: by.issue("p256")),
    "P-384": with_certificate(lambda by: by.issue("p384", key=ec.generate_private_key(ec.SECP384R1()))),
    "P-521": with_certificate(lambda by: by.issue("p521", key=ec.generate_private_key(ec.SECP521R1()))),
    "Ed25519": with_certificate(lambda by: by.issue("ed", key=ed25519.Ed25519PrivateKey.generate())),
    "expired": with_certificate(lambda by: by.issue("late", days=-1), verified=False),
    "not valid yet": with_certificate(lambda by: by.issue("early", since=-5), verified=False),
    "client certificate": with_client_certificate,
    "user of a prefix": a_user_of_one_prefix,
}


@pytest.fixture
def proxy(etcd_server: Etcd, etcd_binary: Path, tmp_path: Path) -> Iterator[str]:
    """An `etcd grpc-proxy` before the test's etcd."""
    with grpc_proxy(etcd_binary, tmp_path, etcd_server.endpoint) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def expected(
    kstore: Kstore, etcd_binary: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[int, Any, str]]:
    """What the commands answer of a plain etcd, and what is stored after those that write."""
    folder = tmp_path_factory.mktemp("plain")
    with Etcd(etcd_binary, folder) as server, LiveSource([server.endpoint]) as source, pytest.MonkeyPatch.context() as patch:  # noqa: E501  # fmt: skip
        patch.chdir(folder)
        patch.setenv("KSTORE_PAGER", "")
        found = everything(kstore, Reached(("--store", server.endpoint), filled(source)))
    for words in (*READ, *HISTORY, *WRITE):
        assert found[" ".join(words)][0] in (0, 3, 5), found[" ".join(words)]
    return found


def everything(kstore: Kstore, reached: Reached) -> dict[str, Any]:
    """What the commands that this kind of store has answer, and what is stored in the end."""
    patient = ("--dial-timeout", f"{SECONDS}s", "--command-timeout", f"{SECONDS}s")
    options = (*reached.options, "--etcd-prefix", "/registry", *patient)
    scoped = replace(reached, options=options)
    found: dict[str, Any] = answers(kstore, scoped, READ)
    if reached.votes:
        found |= answers(kstore, scoped, HISTORY)
    if reached.reads_all:
        found |= answers(kstore, scoped, WHOLE)
    if reached.writes:
        found |= answers(kstore, scoped, WRITE)
        found["stored"] = [(one.key, one.value, one.mod_revision) for one in reached.direct.scan()]
    return found


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.alone) if kind == "no quorum" else kind for kind in KINDS]
)
def test_as_of_a_plain_etcd(
    kind: str, kstore: Kstore, expected: dict[str, Any], request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    """Each command's exit code, output and messages; and each key, value and revision that writing left."""
    monkeypatch.chdir(tmp_path)
    reached = KINDS[kind](request.getfixturevalue)
    found = everything(kstore, reached)
    other = "\n".join(_difference(name, expected[name], found[name]) for name in found if found[name] != expected[name])
    assert not other, other


def test_what_a_learner_does_not_tell(
    kstore: Kstore, connect: Callable[..., LiveSource], etcd_server: Etcd, learner: str
) -> None:
    """The error says so, and not to ask for what was asked for already; `analyze` does without the history."""
    direct = filled(connect(etcd_server.endpoint))
    behind = connect(learner, serializable=True, dial_timeout=SECONDS)
    until(lambda: behind.revision() == direct.revision())
    options = ("--store", learner, "--consistency", "serializable", "--dial-timeout", f"{SECONDS}s")
    for words in HISTORY:
        ran = kstore(*words, *options)
        assert ran.code == 1, words
        assert "a learner shows what is stored now" in ran.err
        assert "voting member" in ran.err
        assert "--consistency" not in ran.err
    ran = kstore("analyze", "-o", "json", *options)
    assert ran.code == 0, ran.err
    assert ran.json["history"] is False
    assert sum(one["objects"] for one in ran.json["resources"]) == 264
