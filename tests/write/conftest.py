"""
What the tests of migrations have, too.
"""

from tests.migrate.conftest import codec, deployment

__all__ = ["codec", "deployment"]
