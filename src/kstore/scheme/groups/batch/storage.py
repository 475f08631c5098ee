"""
What an update adds to batch (`pkg/registry/batch/<resource>/strategy.go`, PrepareForUpdate).
"""

from __future__ import annotations

from kstore.scheme.groups.pod_templates import update_template
from kstore.scheme.registry import Rules

rules = Rules("batch.v1")

rules.on_update("Job")(update_template("spec", "template"))
rules.on_update("CronJob")(update_template("spec", "jobTemplate", "spec", "template"))
