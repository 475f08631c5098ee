"""
Image references, as far as defaulting needs them: the tag that an image name has.

(`pkg/util/parsers/parsers.go`, and the grammar of `distribution/reference` that it relies on.)
"""

from __future__ import annotations

import re
from functools import lru_cache

_ALNUM = "[a-zA-Z0-9]"
_DOMAIN_PART = f"(?:{_ALNUM}|{_ALNUM}[a-zA-Z0-9-]*{_ALNUM})"
_DOMAIN = rf"(?:{_DOMAIN_PART}(?:\.{_DOMAIN_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PATH_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_NAME = f"(?:{_DOMAIN}/)?{_PATH_PART}(?:/{_PATH_PART})*"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REFERENCE = re.compile(rf"(?P<name>{_NAME})(?::(?P<tag>\w[\w.-]{{0,127}}))?(?:@(?P<digest>{_DIGEST}))?\Z", re.A)
_IDENTIFIER = re.compile(r"[a-f0-9]{64}\Z")
_DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


@lru_cache(maxsize=4096)
def image_tag(image: str) -> str:
    """The tag of an image name: `latest` when it has neither tag nor digest, empty when it is not a valid name."""
    if _IDENTIFIER.match(image):
        return ""
    domain, remainder = _split_domain(image)
    path = remainder.partition(":")[0] if ":" in remainder else remainder.partition("@")[0]
    if path.lower() != path:
        return ""
    match = _REFERENCE.match(f"{domain}/{remainder}")
    if match is None or len(match["name"].partition("/")[2]) > 255 or not _valid_digest(match["digest"]):
        return ""
    return match["tag"] or ("" if match["digest"] else "latest")


def _split_domain(image: str) -> tuple[str, str]:
    """The registry and the rest, with Docker's registry where none is named (`splitDockerDomain`)."""
    first, slash, rest = image.partition("/")
    if not slash or not (any(c in first for c in ".:") or first == "localhost" or first.lower() != first):
        domain, rest = "docker.io", image
    else:
        domain = "docker.io" if first == "index.docker.io" else first
    if domain == "docker.io" and "/" not in rest:
        rest = f"library/{rest}"
    return domain, rest


def _valid_digest(digest: str | None) -> bool:
    if digest is None:
        return True
    algorithm, _, encoded = digest.partition(":")
    return len(encoded) == _DIGEST_LENGTHS.get(algorithm) and encoded.lower() == encoded
