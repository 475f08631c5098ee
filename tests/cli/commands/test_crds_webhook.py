"""
`--crds` with CRDs whose conversion webhook works: a process on loopback, with a certificate of its own.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from tests.cli.conftest import Kstore
from tests.customresource import webhook_process
from tools.hostile_server import self_signed

import kstore as library

CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: kites.sky.example.com}
spec:
  group: sky.example.com
  scope: Namespaced
  names: {plural: kites, kind: Kite, listKind: KiteList}
  conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v1], clientConfig: CLIENT}}
  versions:
  - {name: v1, served: true, storage: false, schema: {openAPIV3Schema: {type: object, properties: {spec:
     {type: object, properties: {tail: {type: string}}}}}}}
  - {name: v2, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec:
     {type: object, properties: {line: {type: string}, color: {type: string, default: red}}}}}}}
"""
OLD = b'{"apiVersion":"sky.example.com/v1","kind":"Kite","metadata":{"name":"a","namespace":"b"},"spec":{"tail":"x"}}'
NEW = (
    b'{"apiVersion":"sky.example.com/v2","kind":"Kite","metadata":{"generation":2,"name":"a","namespace":"b"},'
    b'"spec":{"color":"red","line":"x"}}\n'
)


@dataclass(frozen=True)
class Hook:
    """The running webhook."""

    process: subprocess.Popen[str]
    url: str
    bundle: str

    def crds(self, folder: Path, client: str) -> str:
        """A file with the CRD, and where its webhook is said to be."""
        path = folder / "crds.yaml"
        path.write_text(CRD.replace("CLIENT", f"{{{client}, caBundle: {self.bundle}}}"))
        return str(path)


@pytest.fixture
def hook(tmp_path: Path) -> Iterator[Hook]:
    """Its certificate is for the address, and for the name of a service."""
    names = x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("hook.sky.svc")
    bundle = base64.b64encode(self_signed(tmp_path / "hook.pem", *names)).decode()
    command = [sys.executable, webhook_process.__file__, str(tmp_path / "hook.pem")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Hook(process, f"https://127.0.0.1:{process.stdout.readline().strip()}/convert", bundle)
        finally:
            process.kill()


def test_objects_go_through_it(kstore: Kstore, hook: Hook, tmp_path: Path) -> None:
    """Where the CRD says, if that is allowed, or where the user says; each way, alone and in a batch."""
    at_url, of_service = f"url: '{hook.url}'", "service: {name: hook, namespace: sky}"
    for client, allowed in ((at_url, ["--allow-webhooks"]), (of_service, ["--webhook-url", hook.url])):
        crds = ["--crds", hook.crds(tmp_path, client), *allowed]
        assert kstore("convert", *crds, stdin=OLD).out == NEW
        back = kstore("convert", *crds, "--to", "sky.example.com/v1", stdin=NEW).json
        assert (back["apiVersion"], back["spec"]) == ("sky.example.com/v1", {"tail": "x"})
        assert kstore("convert", *crds, stdin=NEW).out == NEW
        values = (OLD, OLD.replace(b'"a"', b'"stuck"'), NEW)
        lines = b"\n".join(json.dumps({"value": base64.b64encode(one).decode()}).encode() for one in values)
        ran = kstore("convert", "--batch", *crds, stdin=lines)
        first, second, third = map(json.loads, ran.out.splitlines())
        assert [base64.b64decode(one["value"]) for one in (first, third)] == [NEW, NEW]
        assert "it hangs in a tree" in json.dumps(second)


def test_the_library_asks_it(hook: Hook, tmp_path: Path) -> None:
    """`Scheme(crds=…)` does the same."""
    crds = hook.crds(tmp_path, f"url: '{hook.url}'")
    assert library.Scheme("1.37", crds=crds, allow_webhooks=True).convert(OLD) == NEW
    with pytest.raises(library.NotConvertible):
        library.Scheme("1.37", crds=crds).convert(OLD)


def test_one_that_has_ended(kstore: Kstore, hook: Hook, tmp_path: Path) -> None:
    """What needs it is refused; what is stored as it is to be does not."""
    crds = ["--crds", hook.crds(tmp_path, f"url: '{hook.url}'"), "--allow-webhooks"]
    hook.process.kill()
    hook.process.wait()
    ran = kstore("convert", *crds, stdin=OLD)
    assert (ran.code, ran.out, "cannot be asked" in ran.err) == (3, b"", True)
    assert kstore("convert", *crds, stdin=NEW).out == NEW
