"""
An etcd of one's own, over gRPC as a real one, that holds a few keys and refuses as it is told to.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import grpc

from kstore.source.etcd import messages as rpc


@dataclass(frozen=True, slots=True)
class Refusal:
    """What one request is answered with."""

    code: grpc.StatusCode
    details: str
    happened: bool = False
    """Whether the request is carried out all the same, its answer being lost."""
    at_deadline: bool = False
    """Whether it is kept waiting until the client's time is nearly over."""


class ScriptedEtcd:
    """
    A server of single keys (Range) and of compare-and-swap (Txn); a context manager that ends it.

    Each request of these two takes the next refusal from `refusals`; when there is none it is answered.
    """

    def __init__(self) -> None:
        self.refusals: deque[Refusal] = deque()
        self.asked: list[str] = []
        """The methods that were called, in order."""
        self.revision = 1
        self.records: dict[bytes, Any] = {}
        self._server = grpc.server(ThreadPoolExecutor(4))
        self._server.add_generic_rpc_handlers(
            (
                _service("Maintenance", Status=(self._status, rpc.StatusRequest, rpc.StatusResponse)),
                _service(
                    "KV",
                    Range=(self._refusing("Range", self._range), rpc.RangeRequest, rpc.RangeResponse),
                    Txn=(self._refusing("Txn", self._txn), rpc.TxnRequest, rpc.TxnResponse),
                ),
            )
        )
        self.endpoint = f"http://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop(0).wait()

    def put(self, key: bytes, value: bytes) -> None:
        """Write a key at the next revision."""
        self.revision += 1
        before = self.records.get(key)
        self.records[key] = rpc.KeyValue(
            key=key,
            value=value,
            create_revision=before.create_revision if before else self.revision,
            mod_revision=self.revision,
            version=before.version + 1 if before else 1,
        )

    def _refusing(self, name: str, answer: Any) -> Any:
        def handle(request: Any, context: grpc.ServicerContext) -> Any:
            self.asked.append(name)
            if not self.refusals:
                return answer(request)
            refusal = self.refusals.popleft()
            if refusal.happened:
                answer(request)
            while refusal.at_deadline and context.is_active() and context.time_remaining() > 0.02:
                pass
            context.abort(refusal.code, refusal.details)
            return None

        return handle

    def _status(self, request: Any, context: grpc.ServicerContext) -> Any:
        return rpc.StatusResponse(header=self._header(), version="3.5.1", leader=1, raftTerm=1)

    def _range(self, request: Any) -> Any:
        found = [self.records[request.key]] if request.key in self.records else []
        return rpc.RangeResponse(header=self._header(), kvs=found, count=len(found))

    def _txn(self, request: Any) -> Any:
        stored = [self.records.get(each.key) for each in request.compare]
        holds = all(
            (record.mod_revision if record else 0) == each.mod_revision
            for record, each in zip(stored, request.compare, strict=True)
        )
        for operation in request.success if holds else ():
            self.put(operation.request_put.key, operation.request_put.value)
        return rpc.TxnResponse(header=self._header(), succeeded=holds)

    def _header(self) -> Any:
        return rpc.ResponseHeader(cluster_id=1, member_id=1, revision=self.revision, raft_term=1)


def _service(name: str, **methods: Any) -> Any:
    """A service of etcd's: each method with its function, request and answer."""
    handlers = {
        method: grpc.unary_unary_rpc_method_handler(
            function, request_deserializer=request.FromString, response_serializer=answer.SerializeToString
        )
        for method, (function, request, answer) in methods.items()
    }
    return grpc.method_handlers_generic_handler(f"etcdserverpb.{name}", handlers)
