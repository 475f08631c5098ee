"""
Build servers that are missing, and print where they are: those that are named, or all but the rare ones.

    python -m tools.cluster [NAME...]
"""

import sys

from tools.cluster.servers import BUILDS, find

for server in sys.argv[1:] or [name for name, build in BUILDS.items() if not build.rare]:
    print(find(server, rare=True), flush=True)
