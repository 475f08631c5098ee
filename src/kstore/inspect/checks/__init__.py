"""
What can be wrong with a store, as one table: a rule and a function each.

A function either looks at every record as it passes, or concludes when all have passed. It yields what it found: what
it is about, the key, the detail, and what is advised. Which release is meant, the survey knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kstore.inspect.checks import (
    advice,
    crashes,
    custom,
    decoding,
    encryption,
    lossy,
    owners,
    places,
    space,
    updates,
    versions,
)
from kstore.inspect.checks.interface import Check, Conclude, Found, Look
from kstore.inspect.findings import ERROR, NOTE, SEVERITIES, WARNING, Command, Finding, Rule
from kstore.inspect.survey import Survey


def _check(name: str, severity: str, title: str, why: str, look: Look | None = None, *, end: Conclude | None = None) -> Check:  # noqa: E501  # fmt: skip
    return Check(Rule(name, severity, title, why), look, end)


CHECKS: tuple[Check, ...] = (
    _check("undecodable", ERROR, "Objects that cannot be decoded",
           "one of them makes every list of its resource fail", decoding.damaged),
    _check("crashes-server", ERROR, "Objects that make an apiserver crash",
           "it expects a field that they lack, and crashes at every start, or drops requests", crashes.crashing),
    _check("unopenable", ERROR, "Encrypted objects that no key decrypts",
           "the apiserver cannot read them, and every list of their resource fails", encryption.unopened),
    _check("unknown-to-target", ERROR, "Objects that the target release cannot decode",
           "its apiserver has no such type: reading one of them fails", decoding.unknown_to_target),
    _check("lossy", ERROR, "Objects that the target release would convert with loss",
           "fields that it does not know are dropped at the next write, without a word", lossy.lossy),
    _check("crd-unlisted-version", ERROR, "Custom objects in a version that storedVersions does not list",
           "the version may be dropped from the CRD while objects are stored in it, which are then unreadable",
           end=custom.unlisted_versions),
    _check("space", ERROR, "Little space left", "a full etcd refuses every write", end=space.little_space),
    _check("corrupt-member", ERROR, "A member whose data differs from the others'",
           "until it is replaced, reads from it may return wrong data",
           end=space.corrupt_member),
    _check("removed-version", WARNING, "Objects stored in a version that is no longer served",
           "the next releases may drop the code that still decodes them", versions.in_state("removed")),
    _check("plain-text", WARNING, "Objects in plain text that the configuration would encrypt",
           "they were written before encryption was on: whoever reads the disk reads them", encryption.plain_text),
    _check("old-key", WARNING, "Objects encrypted with a key that is not the first",
           "as long as one is, the old key cannot be taken out of the configuration", encryption.old_key),
    _check("namespace-stuck", WARNING, "Namespaces that are stuck in deletion",
           "a namespace goes when everything in it is deleted", end=owners.stuck_namespace),
    _check("no-namespace", WARNING, "Objects in namespaces that do not exist",
           "nobody sees them, and nobody will delete them", places.no_namespace),
    _check("no-resource", WARNING, "Keys that belong to no resource",
           "their CRD or API server no longer exists: nothing serves or deletes them", places.no_resource),
    _check("misplaced", WARNING, "Objects stored under another object's key",
           "the apiserver serves them under one name and writes them under another", places.misplaced),
    _check("shared-address", WARNING, "Services that share a cluster IP or a node port",
           "traffic to one of them may reach another", end=places.shared),
    _check("invalid", WARNING, "Objects that their server's own validation rejects",
           "every update of them fails until that is repaired", decoding.refused),
    _check("plugin-failed", WARNING, "Objects that a plugin's rule fails on",
           "they are not converted or checked until the plugin is repaired", decoding.unjudged),
    _check("lease-gone", WARNING, "Keys on leases that do not exist",
           "they should expire, and never will", space.no_lease),
    _check("removed-by-update", WARNING, "Objects that any update removes",
           "they are marked as deleted, and nothing holds them any more",
           updates.removed_by_update),
    _check("object-stuck", NOTE, "Objects whose deletion waits for finalizers",
           "an object goes when its last finalizer is removed", owners.stuck_object),
    _check("owner-gone", NOTE, "Objects whose owner no longer exists",
           "the garbage collector should have deleted them as well", end=owners.owner_gone),
    _check("deprecated-version", NOTE, "Objects stored in a deprecated version",
           "a later release will no longer serve it", versions.in_state("deprecated")),
    _check("other-version", NOTE, "Objects stored in another version than the target release stores",
           "each is rewritten only when somebody changes it", versions.other_version),
    _check("crd-idle-version", NOTE, "Versions in storedVersions that no object is stored in",
           "the CRD cannot drop them before storedVersions is narrowed", end=custom.idle_versions),
    _check("unallocated", NOTE, "Services with a node port that is not allocated yet",
           "the next update, even one that changes nothing, allocates one at random", updates.unallocated),
    _check("untolerating", NOTE, "Pods without the tolerations that servers add by default",
           "the next update, even one that changes nothing else, adds them",
           updates.untolerating),
    _check("unusual-json", NOTE, "Objects in JSON that no API server would write",
           "servers can read them; the next write, or a migration, writes them in the usual form", decoding.unusual),
    _check("served-elsewhere", NOTE, "Groups that an aggregated API server serves",
           "that server stores their objects, perhaps in an etcd of its own, and only it knows their types; "
           "kstore converts them with a plugin", end=places.served_elsewhere),
    _check("foreign-keys", NOTE, "Keys outside the cluster's prefix",
           "they belong to other users of this etcd (a network plugin, another cluster), and are not checked",
           end=places.foreign_keys),
    _check("sealed", NOTE, "Encrypted objects that were not checked",
           "they can be decrypted only with the apiserver's encryption configuration", encryption.encrypted),
)  # fmt: skip
"""All checks, the gravest first."""

_BY_GRAVITY = {severity: number for number, severity in enumerate(SEVERITIES)}


def run_checks(
    survey: Survey,
    checks: Iterable[Check] = CHECKS,
    progress: Callable[[int], None] = lambda _: None,
    worded: Callable[[str], str] = str,
) -> list[Finding]:
    """
    Read the store once, and say what is wrong with it: the gravest first.

    Args:
        survey: of the store, for the target release.
        checks: those wanted.
        progress: told how many records have been read.
        worded: how a hint of the library is said to whoever asks.
    """
    chosen = tuple(checks)
    looking = [check for check in chosen if check.look is not None]
    found: dict[tuple[str, str], Finding] = {}
    for seen in survey.records():
        named = seen.key.encode("utf-8", "replace") == seen.read.record.key
        for check in looking:
            assert check.look is not None
            _note(found, check.rule, check.look(seen, survey), survey, named=named)
        if not survey.read & 0xFF:
            progress(survey.read)
    for check in chosen:
        if check.conclude is not None:
            _note(found, check.rule, check.conclude(survey), survey)
    for finding in found.values():
        finding.advice, words = _given(finding, survey)
        finding.words = worded(words)
    order = {check.rule.id: number for number, check in enumerate(chosen)}
    return sorted(found.values(), key=lambda one: (_BY_GRAVITY[one.rule.severity], order[one.rule.id], one.subject))


def _note(
    found: dict[tuple[str, str], Finding], rule: Rule, places: Iterable[Found], survey: Survey, *, named: bool = True
) -> None:
    """Add to the findings; `named` is False for a key that is no text, which no command line can name."""
    for place in places:
        finding = found.get((rule.id, place.subject))
        if finding is None:
            words = place.words or ("" if named else "the key is no UTF-8: no command line names it")
            commands = tuple(one for one in place.advice if named or place.key not in one)
            finding = found[rule.id, place.subject] = Finding(rule, place.subject, commands, words)
        finding.add(place.key, place.detail)


def _given(finding: Finding, survey: Survey) -> tuple[tuple[Command, ...], str]:
    """What is advised on this kind of store, now that all of it has been seen: commands and words."""
    commands, words = advice.only_shown(finding.advice, survey.losing), finding.words
    if survey.store.revision:
        past = advice.AS_OF.format(survey.store.revision)
        return advice.for_reading(commands, history=survey.keeps_history), "; ".join(filter(None, (words, past)))
    if survey.is_file:
        return advice.on_file(commands, str(survey.release), whole=not survey.losing), words
    if survey.is_writable:
        return commands, words
    left = advice.for_reading(commands, history=survey.keeps_history)
    return left, words if left == commands else "; ".join(filter(None, (words, advice.ELSEWHERE)))
