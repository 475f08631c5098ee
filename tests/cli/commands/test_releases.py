"""
`kstore releases`: what is known, and what changes between two.
"""

from __future__ import annotations

from tests.cli.conftest import Kstore
from tests.cli.test_json_reference import faults


def test_a_difference(kstore: Kstore, demo: Kstore) -> None:
    """The same as a document; with a store its objects, and exit code 5."""
    plain = kstore("releases", "--diff", "1.36", "1.37", "-o", "json")
    assert (plain.code, faults("release-difference", plain.json)) == (0, [])
    assert "touched" not in plain.json
    ran = demo("releases", "--diff", "1.33", "1.37", "-o", "json")
    assert (ran.code, faults("release-difference", ran.json)) == (5, [])
    assert {one["kind"] for one in ran.json["touched"]} >= {"IPAddress.networking.k8s.io"}
    assert "Stored in another version" in kstore("releases", "--diff", "1.36", "1.37").text
    assert kstore("releases", "--diff", "1.36", "2.0").code == 2
