"""
The page of the benchmark, from what was measured.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bench.plot import panels

Json = Mapping[str, Any]

_INTRODUCTION = """\
# Benchmarks

How fast kstore is, and how much memory it takes, each kind of work beside the programs that do the same. `make bench`
measures it and writes this page; `python -m bench ROW` measures one row. kstore and its peers take turns in the same
run, and what counts is their ratio: absolute times are this machine's, in that hour. A command that has not done its
work, by the count of what it printed or made, fails the benchmark.
"""
_LEGEND = """\
Times are medians, with the least and the most in brackets. *Processor* is the seconds of processors that the program
and its workers used, of a server that it asks none. *Memory* is the largest resident set of each of its processes,
added up. *Ratio* is how many times as long the peer takes for an object, by the clock and by the processor: above 1
kstore is ahead.
"""


def page(results: Json) -> str:
    """The page, in Markdown; the plot lies beside it."""
    parts = [_INTRODUCTION, *_machine(results["machine"], results["count"]), "## Side by side\n", _LEGEND]
    parts += [_table(results["rows"]), *_scale(results.get("scale", [])), "## What each row means\n"]
    parts += [_meaning(row) for row in results["rows"]]
    return "\n".join(parts).rstrip() + "\n"


def picture(scale: Sequence[Json]) -> str:
    """Time and memory over the number of keys, a line a command."""

    def lines(what: str) -> dict[str, list[tuple[float, float]]]:
        found: dict[str, list[tuple[float, float]]] = {}
        for one in scale:
            found.setdefault(one["name"], []).append((one["keys"], one[what]))
        return {name: sorted(points) for name, points in found.items()}

    return panels(
        [
            ("processor seconds over keys", lambda value: f"{value:g} s", lines("processor")),
            ("memory over keys", lambda value: f"{value:,.0f} MiB", _in_mebibytes(lines("peak"))),
        ]
    )


def _in_mebibytes(lines: Mapping[str, Sequence[tuple[float, float]]]) -> dict[str, list[tuple[float, float]]]:
    return {name: [(keys, size / (1 << 20)) for keys, size in points] for name, points in lines.items()}


def _machine(machine: Json, count: int) -> Iterator[str]:
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    yield "## With what\n"
    yield _filled(
        f"Measured on {machine['date']}: {machine['processors']} processors ({machine['processor']}), "
        f"{machine['memory'] / (1 << 30):.0f} GiB of memory, {machine['system']}; {versions}. The machine's load was "
        f"{machine['load']} when it began"
        + (
            ": other work ran beside, and the ratio of processor seconds tells more than the clock's. "
            if busy(machine)
            else ". "
        )
        + f"A fixed piece of work of Python's own json takes {machine['yardstick']} s of a processor there."
    )
    yield _filled(
        f"The data: {count:,} Deployments of apps/v1beta1 and {count:,} Pods in two revisions, copies of one of each "
        "as a kube-apiserver has stored it (`bench/data.py`)."
    )


def busy(machine: Json) -> bool:
    """Whether more ran than there are processors."""
    return bool(machine["load"] > machine["processors"] / 2)


def _table(rows: Iterable[Json]) -> str:
    lines = ["| row | by | time | processor | memory | ratio | aim |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        mine = row["kstore"]
        lines.append(f"| [{row['work']}](#{row['name']}) | kstore | {_took(mine)} | | {_aim(row)} |")
        lines += [
            f"| | {peer['name']}{_share(mine, peer)} | {_took(peer)} | {peer['secondsRatio']:.2f}, "
            f"{peer['processorRatio']:.2f} | |"
            for peer in row["peers"]
        ]
        lines += [f"| | {peer['name']} | {peer['why']} | | | | |" for peer in row["missing"]]
    return "\n".join(lines) + "\n"


def _took(one: Json) -> str:
    first = f"; first row {_spread(one['first'])}" if "first" in one else ""
    peak = one["peak"][1:]
    return f"{_spread(one['seconds'])}{first} | {_spread(one['processor'])} | {max(peak) / (1 << 20):,.0f} MiB"


def _spread(values: Sequence[float]) -> str:
    median, least, most = values
    return f"{median:.2f} s ({least:.2f}–{most:.2f})" if least != most else f"{median:.2f} s"  # noqa: RUF001


def _aim(row: Json) -> str:
    return f"{row['aim']:g}" if row["aim"] else "–"  # noqa: RUF001


def _share(mine: Json, peer: Json) -> str:
    return f", {peer['units']:,} objects" if peer["units"] != mine["units"] else ""


def _scale(scale: Sequence[Json]) -> Iterator[str]:
    if not scale:
        return
    sizes = sorted({one["keys"] for one in scale})
    yield "## More keys\n"
    yield _filled(
        "Each of these commands reads one object after the other, so that its time grows with the number of keys and "
        "its memory does not. Once each, of half as many Deployments and Pods."
    )
    yield "![processor seconds and memory over the number of keys](benchmarks.svg)\n"
    yield f"| command | {' | '.join(f'{keys:,} keys' for keys in sizes)} |\n|---|{'---|' * len(sizes)}"
    by_name: dict[str, dict[int, Json]] = {}
    for one in scale:
        by_name.setdefault(one["name"], {})[one["keys"]] = one
    for name, its in by_name.items():
        cells = [
            f"{its[keys]['processor']:.2f} s, {its[keys]['peak'] / (1 << 20):,.0f} MiB" if keys in its else ""
            for keys in sizes
        ]
        yield f"| [{name}](#{name}) | {' | '.join(cells)} |"
    yield ""


def _meaning(row: Json) -> str:
    said = [row["meaning"], row["limit"]]
    commands = [row["kstore"]["command"], *(peer["command"] for peer in row["peers"])]
    return "\n".join(
        [
            f"### {row['name']}\n",
            *(_filled(text) for text in said if text),
            *(f"    {command}" for command in commands),
            "",
        ]
    )


def _filled(text: str) -> str:
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False) + "\n"
