"""What AWS is told to refuse the controller for a while, so that a drill can show what follows.

The controller assumes the target's role with a session policy. IAM then allows what both the role and that policy allow
(docs/aws.md#session-policy). Between two instants, which IAM compares with its own clock, the policy denies the calls that
shift traffic. Nothing has to be undone afterwards: the refusals end even if nobody is left to end them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

REFUSED = ("apigateway:PATCH", "lambda:UpdateAlias")
"""The actions that change who gets the traffic: those of a stage, and those of an alias."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """From when until when, in epoch seconds, the calls that shift traffic are refused."""

    since: float
    until: float


def session_policy(refusals: Refusals) -> str:
    """The JSON of a session policy that takes nothing from a role but `REFUSED`, and that only for a while."""
    between = {
        "DateGreaterThanEquals": {"aws:CurrentTime": _instant(refusals.since)},
        "DateLessThan": {"aws:CurrentTime": _instant(refusals.until)},
    }
    statements = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": [*REFUSED], "Resource": "*", "Condition": between},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))


def _instant(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
