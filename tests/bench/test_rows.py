"""A row of the benchmark: contenders take turns, and one that has done no work fails it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from bench.measure import Run
from bench.rows import Contender, Missing, Proof, Row, Spread, WorkUndone, in_turn, made, measured, prints, says


def contender(program: str, proof: Proof, **others) -> Contender:
    return Contender(others.pop("name", "one"), (sys.executable, "-c", program), "shown", proof, 10, **others)


THREE_LINES = "print('a\\nb\\nc')"


def test_work_that_was_done() -> None:
    took = contender(THREE_LINES, prints(3)).once()
    assert took.seconds > 0
    assert took.first is not None


@pytest.mark.parametrize(
    "proof", [prints(4), prints(2), says("d"), made(lambda: 0, 1)], ids=["fewer", "more", "otherwise", "nothing made"]
)
def test_work_that_was_not_done(proof: Proof) -> None:
    """It ends with 0, and its time means nothing all the same."""
    with pytest.raises(WorkUndone, match="shown"):
        contender(THREE_LINES, proof).once()


def test_a_command_that_fails() -> None:
    with pytest.raises(RuntimeError, match="ended with 3: what was wrong"):
        contender("import sys; print('what was wrong', file=sys.stderr); sys.exit(3)", prints(0)).once()


def test_a_command_that_ends_as_it_should_with_another_code() -> None:
    contender("import sys; sys.exit(5)", prints(0), exit_code=5).once()


def test_they_take_turns(tmp_path: Path) -> None:
    """Every second round the other way round; what is to be made ready is, before each run."""
    log = tmp_path / "log"

    def note(word: str) -> None:
        with log.open("a") as file:
            file.write(word)

    both = [contender(THREE_LINES, prints(3), before=lambda name=name: note(name)) for name in "ab"]
    assert [len(spread.runs) for spread in in_turn(both, 3)] == [3, 3]
    assert log.read_text() == "abbaab"


def test_median_and_spread() -> None:
    spread = Spread([Run(3, 1, 100), Run(1, 2, 300), Run(2, 9, 200)])
    assert spread.of("seconds") == (2, 1, 3)
    assert spread.of("processor") == (2, 1, 9)
    assert spread.of("peak") == (200, 100, 300)


def test_a_slow_peer_does_fewer_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ratio is of an object's share, by the clock and by the processor."""
    took = {"kstore": Run(10.0, 5.0, 1), "peer": Run(3.0, 2.0, 1)}
    monkeypatch.setattr("bench.rows.run", lambda command, output, **_: took[command[0]])
    kstore, peer = (
        Contender(name, [name], "shown", prints(0), units) for name, units in (("kstore", 100), ("peer", 2))
    )
    found = measured(Row("name", "work", kstore, "meaning", [peer]), 3)
    assert found["peers"][0]["secondsRatio"] == 15.0
    assert found["peers"][0]["processorRatio"] == 20.0
    assert found["rounds"] == 3


def test_a_peer_that_is_missing_is_said() -> None:
    found = measured(Row("name", "work", contender(THREE_LINES, prints(3)), "meaning", [Missing("auger")]), 1)
    assert found["peers"] == []
    assert found["missing"] == [{"name": "auger", "why": "not installed here"}]
