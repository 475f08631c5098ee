"""
docs/reference/configuration.md: its tables are what the code reads, and each row does what it says.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from kstore.errors import UsageError
from kstore.source.location import config_file
from kstore.source.location.address import locate_store

MEMBERS = {
    "store": ("https://10.0.0.9:2379", lambda found: found.address),
    "etcd-prefix": ("/elsewhere", lambda found: found.etcd_prefix),
    "encryption-provider-config": ("encryption.yaml", lambda found: Path(found.encryption_config).name),
    "cacert": ("ca.crt", lambda found: found.options.cacert.name),
    "cert": ("client.crt", lambda found: found.options.cert.name),
    "key": ("client.key", lambda found: found.options.key.name),
    "user": ("root", lambda found: found.options.user),
    "password": ("secret", lambda found: found.options.password),
    "tls-server-name": ("etcd.example.com", lambda found: found.options.tls_server_name),
    "insecure-skip-tls-verify": (True, lambda found: found.options.insecure_skip_tls_verify),
    "serializable": (True, lambda found: found.options.serializable),
    "dial-timeout": (2.5, lambda found: found.options.dial_timeout),
    "command-timeout": (7, lambda found: found.options.command_timeout),
}
"""For each member of a context a value, and where it comes out."""
VARIABLES = {
    "KSTORE_STORE": ("https://10.0.0.1:2379", lambda found: found.address),
    "ETCDCTL_ENDPOINTS": ("https://10.0.0.2:2379", lambda found: found.address),
    "ETCDCTL_CACERT": ("/a/ca.crt", lambda found: str(found.options.cacert)),
    "ETCDCTL_CERT": ("/a/client.crt", lambda found: str(found.options.cert)),
    "ETCDCTL_KEY": ("/a/client.key", lambda found: str(found.options.key)),
    "ETCDCTL_USER": ("root", lambda found: found.options.user),
    "ETCDCTL_DIAL_TIMEOUT": ("3s", lambda found: f"{found.options.dial_timeout:.0f}s"),
    "ETCDCTL_COMMAND_TIMEOUT": ("9s", lambda found: f"{found.options.command_timeout:.0f}s"),
}
READ = re.compile(
    r"""(?:environ(?:\.get|\[)?|variables(?:\.get|\[))[\(\[]?["']([A-Z][A-Z_]+)["']|envvar=["'](\w+)["']"""
)
NAMED_OTHERWISE = {"ETCDCTL_DISCOVERY_SRV", "ETCDCTL_ENDPOINTS", "TMPDIR"}
"""Read through a loop over their names, or by Python itself."""
NOT_SETTINGS = {"GRPC_VERBOSITY", "COMP_WORDS", "COMP_CWORD"}
"""Set by kstore for a library, or by the shell that asks for completion; no settings."""


def rows(repository: Path, heading: str, number: int = 0) -> list[list[str]]:
    """The rows of one of the page's tables."""
    page = (repository / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")
    table = page.split(f"\n| {heading} |")[number + 1].split("\n\n")[0]
    return [[cell.strip().strip("`") for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]


def test_the_members_of_a_context(repository: Path) -> None:
    """The page, the code and this test have the same."""
    named = [name for name, *_ in rows(repository, "member", 1)]
    assert sorted(named) == sorted(config_file._WORDS)
    assert sorted(named) == sorted(MEMBERS)


@pytest.mark.parametrize("name", MEMBERS)
def test_each_member_counts(tmp_path: Path, name: str) -> None:
    """A context with the member has what it says; of another type it is an error."""
    value, shown = MEMBERS[name]
    path = tmp_path / "config.yaml"
    write(path, {"store": "https://10.0.0.1:2379"} | {name: value})
    found = locate_store(context="one", environment={"KSTORE_CONFIG": str(path)})
    assert shown(found) == value
    write(path, {"store": "https://10.0.0.1:2379"} | {name: ["a list"]})
    with pytest.raises(UsageError):
        locate_store(context="one", environment={"KSTORE_CONFIG": str(path)})


def write(path: Path, context: dict[str, Any]) -> None:
    """A config file with one context."""
    import yaml

    path.write_text(yaml.safe_dump({"contexts": {"one": context}}))


@pytest.mark.parametrize("name", VARIABLES)
def test_each_variable_counts(name: str, tmp_path: Path) -> None:
    """A store that the environment describes is described so."""
    value, shown = VARIABLES[name]
    others = {} if name in ("KSTORE_STORE", "ETCDCTL_ENDPOINTS") else {"KSTORE_STORE": "https://10.0.0.1:2379"}
    found = locate_store(environment={"XDG_CONFIG_HOME": str(tmp_path), name: value} | others)
    assert shown(found) == value


def test_the_variables(repository: Path) -> None:
    """Each variable that the code reads is on the page, and no other."""
    source = repository / "src" / "kstore"
    text = "\n".join(path.read_text(encoding="utf-8") for path in source.rglob("*.py"))
    read = {one or other for one, other in READ.findall(text)} | NAMED_OTHERWISE
    read |= set(re.findall(r'"(ETCDCTL_[A-Z_]+)"', text))
    assert {name for name, *_ in rows(repository, "variable")} == read - NOT_SETTINGS


def test_the_order(tmp_path: Path) -> None:
    """The option, the context, KSTORE_STORE, etcdctl's variables, the current context."""
    path = tmp_path / "config.yaml"
    path.write_text("current-context: one\ncontexts: {one: {store: 'https://10.0.0.5:2379'}}\n")
    variables = {
        "KSTORE_STORE": "https://10.0.0.3:2379",
        "ETCDCTL_ENDPOINTS": "https://10.0.0.4:2379",
        "KSTORE_CONFIG": str(path),
    }
    answers = [locate_store("https://10.0.0.1:2379", context="one", environment=variables).address]
    answers.append(locate_store(context="one", environment=variables).address)
    for name in list(variables):
        answers.append(locate_store(environment=variables).address)
        del variables[name]
    assert [answer.split(":")[1][-1] for answer in answers] == ["1", "5", "3", "4", "5"]
