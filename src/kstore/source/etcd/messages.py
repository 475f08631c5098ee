"""
etcd's RPC messages and stubs, built at import from a table of field names, numbers and types.

The table states etcd's own API (`api/etcdserverpb/rpc.proto`, `api/authpb/auth.proto`, `api/mvccpb/kv.proto`, of 3.4
to 3.7) as far as kstore and the package `etcd3` speak it. Nothing is generated ahead by protoc, whose output of 2020
(which `etcd3` 0.12 ships) does not load on protobuf 4 and later, and whose newer output asks for the very protobuf
it was made with. The messages live in a descriptor pool of their own, so that another package's `etcdserverpb` is no
clash.

Knows the wire format only; deliberately nothing about connections, retries or what the messages are for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "etcdserverpb"

# A message a line, an enum indented under the message it is nested in. A field is name=number:type; the type
# is followed by * when repeated and by ^name when the field belongs to the oneof of that name.
_MESSAGES = """
enum AlarmType NONE NOSPACE CORRUPT

KeyValue key=1:bytes create_revision=2:int64 mod_revision=3:int64 version=4:int64 value=5:bytes lease=6:int64
Event type=1:Event.EventType kv=2:KeyValue prev_kv=3:KeyValue
  enum EventType PUT DELETE
ResponseHeader cluster_id=1:uint64 member_id=2:uint64 revision=3:int64 raft_term=4:uint64

RangeRequest key=1:bytes range_end=2:bytes limit=3:int64 revision=4:int64 sort_order=5:RangeRequest.SortOrder \
sort_target=6:RangeRequest.SortTarget serializable=7:bool keys_only=8:bool count_only=9:bool \
min_mod_revision=10:int64 max_mod_revision=11:int64 min_create_revision=12:int64 max_create_revision=13:int64
  enum SortOrder NONE ASCEND DESCEND
  enum SortTarget KEY VERSION CREATE MOD VALUE
RangeResponse header=1:ResponseHeader kvs=2:KeyValue* more=3:bool count=4:int64
RangeStreamResponse range_response=1:RangeResponse
PutRequest key=1:bytes value=2:bytes lease=3:int64 prev_kv=4:bool ignore_value=5:bool ignore_lease=6:bool
PutResponse header=1:ResponseHeader prev_kv=2:KeyValue
DeleteRangeRequest key=1:bytes range_end=2:bytes prev_kv=3:bool
DeleteRangeResponse header=1:ResponseHeader deleted=2:int64 prev_kvs=3:KeyValue*

RequestOp request_range=1:RangeRequest^request request_put=2:PutRequest^request \
request_delete_range=3:DeleteRangeRequest^request request_txn=4:TxnRequest^request
ResponseOp response_range=1:RangeResponse^response response_put=2:PutResponse^response \
response_delete_range=3:DeleteRangeResponse^response response_txn=4:TxnResponse^response
Compare result=1:Compare.CompareResult target=2:Compare.CompareTarget key=3:bytes version=4:int64^target_union \
create_revision=5:int64^target_union mod_revision=6:int64^target_union value=7:bytes^target_union \
lease=8:int64^target_union range_end=64:bytes
  enum CompareResult EQUAL GREATER LESS NOT_EQUAL
  enum CompareTarget VERSION CREATE MOD VALUE LEASE
TxnRequest compare=1:Compare* success=2:RequestOp* failure=3:RequestOp*
TxnResponse header=1:ResponseHeader succeeded=2:bool responses=3:ResponseOp*
CompactionRequest revision=1:int64 physical=2:bool
CompactionResponse header=1:ResponseHeader

WatchRequest create_request=1:WatchCreateRequest^request_union cancel_request=2:WatchCancelRequest^request_union \
progress_request=3:WatchProgressRequest^request_union
WatchCreateRequest key=1:bytes range_end=2:bytes start_revision=3:int64 progress_notify=4:bool \
filters=5:WatchCreateRequest.FilterType* prev_kv=6:bool watch_id=7:int64 fragment=8:bool
  enum FilterType NOPUT NODELETE
WatchCancelRequest watch_id=1:int64
WatchProgressRequest
WatchResponse header=1:ResponseHeader watch_id=2:int64 created=3:bool canceled=4:bool compact_revision=5:int64 \
cancel_reason=6:string fragment=7:bool events=11:Event*

LeaseGrantRequest TTL=1:int64 ID=2:int64
LeaseGrantResponse header=1:ResponseHeader ID=2:int64 TTL=3:int64 error=4:string
LeaseRevokeRequest ID=1:int64
LeaseRevokeResponse header=1:ResponseHeader
LeaseKeepAliveRequest ID=1:int64
LeaseKeepAliveResponse header=1:ResponseHeader ID=2:int64 TTL=3:int64
LeaseTimeToLiveRequest ID=1:int64 keys=2:bool
LeaseTimeToLiveResponse header=1:ResponseHeader ID=2:int64 TTL=3:int64 grantedTTL=4:int64 keys=5:bytes*
LeaseLeasesRequest
LeaseStatus ID=1:int64
LeaseLeasesResponse header=1:ResponseHeader leases=2:LeaseStatus*

Member ID=1:uint64 name=2:string peerURLs=3:string* clientURLs=4:string* isLearner=5:bool
MemberAddRequest peerURLs=1:string* isLearner=2:bool
MemberAddResponse header=1:ResponseHeader member=2:Member members=3:Member*
MemberRemoveRequest ID=1:uint64
MemberRemoveResponse header=1:ResponseHeader members=2:Member*
MemberUpdateRequest ID=1:uint64 peerURLs=2:string*
MemberUpdateResponse header=1:ResponseHeader members=2:Member*
MemberListRequest linearizable=1:bool
MemberListResponse header=1:ResponseHeader members=2:Member*

DefragmentRequest
DefragmentResponse header=1:ResponseHeader
AlarmRequest action=1:AlarmRequest.AlarmAction memberID=2:uint64 alarm=3:AlarmType
  enum AlarmAction GET ACTIVATE DEACTIVATE
AlarmMember memberID=1:uint64 alarm=2:AlarmType
AlarmResponse header=1:ResponseHeader alarms=2:AlarmMember*
StatusRequest
StatusResponse header=1:ResponseHeader version=2:string dbSize=3:int64 leader=4:uint64 raftIndex=5:uint64 \
raftTerm=6:uint64 raftAppliedIndex=7:uint64 errors=8:string* dbSizeInUse=9:int64 isLearner=10:bool \
storageVersion=11:string dbSizeQuota=12:int64
HashRequest
HashResponse header=1:ResponseHeader hash=2:uint32
HashKVRequest revision=1:int64
HashKVResponse header=1:ResponseHeader hash=2:uint32 compact_revision=3:int64 hash_revision=4:int64
SnapshotRequest
SnapshotResponse header=1:ResponseHeader remaining_bytes=2:uint64 blob=3:bytes version=4:string

AuthenticateRequest name=1:string password=2:string
AuthenticateResponse header=1:ResponseHeader token=2:string
Permission permType=1:Permission.Type key=2:bytes range_end=3:bytes
  enum Type READ WRITE READWRITE
AuthUserGetRequest name=1:string
AuthUserGetResponse header=1:ResponseHeader roles=2:string*
AuthRoleGetRequest role=1:string
AuthRoleGetResponse header=1:ResponseHeader perm=2:Permission*
"""

# method[:message][=kind]: the request and response are <message or method>Request and …Response (or
# request/response named in full), the kind is that of a plain call unless "stream" (the server streams) or
# "both" say otherwise.
_SERVICES = {
    "KV": "Range RangeStream:RangeRequest/RangeStreamResponse=stream Put DeleteRange Txn Compact:Compaction",
    "Watch": "Watch=both",
    "Lease": "LeaseGrant LeaseRevoke LeaseKeepAlive=both LeaseTimeToLive LeaseLeases",
    "Cluster": "MemberAdd MemberRemove MemberUpdate MemberList",
    "Maintenance": "Alarm Status Defragment Hash HashKV Snapshot=stream",
    "Auth": "Authenticate UserGet:AuthUserGet RoleGet:AuthRoleGet",
}

_CHANNEL_METHODS = {"": "unary_unary", "stream": "unary_stream", "both": "stream_stream"}

_Field = descriptor_pb2.FieldDescriptorProto
_SCALAR_TYPES = {
    "bytes": _Field.TYPE_BYTES,
    "string": _Field.TYPE_STRING,
    "bool": _Field.TYPE_BOOL,
    "int64": _Field.TYPE_INT64,
    "uint64": _Field.TYPE_UINT64,
    "uint32": _Field.TYPE_UINT32,
}


def _add_enum(target: Any, words: list[str]) -> None:
    enum = target.enum_type.add(name=words[0])
    for number, name in enumerate(words[1:]):
        enum.value.add(name=name, number=number)


def _add_field(message: descriptor_pb2.DescriptorProto, spec: str, messages: set[str]) -> None:
    name, _, rest = spec.partition("=")
    number, _, kind = rest.partition(":")
    kind, _, oneof = kind.partition("^")
    label = _Field.LABEL_REPEATED if kind.endswith("*") else _Field.LABEL_OPTIONAL
    kind = kind.rstrip("*")
    field = message.field.add(name=name, number=int(number), label=label)
    if kind in _SCALAR_TYPES:
        field.type = _SCALAR_TYPES[kind]
    else:
        field.type = _Field.TYPE_MESSAGE if kind in messages else _Field.TYPE_ENUM
        field.type_name = f".{_PACKAGE}.{kind}"
    if oneof:
        known = [each.name for each in message.oneof_decl]
        if oneof not in known:
            message.oneof_decl.add(name=oneof)
            known.append(oneof)
        field.oneof_index = known.index(oneof)


def _file_descriptor() -> descriptor_pb2.FileDescriptorProto:
    """The table as protoc would describe it."""
    file = descriptor_pb2.FileDescriptorProto(name="kstore/etcd.proto", package=_PACKAGE, syntax="proto3")
    rows = [line for line in _MESSAGES.splitlines() if line]
    messages = {row.split()[0] for row in rows if not row.lstrip().startswith("enum ")}
    for row in rows:
        words = row.split()
        if words[0] == "enum":
            _add_enum(file.message_type[-1] if row.startswith(" ") else file, words[1:])
            continue
        message = file.message_type.add(name=words[0])
        for spec in words[1:]:
            _add_field(message, spec, messages)
    return file


def _load_messages() -> dict[str, Any]:
    """Every message class and top-level enum value by name."""
    pool = descriptor_pool.DescriptorPool()
    proto = _file_descriptor()
    pool.Add(proto)
    file = pool.FindFileByName(proto.name)
    classes = {
        name: message_factory.GetMessageClass(descriptor) for name, descriptor in file.message_types_by_name.items()
    }
    values = {value.name: value.number for enum in file.enum_types_by_name.values() for value in enum.values}
    return {**classes, **values}


def _stub(service: str, methods: str, messages: dict[str, Any]) -> type:
    """A class that, made on a gRPC channel, has a callable for each method of the service."""

    def calls() -> Iterator[tuple[str, str, Any, Any]]:
        for spec in methods.split():
            head, _, kind = spec.partition("=")
            name, _, named = head.partition(":")
            request, _, response = named.partition("/")
            if not response:
                request, response = f"{named or name}Request", f"{named or name}Response"
            yield name, kind, messages[request], messages[response]

    table = tuple(calls())

    def __init__(self: Any, channel: Any) -> None:  # noqa: N807 - becomes the stub's constructor
        for name, kind, request, response in table:
            open_call: Callable[..., Any] = getattr(channel, _CHANNEL_METHODS[kind])
            call = open_call(
                f"/{_PACKAGE}.{service}/{name}",
                request_serializer=request.SerializeToString,
                response_deserializer=response.FromString,
            )
            setattr(self, name, call)

    return type(f"{service}Stub", (), {"__init__": __init__, "__doc__": f"etcd's {service} service on a channel."})


_NAMES = _load_messages()
_NAMES.update({f"{service}Stub": _stub(service, methods, _NAMES) for service, methods in _SERVICES.items()})
globals().update(_NAMES)

__all__ = [*_NAMES]


def __getattr__(name: str) -> Any:
    """Tell type checkers that the table's names are here; at run time only an unknown name comes this way."""
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
