"""
Threads of which one runs at a time, and a clock that goes on when all of them wait: which runs next is decided.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED
from types import SimpleNamespace
from typing import Any

from tests.simulation.decisions import Decisions


class Crash(BaseException):
    """The process is gone: nothing that it still tries has any effect."""


class Deadlock(Exception):
    """All tasks wait, and none for a time."""


class _Carrier:
    """A thread that tasks are run in, one after the other: to start one for each would take longer than the task."""

    idle: list[_Carrier] = []  # noqa: RUF012 - all threads of the process share it

    def __init__(self) -> None:
        self.baton = threading.Lock()
        self.baton.acquire()
        self.job: Callable[[], threading.Lock] = lambda: self.baton
        threading.Thread(target=self._run, daemon=True, name="simulated").start()

    def _run(self) -> None:
        while True:
            self.baton.acquire()
            following = self.job()
            _Carrier.idle.append(self)
            following.release()


class Task:
    """One thread of the simulated process."""

    def __init__(self, baton: threading.Lock) -> None:
        self.baton = baton
        self.ready: Callable[[], bool] | None = None
        """What it waits for; None where it can go on."""
        self.wakes = float("inf")
        """When it goes on in any case."""


class Scheduler:
    """
    The tasks of one process.

    Args:
        decisions: say which one goes on.
        step: what happens in the world beside it, whenever a task pauses.
    """

    def __init__(self, decisions: Decisions, step: Callable[[str], None] = lambda _: None) -> None:
        self.decisions = decisions
        self.now = 1000.0
        self.dead = False
        self.step = step
        self.current = Task(threading.Lock())
        self.current.baton.acquire()
        self._tasks = [self.current]

    def pause(self, where: str) -> None:
        """
        Let the world go on, and perhaps another task.

        Raises:
            Crash: the process ends here.
        """
        if self.dead:
            raise Crash
        self.step(where)
        if self.dead:
            raise Crash
        if len(self._tasks) > 1:
            self._give_way()

    def _give_way(self) -> None:
        ready = [task for task in self._tasks if task is not self.current and self._can_go_on(task)]
        chosen = self.decisions.pick("task", len(ready) + 1, 0.2)
        if chosen:
            self._switch(ready[chosen - 1])
        if self.dead:
            raise Crash

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.wait(lambda: False, seconds)

    def wait(self, ready: Callable[[], bool], seconds: float = float("inf")) -> bool:
        """
        Wait until something is so, or for a time; whether it is so.

        Raises:
            Crash: the process ended meanwhile.
            Deadlock: it will never be so.
        """
        if seconds < float("inf") and not self.dead:
            self.step("waiting")
        if self.dead:
            raise Crash
        task = self.current
        task.ready, task.wakes = ready, self.now + seconds
        while not ready() and self.now < task.wakes:
            others = [one for one in self._tasks if one is not task and self._can_go_on(one)]
            if others:
                self._switch(others[self.decisions.pick("task", len(others), 0.2)])
            else:
                wakes = min(one.wakes for one in self._tasks)
                if wakes == float("inf"):
                    raise Deadlock("every task waits for another")
                self.now = max(self.now, wakes)
            if self.dead:
                raise Crash
        task.ready, task.wakes = None, float("inf")
        return ready()

    def _can_go_on(self, task: Task) -> bool:
        return task.ready is None or self.now >= task.wakes or task.ready()

    def _switch(self, to: Task) -> None:
        mine = self.current
        self.current = to
        to.baton.release()
        mine.baton.acquire()

    def start(self, function: Callable[[], None]) -> None:
        """Begin a task."""
        carrier = _Carrier.idle.pop() if _Carrier.idle else _Carrier()
        task = Task(carrier.baton)

        def job() -> threading.Lock:
            try:
                if not self.dead:
                    function()
            except Crash:
                pass
            self._tasks.remove(task)
            following = next((one for one in self._tasks if self.dead or self._can_go_on(one)), self._tasks[0])
            self.current = following
            return following.baton

        carrier.job = job
        self._tasks.append(task)

    def crash(self) -> None:
        """End the process: every task finds out when it goes on."""
        self.dead = True

    def bury(self) -> None:
        """
        End what is left when the process has ended: after a crash every task that goes on, and in any case a worker
        of a pool that found nothing to do. Its thread carries the next task; left waiting it would never end.
        """
        self.dead = True
        while len(self._tasks) > 1:
            self._switch(self._tasks[-1])


class Lock:
    """A lock of a simulated process; reentrant, which harms nobody."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._owner: Task | None = None
        self._count = 0

    def __enter__(self) -> bool:
        scheduler = self._scheduler
        if self._owner is not scheduler.current:
            if not scheduler.dead:
                scheduler.pause("lock")
            if self._owner is not None:
                scheduler.wait(lambda: self._owner is None)
            self._owner = scheduler.current
        self._count += 1
        return True

    acquire = __enter__

    def __exit__(self, *_: object) -> None:
        self._count -= 1
        if not self._count:
            self._owner = None

    def release(self) -> None:
        """Let go."""
        self.__exit__()


class Event:
    """What `threading.Event` is."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._set = False

    def is_set(self) -> bool:
        """Whether it has happened."""
        return self._set

    def set(self) -> None:
        """Have it happen."""
        self._set = True

    def wait(self, seconds: float) -> bool:
        """Wait for it, at most so long."""
        return self._scheduler.wait(self.is_set, seconds)


class _Future:
    """What a call in another task comes to."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self.ended = False
        self._value: Any = None
        self._error: BaseException | None = None

    def run(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        """Make the call."""
        try:
            self._value = function(*arguments)
        except BaseException as error:
            self._error = error
        self.ended = True

    def result(self) -> Any:
        """Wait for it."""
        self._scheduler.wait(lambda: self.ended)
        if self._error is not None:
            raise self._error
        return self._value


class Pool:
    """What `ThreadPoolExecutor` is."""

    def __init__(self, scheduler: Scheduler, workers: int) -> None:
        self._scheduler = scheduler
        self._free = workers
        self._waiting: list[tuple[_Future, Callable[..., Any], tuple[Any, ...]]] = []
        self._open = 0

    def submit(self, function: Callable[..., Any], *arguments: Any) -> _Future:
        """Have a call made as soon as a worker is free."""
        future = _Future(self._scheduler)
        self._waiting.append((future, function, arguments))
        self._open += 1
        if self._free:
            self._free -= 1
            self._scheduler.start(self._work)
        return future

    def map(self, function: Callable[..., Any], items: Iterable[Any]) -> Iterator[Any]:
        """Call a function for each, and yield what it comes to, in order."""
        futures = [self.submit(function, item) for item in items]
        return (future.result() for future in futures)

    def _work(self) -> None:
        while self._waiting:
            future, function, arguments = self._waiting.pop(0)
            future.run(function, arguments)
            self._open -= 1
        self._free += 1

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._scheduler.dead:
            self._scheduler.wait(lambda: not self._open)


def wait(scheduler: Scheduler, futures: set[_Future], return_when: str = "") -> tuple[set[_Future], set[_Future]]:
    """What `concurrent.futures.wait` does."""
    enough = any if return_when == FIRST_COMPLETED else all
    if futures:
        scheduler.wait(lambda: enough(future.ended for future in futures))
    return {one for one in futures if one.ended}, {one for one in futures if not one.ended}


def names(scheduler: Scheduler) -> dict[str, Any]:
    """What stands for `threading`, `time`, `ThreadPoolExecutor` and `wait` in the modules of a simulated process."""

    def waited(futures: set[_Future], return_when: str = "") -> tuple[set[_Future], set[_Future]]:
        return wait(scheduler, futures, return_when)

    return {
        "threading": SimpleNamespace(
            Lock=lambda: Lock(scheduler), RLock=lambda: Lock(scheduler), Event=lambda: Event(scheduler)
        ),
        "time": SimpleNamespace(monotonic=lambda: scheduler.now, sleep=scheduler.sleep),
        "ThreadPoolExecutor": lambda workers, **_: Pool(scheduler, workers),
        "wait": waited,
    }
