"""etcd's messages, built from a table."""

from __future__ import annotations

from google.protobuf import descriptor_pool

from kstore.source.etcd import messages as rpc


def test_range_request_has_etcd_wire_format() -> None:
    """A request serializes to the bytes that rpc.proto prescribes, field by field."""
    request = rpc.RangeRequest(key=b"a", range_end=b"b", limit=5, revision=7, keys_only=True)
    assert request.SerializeToString() == bytes.fromhex("0a0161 120162 1805 2007 4001")


def test_compare_has_etcd_wire_format() -> None:
    """The far field number of range_end, the enum and the oneof are where rpc.proto has them."""
    compare = rpc.Compare(target=rpc.Compare.MOD, key=b"k", mod_revision=3, range_end=b"z")
    assert compare.SerializeToString() == bytes.fromhex("1002 1a016b 3003 8204017a")
    assert compare.WhichOneof("target_union") == "mod_revision"


def test_oneof_holds_one() -> None:
    """Setting a second member of a oneof clears the first."""
    operation = rpc.RequestOp(request_put=rpc.PutRequest(key=b"k"))
    operation.request_range.key = b"r"
    assert operation.WhichOneof("request") == "request_range"


def test_a_zero_in_a_oneof_is_sent() -> None:
    """A compare with revision 0, `the key must not exist`, keeps its zero on the wire."""
    assert rpc.Compare(mod_revision=0).SerializeToString() == bytes.fromhex("3000")


def test_unknown_fields_of_newer_servers_are_kept() -> None:
    """A field that the table does not know does no harm."""
    newer = bytes.fromhex("0a0161") + bytes.fromhex("fa0603616263")
    assert rpc.KeyValue.FromString(newer).key == b"a"


def test_the_pool_is_private() -> None:
    """The messages do not appear in protobuf's default pool, where another package may have etcd's own."""
    default = descriptor_pool.Default()
    assert rpc.KeyValue.DESCRIPTOR.file.pool is not default


def test_every_name_of_the_module_that_etcd3_uses_is_there() -> None:
    """The enum values and stubs that etcd3 reaches for exist under their names."""
    assert (rpc.NONE, rpc.NOSPACE, rpc.CORRUPT) == (0, 1, 2)
    assert (rpc.AlarmRequest.GET, rpc.AlarmRequest.DEACTIVATE) == (0, 2)
    assert (rpc.RangeRequest.DESCEND, rpc.RangeRequest.VALUE) == (2, 4)
    for service in ("KV", "Watch", "Lease", "Cluster", "Maintenance", "Auth"):
        assert isinstance(getattr(rpc, f"{service}Stub"), type)
