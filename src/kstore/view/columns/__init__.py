"""
The columns and cells that kube-apiserver prints for `kubectl get`, of built-in and custom kinds.
"""

from __future__ import annotations

from kstore.view.columns.engine import cells_for, columns_for, printer_for, table
from kstore.view.columns.printer import Column, Printer

__all__ = ["Column", "Printer", "cells_for", "columns_for", "printer_for", "table"]
