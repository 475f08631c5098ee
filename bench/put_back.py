"""
python -m bench.put_back PORT WRITERS COUNT: send Deployments back through an apiserver, as the storage version migrator
does, and print the name of each.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from tools.cluster import Client
from tools.cluster.running import TOKEN, unverified

from bench.data import NAMESPACE


def main() -> None:
    """GET and PUT each, by so many writers at once."""
    port, writers, count = map(int, sys.argv[1:])
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/frontend-"

    def work(first: int) -> None:
        client = Client("127.0.0.1", port, TOKEN, unverified())
        for number in range(first, count, writers):
            item = client.request("GET", f"{path}{number:06}")
            print(client.request("PUT", f"{path}{number:06}", item)["metadata"]["name"])

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(work, range(writers)))


if __name__ == "__main__":
    main()
