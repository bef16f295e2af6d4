"""The controller's own functions are called without waiting for them."""

import json

import pytest

from canary.aws.errors import AwsRefusedError
from canary.aws.functions import call_later
from demo.controller import function_name
from tests.aws.stubs import Scripted, refusal


def test_an_event_is_left_with_lambda():
    functions = Scripted(invoke=[{}])
    call_later(functions, "SweepTargets", {"time": "now"})

    ((_, asked),) = functions.calls
    assert (asked["FunctionName"], asked["InvocationType"]) == (function_name("SweepTargets"), "Event")
    assert json.loads(asked["Payload"]) == {"time": "now"}


def test_an_event_that_lambda_does_not_take_is_a_refusal():
    with pytest.raises(AwsRefusedError, match="aws lambda invoke --invocation-type Event --function-name canary-SweepTargets"):
        call_later(Scripted(invoke=[refusal("TooManyRequestsException")]), "SweepTargets", {})
