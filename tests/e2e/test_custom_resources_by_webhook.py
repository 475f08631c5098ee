"""
Custom resources that a webhook converts: where the storage version is not served each update asks it on both ways.
"""

from __future__ import annotations

import copy
import ipaddress
import json
from base64 import b64encode
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from tests.e2e.custom_resources import PLAIN, RICH, SPECS, Definition, objects
from tests.e2e.test_aged import stored
from tests.e2e.test_custom_resources import at_rest, is_served, place, put_all, update_again, without_managers
from tests.e2e.test_webhook_answers import Answer, Object, served
from tests.patience import until
from tools.cluster import Etcd
from tools.hostile_server import self_signed

from kstore.cli.main import run
from kstore.source.etcd.live import LiveSource

DEFINITIONS = (
    Definition("ones", PLAIN, RICH, stored="v2", updated="v1", unserved="v2"),
    Definition("twos", RICH, PLAIN, stored="v2", updated="v1", unserved="v2"),
    Definition("threes", PLAIN, RICH, stored="v1", updated="v1", unserved="v2", status=True),
    Definition("fours", RICH, RICH, stored="v2", updated="v1", unserved="v2", status=True),
    Definition("fives", RICH, RICH, stored="v1", updated="v1", unserved="v2"),
    Definition("sixes", PLAIN, RICH),
)
REFUSED = "owners"
"""An object that the webhook does not convert."""


def turned(one: Object, target: str) -> Object:
    """
    An object as the webhook has it in a version: two fields have each other's names, a list is lost on the way to v1,
    and each way leaves its traces in the metadata.
    """
    found = copy.deepcopy(one)
    found["apiVersion"] = target
    metadata = found["metadata"]
    metadata["labels"] = {**(metadata.get("labels") or {}), "turned": target.rpartition("/")[2]}
    metadata["finalizers"] = ["never.example.com/taken"]
    spec = found.get("spec")
    if isinstance(spec, dict):
        names = {"text": "filled", "filled": "text"}
        found["spec"] = spec = {names.get(name, name): value for name, value in spec.items()}
        spec.setdefault("number", 2.0)
        if target.endswith("/v1"):
            spec.pop("list", None)
            spec["unknown"] = 1
    return found


def converted(review: Object) -> bytes:
    """The webhook's answer; it refuses one of the objects."""
    request = review["request"]
    response: Object = {"uid": request["uid"]}
    if any(one["metadata"]["name"] == REFUSED for one in request["objects"]):
        response["result"] = {"status": "Failure", "message": "not this one"}
    else:
        response["result"] = {"status": "Success"}
        response["convertedObjects"] = [turned(one, request["desiredAPIVersion"]) for one in request["objects"]]
    return json.dumps({"kind": review["kind"], "apiVersion": review["apiVersion"], "response": response}).encode()


def manifest(definition: Definition, client_config: Object) -> Object:
    """The CRD, converted by a webhook."""
    found = definition.manifest()
    webhook = {"clientConfig": client_config, "conversionReviewVersions": ["v1"]}
    found["spec"]["conversion"] = {"strategy": "Webhook", "webhook": webhook}
    return found


@pytest.mark.parametrize("release", ["1.37", "1.33", "1.29"])
def test_what_a_server_makes_of_them(
    release: str, etcd_server: Etcd, kube_apiserver: Callable[..., Any], tmp_path: Path
) -> None:
    """
    A server is asked for nothing until it writes nothing more; of the same objects a migration makes the same, and the
    server has nothing left to write. What the webhook refuses stays.
    """
    certificate = self_signed(tmp_path / "hook.pem", x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    with served(tmp_path / "hook.pem") as hook, LiveSource([etcd_server.endpoint]) as source:
        hook.answer = Answer(body=converted)
        config = {"url": f"https://127.0.0.1:{hook.server_port}/", "caBundle": b64encode(certificate).decode()}
        client = kube_apiserver(etcd_server, release=release).client()
        for definition in DEFINITIONS:
            client.create(manifest(definition, config))
        given = {place(one, name): value for one in DEFINITIONS for name, value in objects(one)}
        for definition in DEFINITIONS:
            until(partial(is_served, client, definition))
        put_all(source, given)
        left = at_rest(client, source, DEFINITIONS)
        assert len(left) > len(DEFINITIONS) * len(SPECS)
        put_all(source, given)
        arguments = ["--store", etcd_server.endpoint, "migrate", "--to-release", release, "--yes",
                     "--drop-unknown-fields", "--allow-webhooks"]  # fmt: skip
        run([*arguments, "--journal", str(tmp_path / "first")])
        before = stored(etcd_server)
        run([*arguments, "--journal", str(tmp_path / "second")])
        again = stored(etcd_server)
        refused = [key for key in given if key.endswith(f"/{REFUSED}")]
        assert [key for key in refused if json.loads(before[key].value) != json.loads(given[key])] == []
        assert {key for key in given if again[key] != before[key]} == set()
        different = {
            key: (before[key].value, value)
            for key, value in left.items()
            if without_managers(before[key].value) != without_managers(value)
        }
        assert different == {}
        update_again(client, DEFINITIONS, left)
        after = stored(etcd_server)
        assert {key for key in left if after[key].mod_revision != before[key].mod_revision} == set()
