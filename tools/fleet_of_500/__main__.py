"""
python -m tools.fleet_of_500 [--count N] [--folder DIR] [--s3] [--loop N]

Make the fleet, check it by a scheduler and two workers of which one is killed on the way, and again; then the rate of
two
workers beside a shell loop's. Ends with 1 where any row is wrong, missing or there twice, or the second run asked anew.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from tools.fleet_of_500.running import Fleet, environment, in_bucket, killed, rates
from tools.fleet_of_500.stores import make


def main() -> int:
    """Do all of it, telling each figure as soon as it is known."""
    parser = argparse.ArgumentParser(prog="python -m tools.fleet_of_500", description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--folder", type=Path, help="where the stores are, and are found again")
    parser.add_argument("--s3", action="store_true", help="have the stores in a bucket of a real server (versitygw)")
    parser.add_argument("--loop", type=int, default=100, help="stores of which the rates are measured; 0 for none")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        stores = arguments.folder or scratch / "stores"
        expected = make(stores, arguments.count)
        kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(one.kind for one in expected).items())
        print(f"{len(expected)} stores: {kinds}", flush=True)
        cache = scratch / "cache"
        with ExitStack() as stack:
            place, more = str(stores), {}
            if arguments.s3:
                place, more = stack.enter_context(in_bucket(stores, expected, scratch))
            variables = environment(cache, more)
            fleet = Fleet(place, f"{place}/*/latest.db*", stores / "keys.yaml", expected, variables)
            faults = killed(fleet, scratch)
            if arguments.loop:
                shutil.rmtree(cache)
                faults += rates(fleet, expected[:: max(1, len(expected) // arguments.loop)], scratch)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
