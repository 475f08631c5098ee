"""
Records what migrations make of aged and odd objects, as far as a real server leaves it as it is:

    python -m tests.golden.record_aged 1.37 1.33 1.29

Each case is a line: `in`, the value as an older server left it, and `out`, that of the migration, after which an empty
merge patch and a PUT of what the server answers have not moved the key. Objects that the server refuses are left out.
Needs the real servers (`make servers`); whoever reads the cases needs none.
"""

from __future__ import annotations

import json
import lzma
import sys
import tempfile
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

from tests.e2e.aged_objects import Aged, all_aged
from tests.e2e.aged_variants import Variants
from tests.e2e.conftest import KUBE_APISERVERS, SERVING_ALL
from tests.e2e.odd_objects import all_odd, text_of
from tests.e2e.test_aged import LEASED_ANEW, migrate, store, stored
from tests.e2e.test_aged_fields import update_unchanged
from tools.cluster import Etcd, KubeApiserver, find

from kstore.catalog.releases import Release
from kstore.object_codec import ObjectCodec
from kstore.records import Put
from kstore.scheme.registry import RunningServer
from kstore.scheme.scheme import Scheme
from kstore.source.etcd.live import LiveSource

HERE = Path(__file__).parent


def main() -> None:
    """Record the cases of each release that is named."""
    for release in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            lines = record(release, Path(folder))
        path = HERE / f"aged-{release}.jsonl.xz"
        path.write_bytes(lzma.compress("".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME))
        print(f"{path}: {len(lines)} cases")  # noqa: T201 - a command


def record(release: str, folder: Path) -> list[str]:
    """The cases of one release."""
    objects = [*all_aged(), *all_odd(), *Variants(release).all()]
    with Etcd(find("etcd"), folder / "etcd") as etcd:
        store(etcd, all_aged())
        store(etcd, list(Variants(release).all()), release)
        with LiveSource([etcd.endpoint]) as source:
            for odd in all_odd():  # what is odd stays as it stands
                assert source.commit([Put(odd.key.encode(), text_of(odd), 0)]).succeeded
        given = stored(etcd)
        migrate(etcd, release, folder / "journal")
        made = stored(etcd)
        binary = find(KUBE_APISERVERS[release])
        with KubeApiserver(binary, folder / "server", etcd.endpoint, **SERVING_ALL[release]) as server:
            client = server.client()
            taken = [one for one in objects if not update_unchanged(client, _served(one))]
            left = stored(etcd)
    codec = ObjectCodec(Scheme(Release(release), now=lambda: datetime(2001, 1, 1, tzinfo=UTC)))
    return [
        json.dumps({"key": one.key, "in": _text(given[one.key].value), "out": _text(made[one.key].value)}) + "\n"
        for one in taken
        if one.key in left
        and (left[one.key].mod_revision == made[one.key].mod_revision or one.key.startswith(LEASED_ANEW))
        and _converted(codec, given[one.key].value) == made[one.key].value  # else a default is the time of day
    ]


def _converted(codec: ObjectCodec, value: bytes) -> bytes:
    return codec.convert_typed(value, drop_unknown_fields=True, server=RunningServer())[1]


def _served(aged: Aged) -> Aged:
    """The object with a version that it is updated in."""
    return aged if aged.updated_as else Aged(aged.key, aged.object, aged.media_type, aged.object["apiVersion"])


def _text(value: bytes) -> str:
    return b64encode(value).decode()


if __name__ == "__main__":
    main()
