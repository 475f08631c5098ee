"""
Flunders there and back, as the sample-apiserver converts them. Run with `python -m pytest`.
"""

import json

from kstore_wardle import plugin

from kstore.catalog.releases import newest
from kstore.naming import GroupVersion
from kstore.object_codec import ObjectCodec
from kstore.scheme.plugin_trial import try_plugin
from kstore.scheme.scheme import Scheme

GROUP = "wardle.example.com"


def converted(version: str, target: str, **spec: str) -> dict[str, str]:
    """The spec of a Flunder in another version."""
    codec = ObjectCodec(Scheme(newest(), plugins=[plugin]))
    value = json.dumps({"kind": "Flunder", "apiVersion": f"{GROUP}/{version}", "spec": spec}).encode()
    found: dict[str, str] = json.loads(codec.convert(value, GroupVersion(GROUP, target), media_type="json"))["spec"]
    return found


def test_a_reference() -> None:
    """It goes to the member of its type, and back."""
    old, new = {"reference": "a", "referenceType": "Fischer"}, {"fischerReference": "a", "referenceType": "Fischer"}
    assert converted("v1alpha1", "v1beta1", **old) == new
    assert converted("v1beta1", "v1alpha1", **new) == old


def test_random_objects() -> None:
    """Nothing is lost but references of another type, which upstream loses, too."""
    lost = {text.partition(" ")[0] for trial in try_plugin(plugin, newest()) for text in trial.failures}
    assert lost <= {"spec.reference", "spec.referenceType"}
