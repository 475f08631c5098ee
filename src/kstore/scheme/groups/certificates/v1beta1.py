"""
Defaults of certificates.k8s.io/v1beta1 (`pkg/apis/certificates/v1beta1/defaults.go`).
"""

from __future__ import annotations

import base64

from kstore.scheme.groups.certificates.request import CertificateRequest, parse_request
from kstore.scheme.groups.members import default_member, default_text
from kstore.scheme.registry import Obj, Rules, Scope

rules = Rules("certificates.v1beta1")

_SIGNATURE, _ENCIPHERMENT = "digital signature", "key encipherment"


@rules.default("CertificateSigningRequestSpec")
def default_request(spec: Obj, _scope: Scope) -> None:
    """Usages, and the signer that the request's content tells."""
    default_member(spec, "usages", [_SIGNATURE, _ENCIPHERMENT])
    if spec.get("signerName") is None:
        spec["signerName"] = _signer(spec)


def _signer(spec: Obj) -> str:
    """Who signs requests of kubelets; nobody known for others (`DefaultSignerNameFromSpec`)."""
    request = parse_request(base64.b64decode(spec.get("request") or ""))
    usages = set(spec["usages"])
    if request is not None and _is_of_node(request) and not request.emails and not request.uris:
        if not request.dns_names and not request.addresses and _are_for(usages, "client auth"):
            return "kubernetes.io/kube-apiserver-client-kubelet"
        if (request.dns_names or request.addresses) and _are_for(usages, "server auth"):
            return "kubernetes.io/kubelet-serving"
    return "kubernetes.io/legacy-unknown"


def _is_of_node(request: CertificateRequest) -> bool:
    return request.organizations == ["system:nodes"] and request.common_name.startswith("system:node:")


def _are_for(usages: set[str], purpose: str) -> bool:
    """Whether the usages are those of a kubelet, with or without the one that RSA needs."""
    return usages - {_ENCIPHERMENT} == {_SIGNATURE, purpose}


@rules.default("CertificateSigningRequestCondition")
def default_condition(condition: Obj, _scope: Scope) -> None:
    """A condition that is there is true."""
    default_text(condition, "status", "True")
