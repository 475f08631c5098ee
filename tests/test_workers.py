"""Work in several processes: in order, no more processes than needed, and what happens when one of them dies."""

from __future__ import annotations

import itertools
import os
import pickle
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import pytest

from kstore import errors
from kstore.errors import KstoreError, UnknownFields, WorkerLost
from kstore.workers import Workers


def square(number: int) -> tuple[int, int]:
    """The work, and who did it."""
    if number < 0:
        raise UnknownFields([f"spec.field{number}"], hint="a hint")
    return number * number, os.getpid()


def prepared() -> Callable[[int], tuple[int, int]]:
    return square


def refusing() -> Callable[[int], tuple[int, int]]:
    raise KstoreError("not to be had here")


def dying(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def deadly() -> Callable[[int], int]:
    return dying


def slowly(workers: Workers[int, Any], numbers: Iterable[int]) -> None:
    """Take all results, so slowly that the other processes get their share of the work."""
    for _ in workers.map((None, number) for number in numbers):
        time.sleep(0.001)


@pytest.mark.large
def test_results_come_in_order_from_several_processes() -> None:
    found: list[int] = []

    def work() -> Iterator[tuple[int, int]]:
        """More of it until each process has had its share, however late it starts."""
        for number in itertools.count():
            if number >= 1000 and len(set(found)) == 3:
                return
            yield number, number

    with Workers(square, prepared, processes=3, alone=2) as workers:
        for expected, (kept, (result, process)) in enumerate(workers.map(work())):
            assert (kept, result) == (expected, expected**2)
            found.append(process)
            time.sleep(0.0005)
    assert found[:2] == [os.getpid()] * 2
    assert len(set(found)) == 3


def test_small_work_starts_no_process() -> None:
    with Workers(square, prepared, processes=2, alone=10) as workers:
        assert {process for _, (_, process) in workers.map((None, number) for number in range(10))} == {os.getpid()}
        assert not workers._started


def test_one_process_is_this_one() -> None:
    with Workers(square, prepared, processes=1, alone=0) as workers:
        assert {process for _, (_, process) in workers.map((None, n) for n in range(100))} == {os.getpid()}


def test_an_error_of_the_work_is_raised_where_its_result_would_have_been() -> None:
    with Workers(square, prepared, processes=2, alone=0) as workers, pytest.raises(UnknownFields) as caught:
        slowly(workers, [*range(500), -1])
    assert caught.value.paths == ("spec.field-1",)
    assert caught.value.hint == "a hint"


def test_a_process_that_cannot_prepare_says_why() -> None:
    with Workers(square, refusing, processes=2, alone=0) as workers, pytest.raises(KstoreError, match="not to be had"):
        slowly(workers, range(100_000))


def test_a_process_that_is_killed_is_noticed() -> None:
    with Workers(square, deadly, processes=2, alone=0) as workers, pytest.raises(WorkerLost, match="exit code -9"):
        slowly(workers, range(100_000))


EVERY_ERROR = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, KstoreError)]


@pytest.mark.parametrize("kind", EVERY_ERROR, ids=lambda kind: kind.__name__)
def test_errors_pass_between_processes_whole(kind: type[KstoreError]) -> None:
    made: dict[Any, Any] = {
        errors.UnknownFields: partial(errors.UnknownFields, ["spec.a", "spec.b"], hint="try"),
        errors.ExtensionError: partial(errors.ExtensionError, "found", package="p", row="types: a", hint="try"),
        errors.RuleFailed: partial(errors.RuleFailed, "found", plugin="p", rule="r", path="spec.a"),
    }
    error = made.get(kind, partial(kind, "found", where="/registry/pods/a/b", hint="try"))()
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert again.__dict__ == error.__dict__
    assert str(again) == str(error)
