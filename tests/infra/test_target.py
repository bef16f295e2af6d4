"""What a target gets: its registration, a role for exactly its own resources, and its metrics."""

import functools
import json
import re
from dataclasses import replace
from fnmatch import fnmatchcase

import aws_cdk as cdk
import pytest

from canary.edge.target import require_target, target_from_json
from canary.rules.failures.saved_queries import saved_queries
from canary.rules.looks.look_metrics import NAMES
from canary.rules.targets import target as rules
from canary.rules.targets.access_log import metric_filters
from canary.rules.targets.alarms import target_alarms
from canary.rules.targets.policy import STANDARD
from canary.rules.targets.target import Outside, OutsideRoute
from canary_cdk import Target, TargetFunction
from canary_cdk.target_permissions import TooManyFunctionsError
from canary_cdk.target_permissions import target_role as make_role
from canary_cdk.target_watch import FullLogGroupError, LongAlarmError, TargetWatch
from infra.stacks import SAMPLE_API, TargetStack
from infra.targets import load_targets
from tests.infra.conftest import ROOT, SETTINGS, _synthesise
from tests.infra.templates import listed, text
from tests.infra.test_versioned_function import a_function, a_stack, synthesise

pytestmark = pytest.mark.slow

ROLE = "arn:aws:iam::123456789012:role/canary/target/eu-central-1/orders"
PLACE = "<Region>:<AccountId>"


@pytest.fixture(scope="session")
def target():
    (found,) = load_targets(ROOT / "targets")
    return found


@pytest.fixture(scope="session")
def shop(other_app):
    return other_app.templates["shop"]


def registered(template, name):
    """The target as the controller will read it, with lower-case words where it refers to other resources."""
    parameter = template.named("AWS::SSM::Parameter", f"/canary/targets/{name}", key="Name")
    written = re.sub(r"<\w+\.Arn>", ROLE, text(parameter["Value"]))
    return target_from_json(re.sub(r"<(\w+)>", lambda match: match[1].lower(), written))


def target_role(template, name):
    parameter = template.named("AWS::SSM::Parameter", f"/canary/targets/{name}", key="Name")
    (role,) = re.findall(r"<(\w+)\.Arn>", text(parameter["Value"]))
    return role


def small(names):
    return {name.lower() for name in names}


def of(template, prefix, kind):
    return {name: one for name, one in template.of_type(kind).items() if name.startswith(prefix)}


def test_a_file_is_registered_as_it_is_with_the_role_that_was_made(orders, target):
    found = registered(orders, "orders")
    assert found.role_arn == ROLE
    assert json.dumps(str(found)).replace(repr(ROLE), "None") == json.dumps(str(target))


def test_the_metric_filters_are_the_rules_own(orders, target):
    expected = {one.name: one for one in metric_filters(target)}
    made = {one["FilterName"]: one for one in orders.of_type("AWS::Logs::MetricFilter").values()}
    assert {*made} == {*expected}
    for name, one in made.items():
        (transformation,) = one["MetricTransformations"]
        assert (one["LogGroupName"], one["FilterPattern"]) == ("/apigw/orders-prod", expected[name].pattern)
        assert transformation["MetricName"] == expected[name].metric
        assert transformation["MetricValue"] == expected[name].value
        assert transformation.get("DefaultValue") == expected[name].default


def test_the_alarms_are_the_rules_own_and_act_on_nothing(orders, target):
    made = [{**one} for one in orders.of_type("AWS::CloudWatch::Alarm").values()]
    assert [one.pop("Tags") for one in made] == [[{"Key": "canary:target", "Value": "orders"}]] * len(made)
    assert sorted(made, key=lambda one: one["AlarmName"]) == sorted(
        (alarm.put_arguments() for alarm in target_alarms(target)), key=lambda one: one["AlarmName"]
    )


def test_an_alarms_id_comes_from_its_name_and_not_from_its_place(orders):
    for name, one in orders.of_type("AWS::CloudWatch::Alarm").items():
        assert re.sub(r"\W", "", one["AlarmName"]) in name


def test_exactly_the_targets_alarms_are_heard_when_they_fire(orders, target):
    pattern = orders.only("AWS::Events::Rule")["EventPattern"]
    assert pattern["source"] == ["aws.cloudwatch"]
    assert pattern["detail-type"] == ["CloudWatch Alarm State Change"]
    assert pattern["detail"] == {
        "alarmName": [*(alarm.name for alarm in target_alarms(target)), *target.alarms],
        "state": {"value": ["ALARM"]},
    }


def test_the_rule_calls_the_controllers_listener_which_lets_it(orders, controller):
    rule = orders.only("AWS::Events::Rule")
    (aim,) = rule["Targets"]
    name, listener = controller.function("HearAlarm")
    assert text(aim["Arn"]) == f"arn:<Partition>:lambda:{PLACE}:function:{listener['FunctionName']}"
    permission = controller.named("AWS::Lambda::Permission", {"Fn::GetAtt": [name, "Arn"]})
    assert permission["Principal"] == "events.amazonaws.com"
    assert fnmatchcase(f"arn:<Partition>:events:{PLACE}:rule/{rule['Name']}", text(permission["SourceArn"]))
    assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}
    queues = {one["QueueName"] for one in controller.of_type("AWS::SQS::Queue").values()}
    assert text(aim["DeadLetterConfig"]["Arn"]) == f"arn:<Partition>:sqs:{PLACE}:canary-dead-letters"
    assert "canary-dead-letters" in queues


def a_watch(target):
    """The rules for a target's alarms, by name."""
    app = cdk.App()
    stack = cdk.Stack(app, "stack")
    TargetWatch(stack, "Watch", target=target)
    body = app.synth().get_stack_by_name("stack").template
    rules = (one["Properties"] for one in body["Resources"].values() if one["Type"] == "AWS::Events::Rule")
    return {rule["Name"]: rule for rule in rules}


@pytest.mark.parametrize("letter", ["a", '"', "\U0001f525"])
def test_more_alarms_than_one_pattern_has_room_for_are_heard_by_several_rules(target, controller, letter):
    alarms = tuple(f"{number:03}{letter * 100}" for number in range(45))
    rules = a_watch(replace(target, alarms=alarms))
    patterns = [rule["EventPattern"] for rule in rules.values()]
    assert [*rules] == ["canary-orders-alarms", *(f"canary-orders.{number}-alarms" for number in range(2, len(rules) + 1))]
    assert len(rules) > 2
    assert max(len(json.dumps(pattern)) for pattern in patterns) <= 2_048
    heard = [name for pattern in patterns for name in pattern["detail"]["alarmName"]]
    assert heard == [*(alarm.name for alarm in target_alarms(target)), *alarms]
    name, _ = controller.function("HearAlarm")
    source = text(controller.named("AWS::Lambda::Permission", {"Fn::GetAtt": [name, "Arn"]})["SourceArn"])
    assert all(fnmatchcase(f"arn:<Partition>:events:{PLACE}:rule/{rule}", source) for rule in rules)


def test_an_alarm_whose_name_only_cloudformation_knows_gets_the_room_of_the_longest_name(target):
    alarms = tuple(f"{cdk.Fn.ref(f'Alarm{number}')}" for number in range(8))
    rules = a_watch(replace(target, alarms=alarms))
    assert len(rules) == 2


def test_a_target_adds_nothing_to_the_controllers_own_policies(orders):
    assert not {"AWS::Lambda::Permission", "AWS::SQS::QueuePolicy"} & {one["Type"] for one in orders.resources.values()}


def test_the_role_may_do_what_a_rollout_of_this_target_needs_and_nothing_else(orders):
    api = "arn:<Partition>:apigateway:<Region>::/restapis/a1b2c3d4e5"
    functions = [f"arn:<Partition>:lambda:{PLACE}:function:orders-{name}" for name in ("read", "write")]
    everything = ("cloudwatch:GetMetricData", "cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmHistory")
    parts = ("/resources", "/authorizers", "/gatewayresponses", "/models", "/requestvalidators")
    readable = ("", *parts, "/stages", "/stages/prod", "/stages/*/exports/oas30", "/deployments", "/deployments/*")
    assert orders.allowed(target_role(orders, "orders")) == {
        *(("apigateway:GET", f"{api}{path}") for path in readable),
        ("apigateway:PATCH", f"{api}/stages/prod"),
        ("apigateway:POST", f"{api}/deployments"),
        *(
            (f"lambda:{action}", function)
            for action in ("GetAlias", "UpdateAlias", "ListVersionsByFunction", "GetPolicy")
            for function in functions
        ),
        *(("lambda:GetPolicy", f"{function}:{alias}") for function in functions for alias in ("live", "canary")),
        *(("lambda:GetFunctionConfiguration", f"{function}:*") for function in functions),
        ("logs:DescribeMetricFilters", f"arn:<Partition>:logs:{PLACE}:log-group:/apigw/orders-prod:*"),
        *(
            ("logs:StartQuery", f"arn:<Partition>:logs:{PLACE}:log-group:{group}:*")
            for group in ("/apigw/orders-prod", "/aws/lambda/orders-read", "/aws/lambda/orders-write")
        ),
        *((f"logs:{action}", "*") for action in ("GetQueryResults", "StopQuery")),
        ("lambda:ListEventSourceMappings", "*"),
        *((action, "*") for action in everything),
    }


def test_the_role_trusts_the_controllers_roles_of_this_account_and_region(orders, controller):
    role = orders.resources[target_role(orders, "orders")]["Properties"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    trusted = text(statement["Condition"]["ArnLike"]["aws:PrincipalArn"])
    assert text(statement["Principal"]["AWS"]) == "arn:<Partition>:iam::<AccountId>:root"
    path = text(controller.resources[controller.role_of("ShiftTraffic")]["Properties"]["Path"])
    assert fnmatchcase(f"arn:<Partition>:iam::<AccountId>:role{path}anything", trusted)
    assert not fnmatchcase("arn:<Partition>:iam::<AccountId>:role/canary/target/<Region>/anything", trusted)


def test_the_controller_may_assume_the_role(orders, controller):
    path = text(orders.resources[target_role(orders, "orders")]["Properties"]["Path"])
    for task in ("CheckRelease", "ShiftTraffic", "MakeSafe", "SweepTargets", "GuardDeletion"):
        (roles,) = [arn for action, arn in controller.allowed(controller.role_of(task)) if action == "sts:AssumeRole"]
        assert fnmatchcase(f"arn:<Partition>:iam::<AccountId>:role{path}anything", roles)


def test_the_dashboard_shows_base_on_the_left_and_canary_on_the_right(orders):
    board = json.loads(text(orders.only("AWS::CloudWatch::Dashboard")["DashboardBody"]))
    metrics = [one for one in board["widgets"] if one["type"] == "metric"]
    graphs = [one for one in metrics if not one["properties"]["title"].startswith("rollout: ")]
    for base, canary in zip(graphs[::2], graphs[1::2], strict=True):
        assert base["properties"]["title"].removeprefix("base: ") == canary["properties"]["title"].removeprefix("canary: ")
        assert (base["y"], base["x"]) == (canary["y"], 0)
        assert canary["x"] == base["width"]
        swapped = json.dumps(base["properties"]["metrics"]).replace("Base", "Canary").replace("base", "canary")
        assert json.dumps(canary["properties"]["metrics"]) == swapped
    assert len(graphs) == 6


def test_the_dashboard_shows_what_each_look_saw_and_decided(orders, target):
    board = json.loads(text(orders.only("AWS::CloudWatch::Dashboard")["DashboardBody"]))
    graphs = [one["properties"] for one in board["widgets"] if one["properties"].get("title", "").startswith("rollout: ")]
    drawn = [metric for graph in graphs for metric in graph["metrics"]]
    assert [metric[:4] for metric in drawn] == [["CanaryController", name, "target", "orders"] for name in NAMES]
    marks = [{one["label"]: one["value"] for one in graph["annotations"]["horizontal"]} for graph in graphs]
    steps = {f"step {number}": float(step.weight_percent) for number, step in enumerate(target.policy.steps, start=1)}
    words = {"roll back": -1, "hold": 0, "continue": 1, "advance": 2, "promote": 3}
    assert marks == [steps, {"the bar: roll back": 2}, words]


def test_the_dashboard_shows_the_alarms_that_roll_back(orders, target):
    board = json.loads(text(orders.only("AWS::CloudWatch::Dashboard")["DashboardBody"]))
    (alarms,) = [one["properties"]["alarms"] for one in board["widgets"] if one["type"] == "alarm"]
    assert [arn.rpartition(":")[2] for arn in alarms] == [
        *(alarm.name for alarm in target_alarms(target)),
        *target.alarms,
    ]


def test_the_saved_queries_are_the_rules_own(orders, target):
    expected = {one.name: one for one in saved_queries(target)}
    made = {one["Name"]: one for one in orders.of_type("AWS::Logs::QueryDefinition").values()}
    assert {*made} == {*expected}
    for name, one in made.items():
        assert (one["QueryString"], one["LogGroupNames"]) == (expected[name].text, [*expected[name].groups])


def test_the_saved_queries_of_an_app_name_its_own_resources(shop):
    found = registered(shop, "shop-orders")
    made = of(shop, "Orders", "AWS::Logs::QueryDefinition").values()
    assert len(made) == 4
    for one in made:
        groups = {text(group).removeprefix("/aws/lambda/").strip("<>").lower() for group in one["LogGroupNames"]}
        assert groups <= {found.access_log_group, *(function.name for function in found.functions)}
    assert not of(shop, "Ship", "AWS::Logs::QueryDefinition")


def test_a_refused_deletion_comes_before_anything_is_gone(orders):
    (name,) = orders.at_rest()
    assert orders.kept_while(name) == {*orders.resources} - {name}
    assert orders.resources[name]["Properties"]["Target"] == "orders"


def test_targets_are_deployed_after_the_controller_and_deleted_before_it(product):
    manifest = json.loads((product.folder / "manifest.json").read_text(encoding="utf-8"))
    assert "canary" in manifest["artifacts"]["canary-target-orders"]["dependencies"]


@pytest.mark.parametrize(("rest_api_id", "is_told"), [(SAMPLE_API, True), ("zzzzzzzzzz", False)])
def test_whoever_would_deploy_the_samples_target_is_told_what_to_do_first(target, rest_api_id, is_told):
    stack = TargetStack(cdk.App(), target=replace(target, stage=replace(target.stage, rest_api_id=rest_api_id)))
    warnings = [str(entry.data) for entry in stack.node.metadata if entry.type == "aws:cdk:warning"]
    assert any("make deploy TARGETS=<folder>" in warning for warning in warnings) is is_told


def test_the_samples_target_is_known_by_its_api(target):
    assert target.stage.rest_api_id == SAMPLE_API


def test_objects_of_an_app_are_registered_by_reference(shop):
    found = registered(shop, "shop-orders")
    assert found.stage.rest_api_id in small(shop.of_type("AWS::ApiGateway::RestApi"))
    assert found.stage.stage_name in small(shop.of_type("AWS::ApiGateway::Stage"))
    assert {one.name for one in found.functions} <= small(shop.of_type("AWS::Lambda::Function"))
    assert found.access_log_group in small(shop.of_type("AWS::Logs::LogGroup"))
    assert {*found.alarms} <= small(shop.of_type("AWS::CloudWatch::Alarm"))


def test_a_policy_is_taken_as_in_a_file(shop):
    found = registered(shop, "shop-orders")
    assert (found.policy.min_requests, found.policy.early_advance) == (200, True)


def test_behind_a_stage_the_canarys_alias_is_called_canary_unless_told(shop):
    assert {one.canary for one in registered(shop, "shop-orders").functions} == {"canary"}
    assert {one.canary for one in registered(shop, "shop-ship").functions} == {None}


def test_a_role_around_objects_of_an_app_is_as_narrow(shop):
    allowed = shop.allowed(target_role(shop, "shop-orders"))
    found = registered(shop, "shop-orders")
    (patched,) = {resource for action, resource in allowed if action == "apigateway:PATCH"}
    place, _, stage = patched.partition("/restapis/")
    assert place == "arn:<Partition>:apigateway:<Region>::"
    assert stage.lower() == f"<{found.stage.rest_api_id}>/stages/<{found.stage.stage_name}>"
    moved = {resource.rpartition(":function:")[2].lower() for action, resource in allowed if action == "lambda:UpdateAlias"}
    assert moved == {f"<{one.name}>" for one in found.functions}


def test_filters_count_the_apps_own_api_and_stage_without_the_routes_outside(shop):
    found = registered(shop, "shop-orders")
    patterns = [text(one["FilterPattern"]).lower() for one in of(shop, "Orders", "AWS::Logs::MetricFilter").values()]
    assert len(patterns) == 13
    ours = f' && $.apiid = "<{found.stage.rest_api_id}>" && $.stage = "<{found.stage.stage_name}>" && '
    outside = '($.resourcepath != "/legacy/*" || $.httpmethod != "get") }'
    assert all(pattern.endswith(f"{ours}{outside}") for pattern in patterns)
    assert found.outside == Outside((OutsideRoute("/legacy/*", ("GET",)),), ("partner",))


def test_a_log_group_that_targets_make_too_full_is_reported_at_synth(target):
    metrics = replace(target.metrics, latency_limits_ms=tuple(range(1, 25)))
    stack = cdk.Stack(cdk.App(), "stack")
    first, second, other = (replace(target, name=name, metrics=metrics, alarms=()) for name in ("a", "b", "c"))
    TargetWatch(stack, "A", target=first)
    TargetWatch(stack, "C", target=replace(other, access_log_group="/apigw/other"))
    with pytest.raises(FullLogGroupError) as error:
        TargetWatch(cdk.Stack(stack.node.root, "another"), "B", target=second)
    assert str(error.value) == (
        "with target b the log group /apigw/orders-prod has 118 metric filters, and CloudWatch Logs accepts 100; "
        "give the target's stage its own access-log group"
    )


def test_without_an_access_log_the_alarms_are_those_of_each_function(shop):
    alarms = of(shop, "Unlogged", "AWS::CloudWatch::Alarm")
    assert len(alarms) == 2
    assert not of(shop, "Unlogged", "AWS::Logs::MetricFilter")
    assert small(text(one["AlarmName"]) for one in alarms.values()) == {
        f"canary-shop-unlogged-errors-<{one.name}>" for one in registered(shop, "shop-unlogged").functions
    }


def test_weighted_aliases_need_no_api_no_filters_and_no_rule(shop):
    allowed = shop.allowed(target_role(shop, "shop-ship"))
    assert {action for action, _ in allowed} == {
        "lambda:GetAlias",
        "lambda:UpdateAlias",
        "lambda:ListVersionsByFunction",
        "lambda:GetFunctionConfiguration",
        "lambda:ListEventSourceMappings",
        "cloudwatch:GetMetricData",
        *(f"logs:{action}" for action in ("StartQuery", "GetQueryResults", "StopQuery")),
    }
    for kind in ("AWS::Logs::MetricFilter", "AWS::CloudWatch::Alarm", "AWS::Events::Rule", "AWS::CloudWatch::Dashboard"):
        assert not of(shop, "Ship", kind)


def test_beside_its_controller_a_target_is_deleted_first(shop):
    at_rest = {name: one["Properties"].get("Target") for name, one in shop.resources.items() if name in shop.at_rest()}
    (of_target,) = [name for name, target in at_rest.items() if target == "shop-orders"]
    (of_controller,) = [name for name, target in at_rest.items() if target is None]
    assert of_controller in shop.kept_while(of_target)
    assert {name for name in shop.resources if name.startswith("Canaries")} <= shop.kept_while(of_target)


def test_every_resource_that_can_say_so_says_whose_it_is(orders):
    tagged = [one for one in orders.resources.values() if "Tags" in one.get("Properties", {})]
    assert len(tagged) >= 5
    for one in tagged:
        tags = one["Properties"]["Tags"]
        assert tags == {"canary:target": "orders"} or {"Key": "canary:target", "Value": "orders"} in listed(tags)


def make(**changes):
    import aws_cdk as cdk
    from aws_cdk import aws_lambda as lambda_

    from canary_cdk import Target, TargetFunction

    stack = cdk.Stack(cdk.App(), "stack")
    function = lambda_.Function.from_function_name(stack, "Function", "ship")
    Target(stack, "Target", **{"name": "ship", "functions": [TargetFunction(function)], **changes})


def test_everything_that_is_wrong_is_reported_at_once():
    from canary.rules.releases.problems import RefusedError

    with pytest.raises(RefusedError) as error:
        make(name="Ship It", functions=[], policy="standrd")
    assert [problem.field for problem in error.value.problems] == ["name", "policy", "functions"]


def test_a_policy_of_the_rules_can_be_given_whole():
    make(policy=require_target({"name": "x", "functions": [{"name": "f", "live": "live"}], "policy": "hotfix"}).policy)


def test_a_long_registration_gets_the_room_it_needs(orders):
    assert orders.only("AWS::SSM::Parameter")["Tier"] == "Intelligent-Tiering"


def test_an_alarm_is_shown_heard_and_registered_whatever_its_name(tmp_path, target):
    odd = ('Größe > 5 % of "x" {*}?$ \u2013 \u65e5\u672c \U0001f525', " both ends: {{x}} ", "a" * 255)

    def build(app):
        TargetStack(app, target=replace(target, alarms=odd))

    made = _synthesise(build, tmp_path).templates["canary-target-orders"]
    board = json.loads(text(made.only("AWS::CloudWatch::Dashboard")["DashboardBody"]))
    (shown,) = [one["properties"]["alarms"] for one in board["widgets"] if one["type"] == "alarm"]
    assert [arn.partition(":alarm:")[2] for arn in shown][-3:] == [*odd]
    assert made.only("AWS::Events::Rule")["EventPattern"]["detail"]["alarmName"][-3:] == [*odd]
    assert registered(made, "orders").alarms == odd


def test_the_filters_of_a_log_group_are_made_one_after_the_other(orders):
    filters = {name: one for name, one in orders.resources.items() if one["Type"] == "AWS::Logs::MetricFilter"}
    before = {name: [need for need in listed(one.get("DependsOn", [])) if need in filters] for name, one in filters.items()}

    assert len(filters) > 2
    assert [name for name, needs in before.items() if not needs] == [next(iter(filters))]
    assert sorted(need for needs in before.values() for need in needs) == sorted([*filters][:-1])


def a_target(functions, **more):
    """The template of a target in a file with these functions."""
    raw = {
        "name": "many",
        "stage": {"rest_api_id": "x9y8z7w6v5", "stage_name": "prod", "alias_variable": "lambdaAlias"},
        "functions": functions,
        **more,
    }
    app = cdk.App(context=SETTINGS["context"])
    return synthesise(TargetStack(app, target=require_target(raw)))


def resolved(value):
    """A template's value as IAM gets it, with the longest names of partition and Region."""
    if isinstance(value, list):
        return [resolved(one) for one in value]
    if isinstance(value, dict) and not {"Ref", "Fn::Join"} & {*value}:
        return {name: resolved(one) for name, one in value.items()}
    place = {"<Partition>": "aws-us-gov", "<Region>": "ap-southeast-1", "<AccountId>": "123456789012"}
    return functools.reduce(lambda found, name: found.replace(name, place[name]), place, text(value))


def written(policy):
    """A policy's length in characters."""
    return len(json.dumps(resolved(policy["PolicyDocument"]), separators=(",", ":")))


@pytest.mark.parametrize(("count", "length"), [(1, 64), (6, 64), (40, 64), (140, 5)])
def test_the_role_of_a_target_with_any_number_of_functions_is_one_that_iam_takes(count, length):
    names = [f"f{number:03}".ljust(length, "x") for number in range(count)]
    template = a_target([{"name": name, "live": "live", "canary": "canary"} for name in names])
    inline, managed = (template.of_type(f"AWS::IAM::{kind}").values() for kind in ("Policy", "ManagedPolicy"))
    (role,) = template.of_type("AWS::IAM::Role")
    allowed = {
        (action, resource.rpartition(":function:")[2])
        for policy in (*inline, *managed)
        for statement in policy["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
        for resource in map(text, listed(statement["Resource"]))
    }

    assert sum(map(written, inline)) <= 10_240
    assert all(written(policy) <= 6_144 for policy in managed)
    assert len(managed) <= 10
    assert all(policy["Roles"] == [{"Ref": role}] for policy in managed)
    for name in names:
        mine = {(action, resource) for action, resource in allowed if resource.partition(":")[0] == name}
        assert mine == {
            *((f"lambda:{action}", name) for action in ("GetAlias", "UpdateAlias", "ListVersionsByFunction")),
            ("lambda:GetFunctionConfiguration", f"{name}:*"),
            *(("lambda:GetPolicy", one) for one in (name, f"{name}:live", f"{name}:canary")),
        }


def test_functions_that_no_role_can_be_allowed_are_refused():
    functions = tuple(rules.TargetFunction(f"{number:064}", "live", "canary") for number in range(100))
    target = rules.Target("many", functions, STANDARD, stage=rules.Stage("x9y8z7w6v5", "prod", "lambdaAlias"))
    with pytest.raises(TooManyFunctionsError, match=r"100 functions, which need 13 managed .* IAM attaches at most 10"):
        make_role(a_stack(), target)


def test_a_registration_that_names_may_make_too_long_is_reported():
    stack = a_stack()
    Target(stack, "Many", name="many", functions=[TargetFunction(a_function(stack, f"Function{one}")) for one in range(90)])
    metadata = [entry for construct in stack.node.find_all() for entry in construct.node.metadata]
    (warning,) = [str(entry.data) for entry in metadata if entry.type == "aws:cdk:warning"]

    assert re.match(r"the registration of target many may be \d{1,2},\d{3} characters long", warning)
    assert "an SSM parameter holds 8,192" in warning


def test_an_alarm_whose_name_fits_into_no_pattern_is_refused():
    with pytest.raises(LongAlarmError, match="is 1104 characters too long for an event pattern"):
        a_target([{"name": "read", "live": "live", "canary": "canary"}], alarms=["\U0001f600" * 250])
