"""
What `check` found: findings as values, and their forms for programs (JSON, SARIF 2.1.0, JUnit).

Knows nothing of how anything is found.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape, quoteattr

ERROR, WARNING, NOTE = "error", "warning", "note"
SEVERITIES = (ERROR, WARNING, NOTE)
"""The gravest first; SARIF has the same words."""
Command = tuple[str, ...]
"""A command line, argument by argument; only where it is shown does it become text (`shlex.join`)."""
MOST_KEYS = 1000
"""Of one finding's keys, so many are kept; all are counted."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a check looks for, apart from how."""

    id: str
    severity: str
    title: str
    why: str
    """Why it matters."""


@dataclass(slots=True)
class Finding:
    """One thing that is wrong, in one or many places."""

    rule: Rule
    subject: str
    """What it is about: a version, a resource, a namespace."""
    advice: tuple[Command, ...] = ()
    """The commands that repair it, or that show more where nothing can be repaired by a command, in their order."""
    words: str = ""
    """What to do where no command is safe or enough."""
    count: int = 0
    keys: list[tuple[str, str]] = field(default_factory=list)
    """Keys, each with what is wrong just there; at most `MOST_KEYS`."""

    @property
    def command(self) -> str:
        """The advised commands as one line for a shell, every argument quoted; empty where there is none."""
        return "; ".join(map(shlex.join, self.advice))

    @property
    def steps(self) -> tuple[str, ...]:
        """What to do, a line each: the commands, every argument quoted for a shell, and the words."""
        return (*map(shlex.join, self.advice), *self.remarks)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the commands alone do not say: that they are of one key of many, and the words."""
        first = self.keys[0][0] if self.keys else ""
        of_one = self.count > 1 and any(first in command for command in self.advice)
        again = f"the commands name the first of {self.count:,} keys: the others likewise, one by one"
        return (*((again,) if of_one else ()), *((self.words,) if self.words else ()))

    def add(self, key: str, detail: str) -> None:
        """Note one more place."""
        self.count += 1
        if len(self.keys) < MOST_KEYS:
            self.keys.append((key, detail))


def as_document(findings: Sequence[Finding], about: dict[str, Any]) -> dict[str, Any]:
    """The document of `-o json`."""
    return {
        **about,
        "counts": {severity: sum(one.rule.severity == severity for one in findings) for severity in SEVERITIES},
        "findings": [
            {
                "id": one.rule.id,
                "severity": one.rule.severity,
                "title": one.rule.title,
                "subject": one.subject,
                "why": one.rule.why,
                "command": one.command,
                "hint": "; ".join(one.remarks),
                "count": one.count,
                "keys": [{"key": key, "detail": detail} for key, detail in one.keys],
            }
            for one in findings
        ],
    }


def as_sarif(findings: Sequence[Finding], rules: Iterable[Rule], version: str) -> dict[str, Any]:
    """A SARIF 2.1.0 log: a result a finding, its keys as logical locations."""
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "kstore",
                        "version": version,
                        "rules": [
                            {
                                "id": rule.id,
                                "shortDescription": {"text": rule.title},
                                "fullDescription": {"text": rule.why},
                                "defaultConfiguration": {"level": rule.severity},
                            }
                            for rule in rules
                        ],
                    }
                },
                "results": [_sarif_result(one) for one in findings],
            }
        ],
    }


def _sarif_result(one: Finding) -> dict[str, Any]:
    return {
        "ruleId": one.rule.id,
        "level": one.rule.severity,
        "message": {"text": f"{one.rule.title}: {one.subject} ({one.count}). {'; '.join(one.steps)}"},
        "locations": [
            {
                "logicalLocations": [{"fullyQualifiedName": key, "kind": "object"}],
                **({"message": {"text": detail}} if detail else {}),
            }
            for key, detail in one.keys
        ],
    }


def as_junit(findings: Sequence[Finding], rules: Iterable[Rule], suite: str) -> str:
    """A JUnit report: a test case a check, a failure where it found errors or warnings; notes are its output."""
    cases = []
    failures = 0
    for rule in rules:
        mine = [one for one in findings if one.rule is rule]
        head = f"  <testcase classname={quoteattr('kstore.check')} name={quoteattr(rule.id)}"
        if not mine:
            cases.append(f"{head}/>\n")
            continue
        text = "".join(
            f"{one.subject}: {one.count}\n" + "".join(f"  {key}: {detail}\n" for key, detail in one.keys)
            + "".join(f"  {step}\n" for step in one.steps)
            for one in mine
        )  # fmt: skip
        if rule.severity == NOTE:
            body = f"<system-out>{_xml(text)}</system-out>"
        else:
            failures += 1
            body = f"<failure type={quoteattr(rule.severity)} message={quoteattr(rule.title)}>{_xml(text)}</failure>"
        cases.append(f"{head}>\n    {body}\n  </testcase>\n")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuite name={quoteattr(suite)} tests="{len(cases)}" failures="{failures}">\n'
        f"{''.join(cases)}</testsuite>\n"
    )


def _xml(text: str) -> str:
    """Text as XML may hold it: other control characters than tab and newline have no place there."""
    return escape("".join(char if char >= " " or char in "\t\n" else "\ufffd" for char in text))
