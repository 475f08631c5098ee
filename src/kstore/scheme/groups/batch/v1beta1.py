"""
Defaults of batch/v1beta1 (`pkg/apis/batch/v1beta1/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.batch.v1 import default_cron_job
from kstore.scheme.registry import Rules

rules = Rules("batch.v1beta1")

rules.default("CronJob")(default_cron_job)
