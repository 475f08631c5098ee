"""
A row of the benchmark: the same work, done by kstore and by its peers in turn, and what shows that it was done.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.measure import Output, Run, run

Proof = Callable[[Output], None]
"""
Raises:
    WorkUndone: the output does not show that the work was done.
"""


class WorkUndone(Exception):
    """A command has ended well and has not done its work: its time means nothing."""


def prints(count: int) -> Proof:
    """The token of the output (a line's end, if nothing else is said) comes exactly so often."""

    def proof(output: Output) -> None:
        if output.count != count:
            raise WorkUndone(f"{output.token!r} was printed {output.count} times, {count} times were expected")

    return proof


def says(pattern: str) -> Proof:
    """The beginning or the end of the output matches a regular expression."""

    def proof(output: Output) -> None:
        if not re.search(pattern, output.text):
            raise WorkUndone(f"the output does not say {pattern!r}: {output.text[:500]!r}")

    return proof


def made(counted: Callable[[], int], count: int) -> Proof:
    """What was made, counted where it is, is exactly so much."""

    def proof(_: Output) -> None:
        if (found := counted()) != count:
            raise WorkUndone(f"{found} were made, {count} were expected")

    return proof


@dataclass(frozen=True, slots=True)
class Contender:
    """One program's way to do the work of a row."""

    name: str
    command: Sequence[str]
    shown: str
    """The command as the page has it."""
    proof: Proof
    units: int
    """Objects that it handles: a peer that is slow is given fewer."""
    stdin: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    exit_code: int = 0
    token: bytes = b"\n"
    header_lines: int = 0
    before: Callable[[], object] = lambda: None
    """Called before each run, not timed."""

    def once(self) -> Run:
        """
        Run it once.

        Raises:
            RuntimeError: it failed.
            WorkUndone: it did not do its work.
        """
        self.before()
        output = Output(self.token, self.header_lines + 1)
        took = run(self.command, output, stdin=self.stdin, environment=self.environment, exit_code=self.exit_code)
        try:
            self.proof(output)
        except WorkUndone as error:
            raise WorkUndone(f"{self.name}: {self.shown}: {error}") from None
        return took


@dataclass(frozen=True, slots=True)
class Missing:
    """A peer that is not here."""

    name: str
    why: str = "not installed here"


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of work."""

    name: str
    """What it is asked for by."""
    work: str
    kstore: Contender
    meaning: str
    """What is done, why anyone does it, and what the figure does not tell."""
    peers: Sequence[Contender | Missing] = ()
    """None: no other program does this."""
    aim: float = 0
    """How many times faster than the first peer; 0 for none."""
    limit: str = ""
    """Where the aim cannot be reached: why, and what was tried."""
    streams: bool = False
    """Whether its memory is to be the same for any number of objects."""
    rounds: int = 0
    """How often it is run; 0 for as often as asked."""
    first_row: bool = False
    """Whether the time until the first line matters."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Several runs of a contender."""

    runs: Sequence[Run]

    def of(self, what: str) -> tuple[float, float, float]:
        """Median, least and most of `seconds`, `processor`, `peak` or `first`."""
        values = [getattr(one, what) for one in self.runs]
        return statistics.median(values), min(values), max(values)


def in_turn(contenders: Sequence[Contender], rounds: int) -> list[Spread]:
    """Run each so often, one after the other; every second round the other way round, as the machine's mood changes."""
    runs: list[list[Run]] = [[] for _ in contenders]
    for number in range(rounds):
        order = list(zip(contenders, runs, strict=True))
        for contender, its in reversed(order) if number % 2 else order:
            its.append(contender.once())
    return [Spread(its) for its in runs]


def measured(row: Row, rounds: int) -> dict[str, Any]:
    """Measure a row; what is kept of it, as JSON has it."""
    present = [peer for peer in row.peers if isinstance(peer, Contender)]
    rounds = min(row.rounds, rounds) or rounds
    mine, *theirs = in_turn([row.kstore, *present], rounds)
    return {
        "name": row.name,
        "work": row.work,
        "meaning": row.meaning,
        "aim": row.aim,
        "limit": row.limit,
        "rounds": rounds,
        "kstore": _kept(row.kstore, mine, first_row=row.first_row),
        "peers": [
            {**_kept(peer, spread, first_row=row.first_row), **_ratio(row.kstore, mine, peer, spread)}
            for peer, spread in zip(present, theirs, strict=True)
        ],
        "missing": [{"name": peer.name, "why": peer.why} for peer in row.peers if isinstance(peer, Missing)],
    }


def _kept(contender: Contender, spread: Spread, *, first_row: bool) -> dict[str, Any]:
    measures = ("seconds", "processor", "peak", *(["first"] if first_row else []))
    return {
        "name": contender.name,
        "command": contender.shown,
        "units": contender.units,
        **{what: [_rounded(value) for value in spread.of(what)] for what in measures},
    }


def _rounded(value: float) -> float:
    return value if isinstance(value, int) else round(value, 3)


def _ratio(kstore: Contender, mine: Spread, peer: Contender, theirs: Spread) -> dict[str, float]:
    """How many times faster kstore is, an object; by the clock and by the processor."""
    return {
        f"{what}Ratio": round(theirs.of(what)[0] / peer.units / max(mine.of(what)[0] / kstore.units, 1e-12), 2)
        for what in ("seconds", "processor")
    }
