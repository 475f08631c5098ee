"""
The same work on many blocks, in several processes: results in order, memory bounded.

Python computes on one core, and converting objects is computing. So that small work pays nothing, the first blocks
are done here; only then processes are started, and whenever all of them have enough to do, this one helps. Knows
nothing of what the work is.
"""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing import get_context
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kstore.errors import WorkerLost
from kstore.operating_system import make_room

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnContext, SpawnProcess

Block = TypeVar("Block")
Result = TypeVar("Result")
Context = TypeVar("Context")

_AHEAD = 4
"""Blocks that a process is given before it has answered: it must not wait while we do a block ourselves."""
_ROOM = 1 << 20
"""Bytes that a pipe is asked to hold: the most that Linux allows everybody."""


class Workers(Generic[Block, Result]):
    """
    Does the same work on one block after the other.

    Args:
        work: does a block in this process.
        prepare: makes the like of `work` in another process, where it is called once. It is pickled, as blocks and
            results are; an exception of the work is raised where its result would have been.
        processes: how many may compute at once, this one counted; 1 starts none.
        alone: so many blocks are done here before processes are started.
    """

    def __init__(
        self,
        work: Callable[[Block], Result],
        prepare: Callable[[], Callable[[Block], Result]],
        *,
        processes: int,
        alone: int = 8,
    ) -> None:
        self._work = work
        self._prepare = prepare
        self._others = processes - 1
        self._alone = alone
        self._started: list[_Worker] = []
        self._pending: deque[_Worker | _Done] = deque()
        """Who has the result of each block that was put and not yet taken, in order."""

    def __enter__(self) -> Workers[Block, Result]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._started:
            worker.close()

    def map(self, blocks: Iterable[tuple[Context, Block]]) -> Iterator[tuple[Context, Result]]:
        """Yield the result of each block, with what belongs to it and stays here; blocks are asked for ahead."""
        contexts: deque[Context] = deque()
        for own, block in blocks:
            contexts.append(own)
            self.put(block)
            for result in self.take():
                yield contexts.popleft(), result
        for result in self.drain():
            yield contexts.popleft(), result

    def put(self, block: Block) -> None:
        """
        Have a block done.

        Raises:
            WorkerLost: a process has ended by itself.
        """
        if self._alone > 0:
            self._alone -= 1
        elif self._others > len(self._started):
            self._start()
        worker = min(self._started, key=lambda one: one.waiting, default=None)
        if worker is not None and worker.has_room():
            worker.send(block)
            self._pending.append(worker)
        else:
            self._pending.append(_Done(self._work(block)))

    def _start(self) -> None:
        try:
            while len(self._started) < self._others:
                self._started.append(_Worker(self._prepare))
        except OSError:  # no more processes are to be had: those that are there do it
            self._others = len(self._started)

    def take(self) -> Iterator[Result]:
        """Yield the results that are there, and wait for one only when many blocks are on the way."""
        most = (_AHEAD + 1) * len(self._started) + 1
        while self._pending and (self._pending[0].is_done() or len(self._pending) > most):
            yield self._pending.popleft().result()

    def drain(self) -> Iterator[Result]:
        """Yield the results of all blocks that were put."""
        while self._pending:
            yield self._pending.popleft().result()


class _Done:
    """A result that is there already."""

    def __init__(self, result: Any) -> None:
        self._result = result

    def is_done(self) -> bool:
        return True

    def result(self) -> Any:
        return self._result


class _Worker:
    """One process, seen from outside."""

    def __init__(self, prepare: Callable[[], Callable[[Any], Any]]) -> None:
        # forking would copy the threads' locks (grpc's among them) in whatever state they are
        context = get_context("spawn")
        blocks, self._blocks = _roomy_pipe(context)
        self._results, results = _roomy_pipe(context)
        self._process: SpawnProcess = context.Process(
            target=_serve, args=(blocks, results, prepare), daemon=True, name="kstore-worker"
        )
        self._process.start()
        blocks.close()
        results.close()
        self._ready = False
        self.waiting = 0
        """Blocks it has not answered yet."""

    def has_room(self) -> bool:
        """Whether it is up and can do with another block."""
        if not self._ready and self._results.poll():
            self._receive()
            self._ready = True
        return self._ready and self.waiting < _AHEAD

    def send(self, block: Any) -> None:
        try:
            self._blocks.send(block)
        except OSError:
            raise self._lost() from None
        self.waiting += 1

    def is_done(self) -> bool:
        return self._results.poll()

    def result(self) -> Any:
        self.waiting -= 1
        return self._receive()

    def _receive(self) -> Any:
        try:
            result, error = self._results.recv()
        except (EOFError, OSError):
            raise self._lost() from None
        if error is not None:
            raise error
        return result

    def _lost(self) -> WorkerLost:
        self._process.join(1)
        return WorkerLost(
            f"a process that computes has ended (exit code {self._process.exitcode})",
            hint="was it killed for its memory?",
        )

    def close(self) -> None:
        self._blocks.close()  # it ends when nobody is there to ask
        self._results.close()
        self._process.join(1)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()


def _roomy_pipe(context: SpawnContext) -> tuple[Connection[Any, Any], Connection[Any, Any]]:
    """A pipe with room for a few blocks, so that who writes need not wait until the other comes to read."""
    reader, writer = context.Pipe(duplex=False)
    make_room(writer.fileno(), _ROOM)
    return reader, writer


def _serve(
    coming: Connection[Any, Any], results: Connection[Any, Any], prepare: Callable[[], Callable[[Any], Any]]
) -> None:
    """What a process does: answer blocks until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches it too; its parent decides what becomes of it
    blocks: SimpleQueue[Any] = SimpleQueue()
    try:
        work = prepare()
    except Exception as error:
        results.send((None, error))
        return
    threading.Thread(target=_receive_all, args=(coming, blocks), daemon=True).start()
    try:
        results.send((None, None))
        while (block := blocks.get()) is not _END:
            results.send(_outcome(work, block))
    except OSError:
        return


def _outcome(work: Callable[[Any], Any], block: Any) -> tuple[Any, Exception | None]:
    try:
        return work(block), None
    except Exception as error:
        return None, error


def _receive_all(coming: Connection[Any, Any], blocks: SimpleQueue[Any]) -> None:
    """Take blocks in as they come: the parent must not wait for us while we wait for it to read an answer."""
    try:
        while True:
            blocks.put(coming.recv())
    except (EOFError, OSError):
        blocks.put(_END)


_END: Any = object()
