"""
extensions/v1beta1: the kinds that other groups took over, with defaults of their own.
"""

from __future__ import annotations

from typing import Any

from tests.scheme.groups.stored import codec_of, example, stored

VERSION = "extensions/v1beta1"


def test_egress_makes_a_policy_of_both() -> None:
    """Rules for what goes out say that the policy is for it."""
    policy = example("NetworkPolicy", VERSION, spec={"podSelector": {}, "egress": [{}]})
    assert stored(policy, "networking.k8s.io/v1")["spec"]["policyTypes"] == ["Ingress", "Egress"]


def test_ports_have_no_protocol_by_default() -> None:
    """Upstream sets it on copies of the ports, so it stays unset; networking.k8s.io/v1 sets TCP."""
    spec: dict[str, Any] = {"podSelector": {}, "ingress": [{"ports": [{"port": 80}]}]}
    assert stored(example("NetworkPolicy", VERSION, spec=spec), VERSION)["spec"]["ingress"] == spec["ingress"]
    found = stored(example("NetworkPolicy", "networking.k8s.io/v1", spec=spec), VERSION)
    assert found["spec"]["ingress"] == [{"ports": [{"port": 80, "protocol": "TCP"}]}]


def test_an_ingress_of_the_first_days() -> None:
    """`backend` is `defaultBackend`, a port's name and number part, a path's type is the controller's."""
    backend = {"serviceName": "web", "servicePort": "http"}
    rules = [{"host": "web.example.com", "http": {"paths": [{"backend": {"serviceName": "web", "servicePort": 80}}]}}]
    found = stored(example("Ingress", VERSION, spec={"backend": backend, "rules": rules}), "networking.k8s.io/v1")
    assert found["spec"] == {
        "defaultBackend": {"service": {"name": "web", "port": {"name": "http"}}},
        "rules": [
            {
                "host": "web.example.com",
                "http": {
                    "paths": [
                        {
                            "pathType": "ImplementationSpecific",
                            "backend": {"service": {"name": "web", "port": {"number": 80}}},
                        }
                    ]
                },
            }
        ],
    }


def test_a_pod_security_policy_is_read_though_it_is_gone() -> None:
    """No release since 1.25 has the kind; what is in a store can still be read."""
    policy = example("PodSecurityPolicy", VERSION, spec={"privileged": True, "seLinux": {"rule": "RunAsAny"}})
    codec = codec_of("1.37")
    value = codec.encode(policy)
    assert codec.decode(value).object["spec"]["privileged"] is True
    assert codec.encode(codec.decode(value).object) == value
