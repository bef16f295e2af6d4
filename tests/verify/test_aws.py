from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, TokenRetrievalError

from verify.account.aws import BELIEF_SECONDS, PATIENCE_SECONDS, Aws, Place, RefusedError

CHINA = Place("aws-cn", "123456789012", "cn-north-1")


@dataclass
class Service:
    """A clock and a client in one: gives scripted answers, one attempt after the other."""

    answers: Callable[[int], Any]
    time: float = 0.0
    attempts: int = 0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        self.slept.append(seconds)

    def get_things(self, **_: Any) -> Any:
        self.attempts += 1
        answer = self.answers(self.attempts)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def aws(self) -> Aws:
        return Aws(lambda _: self, self, CHINA)


def refusal(code: str, message: str = "no", **more: Any) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}, **more}, "GetThings")


@pytest.mark.parametrize(
    "code", ["TooManyRequestsException", "Throttling", "ThrottlingException", "ServiceUnavailableException"]
)
def test_a_throttled_call_is_tried_again_after_longer_and_longer_waits(code: str) -> None:
    service = Service(lambda attempt: refusal(code) if attempt < 8 else {"found": 1})
    assert service.aws.call("things", "get_things") == {"found": 1}
    assert service.slept == [1, 2, 4, 8, 16, 30, 30]


def test_the_wait_that_aws_asks_for_is_kept() -> None:
    throttled = refusal("LimitExceededException", retryAfterSeconds="25")
    service = Service(lambda attempt: throttled if attempt < 2 else {})
    service.aws.call("things", "get_things")
    assert service.slept == [25]


def test_a_permanent_limit_is_reported_at_once() -> None:
    service = Service(lambda _: refusal("LimitExceededException", "you have 600 of them"))
    with pytest.raises(RefusedError, match="LimitExceededException: you have 600 of them"):
        service.aws.call("things", "get_things")
    assert service.attempts == 1


def test_patience_has_an_end() -> None:
    service = Service(lambda _: refusal("Throttling"))
    with pytest.raises(RefusedError, match="Throttling"):
        service.aws.call("things", "get_things")
    assert PATIENCE_SECONDS <= service.time <= PATIENCE_SECONDS + 30


def test_a_connection_that_fails_is_tried_again() -> None:
    failed = EndpointConnectionError(endpoint_url="http://127.0.0.1:9")
    service = Service(lambda attempt: failed if attempt < 3 else {"found": 1})
    assert service.aws.call("things", "get_things") == {"found": 1}


def test_what_boto_itself_refuses_is_a_refusal_too() -> None:
    service = Service(lambda _: TokenRetrievalError(provider="sso", error_msg="expired"))
    with pytest.raises(RefusedError, match="TokenRetrievalError: "):
        service.aws.call("things", "get_things")


@pytest.mark.parametrize("code", ["BadRequestException", "AccessDeniedException", "NotRecorded"])
def test_other_refusals_are_reported_at_once(code: str) -> None:
    service = Service(lambda _: refusal(code))
    with pytest.raises(RefusedError) as caught:
        service.aws.call("things", "get_things")
    assert (caught.value.code, service.attempts) == (code, 1)


def test_a_new_role_is_given_time_to_be_known() -> None:
    service = Service(lambda attempt: refusal("InvalidParameterValueException") if attempt < 4 else {"made": 1})
    answered = service.aws.call_once_believed("things", "get_things", code="InvalidParameterValueException")
    assert answered == {"made": 1}


def test_a_role_that_is_never_known_is_reported_in_the_end() -> None:
    service = Service(lambda _: refusal("InvalidParameterValueException"))
    with pytest.raises(RefusedError):
        service.aws.call_once_believed("things", "get_things", code="InvalidParameterValueException")
    assert BELIEF_SECONDS <= service.time <= BELIEF_SECONDS + 30


def test_all_pages_are_read() -> None:
    pages = [{"items": [1, 2], "position": "a"}, {"items": [3], "position": "b"}, {"items": []}]
    service = Service(lambda attempt: pages[attempt - 1])
    assert list(service.aws.pages("things", "get_things", "items")) == [1, 2, 3]


@pytest.mark.parametrize(
    ("code", "message", "is_absence", "is_judgement"),
    [
        ("NotFoundException", "gone", True, True),
        ("ResourceNotFoundException", "gone", True, False),
        ("ValidationError", "Stack with id x does not exist", True, False),
        ("ValidationError", "Stack is in ROLLBACK_COMPLETE state", False, False),
        ("BadRequestException", "no", False, True),
        ("AccessDeniedException", "no", False, False),
        ("NotRecorded", "no", False, False),
    ],
)
def test_a_refusal_says_whether_it_is_an_absence_or_an_answer(
    code: str, message: str, *, is_absence: bool, is_judgement: bool
) -> None:
    refused = RefusedError(code, message)
    assert (refused.is_absence, refused.is_judgement) == (is_absence, is_judgement)


def test_partitions_have_their_own_names() -> None:
    assert CHINA.arn("logs", "log-group:x") == "arn:aws-cn:logs:cn-north-1:123456789012:log-group:x"
    assert CHINA.domain == "amazonaws.com.cn"
