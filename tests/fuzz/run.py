"""
A fuzz run: damages values of the corpus and reads, shows, re-encodes and converts what comes of it.

    python -m tests.fuzz.run --mutations 1000000 --seed 1 --record

Anything but an object or a `KstoreError`, or an answer that takes more than two seconds of the processor, is a finding;
it is printed with the bytes that caused it, and the run exits with 1. `--record` keeps the figures in result.json.
"""

from __future__ import annotations

import argparse
import base64
import json
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz import corpus
from tests.fuzz.mutate import mutate

from kstore.catalog.releases import newest
from kstore.decode.json import go_json
from kstore.errors import DecodeError, KstoreError
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

RESULT = Path(__file__).parent / "result.json"
PATIENCE = 2.0
"""Seconds of the processor for one value."""


class Hang(BaseException):
    """An answer took too long; no `Exception`, so that nothing catches it on the way."""


@dataclass
class Tally:
    """What became of the values."""

    outcomes: Counter[str] = field(default_factory=Counter)
    placed: Counter[str] = field(default_factory=Counter)
    """Of the values that could not be read: whether the error says where."""
    findings: list[dict[str, str]] = field(default_factory=list)
    slowest: float = 0.0


def attempt(codec: ObjectCodec, value: bytes, tally: Tally) -> None:
    """Everything that is done with a stored value, once."""
    try:
        decoded = codec.decode(value)
    except KstoreError as error:
        tally.outcomes[error.code] += 1
        if isinstance(error, DecodeError):
            known = error.offset is not None or bool(error.path)
            tally.placed["where" if known else error.message[:50]] += 1
        return
    tally.outcomes["decoded"] += 1
    for name, act in (
        ("shown", lambda: go_json.dumps(decoded.object)),
        ("encoded", lambda: codec.encode(decoded.object, decoded.encoding)),
        ("converted", lambda: codec.convert_typed(value, drop_unknown_fields=True)),
    ):
        try:
            act()
            tally.outcomes[name] += 1
        except KstoreError as error:
            tally.outcomes[f"not {name}: {error.code}"] += 1


def guarded(codec: ObjectCodec, value: bytes, tally: Tally) -> None:
    """One attempt, with a clock; what must not happen becomes a finding."""
    began = time.process_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE)
    try:
        attempt(codec, value, tally)
    except (Exception, Hang) as error:
        tally.findings.append({"error": repr(error), "value": base64.b64encode(value).decode()})
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    tally.slowest = max(tally.slowest, time.process_time() - began)


def run(mutations: int, seed: int, *, progress: bool = False) -> Tally:
    """Damage and try as many values; the same seed gives the same values."""

    def too_long(_signal: int, _frame: Any) -> None:
        raise Hang

    before = signal.signal(signal.SIGVTALRM, too_long)
    random, tally = Random(seed), Tally()
    codec, values = ObjectCodec(Scheme(newest())), corpus.read()
    try:
        for number in range(mutations):
            guarded(codec, mutate(random, random.choice(values)), tally)
            if progress and number % 50_000 == 0:
                print(f"{number} {len(tally.findings)} findings", file=sys.stderr, flush=True)
    finally:
        signal.signal(signal.SIGVTALRM, before)
    return tally


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mutations", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", action="store_true", help="keep the figures in result.json")
    arguments = parser.parse_args()
    began = time.time()
    tally = run(arguments.mutations, arguments.seed, progress=True)
    figures = {
        "mutations": arguments.mutations,
        "seed": arguments.seed,
        "corpus": len(corpus.read()),
        "findings": tally.findings,
        "outcomes": dict(sorted(tally.outcomes.items())),
        "errors that say where": tally.placed["where"],
        "errors that do not": {name: count for name, count in sorted(tally.placed.items()) if name != "where"},
        "slowest": f"{tally.slowest:.3f} s",
        "took": f"{time.time() - began:.0f} s",
    }
    text = json.dumps(figures, indent=2)
    print(text)
    if arguments.record:
        RESULT.write_text(text + "\n")
    return 1 if tally.findings else 0


if __name__ == "__main__":
    sys.exit(main())
