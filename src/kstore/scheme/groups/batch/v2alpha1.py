"""
Defaults of batch/v2alpha1, which releases had up to 1.20 (`pkg/apis/batch/v2alpha1/defaults.go` there).
"""

from __future__ import annotations

from kstore.scheme.groups.batch.v1 import default_cron_job
from kstore.scheme.registry import Rules

rules = Rules("batch.v2alpha1")

rules.default("CronJob")(default_cron_job)
