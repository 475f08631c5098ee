"""
The words on a cluster's members and its file.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kstore.errors import AccessDenied, KstoreError, StoreUnreachable, Unsupported
from kstore.source.etcd import messages as rpc
from kstore.source.etcd import status
from kstore.source.options import SourceOptions

OWN = rpc.StatusResponse(
    header=rpc.ResponseHeader(member_id=1), version="3.6.0", dbSize=100, leader=1, raftIndex=9, dbSizeInUse=90
)


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (rpc.Member(ID=1, name="one"), "healthy, leader, 3.6.0, 100 bytes, raft index 9"),
        (rpc.Member(ID=2, clientURLs=["http://127.0.0.1:1"]), "has not joined yet"),
        (rpc.Member(ID=2, name="two"), "unreachable from here (advertises no address)"),
        (rpc.Member(ID=2, name="two", clientURLs=["ftp://x"]), "unreachable from here (ftp://x: unknown scheme 'ftp')"),
    ],
    ids=["the one that was asked", "not there yet", "without an address", "of another kind"],
)
def test_what_is_said_of_a_member(member: Any, words: str) -> None:
    """What the one that was asked says of itself; of others why they cannot be asked, where they cannot."""
    connection: Any = SimpleNamespace(options=SourceOptions(), metadata=tuple)
    assert status._report(connection, member, OWN) == words


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ({"errors": ["NOSPACE", "x"]}, "unhealthy: NOSPACE; x, leader, "),
        ({"isLearner": True}, "healthy, learner, "),
        ({"leader": 2}, "healthy, follower, "),
    ],
)
def test_what_a_member_says_of_itself(named: dict[str, Any], words: str) -> None:
    """Its health with what it finds wrong, and its part in the cluster."""
    own = rpc.StatusResponse()
    own.CopyFrom(OWN)
    own.MergeFrom(rpc.StatusResponse(**named))
    assert status._words(own).startswith(words)


@pytest.mark.parametrize(("in_use", "told"), [(51, False), (50, True), (1, True), (0, False), (100, False)])
def test_a_file_that_is_half_free(in_use: int, told: bool) -> None:
    """From a half on defragmenting is worth a mention; a server that does not tell what is in use has nothing free."""
    found = status._defragmentation(rpc.StatusResponse(dbSize=100, dbSizeInUse=in_use))
    free = 100 - in_use
    assert found == ({"hint": f"{free} of 100 bytes are free pages; `etcdctl defrag` gives them back"} if told else {})


def answering(*answers: Any, serializable: bool = False) -> Any:
    """A connection that answers in turn, or fails."""
    left = list(answers)

    def ask(call: Any, request: Any) -> Any:
        found = left.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    return SimpleNamespace(ask=ask, options=SourceOptions(serializable=serializable))


def test_alarms() -> None:
    """Each with its member, by name where it has one; a kind that is not known is told by its number."""
    raised = [rpc.AlarmMember(memberID=1, alarm=1), rpc.AlarmMember(memberID=0xAB, alarm=2)]
    raised.append(rpc.AlarmMember(memberID=1, alarm=7))
    found = status._alarms(answering(SimpleNamespace(alarms=raised)), {1: "one"})
    assert found == ("NOSPACE (one)", "CORRUPT (ab)", "7 (one)")


@pytest.mark.parametrize("refusal", [AccessDenied("no"), Unsupported("no"), StoreUnreachable("no")])
def test_alarms_that_are_not_told(refusal: KstoreError) -> None:
    """Who may not ask for them has a status all the same; of one member alone nothing is asked."""
    assert status._alarms(answering(refusal), {}) == ()
    assert status._alarms(answering(serializable=True), {}) == ()


@pytest.mark.parametrize("refusal", [Unsupported("no"), StoreUnreachable("no")])
def test_members_that_are_not_told(refusal: KstoreError) -> None:
    """A learner does not tell them, nor does a member without a leader: where just one is to answer, that does."""
    assert status._members(answering(refusal, serializable=True)) == ()
    with pytest.raises(type(refusal)):
        status._members(answering(refusal))
