"""Whether states of the shipped state machine do in Step Functions what they should.

Each state is tested separately, a Task with a mocked answer of its function, so nothing is called and nothing is created.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from canary_machine.definition import states_of
from verify.account.aws import RefusedError
from verify.questions.patch_question import PatchQuestion
from verify.questions.shipped import definition
from verify.scratch.answer import Answer, UnansweredError

if TYPE_CHECKING:
    from verify.scratch.scratch import Scratch

AS_MEANT, OTHERWISE = "as-meant", "otherwise"
SUCCEEDED, CAUGHT, RETRIABLE = "SUCCEEDED", "CAUGHT_ERROR", "RETRIABLE"
NOT_TESTED = "ValidationException"
"""A state without a mocked answer may need a role; this one has no permissions."""
LAMBDAS_CAUSE = json.dumps({"errorMessage": "the table is gone", "errorType": "ValueError", "stackTrace": []})
"""A function's error in Lambda's format (docs/aws.md#lambda-error-cause)."""


@dataclass(frozen=True, slots=True)
class Case:
    """A state, its input, and the expected result: a status, the next state and the named variables.

    A Task's function returns ``payload``, or fails with ``error`` and ``cause``.
    """

    what: str
    state: str
    status: str
    following: str | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    payload: Mapping[str, Any] | None = None
    error: str | None = None
    cause: str = LAMBDAS_CAUSE
    assigned: Mapping[str, Any] = field(default_factory=dict)

    @property
    def mock(self) -> dict[str, Any] | None:
        """The mock that replaces the function; None for a state that calls none."""
        if self.error is not None:
            return {"errorOutput": {"error": self.error, "cause": self.cause}}
        if self.payload is None:
            return None
        return {"result": json.dumps({"Payload": self.payload, "StatusCode": 200}), "fieldValidationMode": "NONE"}


UNSAFE = "the target could not be made safe; the lock is kept, and the sweeper goes on each minute: "
READY = {"start": "READY", "target": "orders", "reason": "", "fencing_token": 3}
VARIABLES: Mapping[str, Any] = {
    "rollout_id": "asked",
    "execution": "asked",
    "target": "orders",
    "reason": "",
    "fencing_token": 0,
    "draft": {},
    "failure": {},
    "wait_seconds": 0,
    "waits": 0,
    "is_begun": True,
}
"""What the state machine has assigned by then, unless a case says otherwise."""
CONTEXT = {"Execution": {"Id": "asked", "Name": "asked", "Input": {}}, "State": {"EnteredTime": "2026-01-05T00:00:00Z"}}
CASES = (
    Case(
        "an answer without all members",
        "CheckRelease",
        SUCCEEDED,
        "WhichStart",
        payload=READY,
        assigned={"start": "READY", "fencing_token": 3, "wait_seconds": 0, "draft": {}},
    ),
    Case(
        "a function's error",
        "CheckRelease",
        CAUGHT,
        "Refused",
        error="ValueError",
        assigned={"reason": "ValueError: the table is gone"},
    ),
    Case(
        "an error without a message",
        "CheckRelease",
        CAUGHT,
        "Refused",
        error="ValueError",
        cause="{}",
        assigned={"reason": "ValueError: it gave no message; see the log of its function"},
    ),
    Case(
        "a cause that is no JSON",
        "CheckRelease",
        CAUGHT,
        "Refused",
        error="States.Runtime",
        cause="too late",
        assigned={"reason": "States.Runtime: too late"},
    ),
    Case("an error that passes", "CheckRelease", RETRIABLE, error="AwsRefusedError"),
    Case("a lock that someone has", "TakeLock", CAUGHT, "CheckRelease", error="LockedError"),
    Case("any other error", "TakeLock", CAUGHT, "MakeSafe", error="ValueError"),
    Case(
        "a target that is not safe",
        "MakeSafe",
        CAUGHT,
        "NeedsOperator",
        error="ValueError",
        assigned={"reason": f"{UNSAFE}ValueError: the table is gone"},
    ),
    Case("a verdict", "WhichVerdict", SUCCEEDED, "ParkRollout", given={"next": "PARK"}),
    Case("an unknown verdict", "WhichVerdict", SUCCEEDED, "CanaryRejected", given={"next": "nonsense"}),
    Case("an unknown start", "WhichStart", SUCCEEDED, "Refused", given={"start": "nonsense"}),
)


class ShippedStates(PatchQuestion):
    """Test Tasks with their answers and errors, and Choices, one by one."""

    slug = "shipped-states"
    how = "pass states of the shipped state machine to TestState, with mocked answers and errors of their functions"
    parts = frozenset()
    not_of_emulators = "an emulator has its own JSONata interpreter, which says nothing about that of AWS"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        states = dict(states_of(json.loads(definition(scratch))))
        wrong, untested = [], []
        for case in CASES:
            try:
                told = _test(scratch, case, states[case.state])
            except RefusedError as refusal:
                if refusal.code != NOT_TESTED or case.mock is not None:
                    raise
                untested.append(f"{case.state}, {case.what}: not tested, {refusal}")
                continue
            wrong += [f"{case.state}, {case.what}: {each}" for each in _mistakes(case, told)]
        if len(untested) == len(CASES):
            raise UnansweredError(f"no state was tested: {untested[0]}")
        evidence = f"{len(CASES) - len(untested)} tests, {len(wrong)} mistakes"
        return Answer(OTHERWISE if wrong else AS_MEANT, (evidence, *wrong, *untested))


def _test(scratch: Scratch, case: Case, state: Mapping[str, Any]) -> dict[str, Any]:
    mocked = {} if case.mock is None else {"mock": case.mock, "context": json.dumps(CONTEXT)}
    return scratch.aws.call(
        "stepfunctions",
        "test_state",
        definition=json.dumps({"QueryLanguage": "JSONata", **state}),
        input="{}",
        variables=json.dumps({**VARIABLES, **case.given}),
        inspectionLevel="DEBUG",
        **mocked,
    )


def _mistakes(case: Case, told: Mapping[str, Any]) -> list[str]:
    """What differs from the expected result."""
    variables = json.loads(told.get("inspectionData", {}).get("variables") or "{}")
    found = {"status": told.get("status"), "next state": told.get("nextState")}
    expected = {"status": case.status, "next state": case.following}
    if case.following is None:
        del found["next state"], expected["next state"]
    found |= {f"${name}": variables.get(name) for name in case.assigned}
    expected |= {f"${name}": value for name, value in case.assigned.items()}
    because = f" ({told['error']}: {told.get('cause', '')})" if told.get("error") and case.error is None else ""
    return [
        f"{name} is {json.dumps(found[name])} instead of {json.dumps(value)}{because}"
        for name, value in expected.items()
        if found[name] != value
    ]
