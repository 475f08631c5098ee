"""
The same faults end in the same way, whoever writes.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.migrate.conftest import FaultySource, key

import kstore
from kstore.catalog.releases import newest
from kstore.codec import StorageCodec
from kstore.encryption.config import read_configuration
from kstore.errors import (
    AccessDenied,
    Interrupted,
    LeaseGone,
    NoSpace,
    RequestTooLarge,
    StoreUnreachable,
)
from kstore.migrate.apply import Applier
from kstore.migrate.journal import Journal
from kstore.migrate.journal_writer import JournalWriter
from kstore.migrate.plan import EncryptionPlanner, VersionPlanner
from kstore.migrate.rollback import Rollback
from kstore.migrate.settle import settle
from kstore.migrate.targets import VersionTargets
from kstore.naming import GroupResource, GroupVersion
from kstore.records import Mutation
from kstore.repair.restore import plan_restore
from kstore.scheme.scheme import Scheme
from kstore.source.interface import Committed
from kstore.write.batches import ONE_BY_ONE, write_all
from kstore.write.commit import Writer, Written
from kstore.write.compare_and_swap import KeyChange
from kstore.write.progress import Stop
from kstore.write.retry import Retry

NAMES = ("a", "b", "c", "d", "e")
VICTIM = "c"
CONFIGURATION = """\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: ['*.*']
  providers: [{{aesgcm: {{keys: [{{name: one, secret: {}}}]}}}}, {{identity: {{}}}}]
"""


@dataclass
class Trial:
    """A store in which five keys are to be written by one of the writers, and how."""

    store: FaultySource
    run: Callable[[Retry], None]
    left: set[bytes] = field(default_factory=set)
    """What it has named as left."""
    key: Callable[[str], bytes] = key
    """The key of each of the five, by its name."""
    requests: int = 1
    """In how many transactions it writes the five where nothing goes wrong."""
    says: tuple[type[Exception], ...] = ()
    """With which refusals it names the keys and goes on, as they are beside what was asked for."""

    def is_written(self, name: str) -> bool:
        """Whether the key is as the writer was to leave it."""
        return self.store.records.get(self.key(name)) != self.before.get(self.key(name))

    @property
    def victim(self) -> bytes:
        """The key that something happens to."""
        return self.key(VICTIM)

    def __post_init__(self) -> None:
        self.before = dict(self.store.records)


WRITERS = ("migrate", "encrypt", "resume", "rollback", "restore", "edit", "delete", "storedVersions")


@pytest.fixture
def make(tmp_path: Path, codec: StorageCodec, deployment: Callable[..., bytes]) -> Callable[[str], Trial]:
    """The trial of a writer."""

    def begin(writer: str) -> Trial:
        if writer == "storedVersions":
            return _settling(tmp_path / "settling.journal")
        store = FaultySource({key(name): deployment(name) for name in NAMES})
        planner: Any = VersionPlanner(codec, VersionTargets(codec.scheme, (GroupVersion("apps", "v1"),)))
        path = tmp_path / f"{writer}.journal"
        if writer in ("restore", "edit", "delete"):
            return _surgery(writer, store)
        if writer == "encrypt":
            planner = EncryptionPlanner(_encrypting())
        if writer == "rollback":
            log = JournalWriter(path, {"request": {}})
            Applier(store, planner, log, pace=ONE_BY_ONE).run(list(store.scan()))
            log.close()
            trial = Trial(store, lambda retry: None)

            def roll_back(retry: Retry) -> None:
                result = Rollback(Journal(path), store, retry=retry).run()
                trial.left |= set(result.findings)
                assert result.written == len(NAMES), "the books balance"

            trial.run = roll_back
            return trial
        if writer == "resume":
            log = JournalWriter(path, {"request": {}})
            log.begin(list(planner.plan([store.records[key(VICTIM)]])))
            log.close()
        trial = Trial(store, lambda retry: None)

        def apply(retry: Retry) -> None:
            log = JournalWriter(path, None if path.exists() else {"request": {}})
            try:
                if writer == "resume":
                    settle(Journal(path), log, store, retry)
                applier = Applier(store, planner, log, pace=ONE_BY_ONE, retry=retry)
                summary = applier.run(list(store.scan()))
                trial.left |= {one.key.encode() for one in summary.skipped}
            finally:
                log.close()

        trial.run = apply
        return trial

    return begin


def _encrypting() -> StorageCodec:
    """A codec whose configuration encrypts everything."""
    text = CONFIGURATION.format(base64.b64encode(bytes(32)).decode())
    return StorageCodec(
        Scheme(newest()),
        transformers=read_configuration(text),
        resource_of=lambda _: GroupResource("apps", "deployments"),
    )


def _surgery(writer: str, store: FaultySource) -> Trial:
    records = list(store.scan())
    if writer == "restore":
        for one in records:
            store.delete(one.key)
        changes = [plan.change for plan in plan_restore(store, records, {})]
    elif writer == "edit":
        changes = [KeyChange(one.key, one, one.value + b" ", one.lease) for one in records]
    else:
        changes = [KeyChange(one.key, one, None) for one in records]
    trial = Trial(store, lambda retry: None)

    def run(retry: Retry) -> None:
        def ended(ending: Any) -> None:
            if not isinstance(ending, Written):
                trial.left.add(ending.change.key)

        write_all(Writer(store, retry=retry), changes, ended)

    trial.run = run
    return trial


def _as_stored(obj: dict[str, Any]) -> bytes:
    """As Go writes it."""
    return json.dumps(obj, separators=(",", ":"), sort_keys=True).encode() + b"\n"


def _crd(name: str) -> bytes:
    """The key of the CRD of a kind."""
    return f"/registry/apiextensions.k8s.io/customresourcedefinitions/{name}s.bees.example.net".encode()


def _definition(name: str) -> dict[str, Any]:
    """A CRD whose list has a version in which nothing is stored any more."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    versions = [{"name": one, "served": True, "storage": one == "v1", "schema": schema} for one in ("v1", "v1beta1")]
    names = {"plural": f"{name}s", "singular": name, "kind": name.upper(), "listKind": f"{name.upper()}List"}
    return {
        "kind": "CustomResourceDefinition",
        "apiVersion": "apiextensions.k8s.io/v1",
        "metadata": {"name": f"{name}s.bees.example.net"},
        "spec": {"group": "bees.example.net", "names": names, "scope": "Namespaced", "versions": versions},
        "status": {"storedVersions": ["v1beta1", "v1"]},
    }


def _settling(path: Path) -> Trial:
    """A migration whose objects are as they should be: only the lists of their CRDs are not."""
    values = {_crd(name): _as_stored(_definition(name)) for name in NAMES}
    for name in NAMES:
        metadata = {"name": name, "namespace": "orchard", "generation": 1, "creationTimestamp": "2026-01-01T00:00:00Z"}
        one = {"kind": name.upper(), "apiVersion": "bees.example.net/v1", "metadata": metadata}
        values[f"/registry/bees.example.net/{name}s/orchard/{name}".encode()] = _as_stored(one)
    store = FaultySource(values)
    trial = Trial(store, lambda retry: None, key=_crd, requests=len(NAMES), says=(AccessDenied,))

    def run(retry: Retry) -> None:
        with kstore.open(store) as opened:
            migration = kstore.migration(opened, to="bees.example.net/v1")
            report = migration.run(path, pace=ONE_BY_ONE, retry=retry)
        named = {note.partition(".")[0].removesuffix("s") for note in report.notes if "as they are" in note}
        trial.left |= {_crd(name) for name in named}

    trial.run = run
    return trial


@pytest.fixture(params=WRITERS)
def trial(request: pytest.FixtureRequest, make: Callable[[str], Trial]) -> Trial:
    """One for each writer."""
    made = make(request.param)
    made.before = dict(made.store.records)
    return made


def others() -> Iterator[str]:
    return (name for name in NAMES if name != VICTIM)


def retry(seconds: float = 5, stop: Stop | None = None) -> Retry:
    return Retry(seconds, stop=stop or Stop())


def test_a_key_that_others_change(trial: Trial) -> None:
    """All others are written; the one is named, or planned anew, and never overwritten."""
    once = iter([True])

    def meddle(_: object) -> None:
        if next(once, False):
            trial.store.put(trial.victim, b"foreign")

    trial.store.before_commit = meddle
    trial.run(retry())
    assert trial.store.records[trial.victim].value == b"foreign"
    assert trial.left == {trial.victim}
    assert all(trial.is_written(name) for name in others())


@pytest.mark.parametrize("fault", [LeaseGone("requested lease not found"), RequestTooLarge("request is too large")])
def test_one_key_that_is_refused(trial: Trial, fault: Exception) -> None:
    """A lease that is gone, or a value too large, concerns the one key: the others are written, that one is named."""

    def refuse(mutations: Sequence[Mutation]) -> None:
        if any(one.key == trial.victim for one in mutations):
            raise fault

    trial.store.before_commit = refuse
    trial.run(retry())
    assert trial.left == {trial.victim}
    assert not trial.is_written(VICTIM)
    assert all(trial.is_written(name) for name in others())


@pytest.mark.parametrize("fault", [NoSpace("database space exceeded"), AccessDenied("permission denied")])
def test_a_refusal(trial: Trial, fault: Exception) -> None:
    """
    The run ends with just that error, asked once; nothing is written. What is written beside what was asked for is
    named, and may be refused to who may write the objects.
    """
    asked = []

    def refuse(mutations: Sequence[Mutation]) -> None:
        asked.append(mutations)
        raise fault

    trial.store.before_commit = refuse
    if isinstance(fault, trial.says):
        trial.run(retry())
        assert trial.left == {trial.key(name) for name in NAMES}
    else:
        with pytest.raises(type(fault)):
            trial.run(retry())
        assert len(asked) == 1
    assert trial.store.records == trial.before


@pytest.mark.parametrize("happened", [True, False])
def test_an_end_that_nobody_saw(trial: Trial, happened: bool) -> None:
    """Whether it happened the store says; every key is written, each once."""
    once = iter([True])

    def fail(*_: object) -> None:
        if next(once, False):
            raise StoreUnreachable("the leader is lost")

    if happened:
        trial.store.after_commit = fail
    else:
        trial.store.before_commit = fail
    before = trial.store.revision
    trial.run(retry())
    assert trial.left == set()
    assert all(trial.is_written(name) for name in NAMES)
    assert trial.store.revision == before + trial.requests


def test_an_end_that_comes_late(trial: Trial) -> None:
    """A transaction that was given up, and happens when it is sent again, is noticed, and not taken for others'."""
    sent: list[Sequence[Mutation]] = []
    plain = trial.store.commit

    def commit(mutations: Sequence[Mutation]) -> Committed:
        sent.append(mutations)
        if len(sent) == 1:
            raise StoreUnreachable("no answer in time")
        if len(sent) == 2:
            assert plain(sent[0]).succeeded
        return plain(mutations)

    trial.store.commit = commit  # type: ignore[method-assign]
    trial.run(retry())
    assert trial.left == set()
    assert all(trial.is_written(name) for name in NAMES)


def test_stopped(trial: Trial) -> None:
    """Asked to stop, it ends between two transactions, as interrupted."""
    stop = Stop()
    trial.store.operations, trial.store.after_commit = 2, stop.ask
    with pytest.raises(Interrupted):
        trial.run(retry(stop=stop))
    written = sum(trial.is_written(name) for name in NAMES)
    assert 0 < written < len(NAMES)


def test_a_store_that_stays_away(trial: Trial) -> None:
    """It is waited for, and then that is the error."""

    def away(*_: object) -> None:
        raise StoreUnreachable("no endpoint answers")

    def gone(*_: object, **__: object) -> Any:
        raise StoreUnreachable("no endpoint answers")

    def fail(_: object) -> None:
        trial.store.get = gone  # type: ignore[method-assign]
        away()

    trial.store.before_commit = fail
    with pytest.raises(StoreUnreachable):
        trial.run(retry(0.2))
    assert trial.store.records == trial.before


def test_a_list_that_was_refused_is_settled_by_resuming(make: Callable[[str], Trial], tmp_path: Path) -> None:
    """The journal knows no end then, and whoever goes on with it has the lists say where the objects are."""

    def refuse(_: Sequence[Mutation]) -> None:
        raise NoSpace("database space exceeded")

    trial = make("storedVersions")
    trial.store.before_commit = refuse
    with pytest.raises(NoSpace):
        trial.run(retry())
    trial.store.before_commit = lambda _: None
    with kstore.open(trial.store) as opened:
        kstore.Journal.open(tmp_path / "settling.journal", opened).resume()
    assert all(trial.is_written(name) for name in NAMES)


def test_a_store_that_is_away_between_two_lists(make: Callable[[str], Trial]) -> None:
    """It is waited for by whoever reads the next CRD, as by whoever writes it."""
    trial = make("storedVersions")
    plain, once = trial.store.get, iter([True])

    def get(*arguments: Any, **options: Any) -> Any:
        if next(once, False):
            raise StoreUnreachable("the leader is lost")
        return plain(*arguments, **options)

    def written() -> None:
        trial.store.get = get  # type: ignore[method-assign]

    trial.store.after_commit = written
    trial.run(retry())
    assert all(trial.is_written(name) for name in NAMES)
    assert next(once, None) is None
