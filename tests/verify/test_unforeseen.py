"""Answers that the embedded AWS cannot give, from calls that are changed on their way: they are reported for what they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from tests.verify.scratch_world import QUICK, World
from verify.account.aws import Aws, RefusedError
from verify.account.cleaning import clean_up
from verify.outcome import Mark, Outcome
from verify.questions import ALL
from verify.questions.machines import NO_STAGE
from verify.scratch.answer import Answer, UnansweredError
from verify.scratch.parts import Part, make_parts
from verify.scratch.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from verify.questions.question import Question

    Call = Callable[..., dict[str, Any]]
    Bend = Callable[[Call, str, dict[str, Any]], dict[str, Any]]

pytestmark = pytest.mark.slow

PLAUSIBLE = {
    "cloudformation-resends-stage": "no",
    "remove-absent-override": "accepted",
    "remove-canary-beside-copy": "accepted",
    "replace-deployment-under-canary": "accepted",
    "replace-whole-map": "refused",
}


class BentAws(Aws):
    """Calls pass through ``bend``, which can send them on."""

    bend: Bend

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        def go_on(**changed: Any) -> dict[str, Any]:
            return super(BentAws, self).call(service, operation, **{**arguments, **changed})

        return self.bend(go_on, operation, arguments)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with EmbeddedAws(guest=CONTROLLER, answers=PLAUSIBLE) as aws:
        yield World(aws, tmp_path, pace=QUICK)


def asked(world: World, slug: str, bend: Bend = lambda go_on, _operation, _arguments: go_on()) -> Answer:
    """The answer to one question over changed calls; everything is removed again."""
    question = question_of(slug)
    scratch = world.scratch()
    scratch.aws = BentAws(scratch.aws._connect, scratch.aws.clock, scratch.aws.place)
    scratch.aws.bend = bend
    try:
        assert make_parts(scratch, question.parts, lend_log_role=True) == {}
        return question.ask(scratch)
    finally:
        assert clean_up(scratch.ledger, world.reach(), world.printed.write) == []
        scratch.ledger.close()
        assert world.left() == []


def question_of(slug: str) -> Question:
    return next(question for question in ALL if question.slug == slug)


def patches_of(arguments: dict[str, Any]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = arguments.get("patchOperations", [])
    return found


def test_a_map_may_be_taken_as_pairs(world: World) -> None:
    def take_pairs(go_on: Call, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        patches = patches_of(arguments)
        if operation == "update_stage" and "=" in patches[0].get("value", "") and patches[0]["value"].startswith("arm="):
            prefix = patches[0]["path"]
            pairs = [pair.split("=") for pair in patches[0]["value"].split(",")]
            if prefix == "/variables":
                pairs.append(["alias", ""])
            single = [
                {"op": "replace", "path": f"{prefix}/{name}", "value": value}
                if value
                else {"op": "remove", "path": f"{prefix}/{name}"}
                for name, value in pairs
            ]
            return go_on(patchOperations=single)
        return go_on()

    answer = asked(world, "replace-whole-map", take_pairs)
    assert answer.word == "pairs"
    assert Outcome(question_of("replace-whole-map"), 1.0, answer.word).mark is Mark.UNFORESEEN
    assert "/variables by arm=whole,other=new: accepted" in answer.evidence


def test_a_replacement_may_be_accepted_and_do_nothing(world: World) -> None:
    def ignore(go_on: Call, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return {} if operation == "update_stage" and patches_of(arguments)[0]["path"] == "/deploymentId" else go_on()

    assert asked(world, "replace-deployment-under-canary", ignore).word == "accepted-without-effect"


def test_a_promotion_may_be_accepted_in_part(world: World) -> None:
    def drop_removal(go_on: Call, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if operation == "update_stage":
            return go_on(patchOperations=[each for each in patches_of(arguments) if each["op"] != "remove"])
        return go_on()

    answer = asked(world, "remove-canary-beside-copy", drop_removal)
    assert answer == Answer("accepted-in-part", ("base has the canary's settings; the canary is not gone",))


def test_two_parts_of_a_question_may_have_two_answers(world: World) -> None:
    refusals = iter([RefusedError("BadRequestException", "no such override")])

    def refuse_once(go_on: Call, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        is_removal = operation == "update_stage" and patches_of(arguments)[0]["op"] == "remove"
        if is_removal and (refusal := next(refusals, None)):
            raise refusal
        return go_on()

    answer = asked(world, "remove-absent-override", refuse_once)
    assert answer.word == "differs"
    assert answer.evidence == (
        "without a canary: BadRequestException: no such override",
        "beside another override: accepted",
    )


def test_a_number_out_of_range_may_be_stored(world: World) -> None:
    def clip(go_on: Call, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        value = patches_of(arguments)[0].get("value") if operation == "update_stage" else None
        if value in {"plenty", "-1", "perhaps"}:
            raise RefusedError("BadRequestException", "no")
        return go_on(patchOperations=[{**patches_of(arguments)[0], "value": "100"}]) if value == "101" else go_on()

    answer = asked(world, "malformed-value", clip)
    assert answer.word == "differs"
    assert any("by 101: accepted, and then the stage has" in line for line in answer.evidence)


def test_a_change_may_take_longer_than_assumed(world: World) -> None:
    world.aws.dataplane.propagation_seconds = 75.0
    answer = asked(world, "stage-propagation")
    seconds = int(answer.word.removeprefix("within-").removesuffix("-seconds"))
    assert 60 <= seconds <= 75
    assert Outcome(question_of("stage-propagation"), 1.0, answer.word).mark is Mark.UNFORESEEN


def test_a_canary_may_be_counted_under_an_unexpected_dimension(world: World) -> None:
    def add(go_on: Call, operation: str, _: dict[str, Any]) -> dict[str, Any]:
        found = go_on()
        if operation == "list_metrics":
            dimensions = [*found["Metrics"][0]["Dimensions"], {"Name": "Arm", "Value": "canary"}]
            found["Metrics"].append({**found["Metrics"][0], "Dimensions": dimensions})
        return found

    answer = asked(world, "canary-metric-dimension", add)
    assert answer.word == "other"
    assert "'Arm': 'canary'" in answer.evidence[0]


def test_a_stages_metrics_may_have_some_of_the_canarys_requests(world: World) -> None:
    def lose(go_on: Call, operation: str, _: dict[str, Any]) -> dict[str, Any]:
        found = go_on()
        for result in found.get("MetricDataResults", []) if operation == "get_metric_data" else []:
            if result["Id"] == "stage":
                result["Values"] = [value - 1 for value in result["Values"]]
        return found

    assert asked(world, "stage-metrics-include-canary", lose).word == "in-part"


def test_metrics_that_never_come_are_no_answer_and_are_awaited_once(world: World) -> None:
    world.aws.metrics.arrival_seconds = 1e6
    scratch = world.scratch()
    make_parts(scratch, question_of("metric-delay").parts, lend_log_role=False)
    with pytest.raises(UnansweredError, match=r"of 12 requests the API's metrics show 0 and the function's 0, 900 s after"):
        question_of("metric-delay").ask(scratch)
    before = world.requests
    with pytest.raises(UnansweredError, match="of 12 requests"):
        question_of("stage-metrics-include-canary").ask(scratch)
    assert world.requests == before
    scratch.ledger.close()


def test_a_minutes_delay_is_counted_from_the_end_of_that_minute(world: World) -> None:
    world.aws.metrics.arrival_seconds = 20.0
    answer = asked(world, "metric-delay")
    assert answer.word == "45-seconds"
    assert "all requests of 2 minutes there 20 s to 20 s after the minute" in answer.evidence[0]


def test_a_twin_may_never_be_written_to(world: World) -> None:
    world.aws.dataplane.records.has_log_group = lambda _: False
    answer = asked(world, "canary-log-group")
    assert answer.word == "never-written"
    assert answer.evidence[:2] == ("<group>/Canary did not come by itself", "made beforehand it was not written to")


def test_lines_that_never_come_are_no_answer(world: World) -> None:
    def hide(go_on: Call, operation: str, _: dict[str, Any]) -> dict[str, Any]:
        return {"events": []} if operation == "filter_log_events" else go_on()

    with pytest.raises(UnansweredError, match="of 5 requests the log group has 0 after 300 s"):
        asked(world, "canary-log-group", hide)


def test_refusals_may_say_different_things(world: World) -> None:
    """An account that refuses all three kinds, which the embedded AWS does not."""
    said = {"/nowhere": ("true", 403), "/locked": ("-", 403), "/throttled": ("-", 429)}
    paths: dict[str, str] = {}

    def refuse(go_on: Call, operation: str, _: dict[str, Any]) -> dict[str, Any]:
        found = go_on()
        for event in found.get("events", []) if operation == "filter_log_events" else []:
            line = json.loads(event["message"])
            if path := paths.get(line["requestId"]):
                line["isCanaryRequest"], line["status"] = said[path]
                event["message"] = json.dumps(line)
        return found

    world.aws.dataplane.on_served(
        lambda served: paths.update({served.request_id: served.request.path} if served.request.path in said else {})
    )
    answer = asked(world, "is-canary-of-refused-request", refuse)
    assert answer.word == "differs"
    assert answer.evidence == (
        "a path that does not exist: true, with status 403 in 5 lines",
        "no API key: absent, with status 403 in 5 lines",
        "a method throttled to zero: absent, with status 429 in 5 lines",
    )


def test_refusals_may_not_be_logged(world: World) -> None:
    refused: set[str] = set()

    def lose(go_on: Call, operation: str, _: dict[str, Any]) -> dict[str, Any]:
        found = go_on()
        if operation == "filter_log_events":
            found["events"] = [each for each in found["events"] if json.loads(each["message"])["requestId"] not in refused]
        return found

    world.aws.dataplane.on_served(lambda served: refused.update({served.request_id} if served.status != 200 else ()))
    with pytest.raises(UnansweredError, match="no refused request was logged: a path that does not exist: not logged; "):
        asked(world, "is-canary-of-refused-request", lose)


def test_requests_that_go_unanswered_are_reported(world: World) -> None:
    answer = world.get
    world.get = lambda url: Reply(0, {}) if "nowhere" in url else answer(url)  # type: ignore[method-assign]
    with pytest.raises(UnansweredError, match="requests to /nowhere of a scratch stage got no answer"):
        asked(world, "is-canary-of-refused-request")


def test_cloudformation_may_send_one_property_again_and_not_the_other(world: World) -> None:
    state = {"updates": 0}

    def write_back(go_on: Call, operation: str, _: dict[str, Any]) -> dict[str, Any]:
        found = go_on()
        state["updates"] += operation == "update_stack"
        if operation == "get_stage" and state["updates"] == 1:
            found["variables"] = {**found["variables"], "arm": "base"}
        return found

    answer = asked(world, "cloudformation-resends-stage", write_back)
    assert answer.word == "in-part"
    assert answer.evidence[0] == "sent again: Variables"
    assert answer.evidence[1].startswith(
        "a new DeploymentId in the template while there is a canary: UPDATE_COMPLETE, base is at"
    )


def test_a_stack_that_cannot_be_made_is_no_answer_and_is_removed(world: World) -> None:
    def break_template(go_on: Call, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if operation == "create_stack":
            return go_on(TemplateBody=arguments["TemplateBody"].replace("DeploymentId", "DeploymentIt"))
        return go_on()

    with pytest.raises(UnansweredError, match="the scratch stack ended as ROLLBACK_COMPLETE: "):
        asked(world, "cloudformation-resends-stage", break_template)


class StepFunctions:
    """Runs the machine of the error-name question as AWS might, after IAM has learnt of its role."""

    def __init__(
        self, *, denials: int = 0, errors: tuple[str, str] = ("ApiGateway.BadRequestException", "ApiGateway.NotFoundException")
    ) -> None:
        self.denials = denials
        self.errors = errors
        self.definition: dict[str, Any] = {}
        self.looks = 0

    def bend(self, go_on: Call, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        match operation:
            case "create_state_machine":
                self.definition = json.loads(arguments["definition"])
                return go_on()  # the embedded AWS reads the definition as Step Functions does
            case "start_execution":
                return {"executionArn": f"execution {arguments['name']}"}
            case "describe_execution":
                return self.describe()
        return go_on()

    def describe(self) -> dict[str, Any]:
        self.looks += 1
        if self.looks % 2:
            return {"status": "RUNNING"}
        return {"status": "SUCCEEDED", "output": json.dumps(self.output())}

    def output(self) -> dict[str, Any]:
        if self.denials:
            self.denials -= 1
            error = {
                "Error": "ApiGateway.ApiGatewayException",
                "Cause": "User: x is not authorized to perform: apigateway:PATCH",
            }
            return {"patch": error, "read": error}
        causes = "Invalid add operation with path: /canarySettings/deploymentId", "Invalid stage identifier specified"
        found = ({"Error": error, "Cause": cause} for error, cause in zip(self.errors, causes, strict=True) if error)
        return dict(zip(("patch", "read"), found, strict=False))


def test_error_names_are_those_that_the_machine_caught(world: World) -> None:
    machine = StepFunctions()
    answer = asked(world, "sdk-integration-error-names", machine.bend)

    assert answer.word == "ApiGateway.BadRequestException"
    assert Outcome(question_of("sdk-integration-error-names"), 1.0, answer.word).mark is Mark.SETTLED
    assert answer.evidence[1] == "read: ApiGateway.NotFoundException, Invalid stage identifier specified"
    states = machine.definition["States"]
    assert states["Patch"]["Resource"] == "arn:aws:states:::aws-sdk:apigateway:updateStage"
    assert states["Read"]["Parameters"]["StageName"] == NO_STAGE
    assert states["Patch"]["Catch"][0]["Next"] == "Read"


def test_a_name_of_another_making_is_unforeseen(world: World) -> None:
    answer = asked(world, "sdk-integration-error-names", StepFunctions(errors=("Gateway.Bad", "Gateway.Absent")).bend)
    assert Outcome(question_of("sdk-integration-error-names"), 1.0, answer.word).mark is Mark.UNFORESEEN


def test_a_role_that_is_not_known_everywhere_yet_is_waited_for(world: World) -> None:
    machine = StepFunctions(denials=2)
    assert asked(world, "sdk-integration-error-names", machine.bend).word == "ApiGateway.BadRequestException"
    assert machine.looks == 6


def test_a_role_that_stays_refused_is_no_answer(world: World) -> None:
    with pytest.raises(UnansweredError, match="the machine's role was refused 4 times"):
        asked(world, "sdk-integration-error-names", StepFunctions(denials=9).bend)


def test_an_error_that_was_not_thrown_is_no_answer(world: World) -> None:
    with pytest.raises(UnansweredError, match="no error was caught from read, which AWS was known to refuse"):
        asked(world, "sdk-integration-error-names", StepFunctions(errors=("ApiGateway.BadRequestException", "")).bend)


def test_the_machine_needs_no_more_than_the_stages_of_the_scratch_api(world: World) -> None:
    policies: list[str] = []

    def look(go_on: Call, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if operation == "put_role_policy":
            policies.append(arguments["PolicyDocument"])
        return StepFunctions.bend(machine, go_on, operation, arguments)

    machine = StepFunctions()
    asked(world, "sdk-integration-error-names", look)
    (statement,) = json.loads(policies[-1])["Statement"]
    assert statement["Action"] == ["apigateway:GET", "apigateway:PATCH"]
    assert statement["Resource"].startswith("arn:aws:apigateway:eu-west-1::/restapis/")
    assert statement["Resource"].endswith("/stages/*")


def test_a_question_needs_a_part_only_if_it_says_so() -> None:
    assert {question.slug for question in ALL if Part.API not in question.parts} == {
        "alarm-score",
        "insights-absent-field",
        "metric-filter-patterns",
        "qualified-arn-in-policy",
        "shipped-machine",
        "shipped-packages",
        "shipped-proof",
        "shipped-states",
        "topic-policy-condition",
    }
    assert {question.slug for question in ALL if Part.MACHINE in question.parts} == {"sdk-integration-error-names"}


@pytest.mark.parametrize(
    ("answered", "word", "evidence"),
    [
        ({"result": "OK", "diagnostics": []}, "no-finding", ("result OK",)),
        (
            {
                "result": "FAIL",
                "diagnostics": [{"severity": "ERROR", "code": "BAD", "message": "no", "location": "/States"}],
            },
            "findings",
            ("result FAIL", "ERROR BAD at /States: no"),
        ),
    ],
)
def test_the_shipped_machine_is_validated_whole(world: World, answered: Any, word: str, evidence: tuple[str, ...]) -> None:
    sent = []

    def validate(_: Call, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        sent.append((operation, json.loads(arguments["definition"])))
        return dict(answered)

    assert asked(world, "shipped-machine", validate) == Answer(word, evidence)
    ((operation, machine),) = sent
    assert operation == "validate_state_machine_definition"
    assert machine["QueryLanguage"] == "JSONata"
    assert "${" not in json.dumps(machine).replace("${%", "")


def test_a_line_that_a_pattern_misses_is_named(world: World) -> None:
    def miss(go_on: Call, operation: str, _: dict[str, Any]) -> dict[str, Any]:
        answered = go_on()
        if operation == "test_metric_filter":
            answered["matches"] = [one for one in answered["matches"] if one["eventNumber"] != 1]
        return answered

    answer = asked(world, "metric-filter-patterns", miss)

    assert answer.word == "otherwise"
    assert "BaseRequests: a line of base without a canary was missed" in answer.evidence


FILTERS = ("filter-delay", "filter-timestamp", "filter-default", "filter-percentiles")


def test_filters_that_never_count_are_no_answer(world: World) -> None:
    def count_nothing(go_on: Call, operation: str, _: dict[str, Any]) -> dict[str, Any]:
        return {} if operation == "put_metric_filter" else go_on()

    with pytest.raises(UnansweredError, match=r"of 12 requests and 2 late lines the filter shows 0, 900 s after the last"):
        asked(world, "filter-delay", count_nothing)


def test_uncounted_late_lines_are_not_an_answer(world: World) -> None:
    def lose(go_on: Call, operation: str, _: dict[str, Any]) -> dict[str, Any]:
        return {} if operation == "put_log_events" else go_on()

    with pytest.raises(UnansweredError, match=r"of 12 requests and 2 late lines the filter shows 12"):
        asked(world, "filter-timestamp", lose)


def test_an_access_log_without_a_line_is_no_answer_of_filters(world: World) -> None:
    def see_nothing(go_on: Call, operation: str, _: dict[str, Any]) -> dict[str, Any]:
        return {"events": []} if operation == "filter_log_events" else go_on()

    with pytest.raises(UnansweredError, match="no line of the requests has arrived in the access log"):
        asked(world, "filter-delay", see_nothing)


@pytest.mark.parametrize("slug", FILTERS)
def test_filters_are_not_asked_where_no_line_can_be_written(world: World, slug: str) -> None:
    def has_no_role(go_on: Call, operation: str, _: dict[str, Any]) -> dict[str, Any]:
        return {} if operation == "get_account" else go_on()

    question, scratch = question_of(slug), world.scratch()
    scratch.aws = BentAws(scratch.aws._connect, scratch.aws.clock, scratch.aws.place)
    scratch.aws.bend = has_no_role
    with pytest.raises(UnansweredError, match="let this lend it one with --lend-log-role"):
        question.ask(scratch)
    assert "CreateStage" not in world.calls()
    scratch.ledger.close()


def test_a_score_that_is_something_else_is_reported_with_its_minute(world: World) -> None:
    def add_one(go_on: Call, operation: str, _: dict[str, Any]) -> dict[str, Any]:
        answered = go_on()
        for result in answered.get("MetricDataResults", []):
            if operation == "get_metric_data" and result["Id"] == "score":
                result["Values"] = [value + 1 for value in result["Values"]]
        return answered

    answer = asked(world, "alarm-score", add_one)
    assert answer.word == "otherwise"
    assert "nine requests, all bad: 1 instead of 0" in answer.evidence


def test_counts_that_never_come_are_no_answer(world: World) -> None:
    def lose(go_on: Call, operation: str, _: dict[str, Any]) -> dict[str, Any]:
        return {} if operation == "put_metric_data" else go_on()

    with pytest.raises(UnansweredError, match="not all metrics that were written had arrived after 900 s"):
        asked(world, "alarm-score", lose)


def test_a_topic_that_nothing_reaches_is_no_answer(world: World) -> None:
    def lose(go_on: Call, operation: str, _: dict[str, Any]) -> dict[str, Any]:
        return {} if operation == "put_events" else go_on()

    with pytest.raises(UnansweredError, match=r"none of [0-9]+ events arrived through a topic whose policy has no condition"):
        asked(world, "topic-policy-condition", lose)


@pytest.mark.parametrize(
    ("operation", "told"),
    [("put_events", "EventBridge did not accept an event: x"), ("put_targets", "did not accept the topic: x")],
)
def test_what_eventbridge_takes_in_part_is_no_answer(world: World, operation: str, told: str) -> None:
    def fail(go_on: Call, called: str, _: dict[str, Any]) -> dict[str, Any]:
        return {"FailedEntryCount": 1, "Entries": "x", "FailedEntries": "x"} if called == operation else go_on()

    with pytest.raises(UnansweredError, match=told):
        asked(world, "topic-policy-condition", fail)
