"""The function that creates stages and aliases for CloudFormation, on the embedded AWS."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from canary.rules.targets.access_log import LOG_FORMAT
from canary.rules.targets.target import Target
from canary_cdk.lambdas.ownership import aliases, handler, permissions, stages
from canary_cdk.lambdas.ownership.account import Account
from canary_cdk.lambdas.ownership.callers import statements_of
from canary_cdk.lambdas.ownership.refusal import TemplateRefusedError
from canary_cdk.lambdas.ownership.settings import plan_operations
from demo.guest import CONTROLLER
from demo.sample import READ, create_sample, publish_release
from embedded_aws.embedded import EmbeddedAws
from embedded_aws.faults.calls import Fault, Mode

pytestmark = pytest.mark.slow

LIVE_AND_CANARY = {"live": "1", "canary": "1"}
EVERY_METHOD = {"ResourcePath": "/*", "HttpMethod": "*"}


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(guest=CONTROLLER) as opened:
        stack_of(opened, "handled")
        yield opened


@pytest.fixture(scope="module")
def target(aws: EmbeddedAws) -> Target:
    return create_sample(aws.client)


@pytest.fixture(scope="module")
def account(aws: EmbeddedAws) -> Account:
    """The account for a stack without an API."""
    return Account(aws.client, stack_of(aws, "shop"))


def stack_of(aws: EmbeddedAws, name: str) -> str:
    """An empty stack; returns its id."""
    template = {"Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}}
    return str(aws.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))["StackId"])


@pytest.fixture
def functions(aws: EmbeddedAws, target: Target) -> Any:
    client = aws.client("lambda")
    assert target.functions[0].name == READ
    yield client
    for one in client.list_aliases(FunctionName=READ)["Aliases"]:
        if one["Name"] not in LIVE_AND_CANARY:
            client.delete_alias(FunctionName=READ, Name=one["Name"])


@pytest.fixture
def gateway(aws: EmbeddedAws, target) -> Any:
    client = aws.client("apigateway")
    yield client
    for one in client.get_stages(restApiId=target.stage.rest_api_id)["item"]:
        if one["stageName"] != "prod":
            client.delete_stage(restApiId=target.stage.rest_api_id, stageName=one["stageName"])


class Answers(list[dict[str, Any]]):
    """What was sent to the URLs in the events."""

    url = ""


@pytest.fixture(scope="module")
def served() -> Iterator[Answers]:
    answers = Answers()

    class Taker(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            answers.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            assert not self.headers.get("Content-Type")
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is written."""

    server = HTTPServer(("127.0.0.1", 0), Taker)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    answers.url = f"http://127.0.0.1:{server.server_port}/answer"
    yield answers
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def answers(served: Answers) -> Answers:
    served.clear()
    return served


def an_alias(name: str = "green", **more: str) -> dict[str, Any]:
    return {"FunctionName": READ, "Name": name, **more}


def a_permission(alias_arn: str, rest_api_id: str) -> dict[str, Any]:
    return {
        "FunctionName": alias_arn,
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": f"arn:aws:execute-api:eu-west-1:123456789012:{rest_api_id}/*",
    }


def a_stage(gateway, rest_api_id: str, *, name: str = "next", **more: Any) -> dict[str, Any]:
    """A stage as a template has it, on an existing deployment."""
    deployment = gateway.get_deployments(restApiId=rest_api_id)["items"][0]["id"]
    arn = f"arn:aws:apigateway:eu-west-1::/restapis/{rest_api_id}/stages/{name}"
    first = {"RestApiId": rest_api_id, "StageName": name, "DeploymentId": deployment, "Arn": arn}
    return {**first, "AliasVariable": "lambdaAlias", "Variables": {"lambdaAlias": "live"}, "TracingEnabled": "true", **more}


def an_event(answers: Answers, request: str, properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "RequestType": request,
        "ResponseURL": answers.url,
        "StackId": "handled",
        "RequestId": "request",
        "LogicalResourceId": "Alias",
        "ResourceType": "Custom::ControlledAlias",
        "ResourceProperties": properties,
        **more,
    }


def a_refusal(*, times: int) -> Fault:
    return Fault(task=None, service="lambda", operation="CreateAlias", mode=Mode.REFUSED, times=times)


def version_of(functions, alias: str) -> str:
    return str(functions.get_alias(FunctionName=READ, Name=alias)["FunctionVersion"])


class TestAliases:
    def test_a_new_alias_begins_at_the_newest_version(self, aws, functions, target, account) -> None:
        newest = publish_release(aws.client, target, {"NAME": "newer"})[READ]

        arn = aliases.create(account, an_alias())

        assert arn.endswith(f":{READ}:green")
        assert version_of(functions, "green") == newest != version_of(functions, "live")

    def test_the_canary_begins_where_live_is(self, functions, account) -> None:
        aliases.create(account, an_alias(Follows="live"))

        assert version_of(functions, "green") == version_of(functions, "live") == "1"

    @pytest.mark.usefixtures("functions")
    def test_one_that_exists_is_refused_with_what_to_say(self, account) -> None:
        with pytest.raises(TemplateRefusedError, match="alias live of orders-read already exists; set take_over=True"):
            aliases.create(account, an_alias("live"))

    def test_one_that_this_stack_left_behind_is_adopted_again(self, aws, functions, account) -> None:
        arn = aliases.create(account, an_alias())

        assert aliases.create(account, an_alias()) == arn
        with pytest.raises(TemplateRefusedError, match="alias green of orders-read already exists"):
            aliases.create(Account(aws.client, "another"), an_alias())
        assert "another" not in functions.get_alias(FunctionName=READ, Name="green")["Description"]

    def test_one_whose_function_a_stage_calls_stays(self, functions, account) -> None:
        aliases.delete(account, an_alias("live"))

        assert version_of(functions, "live") == "1"

    def test_one_that_is_taken_over_keeps_its_version_and_stays_when_the_stack_goes(self, functions, account) -> None:
        taken = an_alias("live", TakeOver="true")

        assert aliases.create(account, taken).endswith(":live")
        aliases.delete(account, taken)

        assert version_of(functions, "live") == "1"

    def test_one_that_was_made_goes_and_may_be_gone(self, functions, account) -> None:
        aliases.create(account, an_alias())

        aliases.delete(account, an_alias())
        aliases.delete(account, an_alias())
        aliases.delete(account, {"FunctionName": "nobody", "Name": "green"})

        with pytest.raises(functions.exceptions.ResourceNotFoundException):
            version_of(functions, "green")

    def test_an_update_moves_nothing(self, functions, account) -> None:
        before = functions.get_alias(FunctionName=READ, Name="live")

        arn = aliases.update(account, an_alias("live"), an_alias("live", Follows="canary"))

        after = functions.get_alias(FunctionName=READ, Name="live")
        assert arn == before["AliasArn"]
        assert after["RevisionId"] == before["RevisionId"]

    @pytest.mark.usefixtures("functions")
    def test_another_name_is_another_alias(self, account) -> None:
        aliases.create(account, an_alias())

        assert aliases.update(account, an_alias(), an_alias("blue")).endswith(":blue")

    def test_a_function_without_a_version_is_refused(self, functions, account) -> None:
        role = functions.get_function_configuration(FunctionName=READ)["Role"]
        code = {"ZipFile": b"PK\x05\x06" + bytes(18)}
        functions.create_function(FunctionName="young", Runtime="python3.13", Handler="a.b", Role=role, Code=code)

        with pytest.raises(TemplateRefusedError, match="function young has no published version"):
            aliases.create(account, {"FunctionName": "young", "Name": "live"})


class TestPermissions:
    @pytest.fixture
    def green(self, account, functions) -> str:
        assert version_of(functions, "live") == "1"
        return aliases.create(account, an_alias())

    @pytest.mark.usefixtures("functions")
    def test_it_is_one_statement_however_often_it_is_asked_for(self, account, green) -> None:
        wanted = a_permission(green, "gone")

        made = permissions.create(account, wanted)

        assert permissions.create(account, wanted) == permissions.update(account, wanted, wanted) == made
        (statement,) = statements_of(account, READ, "green")
        assert made == f"{green}/{statement['Sid']}"
        assert statement["Condition"] == {"ArnLike": {"AWS:SourceArn": wanted["SourceArn"]}}

    @pytest.mark.usefixtures("functions")
    def test_it_goes_and_may_be_gone(self, account, green) -> None:
        wanted = a_permission(green, "gone")
        permissions.create(account, wanted)

        permissions.delete(account, wanted)
        permissions.delete(account, wanted)

        assert statements_of(account, READ, "green") == []

    @pytest.mark.usefixtures("functions")
    def test_it_stays_while_a_stage_of_the_api_calls_the_function(self, account, green, target) -> None:
        wanted = a_permission(green, target.stage.rest_api_id)
        permissions.create(account, wanted)

        permissions.delete(account, wanted)

        assert len(statements_of(account, READ, "green")) == 1

    @pytest.mark.usefixtures("functions")
    def test_it_stays_on_a_function_of_another_stack(self, account, green) -> None:
        wanted = a_permission(green, "gone")
        permissions.create(account, wanted)

        permissions.delete(account, {**wanted, "Stays": "true"})

        assert len(statements_of(account, READ, "green")) == 1

    @pytest.mark.usefixtures("functions")
    def test_another_stack_has_a_statement_of_its_own(self, aws, account, green) -> None:
        wanted = a_permission(green, "gone")

        assert permissions.create(account, wanted) != permissions.create(Account(aws.client, "another"), wanted)


class TestStages:
    @pytest.fixture
    def rest_api_id(self, target) -> str:
        return str(target.stage.rest_api_id)

    @pytest.fixture
    def live(self, gateway, rest_api_id):
        return lambda: gateway.get_stage(restApiId=rest_api_id, stageName="next")

    def test_a_new_stage_has_everything_that_the_template_says(self, gateway, rest_api_id, live, account) -> None:
        destination = "arn:aws:logs:eu-west-1:123456789012:log-group:/orders:*"
        role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": "arn:aws:iam::123456789012:role/logs"}
        gateway.update_account(patchOperations=[role])
        wanted = a_stage(
            gateway,
            rest_api_id,
            Description="the next one",
            AccessLogSetting={"DestinationArn": destination, "Format": LOG_FORMAT},
            MethodSettings=[
                {**EVERY_METHOD, "ThrottlingRateLimit": "12.5", "MetricsEnabled": "true"},
                {"ResourcePath": "/~1orders", "HttpMethod": "GET", "ThrottlingBurstLimit": "7"},
            ],
            Tags=[{"Key": "team", "Value": "shop"}],
        )

        assert stages.create(account, wanted) == "next"

        found = live()
        assert found["deploymentId"] == wanted["DeploymentId"]
        assert found["variables"] == {"lambdaAlias": "live"}
        assert found["tracingEnabled"] is True
        assert found["description"] == "the next one"
        assert found["accessLogSettings"] == {"destinationArn": destination.removesuffix(":*"), "format": LOG_FORMAT}
        assert found["methodSettings"]["*/*"]["throttlingRateLimit"] == 12.5
        assert found["methodSettings"]["~1orders/GET"]["throttlingBurstLimit"] == 7
        assert found["tags"] == {"team": "shop"}
        assert plan_operations(found, wanted, wanted) == []

    def test_one_that_exists_is_refused_with_what_to_say(self, gateway, rest_api_id, account) -> None:
        with pytest.raises(TemplateRefusedError, match=r"stage prod of API \w+ already exists; set take_over=True"):
            stages.create(account, a_stage(gateway, rest_api_id, name="prod"))

    def test_one_that_is_taken_over_keeps_its_deployment_and_stays_when_the_stack_goes(
        self, gateway, rest_api_id, live, account
    ) -> None:
        stages.create(account, a_stage(gateway, rest_api_id))
        deployment = live()["deploymentId"]
        other = gateway.create_deployment(restApiId=rest_api_id)["id"]
        taken = a_stage(gateway, rest_api_id, DeploymentId=other, TakeOver="true", Variables={"lambdaAlias": "live", "a": "b"})

        stages.create(account, taken)
        stages.delete(account, taken)

        assert live()["deploymentId"] == deployment != other
        assert live()["variables"] == {"lambdaAlias": "live", "a": "b"}

    def test_what_cannot_be_set_leaves_no_stage_behind(self, gateway, rest_api_id, account) -> None:
        with pytest.raises(gateway.exceptions.BadRequestException, match="Invalid stage variable value"):
            stages.create(account, a_stage(gateway, rest_api_id, Variables={"lambdaAlias": "{}"}))

        assert {one["stageName"] for one in gateway.get_stages(restApiId=rest_api_id)["item"]} == {"prod"}

    def test_a_changed_setting_moves_neither_deployment_nor_alias_variable(self, gateway, rest_api_id, live, account) -> None:
        before = a_stage(gateway, rest_api_id, Variables={"lambdaAlias": "live", "greeting": "hello", "old": "1"})
        stages.create(account, before)
        promoted = promote_another(gateway, rest_api_id)
        after = {**before, "Variables": {"lambdaAlias": "live", "greeting": "good-day"}, "TracingEnabled": "false"}

        stages.update(account, before, after)

        assert live()["deploymentId"] == promoted != before["DeploymentId"]
        assert live()["variables"] == {"lambdaAlias": "live", "greeting": "good-day"}
        assert live()["tracingEnabled"] is False

    def test_another_first_deployment_in_the_template_moves_nothing(self, gateway, rest_api_id, live, account) -> None:
        before = a_stage(gateway, rest_api_id)
        stages.create(account, before)
        promoted = promote_another(gateway, rest_api_id)
        newest = gateway.create_deployment(restApiId=rest_api_id)["id"]

        stages.update(account, before, {**before, "DeploymentId": newest, "CanarySetting": {"PercentTraffic": "50"}})

        assert live()["deploymentId"] == promoted
        assert "canarySettings" not in live()

    def test_settings_wait_for_the_end_of_a_canary_and_tags_do_not(self, gateway, rest_api_id, live, account) -> None:
        before = a_stage(gateway, rest_api_id)
        stages.create(account, before)
        attach_canary(gateway, rest_api_id)
        canary = live()["canarySettings"]

        with pytest.raises(TemplateRefusedError, match=r"stage next of API .* has a canary.*deploy /variables/a again after"):
            stages.update(account, before, {**before, "Variables": {"lambdaAlias": "live", "a": "b"}})
        stages.update(account, before, {**before, "Tags": [{"Key": "team", "Value": "shop"}]})

        assert live()["canarySettings"] == canary
        assert live()["variables"] == {"lambdaAlias": "live"}
        assert live()["tags"] == {"team": "shop"}

    @pytest.mark.parametrize(
        "other",
        [
            {"Variables": {"lambdaAlias": "blue"}},
            {"AliasVariable": "alias", "Variables": {"alias": "live"}},
        ],
        ids=["another alias", "another variable"],
    )
    def test_base_never_calls_another_alias_because_of_a_deploy(self, gateway, rest_api_id, live, other, account) -> None:
        before = a_stage(gateway, rest_api_id)
        stages.create(account, before)

        with pytest.raises(TemplateRefusedError, match=r"names base's alias: it is .* and would become .* for every request"):
            stages.update(account, before, {**before, **other})
        assert stages.update(account, {**before, **other}, before) == "next", "what was refused can be rolled back"

        assert live()["variables"] == {"lambdaAlias": "live"}

    def test_a_stage_whose_base_calls_another_alias_is_not_taken_over(self, gateway, rest_api_id, live, account) -> None:
        stages.create(account, a_stage(gateway, rest_api_id, Variables={"lambdaAlias": "blue"}))

        with pytest.raises(TemplateRefusedError, match="it is 'blue' and would become 'live'"):
            stages.create(account, a_stage(gateway, rest_api_id, TakeOver="true"))

        assert live()["variables"] == {"lambdaAlias": "blue"}

    def test_a_deploy_that_was_refused_can_be_rolled_back(self, gateway, rest_api_id, live, account) -> None:
        before = a_stage(gateway, rest_api_id)
        stages.create(account, before)
        attach_canary(gateway, rest_api_id)
        after = {**before, "TracingEnabled": "false"}
        with pytest.raises(TemplateRefusedError):
            stages.update(account, before, after)

        assert stages.update(account, after, before) == "next"

        assert live()["tracingEnabled"] is True

    def test_a_tag_that_left_the_template_goes_and_others_stay(self, gateway, rest_api_id, live, account) -> None:
        before = a_stage(gateway, rest_api_id, Tags=[{"Key": "team", "Value": "shop"}, {"Key": "old", "Value": "1"}])
        stages.create(account, before)
        gateway.tag_resource(resourceArn=before["Arn"], tags={"by": "hand"})

        stages.update(account, before, {**before, "Tags": [{"Key": "team", "Value": "shop"}]})

        assert live()["tags"] == {"team": "shop", "by": "hand"}

    def test_another_name_is_another_stage(self, gateway, rest_api_id, account) -> None:
        before = a_stage(gateway, rest_api_id)
        stages.create(account, before)

        assert stages.update(account, before, a_stage(gateway, rest_api_id, name="later")) == "later"

        assert {one["stageName"] for one in gateway.get_stages(restApiId=rest_api_id)["item"]} == {"prod", "next", "later"}

    def test_one_that_was_made_goes_and_may_be_gone(self, gateway, rest_api_id, account) -> None:
        stages.create(account, a_stage(gateway, rest_api_id))

        stages.delete(account, a_stage(gateway, rest_api_id))
        stages.delete(account, a_stage(gateway, rest_api_id))

        assert {one["stageName"] for one in gateway.get_stages(restApiId=rest_api_id)["item"]} == {"prod"}


class TestSettings:
    """What can be seen without a stage."""

    def test_a_setting_that_left_a_method_takes_the_others_out_and_in_again(self) -> None:
        live = {"methodSettings": {"*/*": {"throttlingRateLimit": 5.0, "metricsEnabled": True}}}
        before = {"MethodSettings": [{**EVERY_METHOD, "ThrottlingRateLimit": "5", "MetricsEnabled": "true"}]}
        after = {"MethodSettings": [{**EVERY_METHOD, "ThrottlingRateLimit": "5"}]}

        assert plan_operations(live, before, after) == [
            {"op": "remove", "path": "/*/*"},
            {"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "5"},
        ]

    def test_a_method_that_left_the_template_is_removed_if_it_is_there(self) -> None:
        before = {"MethodSettings": [{**EVERY_METHOD, "ThrottlingRateLimit": "5"}]}

        assert plan_operations({"methodSettings": {"*/*": {}}}, before, {}) == [{"op": "remove", "path": "/*/*"}]
        assert plan_operations({"methodSettings": {}}, before, {}) == []

    def test_what_someone_set_by_hand_and_no_template_had_stays(self) -> None:
        live = {
            "variables": {"mine": "1"},
            "description": "mine",
            "cacheClusterEnabled": True,
            "accessLogSettings": {"destinationArn": "mine", "format": "mine"},
            "methodSettings": {"~1mine/GET": {"metricsEnabled": True}},
        }

        assert plan_operations(live, {}, {}) == []

    def test_what_left_the_template_goes_back_to_what_it_was_without(self) -> None:
        live = {
            "tracingEnabled": True,
            "description": "ours",
            "accessLogSettings": {"destinationArn": "ours", "format": "ours"},
        }
        before = {
            "TracingEnabled": "true",
            "Description": "ours",
            "AccessLogSetting": {"DestinationArn": "ours", "Format": "ours"},
        }

        assert plan_operations(live, before, {}) == [
            {"op": "replace", "path": "/description", "value": ""},
            {"op": "replace", "path": "/tracingEnabled", "value": "false"},
            {"op": "remove", "path": "/accessLogSettings"},
        ]

    def test_no_list_ever_names_deployment_or_canary(self) -> None:
        after = {
            "DeploymentId": "other",
            "CanarySetting": {"DeploymentId": "other", "PercentTraffic": "50"},
            "Variables": {"a": "b"},
        }

        paths = {one["path"] for one in plan_operations({"deploymentId": "promoted"}, {}, after)}

        assert paths == {"/variables/a"}


class TestHandler:
    @pytest.mark.usefixtures("functions")
    def test_what_was_made_is_answered_with_its_id(self, answers) -> None:
        handler.handler(an_event(answers, "Create", an_alias()), None)

        assert [(one["Status"], one["PhysicalResourceId"].split(":")[-1]) for one in answers] == [("SUCCESS", "green")]
        assert {"StackId", "RequestId", "LogicalResourceId"} <= answers[0].keys()

    def test_what_was_refused_is_never_deleted_although_cloudformation_asks(self, functions, answers) -> None:
        handler.handler(an_event(answers, "Create", an_alias("live")), None)
        refused = answers.pop()
        cleanup = an_event(answers, "Delete", an_alias("live"), PhysicalResourceId=refused["PhysicalResourceId"])
        handler.handler(cleanup, None)

        assert refused["Status"] == "FAILED"
        assert "already exists" in refused["Reason"]
        assert answers[0]["Status"] == "SUCCESS"
        assert version_of(functions, "live") == "1"

    def test_what_was_made_is_deleted(self, functions, answers, account) -> None:
        made = aliases.create(account, an_alias())

        handler.handler(an_event(answers, "Delete", an_alias(), PhysicalResourceId=made), None)

        assert answers[0]["PhysicalResourceId"] == made
        assert "green" not in [one["Name"] for one in functions.list_aliases(FunctionName=READ)["Aliases"]]

    @pytest.mark.usefixtures("functions")
    def test_an_update_is_told_what_was_before(self, answers, account) -> None:
        made = aliases.create(account, an_alias())

        event = an_event(answers, "Update", an_alias("blue"), OldResourceProperties=an_alias(), PhysicalResourceId=made)
        handler.handler(event, None)

        assert answers[0]["PhysicalResourceId"].endswith(":blue")

    @pytest.mark.usefixtures("functions")
    def test_a_failed_update_keeps_the_id(self, answers, account) -> None:
        made = aliases.create(account, an_alias())

        event = an_event(answers, "Update", an_alias("live"), OldResourceProperties=an_alias(), PhysicalResourceId=made)
        handler.handler(event, None)

        assert (answers[0]["Status"], answers[0]["PhysicalResourceId"]) == ("FAILED", made)

    @pytest.mark.usefixtures("functions")
    def test_a_permission_that_does_not_hold_yet_is_waited_for(self, aws, answers, monkeypatch) -> None:
        monkeypatch.setattr(handler, "PAUSE_SECONDS", 0)
        aws.faults.add(a_refusal(times=2))

        handler.handler(an_event(answers, "Create", an_alias()), None)

        assert answers[0]["Status"] == "SUCCESS"

    @pytest.mark.usefixtures("functions")
    def test_a_permission_that_is_missing_is_reported(self, aws, answers, monkeypatch) -> None:
        monkeypatch.setattr(handler, "PAUSE_SECONDS", 0)
        aws.faults.add(a_refusal(times=handler.TRIES))

        handler.handler(an_event(answers, "Create", an_alias()), None)

        assert answers[0]["Status"] == "FAILED"
        assert "AccessDeniedException" in answers[0]["Reason"]

    @pytest.mark.usefixtures("functions")
    def test_what_cloudformation_does_not_ask_is_refused(self, answers) -> None:
        handler.handler(an_event(answers, "Read", an_alias()), None)

        assert answers[0]["Reason"] == "CloudFormation asks for Read, which is not Create, Update or Delete"


def promote_another(gateway, rest_api_id: str) -> str:
    """Make the stage run another deployment than at first; returns its id."""
    attach_canary(gateway, rest_api_id)
    copy = {"op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId"}
    gateway.update_stage(restApiId=rest_api_id, stageName="next", patchOperations=[copy])
    remove = {"op": "remove", "path": "/canarySettings"}
    return str(gateway.update_stage(restApiId=rest_api_id, stageName="next", patchOperations=[remove])["deploymentId"])


def attach_canary(gateway, rest_api_id: str) -> None:
    deployment = gateway.create_deployment(restApiId=rest_api_id)["id"]
    values = {"deploymentId": deployment, "stageVariableOverrides/lambdaAlias": "canary", "percentTraffic": "10"}
    operations = [{"op": "replace", "path": f"/canarySettings/{name}", "value": value} for name, value in values.items()]
    gateway.update_stage(restApiId=rest_api_id, stageName="next", patchOperations=operations)
