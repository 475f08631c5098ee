"""Buckets of a server of S3's API, filled by AWS' own client."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import pytest

KEY_ID, SECRET = "AKIAKSTORETEST", "kstore-test"
_NUMBERS = itertools.count()


@dataclass
class S3:
    """A bucket."""

    endpoint: str
    name: str
    client: Any
    """boto3's."""

    def put(self, key: str, content: bytes = b"x") -> str:
        """Store an object; its address."""
        self.client.put_object(Bucket=self.name, Key=key, Body=content)
        return f"s3://{self.name}/{key}"


def new_bucket(endpoint: str) -> S3:
    """A new bucket at a server."""
    boto3 = pytest.importorskip("boto3")
    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET
    )
    name = f"backups-{next(_NUMBERS)}"
    client.create_bucket(Bucket=name)
    return S3(endpoint, name, client)


def use(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """Set the variables with which a server's buckets are read."""
    variables = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
