"""
The connection to a KMS plugin.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from tests.patience import until
from tools.kms_plugin import KmsPlugin

from kstore.encryption.kms_plugin import PluginV1, PluginV2, Refused, Wrapped, socket_target
from kstore.errors import PluginError


def test_no_plugin_is_said_within_the_timeout(tmp_path: Path) -> None:
    """Nobody at the socket: the call ends when its timeout does, and names plugin, call and socket."""
    endpoint = f"unix://{tmp_path}/none.sock"
    with pytest.raises(PluginError, match=r"plugin vault: Status got no answer within 0\.3 s") as caught:
        PluginV2("vault", endpoint, 0.3).key_id()
    assert caught.value.where == endpoint
    assert caught.value.hint


def test_a_slow_plugin_is_given_up(plugin: KmsPlugin) -> None:
    """An answer that takes longer than the timeout is none."""
    plugin.delay = 1.0
    with pytest.raises(PluginError, match="DEADLINE_EXCEEDED"):
        PluginV2("vault", plugin.endpoint, 0.2).key_id()


@pytest.mark.parametrize("client", [PluginV1, PluginV2])
def test_a_dead_plugin_costs_its_timeout_once(
    client: type[PluginV1] | type[PluginV2], start_plugin: Callable[[], KmsPlugin]
) -> None:
    """After a call that was waited for in vain the next ones fail at once, with its reason; later it is asked again."""
    plugin = start_plugin()
    plugin.delay = 0.5
    now = [0.0]
    asked = client("vault", plugin.endpoint, 0.1, lambda: now[0])
    with pytest.raises(PluginError, match=r"no answer within 0\.1 s"):
        asked.encrypt(b"secret")
    for _ in range(1000):
        with pytest.raises(PluginError, match=r"no answer within 0\.1 s \(DEADLINE_EXCEEDED\), and it is not asked"):
            asked.encrypt(b"secret")
    assert len(plugin.calls) <= 1  # it may not have come that far in a tenth of a second
    plugin.delay = 0

    def answered() -> bool:
        now[0] += 60
        with suppress(PluginError):
            return bool(asked.encrypt(b"secret"))
        return False

    until(answered)


def test_a_refusal_is_an_answer(plugin: KmsPlugin) -> None:
    """A plugin that refuses, however often, goes on being asked: it costs no time, and says something of one object."""
    asked = PluginV2("vault", plugin.endpoint, 60.0)
    for _ in range(3):
        with pytest.raises(Refused):
            asked.decrypt(Wrapped(b"?", "none", {}))
    assert plugin.calls.count("v2.Decrypt") == 3


def test_a_plugin_that_comes_up_late_is_waited_for(tmp_path: Path) -> None:
    """Calls wait for the socket as the apiserver's do; after closing, the next call connects anew."""
    plugin = KmsPlugin(tmp_path / "k.sock")
    client = PluginV1("vault", plugin.endpoint, 60.0)
    with plugin:
        wrapped = client.encrypt(b"secret")
        client.close()
        assert client.decrypt(wrapped) == b"secret"
    client.close()
    client.close()


@pytest.mark.parametrize(
    ("endpoint", "target"),
    [
        ("unix:///run/kms.sock", "unix:/run/kms.sock"),
        ("unix:///@kms", "unix-abstract:kms"),
        ("unix:///run/a%20b.sock", "unix:/run/a b.sock"),
    ],
)
def test_endpoints_are_read_as_upstream_reads_them(endpoint: str, target: str) -> None:
    """A path, an abstract socket, and escapes, as `ParseEndpoint` has them."""
    assert socket_target(endpoint) == target


@pytest.mark.parametrize("endpoint", ["", "/run/kms.sock", "tcp://127.0.0.1:1", "http://x"])
def test_only_unix_sockets_are_allowed(endpoint: str) -> None:
    """Every other scheme is refused."""
    with pytest.raises(ValueError, match="unix"):
        socket_target(endpoint)
