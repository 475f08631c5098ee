"""
Releases before the oldest exact one: their types are known, their hubs are those of the rules that serve them.
"""

from __future__ import annotations

import pytest

from kstore.catalog.loader import Catalog
from kstore.catalog.releases import Release, known_releases
from kstore.decode.json import go_json
from kstore.naming import GroupVersion
from kstore.object_codec import ObjectCodec
from kstore.scheme.lost_members import lost_members
from kstore.scheme.scheme import Scheme

OLDER = [name for name in known_releases() if not Release(name).exact]
SERVICE = {
    "kind": "Service",
    "apiVersion": "v1",
    "metadata": {"name": "outside", "namespace": "shop"},
    "spec": {"type": "ExternalName", "externalName": "shop.example.com", "sessionAffinity": "ClientIP"},
}


@pytest.mark.large
@pytest.mark.parametrize("name", OLDER)
def test_hubs_are_those_of_the_rules(name: str) -> None:
    """Every hub has the fields of the release whose rules convert to it: a field that is missing would be dropped."""
    release = Release(name)
    older, exact = Catalog(release), Catalog(Release(f"1.{release.rules_minor}"))
    hubs = {kind.hub for kind in exact.kinds if kind.hub}
    seen: set[str] = set()
    while hubs:
        hub = hubs.pop()
        seen.add(hub)
        fields = exact.struct(hub).fields
        assert older.struct(hub).fields == fields, hub
        below = {ref.name for ref in (_innermost(field.type) for field in fields) if ref.form == "struct"}
        hubs |= {struct for struct in below if ".internal." in struct} - seen
    assert len(seen) > 500


def _innermost(ref):
    while ref.element is not None:
        ref = ref.element
    return ref


@pytest.mark.parametrize("name", OLDER)
def test_a_service_keeps_what_it_says(name: str) -> None:
    """What such a release knows of an object is there after a conversion as it was before."""
    codec = ObjectCodec(Scheme(Release(name)))
    value = go_json.dumps(SERVICE)
    kept = codec.decode(codec.convert(value, GroupVersion("", "v1"))).object["spec"]
    assert {**kept, **SERVICE["spec"]} == kept


# What an older release has, and the hub that serves it calls otherwise or does not have: kind, version, spec.
OWN = {
    "1.22": ("Pod", "v1", {"containers": [{"name": "c", "livenessProbe": {"httpGet": {"path": "/", "port": 80}}}]}),
    "1.19": ("Pod", "v1", {"containers": [{"name": "c", "readinessProbe": {"exec": {"command": ["true"]}}}]}),
    "1.17": ("Pod", "v1", {"containers": [{"name": "c", "livenessProbe": {"tcpSocket": {"port": "web"}}}]}),
    "1.21": ("Service", "v1", {"ports": [{"port": 80}], "topologyKeys": ["kubernetes.io/hostname", "*"]}),
    "1.18": ("Service", "v1", {"ports": [{"port": 80}], "ipFamily": "IPv6"}),
}


@pytest.mark.parametrize("name", OWN)
def test_what_only_the_older_release_has_is_carried_through(name: str) -> None:
    """A rewrite by such a release loses nothing that it knows: its own server would not either."""
    kind, version, spec = OWN[name]
    codec = ObjectCodec(Scheme(Release(name)))
    value = codec.encode({"kind": kind, "apiVersion": version, "metadata": {"name": "x"}, "spec": spec})
    kept = codec.decode(codec.convert(value, GroupVersion("", version))).object
    assert list(lost_members(codec.decode(value).object, kept)) == []


def test_a_workload_of_another_version_keeps_its_probes() -> None:
    """Through templates, too, from one version to the other."""
    codec = ObjectCodec(Scheme(Release("1.17")))
    container = {"name": "c", "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}}}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container]}}
    old = {
        "kind": "Deployment",
        "apiVersion": "apps/v1beta1",
        "metadata": {"name": "x"},
        "spec": {"template": template},
    }
    new = codec.decode(codec.convert(codec.encode(old), GroupVersion("extensions", "v1beta1"))).object
    probe = new["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]
    assert probe["httpGet"] == {"path": "/healthz", "port": "http", "scheme": "HTTP"}


@pytest.mark.parametrize(("release", "target"), [("1.20", "batch/v1beta1"), ("1.37", "batch/v1")])
def test_a_cron_job_of_an_alpha_version(release: str, target: str) -> None:
    """What releases up to 1.20 could store as batch/v2alpha1 becomes what they, and the newest, store; and back."""
    codec = ObjectCodec(Scheme(Release(release)))
    template = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "x"}], "restartPolicy": "Never"}}}}
    alpha = {
        "apiVersion": "batch/v2alpha1", "kind": "CronJob", "metadata": {"name": "a", "namespace": "b"},
        "spec": {"schedule": "@daily", "suspend": True, "jobTemplate": template},
        "status": {"lastScheduleTime": "2019-01-02T03:04:05Z", "active": [{"name": "j"}]},
    }  # fmt: skip
    name, value = codec.convert_typed(codec.encode(alpha))
    found = codec.decode(value).object
    assert (name.api_version, found["spec"]["concurrencyPolicy"]) == (target, "Allow")
    assert (found["spec"]["failedJobsHistoryLimit"], found["spec"]["suspend"]) == (1, True)
    assert found["status"]["active"] == [{"name": "j"}]
    back = codec.decode(codec.convert(value, GroupVersion("batch", "v2alpha1"))).object
    assert back["spec"]["schedule"] == "@daily"
    assert back["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["image"] == "x"
