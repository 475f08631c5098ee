"""From what people write, variables and the config file to the store that is meant."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from kstore.errors import NotADatabase, StoreNotFound, StoreUnreachable, UsageError
from kstore.source.location.address import (
    DEFAULT,
    DEFAULT_ORIGIN,
    Location,
    is_live,
    locate_store,
    open_location,
    open_source,
    parse_duration,
    uses_tls,
)
from kstore.source.location.config_file import read_contexts
from kstore.source.options import SourceOptions

CONFIG = """
current-context: production
contexts:
  production:
    store: https://10.0.0.1:2379
    cacert: pki/ca.crt
    user: reader
    dial-timeout: 2
    insecure-skip-tls-verify: true
    etcd-prefix: /kubernetes.io
  backup:
    store: saved.db
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A config file, and a backup beside it."""
    path = tmp_path / "config" / "kstore" / "config.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(CONFIG)
    (path.parent / "saved.db").write_bytes(b"")
    return path


def located(tmp_path: Path, address: str = "", context: str = "", **variables: str) -> tuple[str, SourceOptions, str]:
    """What is meant, on a machine without a control plane."""
    environment = {"HOME": str(tmp_path / "home"), **variables}
    found = locate_store(address, context=context, environment=environment, root=tmp_path / "root")
    return found.address, found.options, found.origin


def test_who_counts_first(tmp_path: Path, config: Path) -> None:
    """The address, then the context, kstore's variable, etcdctl's, the current context, the default."""
    everything = {
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "KSTORE_STORE": "demo",
        "ETCDCTL_ENDPOINTS": "http://etcd:2379",
    }
    assert located(tmp_path, "here.db", "backup", **everything)[0] == "here.db"
    assert located(tmp_path, "", "backup", **everything)[0] == str(config.parent / "saved.db")
    assert located(tmp_path, **everything)[0] == "demo"
    del everything["KSTORE_STORE"]
    assert located(tmp_path, **everything)[0] == "http://etcd:2379"
    del everything["ETCDCTL_ENDPOINTS"]
    assert located(tmp_path, **everything)[0] == "https://10.0.0.1:2379"
    assert located(tmp_path) == (DEFAULT, SourceOptions(), "the default")


def test_a_context(config: Path) -> None:
    """A context has the options that it names; files are beside the config file."""
    context = read_contexts(config).named("production")
    assert context.etcd_prefix == "/kubernetes.io"
    assert context.options == SourceOptions(
        cacert=config.parent / "pki/ca.crt", user="reader", dial_timeout=2, insecure_skip_tls_verify=True
    )


def test_files_of_a_home(config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`~` is the user's own folder in each member that names a file."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "a.db").touch()
    members = "cacert: ~/ca.crt, key: ~/a.key, encryption-provider-config: ~/enc.yaml"
    config.write_text(f"contexts: {{a: {{store: ~/a.db, {members}}}}}")
    context = read_contexts(config).named("a")
    home = tmp_path / "home"
    assert (context.options.cacert, context.options.key) == (home / "ca.crt", home / "a.key")
    assert (context.store, context.encryption_config) == (str(home / "a.db"), str(home / "enc.yaml"))


@pytest.mark.parametrize(
    ("given", "found"),
    [(SourceOptions(), ("ops", "p w")), (SourceOptions(user="root", password="other"), ("root", "other"))],
)
def test_a_user_in_the_address(tmp_path: Path, given: SourceOptions, found: tuple[str, str]) -> None:
    """It goes to the options and is shown nowhere; one that is named beside the address comes first."""
    location = locate_store("https://ops:p%20w@10.0.0.1:2379", given, environment={}, root=tmp_path)
    assert location.address == "https://10.0.0.1:2379"
    assert (location.options.user, location.options.password) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("contexts: {a: {store: x, color: red}}", "unknown words: color"),
        ("contexts: {a: {}}", "needs a store"),
        ("contexts: {a: {store: x, dial-timeout: soon}}", "dial-timeout cannot be 'soon'"),
        ("contexts: {a: {store: x, dial-timeout: true}}", "dial-timeout cannot be True"),
        ("contexts: {b: {store: x}}", "no context 'a'"),
        ("contexts: []", None),
        ("contexts: 7", "no map"),
        ("[", "not YAML"),
        ("\0", "not YAML"),
    ],
)
def test_a_config_file_that_is_wrong(tmp_path: Path, text: str, found: str | None) -> None:
    """Whatever is wrong with a config file is named, with the file."""
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=found or "no context") as caught:
        read_contexts(path).named("a")
    assert str(path) in caught.value.where


def test_etcdctls_variables(tmp_path: Path) -> None:
    """etcdctl's variables fill in what is not given, but no certificates where nothing is encrypted."""
    variables = {
        "ETCDCTL_CACERT": "/ca.crt",
        "ETCDCTL_CERT": "/client.crt",
        "ETCDCTL_KEY": "/client.key",
        "ETCDCTL_USER": "root:secret:word",
        "ETCDCTL_DIAL_TIMEOUT": "1m30s",
        "ETCDCTL_INSECURE_SKIP_TLS_VERIFY": "true",
    }
    _, options, _ = located(tmp_path, "https://etcd:2379", **variables)
    assert options == SourceOptions(
        cacert=Path("/ca.crt"),
        cert=Path("/client.crt"),
        key=Path("/client.key"),
        user="root",
        password="secret:word",
        dial_timeout=90,
        insecure_skip_tls_verify=True,
    )
    for plain in ("http://etcd:2379", "unix:///run/kine.sock", "etcd2+http://etcd:4001"):
        _, options, _ = located(tmp_path, plain, **variables)
        assert (options.cacert, options.insecure_skip_tls_verify, options.user) == (None, False, "root")
    for password, kept in (("secret", "secret"), ("", "of its own")):
        user = f"root:{password}" if password else "root"
        _, options, _ = located(tmp_path, "etcd:2379", ETCDCTL_USER=user, ETCDCTL_PASSWORD="of its own")
        assert (options.user, options.password) == ("root", kept)
    given = SourceOptions(user="me", cacert=Path("mine.crt"))
    found = locate_store("https://etcd:2379", given, environment=variables, root=tmp_path)
    assert (found.options.user, found.options.cacert, found.options.key) == (
        "me",
        Path("mine.crt"),
        Path("/client.key"),
    )


@pytest.mark.parametrize(
    ("address", "live"),
    [
        ("https://10.0.0.1:2379", True),
        ("http://[::1]:2379", True),
        ("localhost:2379", True),
        ("[::1]:2379,10.0.0.1:2379", True),
        ("unix:///run/kine.sock", True),
        ("srv://example.com", True),
        ("backup.db", False),
        ("/var/lib/etcd", False),
        ("C:/backup", False),
    ],
)
def test_servers_and_files(address: str, live: bool) -> None:
    """Endpoints are told from paths."""
    assert is_live(address) == live


@pytest.mark.parametrize(
    ("address", "tls"),
    [
        ("https://etcd:2379", True), ("http://etcd:2379", False), ("etcd:2379", True), ("unix:///run/kine.sock", False),
        ("http://a:2379,https://b:2379", True), ("http://a:2379, http://b:2379", False),
        ("http://a:2379,unix:///run/b.sock", False), ("etcd2+https://etcd:4001", True),
        ("etcd2+http://etcd:4001", False), ("srv://example.com", True), ("s3://bucket/a.db", True),
        ("https://example.com/a.db", True), ("http://example.com/a.db", False), ("backup.db", False),
    ],
)  # fmt: skip
def test_where_a_certificate_is_looked_at(address: str, tls: bool) -> None:
    """Where one of the servers at least is spoken to over TLS."""
    assert uses_tls(address) is tls


def test_a_file_is_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there as a file is a file, whatever it is called."""
    (tmp_path / "snapshot:1").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    assert not is_live("snapshot:1")
    with pytest.raises(NotADatabase):
        open_source("snapshot:1")


@pytest.mark.parametrize(("text", "seconds"), [("5s", 5), ("500ms", 0.5), ("1m30s", 90), ("1.5h", 5400), ("7", 7)])
def test_durations(text: str, seconds: float) -> None:
    """Durations as Go writes them, and plain seconds."""
    assert parse_duration(text, "") == seconds
    with pytest.raises(UsageError):
        parse_duration(f"{text} or so", "--dial-timeout")


def test_a_pipe_is_no_store(tmp_path: Path) -> None:
    """A database is read to and fro, which a pipe cannot: that is said, and nobody waits for its writer."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/null")):
        with pytest.raises(NotADatabase, match="neither a file nor a directory"):
            open_source(str(path))


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("file:///backups/a.db", "/backups/a.db"),
        ("file://localhost/a%20b.tar!c.db", "/a b.tar!c.db"),
        ("/backups/a.db", "/backups/a.db"),
    ],
)
def test_files_as_urls(address: str, path: str) -> None:
    """A file may be named as a URL; of another machine it cannot be."""
    assert locate_store(address, environment={}).address == path
    with pytest.raises(UsageError, match="no file of this machine"):
        locate_store("file://elsewhere/a.db", environment={})


@pytest.mark.parametrize("address", ["unix:etcd.sock", "unix:///run/etcd.sock", "unixs:///run/etcd.sock"])
def test_sockets_are_servers(address: str) -> None:
    """Whether the file is there or not."""
    assert is_live(address)


@pytest.mark.parametrize(
    ("name", "error", "message", "hint"),
    [
        ("backup.bd", StoreNotFound, "no such file", "did you mean '{folder}/backup.db'?"),
        ("other", StoreNotFound, "no such file", "a running etcd is https://HOST:PORT"),
        ("nowhere/backup.db", StoreNotFound, "there is no directory {folder}/nowhere", ""),
    ],
)
def test_nearly_the_name_of_a_file(
    tmp_path: Path, name: str, error: type[StoreNotFound], message: str, hint: str
) -> None:
    """What is missing is said: the directory, or the file, and which one was meant."""
    (tmp_path / "backup.db").touch()
    with pytest.raises(error) as caught:
        open_source(str(tmp_path / name))
    assert message.format(folder=tmp_path) in caught.value.message
    assert caught.value.hint == hint.format(folder=tmp_path)


def test_an_unknown_scheme() -> None:
    """`ftp://` is no file `ftp:`."""
    with pytest.raises(UsageError) as caught:
        open_source("ftp://host/backup.db")
    assert caught.value.where == "ftp://host/backup.db"
    assert "s3://" in caught.value.hint


@pytest.mark.parametrize(
    ("given", "variables", "said"),
    [
        ("http://127.0.0.1:1", {}, ""),
        ("", {"KSTORE_STORE": "http://127.0.0.1:1"}, "; the address comes from $KSTORE_STORE"),
        ("", {"ETCDCTL_ENDPOINTS": "127.0.0.1:1"}, "; the address comes from $ETCDCTL_ENDPOINTS"),
    ],
)
def test_nothing_answers(given: str, variables: dict[str, str], said: str) -> None:
    """What to look at is told, and who named the address if it was not named with the call."""
    with pytest.raises(StoreUnreachable, match="connection refused") as caught:
        open_source(given, environment=variables)
    assert caught.value.hint == (
        f"see that etcd runs there, and on which port: its clients use 2379 unless it is configured otherwise{said}"
    )


def test_nobody_named_a_store() -> None:
    """The default is an etcd on this machine; where none answers the demo store is offered."""
    with pytest.raises(StoreUnreachable) as caught:
        open_location(Location("http://127.0.0.1:1", origin=DEFAULT_ORIGIN))
    assert caught.value.hint.endswith(
        "; no store was named with `address=`; `address='demo'` is a small cluster that comes with kstore"
    )


def test_a_folder_whose_only_archive_has_no_store(tmp_path: Path) -> None:
    """The archive is named, and that there is nothing else."""
    (tmp_path / "notes.txt").write_text("hello")
    with tarfile.open(tmp_path / "other.tar", "w") as archive:
        archive.add(tmp_path / "notes.txt", "notes.txt")
    with pytest.raises(NotADatabase) as caught:
        open_source(str(tmp_path))
    assert caught.value.where == str(tmp_path / "other.tar")
    assert caught.value.hint == f"nothing else in {tmp_path} can be a store"
