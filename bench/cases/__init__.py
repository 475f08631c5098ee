"""
What is measured: a function a folder of work, each yielding rows while what they need is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from bench.cases.filters import filters
from bench.cases.fleet import fleet
from bench.cases.judging import judging
from bench.cases.live import live
from bench.cases.migrating import migrating
from bench.cases.reading import reading
from bench.cases.rewriting import rewriting
from bench.cases.sql import sql
from bench.rows import Row

Case = Callable[[Path, int], Iterator[Row]]
"""
Rows on the data in a folder, of so many objects a kind. A row is measured before the next one is asked for: servers run
as long as the function does.
"""

CASES: dict[str, Case] = {
    "filters": filters,
    "reading": reading,
    "judging": judging,
    "rewriting": rewriting,
    "live": live,
    "migrating": migrating,
    "sql": sql,
    "fleet": fleet,
}
"""What can be asked for by name."""
STREAMING = ("reading", "judging", "rewriting")
"""Those whose commands read one object after the other: their memory is the same for any number of them."""
