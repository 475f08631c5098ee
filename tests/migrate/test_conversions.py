"""
Many conversions side by side.
"""

from __future__ import annotations

from collections.abc import Callable

from kstore.codec import StorageCodec
from kstore.errors import KstoreError
from kstore.migrate.conversions import Job, convert_all
from kstore.naming import GroupVersion
from kstore.scheme.registry import RunningServer


def test_many_are_as_one_by_one(deployment: Callable[..., bytes], codec: StorageCodec) -> None:
    """Results stand in the jobs' order, and what fails at one stage or another takes nothing along."""
    apps, batch = GroupVersion("apps", "v1"), GroupVersion("batch", "v1")
    jobs: list[Job] = []
    for number in range(20):
        value = deployment(f"web-{number}")
        jobs += [(value, apps, "protobuf"), (value[:-9], apps, "json"), (value, batch, "json"), (value, apps, "json")]
    results = convert_all(codec, False, RunningServer(), jobs)
    assert len(results) == len(jobs)
    for at, ((value, to, media), result) in enumerate(zip(jobs, results, strict=True)):
        if at % 4 in (1, 2):
            assert isinstance(result, KstoreError)
        else:
            assert result == codec.convert(value, to, media_type=media)
