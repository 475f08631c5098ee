"""
Which objects have no owner left, for any objects and owners, however few of them are in memory.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kstore.inspect import ownership
from kstore.inspect.ownership import Coordinates, Owner, Ownership

PLACES = st.builds(Coordinates, st.just("configmaps"), st.sampled_from(["", "n"]), st.sampled_from("abc"))
UIDS = st.sampled_from(["", "1", "2"])
OBJECTS = st.dictionaries(PLACES, st.none() | UIDS)  # None cannot be read
REFERENCES = st.lists(st.tuples(PLACES, UIDS), min_size=1, max_size=3)
DEPENDENTS = st.lists(
    st.tuples(st.sampled_from(["/b", '/"', "/a/\udc80"]), REFERENCES), max_size=6, unique_by=lambda one: one[0]
)


def noted(
    objects: dict[Coordinates, str | None], dependents: list[tuple[str, list[tuple[Coordinates, str]]]]
) -> Ownership:
    """The dependents first: what they name is noted before and after."""
    found = Ownership()
    for key, references in dependents:
        found.names(key, "n", {Owner("v1", place.namespace, place.name, uid): place for place, uid in references})
    for place, known in objects.items():
        if known is None:
            found.may_exist(place)
        else:
            found.exists(place, known)
    return found


@given(OBJECTS, DEPENDENTS, st.sampled_from([1, 2, 1000]))
def test_no_owner_is_left(
    objects: dict[Coordinates, str | None], dependents: list[tuple[str, list[tuple[Coordinates, str]]]], at_once: int
) -> None:
    """As when each owner is looked up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ownership, "_AT_ONCE", at_once)
        found = noted(objects, dependents).without_owners()
    dangling = [
        key for key, references in dependents
        if not any(objects.get(place, "gone") in (None, uid) for place, uid in references)
    ]  # fmt: skip
    assert sum(group.keys for group in found) == len(dangling)
    assert {group.first_key for group in found} <= set(dangling)
    assert [group.first_key for group in found] == sorted(group.first_key for group in found)


def test_dependents_of_the_same_owners_are_one_group() -> None:
    """By all their owners, and their namespace; the first key is the first in order."""
    owner, other = (Owner("v1", "ConfigMap", name, "1") for name in "ab")
    places = {one: Coordinates("configmaps", "n", one.name) for one in (owner, other)}
    found = Ownership()
    for key, namespace, owners in (
        ("/2", "n", [owner]), ("/1", "n", [owner]), ("/3", "n", [owner, other]), ("/4", "m", [owner]),
    ):  # fmt: skip
        found.names(key, namespace, {one: places[one] for one in owners})
    assert [(group.first_key, group.keys, group.namespace, group.owners) for group in found.without_owners()] == [
        ("/1", 2, "n", (owner,)), ("/3", 1, "n", (owner, other)), ("/4", 1, "m", (owner,)),
    ]  # fmt: skip
    found.exists(places[other], "1")
    assert [group.first_key for group in found.without_owners()] == ["/1", "/4"]
