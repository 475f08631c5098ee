"""
Real servers on loopback, for tests and for making the demo store.

Knows how to find (or build) etcd and the apiservers, how to start and end them, and how to ask them. Knows nothing of
kstore itself; shipped with the repository only, never in the wheel.
"""

from tools.cluster.client import ApiError, Client
from tools.cluster.running import (
    ControllerManager,
    Etcd,
    KubeApiserver,
    SampleApiserver,
    Server,
    free_port,
    three_etcds,
    write_kubeconfig,
)
from tools.cluster.servers import ServerMissing, find, find_etcd

__all__ = [
    "ApiError",
    "Client",
    "ControllerManager",
    "Etcd",
    "KubeApiserver",
    "SampleApiserver",
    "Server",
    "ServerMissing",
    "find",
    "find_etcd",
    "free_port",
    "three_etcds",
    "write_kubeconfig",
]
