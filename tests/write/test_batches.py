"""
How hard a store is pressed.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from tests.migrate.conftest import FaultySource, key

from kstore.write import batches
from kstore.write.batches import Pace, write_all
from kstore.write.change import KeyChange
from kstore.write.commit import Writer
from kstore.write.progress import Stop
from kstore.write.retry import Retry


class Clock(Stop):
    """Time that passes only where somebody waits."""

    now = 100.0

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return self.asked


@pytest.mark.parametrize(("rate", "stall"), [(10, 0.0), (10, 60.0), (25, 3.0)])
def test_a_rate_holds_after_a_stall(rate: int, stall: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many objects a second at most, apart from those of one second that a stall has cost: none come in a rush."""
    clock = Clock()
    monkeypatch.setattr(batches, "time", SimpleNamespace(monotonic=lambda: clock.now))
    store = FaultySource({key(f"web-{number:03}"): b"old" for number in range(200)})
    times: list[float] = []

    def changes() -> Iterator[KeyChange]:
        for number, record in enumerate(list(store.records.values())):
            if number == 50:
                clock.now += stall
            times.append(clock.now)
            yield KeyChange(record.key, record, b"new")

    write_all(Writer(store, retry=Retry(stop=clock)), changes(), lambda _: None, pace=Pace(batch=5, rate=rate))
    assert all(record.value == b"new" for record in store.records.values())
    for first, last in zip(times, times[2 * rate + 2 :], strict=False):
        assert last - first > 0.99
    assert times[-1] - times[0] == pytest.approx(199 / rate + max(0, stall - 1), abs=0.2)
