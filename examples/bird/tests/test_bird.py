"""
Birds there and back. Run with `python -m pytest`.
"""

from kstore_bird import plugin

from kstore.catalog.releases import newest
from kstore.scheme.plugin_trial import try_plugin


def test_random_objects() -> None:
    """Each version of a Bird comes back from the hub as it was, and some are not refused."""
    for trial in try_plugin(plugin, newest()):
        assert trial.failures == {}
        assert trial.same > 100
