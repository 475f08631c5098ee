"""
The store in memory of the tests of `inspect`.
"""

from tests.inspect.conftest import open_store, source

__all__ = ["open_store", "source"]
