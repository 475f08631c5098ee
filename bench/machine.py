"""
What the figures were measured with: processors, memory and versions. No name of a machine.
"""

from __future__ import annotations

import json
import os
import platform
import re
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kstore
from bench.peers import etcd_program, path_of, version_of


def machine() -> dict[str, Any]:
    """What stands at the head of the page."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processors": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 1),
        "yardstick": round(yardstick(), 2),
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Of kstore, Python, etcd and the peers that are here."""
    found = {"kstore": kstore.__version__, "Python": platform.python_version()}
    found["etcd"] = version_of(str(etcd_program()), "etcd")
    found["etcdctl"] = version_of(str(etcd_program("etcdctl")), "etcdctl")
    for name in ("auger", "kubectl", "kube-apiserver", "curl"):
        if path := path_of(name):
            found[name] = version_of(path, name) or "of an unknown version"
    return found


def yardstick() -> float:
    """Processor seconds of a fixed piece of Python's work, which hold one machine's figures against another's."""
    obj = {f"name-{number}": [number, str(number), {"value": number / 7}] for number in range(2000)}
    began = time.process_time()
    for _ in range(200):
        obj = json.loads(json.dumps(obj))
    return time.process_time() - began


def _processor() -> str:
    with suppress(OSError):
        if found := re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE):
            return found[1]
    return platform.processor()
