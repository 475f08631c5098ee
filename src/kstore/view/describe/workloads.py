"""
Pods, and what makes pods.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kstore.decode.raw_json import plain
from kstore.view.columns.ages import nanoseconds, since
from kstore.view.columns.reading import NONE, UNSET, items, number, part, text
from kstore.view.columns.engine import cells_for
from kstore.view.describe.fields import fields, label_for, scalar
from kstore.view.describe.heading import moment, pairs
from kstore.view.describe.page import Page, Table
from kstore.view.selectors import format_selector
