"""What the machine writes in a Fail state after a task failed for good: a sentence, whatever Lambda made of the error."""

import json
import random

import pytest

from canary.edge.events import NO_ANSWER, NO_MESSAGE, UNKNOWN
from canary_machine.definition import load, states_of
from embedded_aws.states.expressions import evaluate

STATES = dict(states_of(load()))
PREFIX = "the target could not be made safe; the lock is kept, and the sweeper goes on each minute: "


def reason_of(name, output):
    (catcher,) = [one for one in STATES[name]["Catch"] if one["ErrorEquals"] == ["States.ALL"]]
    text = catcher["Assign"]["reason"].strip().removeprefix("{%").removesuffix("%}")
    return evaluate(text, {"states": {"errorOutput": output}}, random.Random(1))


@pytest.mark.parametrize(("name", "prefix"), [("CheckRelease", ""), ("AdvanceRollout", ""), ("MakeSafe", PREFIX)])
@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (
            json.dumps({"errorMessage": 'it said "no"\nand {more}', "errorType": "E", "stackTrace": ["x"]}),
            ': it said "no"\nand {more}',
        ),
        (json.dumps({"errorType": "E", "stackTrace": ["x"]}), f": {NO_MESSAGE}"),
        (json.dumps({"errorType": "E", "errorMessage": "cut"})[:-3], f": {NO_MESSAGE}"),
        ("the task ran out of time", ": the task ran out of time"),
        (None, ""),
    ],
)
def test_a_cause_is_a_sentence(name, prefix, cause, said):
    output = {"Error": "E"} if cause is None else {"Error": "E", "Cause": cause}

    assert reason_of(name, output) == f"{prefix}E{said}"


@pytest.mark.parametrize(("name", "prefix"), [("CheckRelease", ""), ("AdvanceRollout", ""), ("MakeSafe", PREFIX)])
def test_the_cause_of_a_function_that_was_killed_does_not_have_its_payload(name, prefix):
    cause = (
        'The cause could not be determined because Lambda did not return an error type. Returned payload: {"errorMessage":"x"}'
    )

    assert reason_of(name, {"Error": UNKNOWN, "Cause": cause}) == f"{prefix}{UNKNOWN}: {NO_ANSWER}"
