"""
The store in memory of the tests of `inspect`, and the etcds of those of `source`.
"""

from tests.inspect.conftest import open_store, source
from tests.source.conftest import connect, newest_release, serve

__all__ = ["connect", "newest_release", "open_store", "serve", "source"]
