"""
Migrations through an apiserver that is a fake: what is sent, how often, and what is made of the answers.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests import patience
from tools.hostile_process import odd_files
from tools.hostile_server import MISDEEDS, HostileServer

from kstore.errors import UsageError
from kstore.migrate import apiserver, via_apiserver
from kstore.migrate.apiserver import AnswerTooLarge, Apiserver, ApiserverRefused, storage_version_hash
from kstore.migrate.via_apiserver import ViaApiserver
from kstore.write.progress import Stop

DEPLOYMENTS = SimpleNamespace(group="apps", resource="deployments", kind="Deployment", versions=("v1", "v1beta1"))
KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: test
clusters: [{{name: test, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
users: [{{name: test, user: {{token: secret}}}}]
contexts: [{{name: test, context: {{cluster: test, user: test}}}}]
"""
DISCOVERY: dict[str, Any] = {
    "/apis": {"groups": [{"name": "apps", "preferredVersion": {"groupVersion": "apps/v1"}}]},
    "/api/v1": {"resources": []},
    "/apis/apps/v1": {
        "resources": [
            {
                "name": "deployments",
                "kind": "Deployment",
                "namespaced": True,
                "verbs": ["list", "patch"],
                "storageVersionHash": storage_version_hash("apps", "v1", "Deployment"),
            }
        ]
    },
}
LIST = "/apis/apps/v1/deployments?limit=500"
MIGRATIONS = "/apis/storagemigration.k8s.io/v1/storageversionmigrations"


def item(name: str, revision: str = "1") -> dict[str, Any]:
    """A Deployment as a list holds it."""
    return {"metadata": {"name": name, "namespace": "shop", "uid": f"uid-{name}", "resourceVersion": revision}}


@dataclass(frozen=True)
class Refusal:
    """An answer that is no success."""

    status: int
    document: Any


class Fake:
    """An apiserver whose answers are a table: method and path -> a document, or a list of them, one a time."""

    def __init__(self, folder: Path) -> None:
        self.answers: dict[tuple[str, str], Any] = {("GET", path): found for path, found in DISCOVERY.items()}
        self.asked: list[tuple[str, str]] = []
        self.sent: list[Any] = []
        self.media: set[str] = set()
        """The media types of what was sent."""
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                if length:
                    fake.media.add(self.headers["Content-Type"])
                    fake.sent.append(json.loads(self.rfile.read(length)))
                fake.asked.append((self.command, self.path))
                found = fake.answers.get((self.command, self.path), 404)
                if isinstance(found, list):
                    found = found.pop(0) if len(found) > 1 else found[0]
                if isinstance(found, int):
                    found = Refusal(found, {"message": "so it is"})
                status, document = (found.status, found.document) if isinstance(found, Refusal) else (200, found)
                content = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PATCH = do_POST = do_DELETE = answer  # noqa: N815

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()  # seconds until it ends
        self.kubeconfig = folder / "kubeconfig"
        self.kubeconfig.write_text(KUBECONFIG.format(port=self.server.server_port))

    def migrate(self, **options: Any) -> via_apiserver.Rewritten:
        """Have the fake rewrite its Deployments."""
        return ViaApiserver(Apiserver(str(self.kubeconfig)), concurrency=1, **options).rewrite(DEPLOYMENTS)  # type: ignore[arg-type]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    """A fake apiserver with two Deployments, which does not wait long."""
    monkeypatch.setattr(via_apiserver, "_POLL", 0.01)
    monkeypatch.setattr(via_apiserver, "_UNCLAIMED", patience.SECONDS)
    found = Fake(tmp_path)
    listed = {"items": [item("old"), item("new")], "metadata": {}}
    found.answers["GET", LIST] = listed
    found.answers["PATCH", path("old")] = item("old", "7")
    found.answers["PATCH", path("new")] = item("new")
    yield found
    found.server.shutdown()
    found.server.server_close()


def path(name: str) -> str:
    """Where a Deployment is patched."""
    return f"/apis/apps/v1/namespaces/shop/deployments/{name}?fieldManager=kstore"


def migration(*conditions: tuple[str, str]) -> dict[str, Any]:
    """A StorageVersionMigration with conditions."""
    return {
        "metadata": {"name": "kstore-1"},
        "status": {"conditions": [{"type": name, "status": "True", "message": text} for name, text in conditions]},
    }


@pytest.fixture
def controller(fake: Fake) -> Callable[..., None]:
    """Let the fake serve StorageVersionMigrations, whose states follow one another."""

    def serve(*states: dict[str, Any]) -> None:
        fake.answers["GET", "/apis/storagemigration.k8s.io"] = {
            "preferredVersion": {"groupVersion": "storagemigration.k8s.io/v1"}
        }
        fake.answers["POST", MIGRATIONS] = migration()
        fake.answers["GET", f"{MIGRATIONS}/kstore-1"] = list(states)
        fake.answers["DELETE", f"{MIGRATIONS}/kstore-1"] = {}

    return serve


def test_the_hash_is_discovery_s():
    """The hash of a stored version is what a real server tells of it."""
    assert storage_version_hash("apps", "v1", "ControllerRevision") == "85nkx63pcBU="


def test_every_object_is_patched(fake):
    """Each object gets a patch of its uid and resourceVersion alone; those that the server wrote anew are counted."""
    result = fake.migrate()
    assert (result.objects, result.written, result.by, result.refused) == (2, 1, "updates", [])
    identity = {"uid": "uid-old", "resourceVersion": "1"}
    assert fake.sent[0] == {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": identity}
    assert fake.media == {"application/merge-patch+json"}


@pytest.mark.parametrize("status", [404, 409])
def test_what_others_wrote_or_deleted_is_done(fake, status):
    """An object that was written or deleted since it was listed needs nothing, and is asked for once."""
    fake.answers["PATCH", path("old")] = status
    result = fake.migrate()
    assert (result.objects, result.written, result.refused) == (2, 0, [])
    assert fake.asked.count(("PATCH", path("old"))) == 1


@pytest.mark.large
@pytest.mark.parametrize("name", ["ops#1", "why?x=1", "100%", "a b", "ü", "system:node"])
def test_names_that_a_url_has_other_uses_for(fake, name):
    """A name is percent-encoded, so that the object that is meant is patched."""
    from urllib.parse import quote

    fake.answers["GET", LIST] = {"items": [item(name)], "metadata": {}}
    fake.answers["PATCH", path(quote(name, safe=""))] = item(name, "9")
    result = fake.migrate()
    assert (result.objects, result.written, result.refused) == (1, 1, [])


def test_a_list_whose_token_expired_goes_on(fake):
    """After a 410 the rest is read with the token that came with it; one without a token ends the migration."""
    fake.answers["GET", LIST] = {"items": [item("old")], "metadata": {"continue": "a/b=="}}
    expired = {"code": 410, "message": "too old", "metadata": {"continue": "c&d"}}
    fake.answers["GET", f"{LIST}&continue=a%2Fb%3D%3D"] = Refusal(410, expired)
    fake.answers["GET", f"{LIST}&continue=c%26d"] = {"items": [item("new")], "metadata": {}}
    assert fake.migrate().objects == 2
    fake.answers["GET", f"{LIST}&continue=c%26d"] = Refusal(410, {**expired, "metadata": {"continue": "e"}})
    with pytest.raises(ApiserverRefused, match="too old"):
        fake.migrate()
    fake.answers["GET", f"{LIST}&continue=a%2Fb%3D%3D"] = Refusal(410, {"code": 410, "message": "expired"})
    with pytest.raises(ApiserverRefused, match="expired"):
        fake.migrate()


def test_a_long_list_whose_tokens_expire(fake):
    """Each time that one does, the rest is read with the token that came with the 410, however often in one list."""
    fake.answers["GET", LIST] = {"items": [item("old")], "metadata": {"continue": "a"}}
    for old, new, following in (("a", "b", "c"), ("c", "d", "")):
        expired = {"code": 410, "message": "too old", "metadata": {"continue": new}}
        fake.answers["GET", f"{LIST}&continue={old}"] = Refusal(410, expired)
        fake.answers["GET", f"{LIST}&continue={new}"] = {"items": [item("new")], "metadata": {"continue": following}}
    assert fake.migrate().objects == 3


class Impatient(Stop):
    """Nobody asks to stop, and nothing is waited for."""

    def wait(self, seconds: float) -> bool:
        return False


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_that_has_other_things_to_do(fake, status):
    """It is asked again, and what it does then counts; when it never does, the object is named, and stops nothing."""
    fake.answers["PATCH", path("old")] = [status, status, item("old", "7")]
    result = fake.migrate(stop=Impatient())
    assert (result.objects, result.written, result.refused) == (2, 1, [])
    fake.answers["PATCH", path("old")] = status
    result = fake.migrate(stop=Impatient())
    assert (result.objects, result.written, len(result.refused)) == (2, 0, 1)


@pytest.mark.parametrize(("times", "written"), [(5, 1), (6, None)])
def test_a_server_that_is_away_for_a_moment(fake, monkeypatch, times, written):
    """It may be restarting: it is asked again for the same object, and not for ever."""
    plain = Apiserver.request
    left = iter(range(times))

    def absent(server, method, *asked, **named):
        if method == "PATCH" and next(left, None) is not None:
            raise ApiserverRefused("connection refused", is_absent=True)
        return plain(server, method, *asked, **named)

    monkeypatch.setattr(Apiserver, "request", absent)
    if written is None:
        with pytest.raises(ApiserverRefused, match="connection refused"):
            fake.migrate(stop=Impatient())
    else:
        assert fake.migrate(stop=Impatient()).written == written


def test_a_namespace_is_no_matter_of_the_controller_s(fake, controller):
    """A StorageVersionMigration takes all namespaces: of one alone each object is patched."""
    controller(migration(("Succeeded", "")))
    fake.answers["GET", "/apis/apps/v1/namespaces/shop/deployments?limit=500"] = fake.answers["GET", LIST]
    result = ViaApiserver(Apiserver(str(fake.kubeconfig))).rewrite(DEPLOYMENTS, "shop")
    assert (result.by, result.objects, result.written) == ("updates", 2, 1)
    assert not [one for one in fake.asked if one[0] == "POST"]


@pytest.mark.parametrize(("version", "told"), [("v1alpha1", "v1"), ("v1beta1", None), ("v1", None)])
def test_what_a_migration_says_of_its_resource(fake, version, told):
    """The first version of the API wants to know in which version the resource is served; later ones do not."""
    group = "storagemigration.k8s.io"
    fake.answers["GET", f"/apis/{group}"] = {"preferredVersion": {"groupVersion": f"{group}/{version}"}}
    place = f"/apis/{group}/{version}/storageversionmigrations"
    fake.answers["POST", place] = migration()
    fake.answers["GET", f"{place}/kstore-1"] = migration(("Succeeded", ""))
    assert fake.migrate().by == "StorageVersionMigration"
    assert fake.sent[0]["spec"]["resource"].get("version") == told
    assert fake.sent[0]["apiVersion"] == f"{group}/{version}"


@pytest.mark.parametrize("status", [301, 302, 304, 307])
def test_a_redirection_is_no_answer(fake, status):
    """An apiserver sends none; what does is something else."""
    fake.answers["GET", LIST] = Refusal(status, {"items": [], "metadata": {}})
    with pytest.raises(ApiserverRefused):
        fake.migrate()


def test_a_server_s_long_reason_is_cut(fake):
    """What is repeated of its words is short, whatever it says."""
    for times in (150, 1000):
        fake.answers["PATCH", path("old")] = Refusal(422, {"message": "0123456789" * times})
        ((_, reason),) = fake.migrate().refused
        assert reason.count("0123456789") == 100


@pytest.mark.parametrize(("status", "found"), [(404, True), (503, True), (500, False)])
def test_an_extension_server_that_is_away(fake, status, found):
    """Its group is passed over, and what else is served is found; any other failure is one."""
    fake.answers["GET", "/apis"] = {
        "groups": [
            {"name": name, "preferredVersion": {"groupVersion": f"{name}/v1"}} for name in ("away.example", "apps")
        ]
    }
    fake.answers["GET", "/apis/away.example/v1"] = status
    server = Apiserver(str(fake.kubeconfig))
    if found:
        assert [row["name"] for _, row in server.resources()] == ["deployments"]
    else:
        with pytest.raises(ApiserverRefused):
            server.resources()


@pytest.mark.parametrize("verbs", [["list"], ["patch"], ["get", "create"]])
def test_what_cannot_be_listed_and_patched(fake, verbs):
    """It is not among the resources that the server can be asked to rewrite."""
    (row,) = DISCOVERY["/apis/apps/v1"]["resources"]
    fake.answers["GET", "/apis/apps/v1"] = {"resources": [{**row, "verbs": verbs}]}
    with pytest.raises(UsageError, match=r"serves no deployments\.apps"):
        fake.migrate()


@pytest.mark.parametrize(("minor", "release"), [("37", "1.37"), ("31+", "1.31")])
def test_the_release_of_a_server(fake, minor, release):
    """As it says it itself; a provider's build has a plus behind it."""
    told = {"major": "1", "minor": minor, "emulationMajor": "1", "emulationMinor": minor}
    fake.answers["GET", "/version"] = told
    own, flags = Apiserver(str(fake.kubeconfig)).started()
    assert (own, flags.emulated_version) == (release, release)


def test_what_the_server_refuses_is_named(fake):
    """An object that today's validation refuses is tried once, named, and stops nothing."""
    fake.answers["PATCH", path("old")] = 422
    result = fake.migrate()
    assert (result.objects, len(result.refused)) == (2, 1)
    assert "so it is" in result.refused[0][1]
    assert fake.asked.count(("PATCH", path("old"))) == 1


def test_the_server_s_own_controller_is_asked_and_watched(fake, controller):
    """Where StorageVersionMigrations are carried out, one is made, and nothing is patched by kstore."""
    controller(migration(), migration(("Running", "")), migration(("Succeeded", "")))
    assert fake.migrate().by == "StorageVersionMigration"
    assert fake.sent[0]["spec"] == {"resource": {"group": "apps", "resource": "deployments"}}
    assert not [one for one in fake.asked if one[0] == "PATCH"]


def test_a_migration_that_fails_is_an_error(fake, controller):
    """What the controller says of its failure is told."""
    controller(migration(("Failed", "no such resource")))
    with pytest.raises(ApiserverRefused, match="no such resource"):
        fake.migrate()


def test_a_migration_that_goes_on_is_left_alone(fake, controller):
    """What a controller has begun is not taken back when it takes longer than kstore waits; how to look is said."""
    controller(migration(("Running", "")))
    said: list[str] = []
    via = ViaApiserver(Apiserver(str(fake.kubeconfig)), timeout=0, note=said.append)
    with pytest.raises(ApiserverRefused, match="not done") as refused:
        via.rewrite(DEPLOYMENTS)
    assert "kubectl get storageversionmigration kstore-1" in refused.value.hint
    assert not [one for one in fake.asked if one[0] == "DELETE"]
    assert said == ["deployments.apps: waiting for the server's StorageVersionMigration kstore-1"]


def test_a_migration_that_nobody_begins_is_taken_back(fake, controller, monkeypatch):
    """Without a controller the StorageVersionMigration is deleted, and the objects are patched; once is enough."""
    monkeypatch.setattr(via_apiserver, "_UNCLAIMED", 0.05)
    controller(migration())
    via = ViaApiserver(Apiserver(str(fake.kubeconfig)))
    for _ in range(2):
        result = via.rewrite(DEPLOYMENTS)
        assert (result.by, result.objects, result.written) == ("updates", 2, 1)
    assert fake.asked.count(("POST", MIGRATIONS)) == fake.asked.count(("DELETE", f"{MIGRATIONS}/kstore-1")) == 1


def test_a_migration_that_takes_its_time_is_waited_for(fake, controller, monkeypatch):
    """One that a controller has begun is not taken back, however long it takes."""
    monkeypatch.setattr(via_apiserver, "_UNCLAIMED", 0)
    controller(*[migration(("Running", ""))] * 5, migration(("Succeeded", "")))
    assert fake.migrate().by == "StorageVersionMigration"
    assert not [one for one in fake.asked if one[0] in ("DELETE", "PATCH")]


def test_storage_versions_are_read_from_discovery(fake):
    """Each resource has the hash that the server gives."""
    hashes = Apiserver(str(fake.kubeconfig)).storage_version_hashes()
    assert hashes == {"deployments.apps": storage_version_hash("apps", "v1", "Deployment")}


def test_whether_a_server_is_verified_is_told(fake):
    """A kubeconfig that asks not to verify is believed, and that it does is told."""
    text = fake.kubeconfig.read_text()
    assert Apiserver(str(fake.kubeconfig)).is_verified
    fake.kubeconfig.write_text(text.replace("http:", "https:"))
    assert Apiserver(str(fake.kubeconfig)).is_verified
    fake.kubeconfig.write_text(
        text.replace("http:", "https:").replace("server:", "insecure-skip-tls-verify: true, server:")
    )
    assert not Apiserver(str(fake.kubeconfig)).is_verified


@pytest.mark.large
@pytest.mark.parametrize(
    "answer",
    [{}, {"items": 5}, {"items": [5], "metadata": {}}, {"items": [{"metadata": 5}], "metadata": {}}, [[]], "x"],
)
def test_answers_that_are_no_apiserver_s(fake, answer):
    """What has not the members of an apiserver's answer is an error that names the server, whatever it is."""
    fake.answers["GET", LIST] = answer
    with pytest.raises(ApiserverRefused, match="not an apiserver's") as refused:
        fake.migrate()
    assert "127.0.0.1" in refused.value.where
    fake.answers["GET", "/apis"] = answer
    with pytest.raises(ApiserverRefused):
        Apiserver(str(fake.kubeconfig)).storage_version_hashes()


def test_a_page_too_large_is_asked_for_in_smaller_ones(fake, monkeypatch):
    """A list of more bytes than are taken is read in smaller pages; one object of more is an error."""
    monkeypatch.setattr(apiserver, "ANSWER_LIMIT", 1000)
    large = {"items": [{**item("old"), "data": "x" * 2000}], "metadata": {}}
    fake.answers["GET", LIST] = large
    fake.answers["GET", "/apis/apps/v1/deployments?limit=62"] = {"items": [item("old")], "metadata": {"continue": "c"}}
    fake.answers["GET", "/apis/apps/v1/deployments?limit=62&continue=c"] = {"items": [item("new")], "metadata": {}}
    assert fake.migrate().objects == 2
    for limit in (62, 7, 1):
        fake.answers["GET", f"/apis/apps/v1/deployments?limit={limit}"] = large
    with pytest.raises(AnswerTooLarge, match="1000 bytes"):
        fake.migrate()


def test_a_kubeconfig_that_is_none(tmp_path):
    """A file that is not there is the user's mistake, and said so."""
    with pytest.raises(UsageError, match="kubeconfig"):
        Apiserver(str(tmp_path / "none"))


# ---- servers that do not answer as they should


def telling(answers: dict[str, Any], then: str) -> Callable[[HostileServer, socket.socket], None]:
    """A misdeed that begins where the table of answers (method and path -> document) ends."""

    def misdeed(server: HostileServer, connection: socket.socket) -> None:
        method, path = server.requests[-1].split(b" ", 2)[:2]
        document = answers.get(f"{method.decode()} {path.decode()}")
        if document is None:
            MISDEEDS[then](server, connection)
            return
        content = json.dumps(document).encode()
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(content))
        connection.sendall(content)

    return misdeed


STEPS: dict[str, dict[str, Any]] = {"at once": {}}
STEPS["groups"] = {"GET /apis": DISCOVERY["/apis"]}
STEPS["discovery"] = {f"GET {place}": document for place, document in DISCOVERY.items()}
STEPS["no migrations"] = STEPS["discovery"] | {
    "GET /apis/storagemigration.k8s.io": {"preferredVersion": {"groupVersion": "storagemigration.k8s.io/v1"}}
}
STEPS["a migration"] = STEPS["no migrations"] | {f"POST {MIGRATIONS}": migration()}
"""How far a server answers as it should before it does what it does."""
WORDS = {
    "silence": "no whole answer within",
    "no_answer": "no whole answer within",
    "dripping_head": "no whole answer within",
    "dripping_body": "no whole answer within",
    "endless_continue": "no whole answer within",
    "endless_headers": "more than 100 headers",
    "endless_line": "65536 bytes",
    "endless_body": "larger than 16 MiB",
    "endless_chunk": "larger than 16 MiB",
    "cut_short": "ends 999 bytes early",
    "no_http": "not HTTP",
    "deep_json": "no JSON",
    "redirect_to_itself": "302|no JSON|/again|GET|POST",
}


def hostile(server: HostileServer, folder: Path, timeout: float = 0.3) -> Apiserver:
    """A client of the server, by a kubeconfig."""
    kubeconfig = folder / "hostile"
    kubeconfig.write_text(KUBECONFIG.format(port=server.port))
    return Apiserver(str(kubeconfig), timeout=timeout)


def test_every_misdeed_has_its_words() -> None:
    """None is left out below."""
    assert WORDS.keys() == MISDEEDS.keys()


@pytest.mark.large
@pytest.mark.parametrize(
    ("misdeed", "step"),
    # silence is from the first connection on
    [(misdeed, step) for misdeed in MISDEEDS for step in STEPS if misdeed != "silence" or not STEPS[step]],
)
def test_a_hostile_apiserver(tmp_path: Path, misdeed: str, step: str) -> None:
    """Whatever it does, and whenever it begins with it: an error that names the server and what was wrong."""
    seconds = 0.3 if "within" in WORDS[misdeed] else 200
    with HostileServer(telling(STEPS[step], misdeed) if STEPS[step] else misdeed) as server:
        client = hostile(server, tmp_path, seconds)
        with pytest.raises(ApiserverRefused, match=WORDS[misdeed]) as refused:
            ViaApiserver(client, concurrency=1).rewrite(DEPLOYMENTS)
        assert refused.value.where == client.address


@pytest.mark.parametrize("misdeed", ["dripping_body", "cut_short", "endless_chunk", "no_http"])
def test_a_server_that_fails_is_not_asked_for_each_object(tmp_path: Path, misdeed: str) -> None:
    """One update without a whole answer ends it: every other object would cost as much."""
    listed = {"items": [item(f"one-{number}") for number in range(50)], "metadata": {}}
    answers = STEPS["discovery"] | {
        "GET /apis/storagemigration.k8s.io": {"preferredVersion": {"groupVersion": ""}},
        f"GET {LIST}": listed,
    }
    with HostileServer(telling(answers, misdeed)) as server:
        client = hostile(server, tmp_path, 0.3 if misdeed == "dripping_body" else 200)
        via = ViaApiserver(client, concurrency=1)
        with pytest.raises(ApiserverRefused, match=WORDS[misdeed]):
            via.rewrite(DEPLOYMENTS)
        assert sum(head.startswith(b"PATCH") for head in server.requests) < 25  # those that were under way


@pytest.mark.parametrize("following", [{"items": [], "metadata": {"continue": "b"}}, {"items": [item("old")]}])
def test_a_list_without_end(fake, following):
    """A list that comes to the same place again, or to no object, is broken off."""
    first = {"items": [item("old")], "metadata": {"continue": "a"}}
    fake.answers["GET", "/apis/apps/v1/deployments?limit=500"] = first
    fake.answers["GET", "/apis/apps/v1/deployments?limit=500&continue=a"] = {**first, **following}
    with pytest.raises(ApiserverRefused, match="does not go on"):
        fake.migrate()


def test_groups_without_end(fake):
    """A server of more groups than any has is not asked for each."""
    fake.answers["GET", "/apis"] = {"groups": DISCOVERY["/apis"]["groups"] * 5001}
    with pytest.raises(ApiserverRefused, match="5001 groups"):
        fake.migrate()
    assert len(fake.asked) == 1


# ---- kubeconfigs


def test_a_token_of_a_file(fake):
    """The line feed at the end of a token file is not sent; a token of two lines is an error that does not show it."""
    token = fake.kubeconfig.parent / "token"
    fake.kubeconfig.write_text(fake.kubeconfig.read_text().replace("token: secret", "tokenFile: token"))
    token.write_text("hidden\n")
    assert fake.migrate().objects == 2
    token.write_text("hidden\nX-More: header\n")
    with pytest.raises(UsageError, match="token") as refused:
        fake.migrate()
    assert "hidden" not in str(refused.value)


@pytest.mark.large
@pytest.mark.parametrize("kind", ["pipe", "device", "hole"])
@pytest.mark.parametrize("member", ["", "certificate-authority", "client-certificate", "client-key", "tokenFile"])
def test_a_kubeconfig_of_odd_files(fake, kind, member):
    """It, and each file that it names, is refused by its name before the client waits for it."""
    path, words = odd_files(fake.kubeconfig.parent)[kind]
    kubeconfig = fake.kubeconfig
    if not member:
        kubeconfig = path
    elif member == "certificate-authority":
        text = kubeconfig.read_text().replace("http:", "https:")
        kubeconfig.write_text(text.replace("server:", f"{member}: {path.name}, server:"))
    else:
        kubeconfig.write_text(kubeconfig.read_text().replace("token: secret", f"{member}: {path.name}"))
    with pytest.raises(UsageError, match=words) as refused:
        Apiserver(str(kubeconfig))
    assert refused.value.where == str(path)


@pytest.mark.parametrize(
    "text", ["a: &a [*a]", "[" * 5000 + "]" * 5000, "x: [" + "1," * 200_001 + "]"], ids=["loop", "deep", "many"]
)
def test_a_kubeconfig_of_odd_yaml(tmp_path, text):
    """YAML that would not end is refused before it is read."""
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    with pytest.raises(UsageError, match="cannot be read"):
        Apiserver(str(path))
