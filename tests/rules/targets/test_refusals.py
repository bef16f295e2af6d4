"""The session policy of a drill's refusals."""

import json

from canary.rules.targets.refusals import Refusals, session_policy

FROM, UNTIL = 1_767_225_600.0, 1_767_226_080.0
LONGEST = 2048
"""Characters of a session policy (docs/aws.md#session-policy)."""


def test_takes_nothing_but_the_calls_that_shift_traffic_and_only_for_a_while():
    text = session_policy(Refusals(FROM, UNTIL))
    allows, denies = json.loads(text)["Statement"]
    assert allows == {"Effect": "Allow", "Action": "*", "Resource": "*"}
    assert denies == {
        "Effect": "Deny",
        "Action": ["apigateway:PATCH", "lambda:UpdateAlias"],
        "Resource": "*",
        "Condition": {
            "DateGreaterThanEquals": {"aws:CurrentTime": "2026-01-01T00:00:00Z"},
            "DateLessThan": {"aws:CurrentTime": "2026-01-01T00:08:00Z"},
        },
    }
    assert len(text) < LONGEST
