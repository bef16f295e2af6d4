"""AWS's refusals and missing answers become errors that say what was tried."""

import pytest
from botocore.exceptions import EndpointConnectionError

from canary.aws.calls import code_of, is_of_what_is_gone, never_write, refusals
from canary.aws.errors import AwsRefusedError, AwsThrottledError, ControllerError, ReadOnlyError, RecordsRefusedError
from tests.aws.stubs import refusal


def test_a_refusal_carries_the_command_and_awss_words():
    with pytest.raises(AwsRefusedError) as failed, refusals("aws lambda get-alias"):
        raise refusal("AccessDenied", "not you")

    assert str(failed.value) == "AWS refused `aws lambda get-alias`: AccessDenied: not you"
    assert code_of(failed.value.__cause__) == "AccessDenied"


@pytest.mark.parametrize("code", ["TooManyRequestsException", "ThrottlingException", "Throttling"])
def test_a_throttled_call_has_an_error_of_its_own(code: str):
    with (
        pytest.raises(AwsThrottledError, match=f"AWS refused `aws lambda get-alias`: {code}"),
        refusals("aws lambda get-alias"),
    ):
        raise refusal(code)
    with pytest.raises(RecordsRefusedError), refusals("aws dynamodb get-item", RecordsRefusedError):
        raise refusal(code)


def test_a_silence_carries_the_command():
    with (
        pytest.raises(RecordsRefusedError, match="AWS did not answer `aws dynamodb get-item`"),
        refusals("aws dynamodb get-item", RecordsRefusedError),
    ):
        raise EndpointConnectionError(endpoint_url="https://nowhere")


def test_an_error_of_another_kind_passes_as_it_is():
    with pytest.raises(KeyError), refusals("aws lambda get-alias"):
        raise KeyError("x")


def test_every_error_of_the_controller_has_one_parent():
    assert issubclass(AwsRefusedError, ControllerError)
    assert issubclass(RecordsRefusedError, ControllerError)


def test_missing_and_forbidden_are_told_apart():
    for code, is_gone in (("NotFoundException", True), ("AccessDenied", False)):
        with pytest.raises(AwsRefusedError) as failed, refusals("aws apigateway get-stage"):
            raise refusal(code)
        assert is_of_what_is_gone(failed.value) is is_gone
    assert not is_of_what_is_gone(AwsRefusedError("by ourselves"))


def test_a_target_that_is_only_read_is_not_written_to():
    with pytest.raises(ReadOnlyError, match="is only read"):
        never_write()
