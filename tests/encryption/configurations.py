"""
Configurations that an apiserver starts with, and such that it does not, each with what kstore says of it.
"""

from __future__ import annotations

from tests.encryption.conftest import HEADER, configuration, keyed, secret

CBC = keyed("aescbc", ("key1", 1))
IDENTITY = "{identity: {}}"
KMS = "{{kms: {{name: {name}, endpoint: 'unix:///tmp/none.sock'{more}}}}}"


def kms(name: str = "vault", more: str = "") -> str:
    """A KMS plugin that nobody runs."""
    return KMS.format(name=name, more=more)


ACCEPTED = {
    "one key": configuration(("secrets", CBC)),
    "the old kind": configuration(("secrets", CBC)).replace(
        "apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration", "v1\nkind: EncryptionConfig"
    ),
    "several providers": configuration(("secrets", f"{CBC}, {keyed('aesgcm', ('key1', 2))}, {IDENTITY}")),
    "the same resource in two entries": configuration(("secrets", CBC), ("secrets, pods", IDENTITY)),
    "wildcards last": configuration(("secrets", CBC), ("'*.apps'", CBC), ("'*.'", IDENTITY), ("'*.*'", CBC)),
    "wildcards of two groups": configuration(("'*.apps', '*.batch'", CBC)),
    "a resource and another group's wildcard": configuration(("secrets, '*.apps'", CBC)),
    "a resource with a dot at its end": configuration(("secrets.", CBC)),
    "json": '{"apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration", "resources": '
    '[{"resources": ["secrets"], "providers": [{"identity": {}}]}]}',
    "a second document": configuration(("secrets", CBC)) + "---\nkind: Nothing\n",
    "a date for a name": configuration(("secrets", keyed("aescbc", ("2024-01-31", 1)))),
    "a secret over two lines": HEADER
    + "- resources: [secrets]\n  providers:\n  - aescbc:\n      keys:\n      - name: key1\n        secret: |\n"
    + f"          {secret(1)[:20]}\n          {secret(1)[20:]}\n",
    "kms v1 by default": configuration(("secrets", kms())),
    "kms v1 with its options": configuration(("secrets", kms(more=", cachesize: -1, timeout: 1m30s"))),
    "kms v1 with colons": configuration(("secrets", kms("'a:b'"))),
    "kms v1 named twice": configuration(("secrets", kms()), ("pods", kms())),
    "aes keys of every size": configuration(
        (
            "secrets",
            f"{{aescbc: {{keys: [{{name: a, secret: {secret(1, 16)}}}, {{name: b, secret: {secret(1, 24)}}}]}}}}",
        )
    ),
}

REFUSED = {
    "another kind": (HEADER.replace("EncryptionConfiguration", "Pod"), "no EncryptionConfiguration"),
    "another version": (HEADER.replace("io/v1", "io/v9"), "no EncryptionConfiguration"),
    "no entries": (HEADER + "  []\n", r"resources: at least one entry"),
    "no resources": (configuration(("", CBC)), r"resources\[0\].resources: at least one resource"),
    "no providers": (configuration(("secrets", "")), r"resources\[0\].providers: at least one provider"),
    "no keys": (configuration(("secrets", "{aescbc: {keys: []}}")), r"providers\[0\].aescbc.keys: at least one key"),
    "an empty provider": (configuration(("secrets", "{}")), r"resources\[0\].providers\[0\]: 0 providers in one entry"),
    "identity without braces": (configuration(("secrets", "{identity: }")), r"an empty one is written with braces"),
    "two providers in one": (configuration(("secrets", f"{{identity: {{}}, {CBC[1:]}")), r"2 providers in one entry"),
    "an unknown provider": (configuration(("secrets", "{rot13: {}}")), r"unknown field 'rot13'"),
    "an unknown field": (configuration(("secrets", CBC)) + "  extra: 1\n", r"resources\[0\]: unknown field 'extra'"),
    "a field of identity": (
        configuration(("secrets", "{identity: {a: 1}}")),
        r"providers\[0\].identity: unknown field",
    ),
    "a short key": (
        configuration(("secrets", f"{{aesgcm: {{keys: [{{name: k, secret: {secret(1, 20)}}}]}}}}")),
        r"resources\[0\].providers\[0\].aesgcm.keys\[0\].secret: the secret is 20 bytes long, expected 16 or 24 or 32",
    ),
    "a short secretbox key": (
        configuration(("secrets", f"{{secretbox: {{keys: [{{name: k, secret: {secret(1, 16)}}}]}}}}")),
        "16 bytes long, expected 32",
    ),
    "a secret that is no base64": (
        configuration(("secrets", "{aesgcm: {keys: [{name: k, secret: hunter2-hunter2}]}}")),
        "secret: a secret must be base64",
    ),
    "a secret with a space": (
        configuration(("secrets", f"{{aesgcm: {{keys: [{{name: k, secret: '{secret(1)[:8]} {secret(1)[8:]}'}}]}}}}")),
        "secret: a secret must be base64",
    ),
    "a secret that is a number": (
        configuration(("secrets", "{aesgcm: {keys: [{name: k, secret: 1234567890123456}]}}")),
        "secret: a number where a string belongs",
    ),
    "a key without a name": (
        configuration(("secrets", f"{{aesgcm: {{keys: [{{secret: {secret(1)}}}]}}}}")),
        r"keys\[0\].name: a key must have a name",
    ),
    "a key without a secret": (
        configuration(("secrets", "{aesgcm: {keys: [{name: k}]}}")),
        r"keys\[0\].secret: a key must have a secret",
    ),
    "capitals": (configuration(("Secrets", CBC)), r"resources\[0\].resources\[0\]: 'Secrets': .*capital"),
    "a bare star": (configuration(("'*'", CBC)), r"write '\*\.'"),
    "what has no API": (configuration(("serviceipallocations", CBC)), "no REST API"),
    "events by their newer group": (configuration(("events.events.k8s.io", CBC)), "write 'events'"),
    "extensions": (configuration(("'*.extensions'", CBC)), "extensions has been removed"),
    "a resource across groups": (configuration(("'pods.*'", CBC)), "across groups"),
    "a resource twice": (configuration(("secrets, secrets", CBC)), "listed twice"),
    "a wildcard over its group": (configuration(("secrets, '*.'", CBC)), "masks another"),
    "the widest wildcard": (configuration(("deployments.apps, '*.*'", CBC)), "masks another"),
    "masked by an earlier group": (
        configuration(("'*.apps'", CBC), ("deployments.apps", CBC)),
        r"resources\[1\].resources\[0\]: 'deployments.apps' is masked by the earlier rule '\*.apps'",
    ),
    "masked by the core group": (configuration(("'*.'", CBC), ("secrets", CBC)), r"masked by the earlier rule '\*\.'"),
    "masked by everything": (configuration(("'*.*'", CBC), ("'*.apps'", CBC)), r"masked by the earlier rule '\*\.\*'"),
    "the same wildcard again": (configuration(("'*.apps'", CBC), ("'*.apps'", CBC)), "masked by the earlier rule"),
    "kms without a name": (configuration(("secrets", kms("''"))), "kms.name: a plugin must have a name"),
    "kms without an endpoint": (configuration(("secrets", "{kms: {name: a}}")), "kms.endpoint: a plugin must have"),
    "kms over tcp": (
        configuration(("secrets", "{kms: {name: a, endpoint: 'tcp://127.0.0.1:1'}}")),
        "kms.endpoint: unsupported scheme 'tcp'",
    ),
    "kms of another version": (configuration(("secrets", kms(more=", apiVersion: v3"))), "only v1 and v2"),
    "kms that waits for nothing": (configuration(("secrets", kms(more=", timeout: 0s"))), "must be positive"),
    "kms with a nonsense timeout": (configuration(("secrets", kms(more=", timeout: soon"))), "kms.timeout: a duration"),
    "kms with a cache of none": (configuration(("secrets", kms(more=", cachesize: 0"))), "cachesize: must be positive"),
    "kms with a cache of words": (configuration(("secrets", kms(more=", cachesize: x"))), "cachesize: a string where"),
    "kms v2 with a cache": (
        configuration(("secrets", kms(more=", apiVersion: v2, cachesize: 5"))),
        "cachesize: is not supported in v2",
    ),
    "kms v2 with a colon": (configuration(("secrets", kms("'a:b'", ", apiVersion: v2"))), "must not hold a colon"),
    "kms v2 named twice": (
        configuration(("secrets", kms()), ("pods", kms(more=", apiVersion: v2"))),
        "'vault' is the name of another plugin",
    ),
    "a list for a mapping": (HEADER + "- [secrets]\n", r"resources\[0\]: a list where a mapping belongs"),
    "a string for a list": (HEADER + "- resources: secrets\n  providers: []\n", "a string where a list belongs"),
    "a boolean for a name": (configuration(("yes", CBC)), "a boolean where a string belongs"),
}
