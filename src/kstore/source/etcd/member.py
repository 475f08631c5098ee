"""
One endpoint of a cluster, and what its server is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kstore.source.etcd.endpoint import Endpoint


@dataclass(slots=True, eq=False)
class Member:
    """One endpoint with its client, and what its server said of itself when it was reached."""

    endpoint: Endpoint
    client: Any
    """The `etcd3.Etcd3Client`."""
    status: Any = None
    """The last `StatusResponse`; None as long as the server kept it to itself."""
    tls_tried: bool = False
    """Whether it was found out why there is no TLS session."""

    @property
    def answers_everything(self) -> bool:
        """Whether it can answer more than serializable reads: it has a leader, and is no learner."""
        return self.status is None or self.is_kine or bool(self.status.leader and not self.status.isLearner)

    @property
    def is_kine(self) -> bool:
        """
        Whether the server is kine: etcd states cluster and member, or, to a user who is not root, raft's term at least;
        kine never does.

        See kine's `pkg/server/maintenance.go`, `Status`.
        """
        if self.status is None:
            return False
        header = self.status.header
        return not (header.cluster_id or header.member_id or self.status.raftTerm)
