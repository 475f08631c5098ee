"""
Of each finding of `kstore check`: stores where it is true, near misses where it is not, and what its advice does.

Values by their keys, beside those of a sound store (`SOUND`); objects are dicts and are there as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kstore.catalog.releases import newest
from kstore.customresource.unstructured import normalize, write
from kstore.encryption.config import read_configuration
from kstore.naming import GroupResource
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

Values = Mapping[str, "bytes | dict[str, Any]"]


@dataclass(frozen=True)
class Store:
    """What is in a store beside what is sound, and with what it is looked at."""

    values: Values = field(default_factory=dict)
    release: str = ""
    """Against which it is checked; empty: the newest."""
    encryption: str = ""
    """The EncryptionConfiguration that check is given."""
    alarms: tuple[str, ...] = ()
    plugin: str = ""
    """The example plugin that is installed."""


@dataclass(frozen=True)
class Mended:
    """The advised commands make the finding go; nothing but what they name has changed."""

    changed: frozenset[str]
    """The keys that are rewritten or deleted."""
    typed: tuple[str, str] = ("", "")
    """What the operator replaces in the editor, and with what."""
    verb: str = "migrate"
    """The command among those advised that mends it."""


@dataclass(frozen=True)
class Shown:
    """Nothing is safe to do at once: the commands show more, and write nothing; words say how to go on."""

    wording: str
    """What the words or the subject must speak of."""


@dataclass(frozen=True)
class Case:
    """One way in which a finding is true."""

    finding: str
    name: str
    true: Store
    near_misses: Mapping[str, Store]
    advice: Mended | Shown
    keys: frozenset[str] = frozenset()
    """The keys that are found; by default those of the values whose name is `bad`."""
    besides: frozenset[str] = frozenset()
    """Other findings that the same store has."""

    def found(self) -> frozenset[str]:
        """The keys that the finding names."""
        return self.keys or frozenset(key for key in self.true.values if key.rpartition("/")[2].startswith("bad"))


def obj(api_version: str, kind: str, name: str = "bad", namespace: str = "default", **more: Any) -> dict[str, Any]:
    """An object; metadata's further members as `metadata_NAME`."""
    place = {"namespace": namespace} if namespace else {}
    metadata = {"name": name, **place, "uid": f"uid-{name}", "creationTimestamp": "2026-01-01T00:00:00Z"}
    metadata |= {key.removeprefix("metadata_"): more.pop(key) for key in list(more) if key.startswith("metadata_")}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **more}


def config_map(name: str = "bad", namespace: str = "default", **more: Any) -> dict[str, Any]:
    """A config map."""
    return obj("v1", "ConfigMap", name, namespace, **more)


def api_service(group: str, service: str = "") -> tuple[str, dict[str, Any]]:
    """A group's APIService: of the cluster itself, or of a server of its own."""
    spec: dict[str, Any] = {"group": group, "version": "v1", "groupPriorityMinimum": 1, "versionPriority": 1}
    spec |= {"service": {"namespace": "zoo", "name": service}} if service else {}
    name = f"v1.{group}"
    key = f"/registry/apiregistration.k8s.io/apiservices/{name}"
    return key, obj("apiregistration.k8s.io/v1", "APIService", name, "", spec=spec)


OPEN: dict[str, Any] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
EMBEDS = {
    **OPEN,
    "properties": {"spec": {**OPEN, "properties": {"e": {**OPEN, "x-kubernetes-embedded-resource": True}}}},
}


def definition(*versions: str, stored: tuple[str, ...] = (), schema: dict[str, Any] = OPEN) -> Values:
    """The CRD of `lamps.lab.example.com`; the first of its versions is the one that is stored."""
    names = {"plural": "lamps", "singular": "lamp", "kind": "Lamp", "listKind": "LampList"}
    spec = {
        "group": "lab.example.com",
        "scope": "Namespaced",
        "names": names,
        "conversion": {"strategy": "None"},
        "preserveUnknownFields": False,
        "version": versions[0],
        "versions": [{"name": one, "served": True, "storage": one == versions[0]} for one in versions],
        "validation": {"openAPIV3Schema": schema},  # where a server keeps what all versions have in common
    }
    status = {"acceptedNames": names, "storedVersions": list(stored or versions[:1]), "conditions": []}
    found = obj("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", "lamps.lab.example.com", "")
    return {DEFINITION: {**found, "spec": spec, "status": status}}


DEFINITION = "/registry/apiextensions.k8s.io/customresourcedefinitions/lamps.lab.example.com"
LAMP = "/registry/lab.example.com/lamps/default/bad"


def lamp(version: str = "v1", name: str = "bad", **more: Any) -> dict[str, Any]:
    """A custom object."""
    return obj(f"lab.example.com/{version}", "Lamp", name, **more)


def lamp_of(spec: str) -> bytes:
    """A custom object whose spec is written as it is."""
    head = '{"apiVersion":"lab.example.com/v1","kind":"Lamp","metadata":{"name":"bad","namespace":"default"},"spec":'
    return f"{head}{spec}}}".encode("latin-1")


def cbor(value: dict[str, Any]) -> bytes:
    """A custom object as a server with CBOR stores it."""
    return write(normalize(value), "cbor")


def encryption(*keys: str, resource: str = "configmaps", plain: bool = True) -> str:
    """A configuration with these AES-GCM keys, the first of which is written with."""
    secrets = {
        "old": "MDEyMzQ1Njc4OWFiY2RlZg==",
        "new": "ZmVkY2JhOTg3NjU0MzIxMA==",
        "other": "YWJjZGVmMDEyMzQ1Njc4OQ==",
    }
    providers: list[dict[str, Any]] = []
    if keys:
        providers.append({"aesgcm": {"keys": [{"name": one, "secret": secrets[one]} for one in keys]}})
    if plain:
        providers.append({"identity": {}})
    head = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration"}
    return json.dumps({**head, "resources": [{"resources": [resource], "providers": providers}]})


def encrypted(key: str, name: str) -> Values:
    """A config map under a key of `encryption`."""
    value = json.dumps(config_map(key.rpartition("/")[2])).encode()
    transformers = read_configuration(encryption(name))
    return {key: transformers.encrypt(key.encode(), value, GroupResource("", "configmaps"))}


def as_stored(value: dict[str, Any]) -> bytes:
    """An object as a server of the newest release stores it."""
    codec = ObjectCodec(Scheme(newest()))
    return codec.convert_typed(json.dumps(value).encode())[1]


SOUND: Values = {
    key: as_stored(value)
    for key, value in (
        ("/registry/namespaces/default", obj("v1", "Namespace", "default", "")),
        ("/registry/configmaps/default/sound", config_map("sound", data={"a": "b"})),
        ("/registry/serviceaccounts/default/sound", obj("v1", "ServiceAccount", "sound")),
        api_service("apps"),
        api_service("batch"),
    )
}
"""A store in which nothing is wrong, and nothing to be rewritten."""

BAD = "/registry/configmaps/default/bad"
GONE = {"apiVersion": "batch/v1", "kind": "Job", "name": "gone", "uid": "1"}
HERE = {"apiVersion": "v1", "kind": "ServiceAccount", "name": "sound", "uid": "uid-sound"}
LEAVING = {"metadata_deletionTimestamp": "2026-01-01T00:00:00Z"}
NONE = encryption()


def one(key: str, value: bytes | dict[str, Any], **more: Any) -> Store:
    """A store with one more key."""
    return Store({key: value}, **more)


def of_lamps(value: bytes | dict[str, Any], *versions: str, stored: tuple[str, ...] = (), **more: Any) -> Store:
    """A store with the CRD of lamps, and one lamp."""
    schema = more.pop("schema", OPEN)
    return Store({**definition(*(versions or ("v1",)), stored=stored, schema=schema), LAMP: value}, **more)


def mends(*keys: str, verb: str = "migrate", typed: tuple[str, str] = ("", "")) -> Mended:
    """The advice rewrites these keys."""
    return Mended(frozenset(keys), typed, verb)


def service(kind: str, *node_ports: int, name: str = "bad", **more: Any) -> dict[str, Any]:
    """A service with an address, and a port for each of the nodes' ports, 0 for none."""
    ports = [
        {"name": f"p{at}", "port": 80 + at, "protocol": "TCP", "targetPort": 80, **({"nodePort": port} if port else {})}
        for at, port in enumerate(node_ports)
    ]
    spec = {"type": kind, "clusterIP": "10.96.9.9", "selector": {"a": "b"}, "ports": ports, **more}
    return obj("v1", "Service", name, spec=spec)


def two(first: dict[str, Any], second: dict[str, Any]) -> Store:
    """A store with two services."""
    return Store({SERVICE: first, f"{SERVICE}-too": second})


def level(**spec: Any) -> Store:
    """A store with a priority level."""
    found = obj("flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration", namespace="", spec=spec)
    return one(LEVEL, found)


def schema(level: str = "global-default", *, subject: str = "*", **spec: Any) -> Store:
    """A store with a flow schema."""
    every = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "clusterScope": True, "namespaces": ["*"]}
    rule = {"subjects": [{"kind": "User", "user": {"name": subject}}], "resourceRules": [every]}
    spec |= {"priorityLevelConfiguration": {"name": level}, "matchingPrecedence": 9000}
    spec |= {"rules": [rule]} if subject else {}
    return one(FLOW, obj("flowcontrol.apiserver.k8s.io/v1", "FlowSchema", namespace="", spec=spec))


def policy(release: str = "1.29", **spec: Any) -> Store:
    """A store with an admission policy."""
    version = "admissionregistration.k8s.io/v1beta1" if release == "1.29" else "admissionregistration.k8s.io/v1"
    spec |= {"failurePolicy": "Fail", "validations": [{"expression": "true"}]}
    return one(POLICY, obj(version, "ValidatingAdmissionPolicy", namespace="", spec=spec), release=release)


def without_kind(**spec: Any) -> Store:
    """A store with a CRD that does not say what its objects are."""
    crd = json.loads(json.dumps(definition("v1")[DEFINITION]))
    del crd["spec"]["names"]["kind"], crd["status"]["acceptedNames"]["kind"]
    return one(DEFINITION, {**crd, "spec": {**crd["spec"], **spec}})


def converting(**conversion: Any) -> Store:
    """A store with a CRD that converts so."""
    crd = json.loads(json.dumps(definition("v1")[DEFINITION]))
    return one(DEFINITION, {**crd, "spec": {**crd["spec"], "conversion": conversion}})


def pod(*tolerations: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A pod with these tolerations; by default with those that servers add."""
    usual = [{"key": one, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300} for one in TAINTS]
    spec = {"containers": [{"name": "c", "image": "x"}], "tolerations": list(tolerations) or usual}
    return obj("v1", "Pod", spec=spec, **more)


TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
LEVEL = "/registry/prioritylevelconfigurations/bad"
FLOW = "/registry/flowschemas/bad"
POLICY = "/registry/validatingadmissionpolicies/bad"
SERVICE = "/registry/services/specs/default/bad"
POD = "/registry/pods/default/bad"
DEPLOYMENT = "/registry/deployments/default/bad"
CLAIM = "/registry/resourceclaims/default/bad"
CLASS = "/registry/deviceclasses/bad"
SCALER = "/registry/horizontalpodautoscalers/default/bad"
EXACTLY = {"name": "r", "exactly": {"deviceClassName": "g", "allocationMode": "ExactCount", "count": 1}}
REQUEST = {"name": "r", "deviceClassName": "g", "allocationMode": "ExactCount", "count": 1}

SHIP = "/registry/fleet.example.com/ships/default/bad"


def ship(tons: int) -> dict[str, Any]:
    """An object of the plugin `picky`."""
    return obj("fleet.example.com/v1alpha1", "Ship", spec={"tons": tons, "captain": "Noah"})


def shrunk() -> Values:
    """The CRD of lamps, whose newer version has a field less."""
    crd = json.loads(json.dumps(definition("v1", "v1beta1", stored=("v1", "v1beta1"))[DEFINITION]))
    del crd["spec"]["validation"]
    for version, names in zip(crd["spec"]["versions"], ("a", "ab"), strict=True):
        spec = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
        version["schema"] = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    return {DEFINITION: crd}


SHRUNK = shrunk()

MATRIX: tuple[Case, ...] = (
    Case(
        "undecodable",
        "cut protobuf",
        one(BAD, b"k8s\0\x0a\xff"),
        {
            "a name twice": of_lamps(lamp_of('{"a":1,"a":2}')),
            "no UTF-8": of_lamps(lamp_of('{"a":"x\xff"}')),
            "deep": of_lamps(lamp_of('{"a":' * 900 + "1" + "}" * 900)),
            "another's key": one("/calico/ipam/bad", b"\0\1"),
        },
        mends(BAD, verb="delete"),
    ),
    Case(
        "undecodable",
        "a value that is empty",
        one("/registry/secrets/default/bad", b""),
        {
            "an allocation that is empty": one(
                "/registry/ranges/serviceips", b'{"kind":"RangeAllocation","apiVersion":"v1"}'
            ),
            "the word of a compactor": one("compact_rev_key", b"9"),
        },
        Shown("last resort"),
    ),
    Case(
        "undecodable",
        "a number beyond Go",
        of_lamps(lamp_of('{"a":1e309}')),
        {"the largest number": of_lamps(lamp_of('{"a":1e308}')), "a small one": of_lamps(lamp_of('{"a":1e-400}'))},
        mends(LAMP, verb="delete"),
    ),
    Case(
        "undecodable",
        "an embedded object's metadata",
        of_lamps(lamp_of('{"e":{"metadata":"text"}}'), schema=EMBEDS),
        {
            "without metadata": of_lamps(lamp_of('{"e":{"apiVersion":"v1","kind":"Pod"}}'), schema=EMBEDS),
            "not embedded": of_lamps(lamp_of('{"f":{"metadata":"text"}}'), schema=EMBEDS),
        },
        mends(LAMP, verb="edit", typed=("metadata: text", "metadata: {}")),
    ),
    Case(
        "crashes-server",
        "a priority level of no type",
        level(),
        {
            "limited": level(type="Limited"),
            "exempt": level(type="Exempt"),
            "limited, without its type": level(limited={"limitResponse": {"type": "Reject"}}),
        },
        mends(LEVEL, verb="edit", typed=('type: ""', "type: Limited\\n  limited: {limitResponse: {type: Reject}}")),
    ),
    Case(
        "crashes-server",
        "a CRD without kind",
        without_kind(),
        {
            "nothing is served": without_kind(versions=[], version=""),
            "with it": Store(definition("v1")),
        },
        mends(DEFINITION, verb="edit", typed=('kind: ""', "kind: Lamp")),
        keys=frozenset({DEFINITION}),
    ),
    Case(
        "crashes-server",
        "a CRD whose webhook is nowhere",
        converting(strategy="Webhook", conversionReviewVersions=["v1"]),
        {
            "it is somewhere": converting(strategy="Webhook", webhookClientConfig={"url": "https://127.0.0.1:1/"}),
            "none is asked": converting(strategy="None"),
        },
        mends(DEFINITION, verb="edit", typed=("strategy: Webhook", "strategy: None")),
        keys=frozenset({DEFINITION}),
    ),
    Case(
        "crashes-server",
        "a flow schema's method of no type",
        schema(distinguisherMethod={}),
        {
            "by user": schema(distinguisherMethod={"type": "ByUser"}),
            "none": schema(),
            "of what is exempt": schema("exempt", distinguisherMethod={}),
            "of nothing": schema(subject="", distinguisherMethod={}),
        },
        mends(FLOW, verb="edit", typed=('type: ""', "type: ByUser")),
    ),
    Case(
        "crashes-server",
        "a policy that matches nothing, in 1.29",
        policy(),
        {"everything": policy(matchConstraints={}), "a later release": policy("1.37")},
        mends(POLICY, verb="edit", typed=("failurePolicy: Fail", "failurePolicy: Fail\\n  matchConstraints: {}")),
    ),
    Case(
        "shared-address",
        "an address",
        two(service("ClusterIP", 0), service("ClusterIP", 0, name="bad-too")),
        {
            "another": two(service("ClusterIP", 0), service("ClusterIP", 0, name="bad-too", clusterIP="10.96.9.8")),
            "none": two(*(service("ClusterIP", 0, name=one, clusterIP="None") for one in ("bad", "bad-too"))),
            "a name of elsewhere": two(
                *(service("ExternalName", name=one, externalName="a.b") for one in ("bad", "bad-too"))
            ),
            "twice the same": one(SERVICE, service("ClusterIP", 0, clusterIPs=["10.96.9.9"])),
        },
        Shown("their age tells"),
    ),
    Case(
        "shared-address",
        "an address of the second family, spelled otherwise",
        two(
            service("ClusterIP", 0, clusterIP="10.96.9.1", clusterIPs=["10.96.9.1", "fd00::0:1"]),
            service("ClusterIP", 0, name="bad-too", clusterIP="fd00::1"),
        ),
        {
            "another": two(service("ClusterIP", 0), service("ClusterIP", 0, name="bad-too", clusterIP="fd00::1")),
            "empty": two(*(service("ClusterIP", 0, name=one, clusterIP="") for one in ("bad", "bad-too"))),
        },
        Shown("fd00::1"),
    ),
    Case(
        "shared-address",
        "a port of the nodes, for another protocol",
        two(
            service("NodePort", 30911),
            service("NodePort", 30912, name="bad-too", clusterIP="10.96.9.8", healthCheckNodePort=30911),
        ),
        {
            "others": two(
                service("NodePort", 30911), service("NodePort", 30912, name="bad-too", clusterIP="10.96.9.8")
            ),
            "twice in one": one(SERVICE, service("NodePort", 30911, 30911)),
        },
        Shown("nodePort 30911"),
    ),
    Case(
        "unopenable",
        "encrypted with a key that the configuration lacks",
        Store(encrypted(BAD, "old"), encryption=encryption("new")),
        {
            "the second key": Store(encrypted(BAD, "old"), encryption=encryption("new", "old")),
            "plain": one(BAD, config_map(), encryption=encryption("new")),
        },
        Shown("in use then"),
        besides=frozenset({"plain-text"}),
    ),
    Case(
        "unknown-to-target",
        "a newer version",
        one(CLASS, obj("resource.k8s.io/v1", "DeviceClass", namespace=""), release="1.33"),
        {
            "that release's own": one(
                CLASS, obj("resource.k8s.io/v1beta1", "DeviceClass", namespace=""), release="1.33"
            ),
            "the newest": one(CLASS, obj("resource.k8s.io/v1", "DeviceClass", namespace="")),
        },
        mends(CLASS),
    ),
    Case(
        "unknown-to-target",
        "a version that only a release in between converts",
        Store(
            {
                CLAIM: obj("resource.k8s.io/v1alpha3", "ResourceClaim", spec={"devices": {"requests": [REQUEST]}}),
                "/registry/resourceclaims/default/sound": as_stored(
                    obj("resource.k8s.io/v1", "ResourceClaim", "sound", spec={"devices": {"requests": [EXACTLY]}})
                ),
            }
        ),
        {
            "before it": one(CLAIM, obj("resource.k8s.io/v1alpha3", "ResourceClaim"), release="1.31"),
            "after it": one(CLAIM, obj("resource.k8s.io/v1", "ResourceClaim")),
        },
        mends(CLAIM),
    ),
    Case(
        "unknown-to-target",
        "a kind that never was",
        one(BAD, obj("v1", "Wrong")),
        {
            "Events of their group": one("/registry/events/default/bad", obj("events.k8s.io/v1", "Event")),
            "a Deployment of old": one(DEPLOYMENT, obj("extensions/v1beta1", "Deployment")),
        },
        Shown("keep a copy"),
    ),
    Case(
        "unknown-to-target",
        "another kind's key",
        one(DEPLOYMENT, obj("v1", "Pod")),
        {
            "a Scale's neighbour": one(SCALER, obj("autoscaling/v1", "HorizontalPodAutoscaler")),
            "its own": one(DEPLOYMENT, obj("apps/v1", "Deployment")),
        },
        Shown("keep a copy"),
    ),
    Case(
        "unknown-to-target",
        "a version that has left its CRD",
        of_lamps(lamp("v1alpha1"), "v1", stored=("v1", "v1alpha1")),
        {
            "still in it": of_lamps(lamp("v1alpha1"), "v1", "v1alpha1", stored=("v1", "v1alpha1")),
            "without CRD": one(LAMP, lamp("v1alpha1")),
        },
        mends(LAMP, DEFINITION),
    ),
    Case(
        "unknown-to-target",
        "CBOR before 1.32",
        of_lamps(cbor(lamp(spec={"n": 1})), release="1.29"),
        {"1.37": of_lamps(cbor(lamp())), "JSON": of_lamps(lamp(), release="1.29")},
        mends(LAMP),
    ),
    Case(
        "lossy",
        "fields that nobody knows",
        one(BAD, config_map(nonsense=1)),
        {
            "of a custom object": of_lamps(lamp(nonsense=1)),
            "empty members": one(BAD, config_map(data={}, binaryData=None)),
        },
        Shown("--target-release"),
    ),
    Case(
        "crd-unlisted-version",
        "a version that storedVersions lacks",
        of_lamps(lamp("v1beta1"), "v1", "v1beta1"),
        {
            "listed": of_lamps(lamp("v1beta1"), "v1", "v1beta1", stored=("v1", "v1beta1")),
            "stored as the CRD stores": of_lamps(lamp("v1"), "v1", "v1beta1"),
        },
        mends(LAMP),
        keys=frozenset({"lamps.lab.example.com"}),
        besides=frozenset({"other-version"}),
    ),
    Case(
        "removed-version",
        "a Deployment of old",
        one(DEPLOYMENT, obj("apps/v1beta1", "Deployment")),
        {
            "its own version": one(DEPLOYMENT, obj("apps/v1", "Deployment")),
            "not yet removed": one("/registry/cronjobs/default/bad", obj("batch/v1beta1", "CronJob"), release="1.20"),
            "removed, and still stored": Store(definition("v1")),
        },
        mends(DEPLOYMENT),
    ),
    Case(
        "removed-version",
        "a budget, in a release before the newest",
        one("/registry/poddisruptionbudgets/default/bad", obj("policy/v1beta1", "PodDisruptionBudget"), release="1.30"),
        {
            "kept by that release": one(
                "/registry/flowschemas/bad",
                obj("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", namespace=""),
                release="1.29",
            ),
            "the stable one": one(
                "/registry/poddisruptionbudgets/default/bad", obj("policy/v1", "PodDisruptionBudget")
            ),
        },
        mends("/registry/poddisruptionbudgets/default/bad"),
    ),
    Case(
        "plain-text",
        "written before encryption",
        one(BAD, config_map(), encryption=encryption("new")),
        {
            "another resource": one(
                "/registry/secrets/default/bad",
                obj("v1", "Secret"),
                encryption=encryption("new", resource="leases.coordination.k8s.io"),
            ),
            "identity first": one(BAD, config_map(), encryption=NONE),
            "without configuration": one(BAD, config_map()),
        },
        mends(BAD, "/registry/configmaps/default/sound", verb="encrypt"),
        keys=frozenset({BAD, "/registry/configmaps/default/sound"}),
    ),
    Case(
        "old-key",
        "the key before the first",
        Store(encrypted(BAD, "old"), encryption=encryption("new", "old")),
        {
            "the first": Store(encrypted(BAD, "new"), encryption=encryption("new", "old")),
            "no configuration": Store(encrypted(BAD, "old")),
        },
        mends(BAD, "/registry/configmaps/default/sound", verb="encrypt"),
        besides=frozenset({"plain-text"}),
    ),
    Case(
        "namespace-stuck",
        "a finalizer holds it",
        one(
            "/registry/namespaces/bad",
            obj("v1", "Namespace", namespace="", spec={"finalizers": ["kubernetes"]}, **LEAVING),
        ),
        {
            "it lives": one("/registry/namespaces/bad", obj("v1", "Namespace", namespace="")),
            "another kind goes": one("/registry/minions/bad", obj("v1", "Node", namespace="", **LEAVING)),
        },
        Shown("still holds"),
    ),
    Case(
        "no-namespace",
        "a config map of a namespace that has gone",
        one("/registry/configmaps/gone/bad", config_map(namespace="gone")),
        {
            "cluster-wide": one(
                "/registry/clusterroles/bad", obj("rbac.authorization.k8s.io/v1", "ClusterRole", namespace="")
            ),
            "an aggregated server's": Store(
                {
                    **dict([api_service("zoo.example.com", "api")]),
                    "/registry/zoo.example.com/cages/gone/bad": obj("zoo.example.com/v1", "Cage", namespace="gone"),
                }
            ),
        },
        Shown("create the namespace again"),
    ),
    Case(
        "no-resource",
        "nobody serves the group",
        one("/registry/gone.io/ts/default/bad", obj("gone.io/v1", "T")),
        {
            "a CRD": of_lamps(lamp()),
            "a server of its own": Store(
                {**dict([api_service("gone.io", "api")]), "/registry/gone.io/ts/default/bad": obj("gone.io/v1", "T")}
            ),
            "a lease of the control plane": one(
                "/registry/masterleases/10.0.0.1", obj("v1", "Endpoints", "10.0.0.1", "")
            ),
        },
        mends("/registry/gone.io/ts/default/bad", verb="delete"),
    ),
    Case(
        "no-resource",
        "the group is served",
        Store({**dict([api_service("here.io")]), "/registry/here.io/ts/default/bad": obj("here.io/v1", "T")}),
        {
            "another prefix": one("/other/here.io/ts/default/bad", b"1"),
            "a range": one("/registry/ranges/servicenodeports", obj("v1", "RangeAllocation", "", "")),
        },
        Shown("find out who writes it"),
        keys=frozenset({"/registry/here.io/ts/default/bad"}),
    ),
    Case(
        "misplaced",
        "another's name",
        one(BAD, config_map("sound")),
        {
            "its own name": one(BAD, config_map()),
            "a name with a dot": one(
                "/registry/clusterroles/system:a.b",
                obj("rbac.authorization.k8s.io/v1", "ClusterRole", "system:a.b", ""),
            ),
        },
        Shown("compare it"),
    ),
    Case(
        "invalid",
        "a bird of three wings",
        one(
            "/registry/demo.example.com/birds/default/bad",
            obj("demo.example.com/v1alpha1", "Bird", spec={"wings": 3}),
            plugin="bird",
        ),
        {
            "of two": one(
                "/registry/demo.example.com/birds/default/bad",
                obj("demo.example.com/v1alpha1", "Bird", spec={"wings": 2}),
                plugin="bird",
            ),
            "without plugin": one(
                "/registry/demo.example.com/birds/default/bad",
                obj("demo.example.com/v1alpha1", "Bird", spec={"wings": 3}),
            ),
        },
        mends("/registry/demo.example.com/birds/default/bad", verb="edit", typed=("wings: 3", "wings: 2")),
    ),
    Case(
        "plugin-failed",
        "a rule that forgot a case",
        one(SHIP, ship(9), plugin="picky"),
        {
            "a ship that it takes": one(SHIP, ship(1), plugin="picky"),
            "a kind that is not the plugin's": one(BAD, config_map(data={"tons": "9"}), plugin="picky"),
            "without plugin": one(SHIP, ship(9)),
        },
        Shown("plugin fleet"),
    ),
    Case(
        "object-stuck",
        "a finalizer",
        one(BAD, config_map(metadata_finalizers=["lab.example.com/f"], **LEAVING)),
        {
            "it lives": one(BAD, config_map(metadata_finalizers=["lab.example.com/f"])),
            "nothing holds it": one(BAD, config_map(**LEAVING)),
        },
        Shown("finalizer"),
    ),
    Case(
        "owner-gone",
        "the one owner",
        one(BAD, config_map(metadata_ownerReferences=[GONE])),
        {
            "one of two lives": one(BAD, config_map(metadata_ownerReferences=[GONE, HERE])),
            "of a group served elsewhere": Store(
                {
                    **dict([api_service("zoo.example.com", "api")]),
                    BAD: config_map(metadata_ownerReferences=[{**GONE, "apiVersion": "zoo.example.com/v1"}]),
                }
            ),
            "of an unknown version": one(
                BAD, config_map(metadata_ownerReferences=[{**GONE, "apiVersion": "batch/v9"}])
            ),
            "of a version that is not served any more": one(
                BAD, config_map(metadata_ownerReferences=[{**GONE, "apiVersion": "batch/v1beta1", "kind": "CronJob"}])
            ),
            "of a group that is switched off": one(
                BAD,
                config_map(
                    metadata_ownerReferences=[{**GONE, "apiVersion": "policy/v1", "kind": "PodDisruptionBudget"}]
                ),
            ),
            "going": one(BAD, config_map(metadata_ownerReferences=[GONE], **LEAVING)),
        },
        Shown("garbage collector"),
    ),
    Case(
        "deprecated-version",
        "a claim",
        one(CLAIM, obj("resource.k8s.io/v1beta1", "ResourceClaim")),
        {
            "the stable one": one(CLAIM, obj("resource.k8s.io/v1", "ResourceClaim")),
            "before it was": one(CLAIM, obj("resource.k8s.io/v1beta1", "ResourceClaim"), release="1.32"),
        },
        mends(CLAIM),
    ),
    Case(
        "other-version",
        "a scaler",
        one(SCALER, obj("autoscaling/v1", "HorizontalPodAutoscaler", spec={"maxReplicas": 3})),
        {
            "as it is stored": one(SCALER, obj("autoscaling/v2", "HorizontalPodAutoscaler")),
            "of that release": one(SCALER, obj("autoscaling/v1", "HorizontalPodAutoscaler"), release="1.22"),
        },
        mends(SCALER),
    ),
    Case(
        "other-version",
        "a custom object",
        of_lamps(lamp("v1beta1"), "v1", "v1beta1", stored=("v1", "v1beta1")),
        {"the CRD's": of_lamps(lamp("v1"), "v1", "v1beta1"), "an unknown CRD's": one(LAMP, lamp("v1beta1"))},
        mends(LAMP, DEFINITION),
    ),
    Case(
        "other-version",
        "fields that the stored version of the CRD has no place for",
        Store({**SHRUNK, LAMP: lamp("v1beta1", spec={"a": "1", "b": "2"})}),
        {
            "stored as the CRD stores": Store({**SHRUNK, LAMP: lamp("v1", spec={"a": "1"})}),
            "a version that has left the CRD": Store({**SHRUNK, LAMP: lamp("v1alpha1", spec={"b": "2"})}),
        },
        Shown("schema in the CRD"),
    ),
    Case(
        "crd-idle-version",
        "a version that nothing is stored in",
        of_lamps(lamp(), "v1", "v1beta1", stored=("v1beta1", "v1")),
        {
            "something is": Store({**of_lamps(lamp("v1beta1"), "v1", "v1beta1", stored=("v1beta1", "v1")).values}),
            "an object that cannot be read": of_lamps(b"broken", "v1", "v1beta1", stored=("v1beta1", "v1")),
            "not listed": of_lamps(lamp(), "v1", "v1beta1"),
        },
        mends(LAMP, DEFINITION),
        keys=frozenset({"lamps.lab.example.com"}),
    ),
    Case(
        "removed-by-update",
        "deleted and left",
        one(BAD, config_map(metadata_deletionGracePeriodSeconds=0, **LEAVING)),
        {
            "a finalizer": one(BAD, config_map(metadata_finalizers=["lab.example.com/f"], **LEAVING)),
            "time left": one(POD, pod(metadata_deletionGracePeriodSeconds=30, **LEAVING)),
            "not deleted": one(BAD, config_map(metadata_deletionGracePeriodSeconds=0)),
            "a namespace's own finalizer": one(
                "/registry/namespaces/bad",
                obj("v1", "Namespace", "bad", "", spec={"finalizers": ["kubernetes"]}, **LEAVING),
            ),
        },
        Shown("the next update removes it"),
    ),
    Case(
        "removed-by-update",
        "a custom object without a grace period",
        of_lamps(lamp(**LEAVING)),
        {
            "a finalizer": of_lamps(lamp(metadata_finalizers=["lab.example.com/f"], **LEAVING)),
            "not deleted": of_lamps(lamp()),
        },
        Shown("the next update removes it"),
    ),
    Case(
        "unallocated",
        "one of two ports of the nodes",
        one(SERVICE, service("NodePort", 0, 30901)),
        {
            "both are there": one(SERVICE, service("NodePort", 30902, 30903)),
            "none is needed": one(SERVICE, service("ClusterIP", 0, 0)),
        },
        Shown("no nodePort: p0"),
    ),
    Case(
        "unallocated",
        "a load balancer's port",
        one(SERVICE, service("LoadBalancer", 0)),
        {
            "none is wanted": one(SERVICE, service("LoadBalancer", 0, allocateLoadBalancerNodePorts=False)),
            "it is there": one(SERVICE, service("LoadBalancer", 30904)),
        },
        Shown("no nodePort: p0"),
    ),
    Case(
        "untolerating",
        "one of two tolerations",
        one(POD, pod({"key": TAINTS[0], "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})),
        {
            "both": one(POD, pod(*({"key": taint, "operator": "Exists", "effect": "NoExecute"} for taint in TAINTS))),
            "every key and effect": one(POD, pod({"operator": "Exists"})),
            "every effect": one(POD, pod(*({"key": taint, "operator": "Exists"} for taint in TAINTS))),
        },
        Shown(TAINTS[1]),
    ),
    Case(
        "untolerating",
        "another effect",
        one(POD, pod(*({"key": taint, "operator": "Exists", "effect": "NoSchedule"} for taint in TAINTS))),
        {
            "every key": one(POD, pod({"operator": "Exists", "effect": "NoExecute"})),
            "no pod": one(BAD, config_map(spec={"containers": [{"name": "c"}]})),
        },
        Shown(TAINTS[0]),
    ),
    Case(
        "unusual-json",
        "a name twice",
        of_lamps(lamp_of('{"a":1,"a":2}')),
        {
            "once": of_lamps(lamp_of('{"a":1,"b":{"a":2}}')),
            "twice, not decodable": of_lamps(lamp_of('{"a":1e309,"a":1}')),
        },
        Shown("nothing needs"),
    ),
    Case(
        "served-elsewhere",
        "an APIService with a service",
        Store(dict([api_service("zoo.example.com", "api")])),
        {"without": Store(dict([api_service("zoo.example.com")])), "a CRD": Store(definition("v1"))},
        Shown("zoo/api"),
        keys=frozenset({"/registry/apiregistration.k8s.io/apiservices/v1.zoo.example.com"}),
    ),
    Case(
        "foreign-keys",
        "Calico's",
        one("/calico/ipam/bad", b"{}"),
        {
            "the compactor's": one("compact_rev_key", b"9"),
            "below the prefix": one("/registry/masterleases/10.0.0.1", obj("v1", "Endpoints", "10.0.0.1", "")),
        },
        Shown("--etcd-prefix"),
        keys=frozenset({"/calico"}),
    ),
    Case(
        "sealed",
        "without configuration",
        Store(encrypted(BAD, "old")),
        {"with it": Store(encrypted(BAD, "old"), encryption=encryption("old")), "nothing is": one(BAD, config_map())},
        Shown("--encryption-provider-config"),
    ),
    Case(
        "space",
        "the alarm",
        Store(alarms=("NOSPACE",)),
        {"none": Store(), "another alarm": Store(alarms=("CORRUPT",))},
        mends(verb="alarm"),
    ),
    Case(
        "corrupt-member",
        "the alarm",
        Store(alarms=("CORRUPT",)),
        {"none": Store(), "another alarm": Store(alarms=("NOSPACE",))},
        Shown("replace"),
    ),
)
