"""What a run took: with its workers, and by what it printed."""

from __future__ import annotations

import os
import sys

import pytest
from bench.measure import Output, run

BUSY = "sum(range(3_000_000)); block = bytearray(48 << 20); block[::4096] = b'x' * len(block[::4096])"
WITH_A_CHILD = f"""
import subprocess, sys, time
work = {BUSY!r} + "; import time; time.sleep(2)"
subprocess.run([sys.executable, "-c", work])
"""


def test_workers_are_counted() -> None:
    """Their seconds of the processor and their memory, the program's own beside them."""
    alone = run([sys.executable, "-c", "pass"], Output())
    took = run([sys.executable, "-c", WITH_A_CHILD], Output())
    assert took.processor > alone.processor
    assert took.peak > 48 << 20
    assert took.peak < 400 << 20


def test_memory_is_of_the_program_not_of_who_started_it() -> None:
    """A process begins as large as its parent, whose size is not its own."""
    ballast = bytearray(200 << 20)
    ballast[::4096] = b"x" * len(ballast[::4096])
    took = run([sys.executable, "-c", "import time; time.sleep(0.3)"], Output())
    assert took.peak < 100 << 20
    assert len(ballast)


@pytest.mark.parametrize("token", [b"\n", b"ab", b"abcabc"])
@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_tokens_are_counted_however_they_come(token: bytes, step: int) -> None:
    """A read ends where it ends, in the middle of a token, too."""
    text = b"abcabcab\nabc\n" * 3
    reader, writer = os.pipe()
    output = Output(token)
    with os.fdopen(reader, "rb") as pipe:
        counted = 0
        for at in range(0, len(text), step):
            os.write(writer, text[at : at + step])
        os.close(writer)
        output.read(pipe, step)
        counted = output.count
    assert counted == text.count(token)


def test_the_first_line_of_results() -> None:
    """It is behind the header, and is there before the rest."""
    program = "import time; print('HEADER', flush=True); time.sleep(0.3); print('row', flush=True); time.sleep(0.3)"
    took = run([sys.executable, "-c", program], Output(first_line=2))
    assert took.first is not None
    assert 0.3 <= took.first < took.seconds


def test_no_line_of_results() -> None:
    assert run([sys.executable, "-c", "print('HEADER')"], Output(first_line=2)).first is None


def test_a_long_output_keeps_both_ends() -> None:
    output = Output()
    run([sys.executable, "-c", "print('begin'); print('x' * 3_000_000); print('end')"], output)
    assert output.text.startswith("begin\n")
    assert output.text.endswith("end\n")
    assert len(output.text) < 1 << 20
