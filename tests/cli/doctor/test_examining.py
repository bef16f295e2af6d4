"""A diagnosis from values alone: what is worth knowing beside what refuses a start."""

from dataclasses import replace

from canary.rules.definitions.integrations import Place
from canary.rules.releases.problems import Problem
from canary.rules.releases.release import Release, Request
from canary.rules.targets.access_log import LOG_FORMAT
from canary_cli.doctor.diagnosis_text import lines_of_diagnosis
from canary_cli.doctor.examining import diagnose
from canary_cli.doctor.findings import Condition
from canary_cli.doctor.remedies import Patient
from canary_cli.doctor.surroundings import OF_THE_STAGE, Surroundings
from canary_cli.planning.drafting import draft_of
from tests.builders import a_target
from tests.cli.planning.test_prospect import seen

HERE = Place("aws", "eu-west-1", "123456789012")


def diagnosed(*problems, around=None, sight=None, **more):
    target = a_target()
    sight = sight or seen(target=target)
    patient = Patient(target, Release(), sight.survey, HERE, around or Surroundings())
    return diagnose(patient, draft_of(Request("orders"), target, sight), problems, **more)


def found(diagnosis, area):
    return [(one.condition, *one.found) for one in diagnosis.checks if one.area == area]


def test_notes_prevent_no_start():
    around = Surroundings(
        heard={"errors": 3, "slow_p99": 0, OF_THE_STAGE: 0},
        logging={"orders-read": {"LogGroup": "/own/group"}, "orders-write": {}},
        tags={"aws:cloudformation:stack-name": "shop"},
        throttles={"*/*": 50.0},
        unread=("AWS refused it",),
    )
    diagnosis = diagnosed(around=around, unread=("no traffic",))

    assert diagnosis.is_ready
    assert found(diagnosis, "metrics: errors") == [(Condition.OK, "data in 3 of the last 72 hours")]
    assert found(diagnosis, "metrics: slow_p99") == [(Condition.NOTE, "no data in the last 3 days")]
    assert found(diagnosis, f"metrics: {OF_THE_STAGE}")[0][0] is Condition.NOTE
    assert [one[0] for one in found(diagnosis, "function logs")] == [Condition.NOTE, Condition.OK]
    assert [one[0] for one in found(diagnosis, "stage")] == [Condition.OK, Condition.NOTE, Condition.NOTE]
    assert [one[1] for one in found(diagnosis, "not seen")] == ["no traffic", "AWS refused it"]
    assert "  note     stage: */* is throttled at 50 requests per second, which both arms share" in [
        *lines_of_diagnosis(diagnosis)
    ]


def test_each_problem_has_its_area():
    diagnosis = diagnosed(
        Problem("target", "held", "wait"),
        Problem("policy.steps", "too long", "shorten it"),
        Problem("release.functions.orders-read", "version 9 is Failed", "publish another"),
        Problem("release.functions", "too many versions", "name them"),
        Problem("release", "it was rolled back", "retry"),
        Problem("outside", "/x matches nothing", "remove it"),
        Problem("release.deployment", "routes are lost", "put them back"),
        Problem("alarms", "alarm a does not exist", "create it"),
    )
    conditions = {one.area: one.condition for one in diagnosis.checks if one.refuses}

    assert conditions == {
        "rollout": Condition.WRONG,
        "policy": Condition.WRONG,
        "function orders-read": Condition.WRONG,
        "release": Condition.WRONG,
        "integrations": Condition.WRONG,
        "alarms": Condition.MISSING,
    }
    text = [*lines_of_diagnosis(diagnosis)]
    assert text[0].startswith("orders: 6 of ")
    assert "           fix: shorten it" in text
    assert not diagnosis.is_ready


def test_a_log_that_goes_elsewhere_gets_the_targets_group_and_its_role_if_there_is_none():
    sight = seen()
    stage = replace(sight.survey.stage, log_group="/other", log_format=LOG_FORMAT)
    sight = replace(sight, survey=replace(sight.survey, stage=stage))
    problem = Problem("access_log_group", "the stage logs to /other", "set it")
    bare = diagnosed(problem, sight=sight, around=Surroundings(has_log_group=False))
    ready = diagnosed(problem, sight=sight, around=Surroundings(log_role="arn:aws:iam::123456789012:role/logs"))

    assert [" ".join(one.split()[1:3]) for one in bare.commands] == [
        "iam create-role",
        "iam attach-role-policy",
        "apigateway update-account",
        "logs create-log-group",
        "apigateway update-stage",
    ]
    assert [" ".join(one.split()[1:3]) for one in ready.commands] == ["apigateway update-stage"]


def test_the_next_thing_to_do_follows_from_the_state():
    assert diagnosed().following == "canary plan orders, then canary start orders"
    unregistered = diagnosed(target_file="name: orders\n")
    assert unregistered.following == "save the target file as ours/orders.yaml and register it with make deploy TARGETS=ours"
    wrong = diagnosed(Problem("target", "held", "wait"), target_file="name: orders\n")
    assert wrong.following == "fix what is missing or wrong, then run canary doctor --api a1b2c3d4e5 --stage prod"
