"""What the controller's stack promises to those who deploy it."""

import json
import re
from fnmatch import fnmatchcase

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms

import canary
from canary.edge.settings import PAGES_TOPIC, REPORTS, REQUIRED, TOPIC
from canary.rules.rollouts.phases import LATE_WRITER_SECONDS
from canary.tasks.common.entry import METRICS
from canary_cdk import Controller
from canary_cdk.functions import knows_reports
from canary_machine.definition import load, states_of, task_names
from demo import controller as local
from infra.stacks import ControllerStack
from tests.infra.templates import text
from tests.infra.test_versioned_function import a_stack, synthesise

pytestmark = pytest.mark.slow

TASKS = task_names(load())
BESIDE = [
    *("GuardRollout", "SweepTargets", "OperateRollout", "AuthorizeRollout", "HearAlarm"),
    *("GuardDeletion", "SendNotification", "KeepReport", "ShowRollouts"),
]
SAVERS = ["GuardRollout", "SweepTargets"]


def functions(template):
    return template.of_type("AWS::Lambda::Function")


def test_there_is_a_function_for_every_task_state_and_those_beside_the_machine(controller):
    assert {one["FunctionName"] for one in functions(controller).values()} == {f"canary-{task}" for task in (*TASKS, *BESIDE)}


@pytest.mark.parametrize("task", [*TASKS, *BESIDE])
def test_a_function_knows_its_task_the_table_the_targets_and_nothing_else(controller, task):
    _, function = controller.function(task)
    variables = function["Environment"]["Variables"]
    assert function["Handler"] == f"canary.tasks.{re.sub('(?<=[a-z])(?=[A-Z])', '_', task).lower()}.handler"
    assert variables["CANARY_TASK"] == task
    assert variables["CANARY_TABLE"]["Ref"] in controller.of_type("AWS::DynamoDB::Table")
    assert variables["CANARY_TARGET_PREFIX"] == "/canary/targets/"
    assert variables["CANARY_RETENTION_DAYS"] == "400"
    assert variables["CANARY_VERSION"] == canary.__version__
    more = {"CANARY_RETENTION_DAYS", "CANARY_VERSION"} | ({TOPIC, PAGES_TOPIC} if task == "SendNotification" else set())
    more |= {REPORTS} if knows_reports(task) else set()
    assert {name for name in variables if name.startswith("CANARY_")} | {"AWS_REGION"} == {*REQUIRED} | more


def test_every_function_knows_for_how_long_another_app_keeps_its_records(other_app):
    functions = other_app.templates["shop"].of_type("AWS::Lambda::Function").values()
    environments = [one.get("Environment", {}).get("Variables", {}) for one in functions]
    assert {one["CANARY_RETENTION_DAYS"] for one in environments if "CANARY_TASK" in one} == {"90"}


def test_functions_run_traced_on_arm(controller):
    for function in functions(controller).values():
        assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])
        assert function["TracingConfig"] == {"Mode": "Active"}


def test_every_function_is_of_the_size_that_was_measured(controller):
    sizes = {(one["MemorySize"], one["Timeout"]) for one in functions(controller).values()}
    assert sizes == {(local.MEMORY_MB, local.TIMEOUT_SECONDS)}


def test_no_function_outlives_the_wait_for_a_late_writer(controller):
    timeouts = {one["Timeout"] for one in functions(controller).values()}
    assert max(timeouts) <= LATE_WRITER_SECONDS
    assert max(timeouts) < min(state["TimeoutSeconds"] for _, state in states_of(load()) if state["Type"] == "Task")


@pytest.mark.parametrize("task", [*TASKS, *BESIDE])
def test_a_function_logs_where_it_is_kept_for_a_time(controller, task):
    _, function = controller.function(task)
    log = controller.resources[function["LoggingConfig"]["LogGroup"]["Ref"]]["Properties"]
    assert (log["LogGroupName"], log["RetentionInDays"]) == (f"/aws/lambda/canary-{task}", 90)


def test_the_machine_calls_published_versions_that_are_kept(controller):
    machine = controller.only("AWS::StepFunctions::StateMachine")
    substitutions = machine["DefinitionSubstitutions"]
    assert {*substitutions} == {f"{task}Arn" for task in TASKS}
    for task in TASKS:
        version = controller.resources[substitutions[f"{task}Arn"]["Ref"]]
        assert version["Type"] == "AWS::Lambda::Version"
        assert version["Properties"]["FunctionName"]["Ref"] == controller.function(task)[0]
        assert (version["DeletionPolicy"], version["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_the_machines_role_is_taken_on_for_machines_of_this_account_only(controller):
    role = controller.resources[controller.only("AWS::StepFunctions::StateMachine")["RoleArn"]["Fn::GetAtt"][0]]
    (trusted,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    conditions = {key: text(value) for each in trusted["Condition"].values() for key, value in each.items()}
    assert conditions == {
        "aws:SourceAccount": "<AccountId>",
        "aws:SourceArn": "arn:<Partition>:states:<Region>:<AccountId>:stateMachine:*",
    }


def test_the_machine_may_call_the_versions_that_running_executions_began_with(controller):
    role = controller.only("AWS::StepFunctions::StateMachine")["RoleArn"]["Fn::GetAtt"][0]
    called = {resource for action, resource in controller.allowed(role) if action == "lambda:InvokeFunction"}
    assert called == {f"arn:<Partition>:lambda:<Region>:<AccountId>:function:canary-{task}:*" for task in TASKS}


def test_the_machine_is_standard_traced_and_logs_everything(controller):
    machine = controller.only("AWS::StepFunctions::StateMachine")
    assert (machine["StateMachineName"], machine["StateMachineType"]) == ("canary-rollout", "STANDARD")
    assert machine["TracingConfiguration"] == {"Enabled": True}
    logging = machine["LoggingConfiguration"]
    assert (logging["Level"], logging["IncludeExecutionData"]) == ("ALL", True)
    group = logging["Destinations"][0]["CloudWatchLogsLogGroup"]["LogGroupArn"]["Fn::GetAtt"][0]
    assert controller.resources[group]["Properties"]["LogGroupName"] == "/aws/vendedlogs/states/canary-rollout"


def test_the_records_outlive_the_stack_and_can_be_restored(controller):
    (table,) = [one for one in controller.resources.values() if one["Type"] == "AWS::DynamoDB::Table"]
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Retain", "Retain")
    properties = table["Properties"]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["DeletionProtectionEnabled"] is True
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert [(key["AttributeName"], key["KeyType"]) for key in properties["KeySchema"]] == [("pk", "HASH"), ("sk", "RANGE")]


@pytest.mark.parametrize("task", [*TASKS, *BESIDE])
def test_a_function_touches_a_target_with_the_targets_role_only(controller, task):
    actions = {action for action, _ in controller.allowed(controller.role_of(task))}
    own = {"xray", "logs", "dynamodb", "ssm", "sts", "states", "events", "sqs", "sns"}
    lambdas = {"lambda"} if task == "SweepTargets" else set()
    objects = {"s3"} if task == "KeepReport" else set()
    assert {action.split(":")[0] for action in actions} <= own | lambdas | objects


@pytest.mark.parametrize("task", ["TakeLock", "AdvanceRollout", "ParkRollout"])
def test_a_task_that_works_on_records_alone_cannot_reach_a_target(controller, task):
    assert "sts:AssumeRole" not in {action for action, _ in controller.allowed(controller.role_of(task))}


@pytest.mark.parametrize("task", [*TASKS, *BESIDE])
def test_only_an_operator_and_a_newer_start_may_stop_executions(controller, task):
    actions = {action for action, _ in controller.allowed(controller.role_of(task))}
    assert ("states:StopExecution" in actions) is (task in {"OperateRollout", "ReplaceRollout"})


@pytest.mark.parametrize("task", [*TASKS, *BESIDE])
def test_only_the_functions_that_write_grants_may_start_executions(controller, task):
    allowed = [one for one in controller.allowed(controller.role_of(task)) if one[0] == "states:StartExecution"]
    machine = "arn:<Partition>:states:<Region>:<AccountId>:stateMachine:canary-rollout"
    assert allowed == ([("states:StartExecution", machine)] if task in {"OperateRollout", "AuthorizeRollout"} else [])


def test_checks_and_the_deletion_guard_write_nothing(controller):
    for task in ("CheckRelease", "GuardDeletion"):
        assert "dynamodb:PutItem" not in {action for action, _ in controller.allowed(controller.role_of(task))}


def test_no_one_may_delete_a_record(controller):
    for task in (*TASKS, *BESIDE):
        actions = {action for action, _ in controller.allowed(controller.role_of(task)) if action.startswith("dynamodb:")}
        reads = {"dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan"}
        assert actions <= {*reads, "dynamodb:PutItem", "dynamodb:ConditionCheckItem"}


def test_the_dashboards_widget_only_reads(controller):
    name, _ = controller.function("ShowRollouts")
    (table,) = controller.of_type("AWS::DynamoDB::Table")
    shown = {(action, on) for action, on in controller.allowed(controller.role_of("ShowRollouts")) if ":Put" not in action}
    assert {action for action, _ in shown} - {"logs:CreateLogStream"} == {
        "dynamodb:BatchGetItem",
        "dynamodb:Query",
        "dynamodb:Scan",
        "ssm:GetParametersByPath",
    }
    assert {on for action, on in shown if action == "dynamodb:Query"} == {f"<{table}.Arn>"}
    board = json.loads(text(controller.only("AWS::CloudWatch::Dashboard")["DashboardBody"]))
    first = board["widgets"][0]
    assert (first["type"], first["x"], first["y"], first["width"]) == ("custom", 0, 0, 24)
    assert first["properties"]["endpoint"] == f"<{name}.Arn>"
    assert first["properties"]["updateOn"]["refresh"] is True


def test_only_the_index_of_what_is_open_is_scanned(controller):
    from canary.rules.rollouts.rollout import OPEN_INDEX

    (table,) = controller.of_type("AWS::DynamoDB::Table")
    (index,) = controller.only("AWS::DynamoDB::Table")["GlobalSecondaryIndexes"]
    assert (index["IndexName"], index["KeySchema"]) == (OPEN_INDEX, [{"AttributeName": "rollout_id", "KeyType": "HASH"}])
    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    for task in ("GuardRollout", "SweepTargets", "HearAlarm"):
        scanned = {on for action, on in controller.allowed(controller.role_of(task)) if action == "dynamodb:Scan"}
        assert scanned == {f"<{table}.Arn>/index/{OPEN_INDEX}"}


def test_the_sweeper_keeps_what_it_told_where_its_code_looks_for_it(controller):
    from canary.aws.troubles import PREFIX

    written = {on for action, on in controller.allowed(controller.role_of("SweepTargets")) if action == "ssm:PutParameter"}
    assert written == {f"arn:<Partition>:ssm:<Region>:<AccountId>:parameter{PREFIX}*"}


def test_the_sweeper_alone_calls_a_function_and_only_itself(controller):
    for task in (*TASKS, *BESIDE):
        called = {on for action, on in controller.allowed(controller.role_of(task)) if action == "lambda:InvokeFunction"}
        itself = {"arn:<Partition>:lambda:<Region>:<AccountId>:function:canary-SweepTargets"}
        assert called == (itself if task == "SweepTargets" else set())


def test_a_task_without_a_row_stops_the_synth():
    from canary_cdk.functions import DutiesMissingError, _duties

    with pytest.raises(DutiesMissingError, match="the task SingSong has no row"):
        _duties("SingSong")


def test_every_row_is_a_functions():
    from canary_cdk.functions import MAY

    assert {*MAY} == {*TASKS, *BESIDE}


@pytest.fixture(scope="session")
def rules(controller):
    return {one["Name"]: one for one in controller.of_type("AWS::Events::Rule").values()}


def test_the_guard_hears_of_executions_that_ended_badly(controller, rules):
    rule = rules["canary-failed-executions"]
    assert rule["EventPattern"]["detail"]["status"] == ["FAILED", "TIMED_OUT", "ABORTED"]
    (machine,) = rule["EventPattern"]["detail"]["stateMachineArn"]
    assert controller.resources[machine["Ref"]]["Type"] == "AWS::StepFunctions::StateMachine"
    assert rule["Targets"][0]["Arn"]["Fn::GetAtt"][0] == controller.function("GuardRollout")[0]


def test_the_sweeper_runs_every_minute(controller, rules):
    rule = rules["canary-every-minute"]
    assert rule["ScheduleExpression"] == "rate(1 minute)"
    assert rule["Targets"][0]["Arn"]["Fn::GetAtt"][0] == controller.function("SweepTargets")[0]


def test_an_event_that_cannot_be_delivered_is_kept(controller, rules):
    queue = queue_of(controller, "canary-dead-letters")
    for name in ("canary-failed-executions", "canary-every-minute"):
        (target,) = rules[name]["Targets"]
        assert target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"] == [queue, "Arn"]
        assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] <= 6 * 3600
    assert all(target["DeadLetterConfig"] for target in rules["canary-notifications"]["Targets"])


def queue_of(template, name):
    """A queue's logical id."""
    (found,) = [logical for logical, one in template.of_type("AWS::SQS::Queue").items() if one["QueueName"] == name]
    return found


@pytest.mark.parametrize(
    ("task", "retries", "letters"),
    [
        *(
            (task, retries, "canary-dead-letters")
            for task, retries in (("GuardRollout", 2), ("SweepTargets", 0), ("HearAlarm", 2))
        ),
        ("SendNotification", 2, "canary-undelivered-notifications"),
    ],
)
def test_an_event_that_a_function_fails_on_is_kept(controller, task, retries, letters):
    name, _ = controller.function(task)
    found = controller.named("AWS::Lambda::EventInvokeConfig", {"Ref": name})
    queue = queue_of(controller, letters)
    assert found["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"] == [queue, "Arn"]
    assert found["MaximumRetryAttempts"] == retries
    assert ("sqs:SendMessage", f"<{queue}.Arn>") in controller.allowed(controller.role_of(task))


def test_dead_letters_are_taken_from_the_controllers_and_the_targets_rules_only(controller, orders):
    policies = controller.of_type("AWS::SQS::QueuePolicy").values()
    allowed = [one for policy in policies for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]
    assert all(one["Principal"] == {"Service": "events.amazonaws.com"} for one in allowed)
    conditions = [{key: text(value) for each in one["Condition"].values() for key, value in each.items()} for one in allowed]
    sources = [found["aws:SourceArn"] for found in conditions]
    alarms = f"arn:<Partition>:events:<Region>:<AccountId>:rule/{orders.only('AWS::Events::Rule')['Name']}"
    assert any(fnmatchcase(alarms, source) for source in sources)
    assert not any(fnmatchcase(alarms.replace("/canary-", "/other-"), source) for source in sources)


def test_notifications_are_the_controllers_own_events(rules):
    from canary.aws.notifications import SOURCE
    from canary.rules.messages.kinds import NotificationKind

    pattern = rules["canary-notifications"]["EventPattern"]
    assert pattern["source"] == [SOURCE]
    kinds = {kind.value for kind in NotificationKind}
    assert {*pattern["detail-type"]} == kinds - {NotificationKind.SHIFTED.value, NotificationKind.WATCH_OVER.value}


def test_steps_are_told_only_to_who_asks_for_them():
    stack = ControllerStack(cdk.App(), notify_steps=True)
    template = synthesise(stack)
    (rule,) = [one for one in template.of_type("AWS::Events::Rule").values() if one["Name"] == "canary-notifications"]
    assert "Rollout Shifted" in rule["EventPattern"]["detail-type"]


def topics(template):
    """The logical ids of the topics: of notifications, of pages, and the one that reports when those fail."""
    names = {one["DisplayName"]: name for name, one in template.of_type("AWS::SNS::Topic").items()}
    told, pages = names["Canary controller"], names["Canary controller: act now"]
    return told, pages, names["Canary controller: notifications that were not delivered"]


def test_by_their_policies_only_this_accounts_alarms_publish_to_the_topics(controller):
    policies = controller.of_type("AWS::SNS::TopicPolicy").values()
    assert {one["Topics"][0]["Ref"] for one in policies} == {*topics(controller)}
    for policy in policies:
        (allowed,) = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]
        assert (allowed["Principal"], allowed["Action"]) == ({"Service": "cloudwatch.amazonaws.com"}, "sns:Publish")
        assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_notifications_are_published_by_a_function_that_besides_only_reads_records_and_asks_a_targets_logs(controller, rules):
    topic, pages, _ = topics(controller)
    name, function = controller.function("SendNotification")
    queue = queue_of(controller, "canary-undelivered-notifications")
    (target,) = rules["canary-notifications"]["Targets"]
    assert target["Arn"]["Fn::GetAtt"] == [name, "Arn"]
    assert target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"] == [queue, "Arn"]
    assert function["Environment"]["Variables"][TOPIC] == {"Ref": topic}
    assert function["Environment"]["Variables"][PAGES_TOPIC] == {"Ref": pages}
    (table,) = controller.of_type("AWS::DynamoDB::Table")
    assert {
        one
        for one in controller.allowed(controller.role_of("SendNotification"))
        if one[0].split(":")[0] not in {"logs", "xray"}
    } == {
        *(("sns:Publish", f"<{one}>") for one in (topic, pages)),
        *((f"dynamodb:{action}", f"<{table}.Arn>") for action in ("BatchGetItem", "Query")),
        ("sts:AssumeRole", "arn:<Partition>:iam::<AccountId>:role/canary/target/<Region>/*"),
        ("sqs:SendMessage", f"<{queue}.Arn>"),
    }


def test_topics_and_queues_take_encrypted_connections_only(controller):
    for kind, many in (("AWS::SNS::TopicPolicy", 3), ("AWS::SQS::QueuePolicy", 2)):
        policies = controller.of_type(kind)
        assert len(policies) == many
        for policy in policies.values():
            statements = policy["PolicyDocument"]["Statement"]
            assert [one["Condition"] for one in statements if one["Effect"] == "Deny"] == [
                {"Bool": {"aws:SecureTransport": "false"}}
            ]


def test_the_controller_watches_itself_and_tells_the_topic_of_each_alarms_severity(controller):
    topic, pages, fallback = topics(controller)
    alarms = {one["AlarmName"].rpartition("-")[2]: one for one in controller.of_type("AWS::CloudWatch::Alarm").values()}
    assert {*alarms} == {
        *("OperatorNeeded", "RecordsUnusable", "GuardErrors", "SweeperErrors", "SweeperSilent", "DeadLetters"),
        *("RecordKept", "CallerNotProven", "UndeliveredNotifications"),
    }
    told = {name: one["AlarmActions"] for name, one in alarms.items()}
    assert told.pop("UndeliveredNotifications") == [{"Ref": fallback}]
    assert {name for name, actions in told.items() if actions == [{"Ref": pages}]} == {
        *("OperatorNeeded", "RecordsUnusable", "SweeperErrors", "SweeperSilent"),
    }
    assert {name for name, actions in told.items() if actions == [{"Ref": topic}]} == {
        *("GuardErrors", "DeadLetters", "RecordKept", "CallerNotProven"),
    }
    assert alarms["SweeperSilent"]["TreatMissingData"] == "breaching"


def test_an_encrypted_topic_can_be_published_to_by_the_function_and_by_the_alarms():
    stack = a_stack()
    key = kms.Key(stack, "Key")
    Controller(stack, "Canaries", notifications_key=key)
    template = synthesise(stack)
    (key_id,) = template.of_type("AWS::KMS::Key")
    topic, pages, fallback = topics(template)
    for one in (topic, pages):
        assert template.resources[one]["Properties"]["KmsMasterKeyId"] == {"Fn::GetAtt": [key_id, "Arn"]}
    assert "KmsMasterKeyId" not in template.resources[fallback]["Properties"]
    needed = {("kms:Decrypt", f"<{key_id}.Arn>"), ("kms:GenerateDataKey", f"<{key_id}.Arn>")}
    assert needed <= template.allowed(template.role_of("SendNotification"))
    statements = template.only("AWS::KMS::Key")["KeyPolicy"]["Statement"]
    (alarms,) = [one for one in statements if one["Principal"].get("Service") == "cloudwatch.amazonaws.com"]
    assert alarms["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert alarms["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_whoever_brings_a_key_is_told_what_its_policy_needs():
    app = cdk.App()
    stack = ControllerStack(
        app, notifications_key="arn:aws:kms:eu-west-1:123456789012:key/0a", notification_email="who@example.org"
    )
    metadata = [entry for construct in stack.node.find_all() for entry in construct.node.metadata]
    (warning,) = [str(entry.data) for entry in metadata if entry.type == "aws:cdk:warning"]
    assert "allow cloudwatch.amazonaws.com kms:Decrypt and kms:GenerateDataKey in it" in warning
    subscribed = synthesise(stack).of_type("AWS::SNS::Subscription").values()
    assert len({one["TopicArn"]["Ref"] for one in subscribed}) == 3


@pytest.mark.parametrize(
    ("addresses", "told", "paged", "by_the_fallback"),
    [
        ({}, [], [], []),
        ({"notification_email": "a@x"}, ["a@x"], ["a@x"], ["a@x"]),
        ({"page_email": "b@x"}, [], ["b@x"], ["b@x"]),
        ({"notification_email": "a@x", "page_email": "a@x"}, ["a@x"], ["a@x"], ["a@x"]),
        ({"notification_email": "a@x", "page_email": "b@x"}, ["a@x"], ["b@x"], ["a@x", "b@x"]),
    ],
)
def test_an_address_gets_what_its_setting_says_and_pages_go_to_someone(addresses, told, paged, by_the_fallback):
    template = synthesise(ControllerStack(cdk.App(), **addresses))
    subscribed = template.of_type("AWS::SNS::Subscription").values()

    def of_topic(topic):
        return sorted(one["Endpoint"] for one in subscribed if one["TopicArn"]["Ref"] == topic)

    assert [of_topic(topic) for topic in topics(template)] == [told, paged, by_the_fallback]


def test_a_failed_rollout_is_no_alarm(controller):
    assert not [one for one in controller.of_type("AWS::CloudWatch::Alarm").values() if one["Namespace"] == "AWS/States"]


@pytest.mark.parametrize("metric", ["OperatorNeeded", "RecordsUnusable", "RecordKept", "CallerNotProven"])
def test_the_alarms_of_the_controllers_own_metrics_read_what_the_tasks_count(controller, metric):
    (alarm,) = [one for one in controller.of_type("AWS::CloudWatch::Alarm").values() if one["MetricName"] == metric]
    assert alarm["Namespace"] == METRICS
    assert alarm["Dimensions"] == [{"Name": "service", "Value": "canary"}]


def test_a_second_controller_finds_the_place_taken(controller):
    parameter = controller.only("AWS::SSM::Parameter")
    assert parameter["Name"] == "/canary/controller"
    assert parameter["Value"]["Ref"] in controller.of_type("AWS::StepFunctions::StateMachine")


def test_whatever_is_tagged_says_whose_it_is(controller):
    for function in functions(controller).values():
        assert {"Key": "canary:controller", "Value": "canary"} in function["Tags"]


def test_a_refused_deletion_comes_before_anything_is_gone(controller):
    (name,) = controller.at_rest()
    assert controller.kept_while(name) == {*controller.resources} - {name}


def test_deletions_are_refused_by_the_deletion_guard_soon(controller):
    resource = controller.only("Custom::CanaryAtRest")
    assert text(resource["ServiceToken"]) == "arn:<Partition>:lambda:<Region>:<AccountId>:function:canary-GuardDeletion"
    assert int(resource["ServiceTimeout"]) == 300
    assert "Target" not in resource


def test_outputs_say_what_one_needs_to_know(controller):
    assert {*controller.body["Outputs"]} == {
        *("StateMachineArn", "OperateRolloutName", "AuthorizeRolloutName", "TableName"),
        *("NotificationsArn", "PagesArn", "FallbackNotificationsArn", "ReportsBucket"),
    }


def test_a_dashboard_is_named_after_its_region(product):
    for template in product.templates.values():
        assert text(template.only("AWS::CloudWatch::Dashboard")["DashboardName"]).endswith("-<Region>")


@pytest.fixture(scope="session")
def shop(other_app):
    return other_app.templates["shop"]


def test_concurrency_is_kept_free_for_those_who_make_targets_safe(controller, shop):
    reserved = {
        one["FunctionName"]: one["ReservedConcurrentExecutions"]
        for one in functions(shop).values()
        if "ReservedConcurrentExecutions" in one
    }
    assert reserved == {f"canary-{task}": 2 for task in SAVERS}
    assert not any("ReservedConcurrentExecutions" in one for one in functions(controller).values())


def test_options_of_the_construct_are_heard(shop):
    (layer,) = shop.of_type("AWS::Lambda::LayerVersion")
    ours = [one for one in functions(shop).values() if str(one.get("FunctionName", "")).startswith("canary-")]
    assert all(one["Layers"] == [{"Ref": layer}] for one in ours)
    kept = {
        one["RetentionInDays"]
        for one in shop.of_type("AWS::Logs::LogGroup").values()
        if "canary" in str(one.get("LogGroupName"))
    }
    assert kept == {7}
    assert not [name for name in shop.of_type("AWS::CloudWatch::Dashboard") if name.startswith("Canaries")]
