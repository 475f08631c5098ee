"""A time, and five minutes later."""

from __future__ import annotations

from datetime import UTC, datetime

TIME = "2026-01-02T03:04:05Z"
NOW = datetime(2026, 1, 2, 3, 9, 5, tzinfo=UTC)
