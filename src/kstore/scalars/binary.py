"""
Bytes as JSON has them: base64.
"""

from __future__ import annotations

import base64


def read_base64(content: bytes) -> str:
    """Bytes as JSON has them."""
    return base64.b64encode(content).decode()


def write_base64(text: str) -> bytes:
    """
    The bytes that a base64 text stands for; line breaks are passed over, as Go's decoder does.

    Raises:
        ValueError: the text is no base64.
    """
    return base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
