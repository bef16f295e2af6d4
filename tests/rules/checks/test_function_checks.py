"""Every reason in a function against a start is found, and what prevents nothing is noted."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from canary.rules.checks.callers import Caller
from canary.rules.checks.function_checks import (
    VersionState,
    find_function_notes,
    find_function_problems,
    find_own_problems,
    find_pending,
)
from canary.rules.releases.release import Release
from canary.rules.targets.live import LiveAlias
from tests.builders import a_function_survey, a_target

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:orders-read"
API = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4e5"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:new-orders"
GET, GET_ONE = Caller("orders-read", "prod/GET/orders"), Caller("orders-read", "prod/GET/orders/{id}")
AUTHORIZER = Caller("orders-read", "authorizers/abc123")
NAMED = Release({"orders-read": "9"})


def a_statement(sid="api", source=f"{API}/prod/*", service="apigateway.amazonaws.com", **changes):
    condition = {"ArnLike": {"AWS:SourceArn": source}}
    statement = {"Sid": sid, "Effect": "Allow", "Principal": {"Service": service}, "Action": "lambda:InvokeFunction"}
    return {**statement, "Condition": condition, **changes}


def a_policy_text(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


SOUND = a_policy_text(a_statement())
WHOLE = a_policy_text(a_statement(source=f"{API}/*"))


def called(live=SOUND, canary=SOUND, callers=(GET, GET_ONE), **changes):
    """A function that the API calls through its aliases, with these policies."""
    survey = a_function_survey(
        live=LiveAlias("1", arn=f"{ARN}:live"), canary=LiveAlias("1", arn=f"{ARN}:canary"), callers=callers, **changes
    )
    return replace(survey, policies={"live": live, "canary": canary})


def problems(found, *, release=None, target=None):
    target = target or a_target("orders-read")
    return [str(problem) for problem in find_function_problems(target, target.functions[0], release or Release(), found)]


def notes(found, *, target=None):
    return [*find_function_notes(target or a_target("orders-read"), {"orders-read": found})]


def test_finds_nothing_against_a_sound_function():
    assert problems(called()) == []
    assert notes(called()) == []
    assert problems(a_function_survey(canary=None), target=a_target("orders-read", stage=None)) == []


# Aliases, roles, versions.


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"live": None},
            (
                "functions.orders-read: alias live does not exist; create it with aws lambda create-alias "
                "--function-name orders-read --name live --function-version <n>"
            ),
        ),
        (
            {"canary": None},
            (
                "functions.orders-read: alias canary does not exist; create it with aws lambda create-alias "
                "--function-name orders-read --name canary --function-version <n>"
            ),
        ),
        (
            {"live": LiveAlias("1", {"2": Decimal("0.1")})},
            "functions.orders-read: alias live already splits traffic: 2 at 0.1; finish or undo that split first",
        ),
        (
            {"canary": LiveAlias("$LATEST")},
            "functions.orders-read: alias canary points at $LATEST; point it at a published version",
        ),
        ({"newest": None}, "functions.orders-read: no version is published; publish one with aws lambda publish-version"),
        (
            {"event_sources": {"live": ("queue orders", "topic orders")}},
            (
                "functions.orders-read: alias live is also read by queue orders, topic orders, "
                "which would get the release at once; "
                "give them an alias of their own, or set shared_live_alias: true in the target"
            ),
        ),
        (
            {"event_sources": {"canary": ("queue orders",)}},
            (
                "functions.orders-read: alias canary is also read by queue orders, which would get the release at once, "
                "before it is judged, and be counted among the canary's invocations; give them an alias of their own"
            ),
        ),
        (
            {"roles": {"1": "role-a", "2": "role-b"}},
            (
                "functions.orders-read: weighted versions must share one execution role, got 1: role-a, 2: role-b; "
                "publish a version with the same role"
            ),
        ),
    ],
)
def test_reports_what_is_wrong_with_a_function(changes, problem):
    assert problems(a_function_survey(**changes)) == [problem]


def test_a_version_that_does_not_exist_is_a_problem():
    assert problems(a_function_survey(newest=None, brings=None), release=NAMED) == [
        "release.functions.orders-read: version 9 does not exist; publish it, or name one that list-versions-by-function shows"
    ]


def test_versions_of_one_role_may_share_an_alias():
    assert problems(a_function_survey(roles={"1": "role-a", "2": "role-a"})) == []


# States of the version that the release brings.


def test_a_version_that_failed_is_refused_with_lambdas_reason():
    failed = VersionState("2", "Failed", "the image was deleted (ImageDeleted)")
    assert problems(a_function_survey(brings=failed)) == [
        (
            "release.functions.orders-read: version 2 is Failed: the image was deleted (ImageDeleted); "
            "fix that and publish another version"
        )
    ]


def test_an_inactive_version_is_named_with_the_command_that_wakes_it():
    assert problems(a_function_survey(brings=VersionState("2", "Inactive"))) == [
        (
            "release.functions.orders-read: version 2 is Inactive: its first requests would fail; "
            "activate it with aws lambda invoke --function-name orders-read --qualifier 2 /dev/null, which may itself fail, "
            "and start again"
        )
    ]


@pytest.mark.parametrize("state", ["Deactivating", "Deactivated", "ActiveNonInvocable", "Deleting"])
def test_a_version_in_any_other_state_serves_no_request(state):
    (found,) = problems(a_function_survey(brings=VersionState("2", state)))
    assert f"version 2 is {state}; " in found


def test_a_pending_version_is_no_problem_until_the_time_is_over():
    pending = a_function_survey(brings=VersionState("2", "Pending", "the function is being created (Creating)"))
    assert problems(pending) == []
    assert [str(problem) for problem in find_pending({"orders-read": pending, "b": called(), "c": called(brings=None)})] == [
        (
            "release.functions.orders-read: version 2 is still Pending: the function is being created (Creating), "
            "10 minutes after the start; see why with aws lambda get-function-configuration "
            "--function-name orders-read --qualifier 2, and start again when it is Active"
        )
    ]


# Who may call.


def test_an_alias_without_a_policy_names_every_caller_and_the_command():
    assert problems(called(canary=None)) == [
        (
            "functions.orders-read: the API may not invoke alias canary for GET /orders, GET /orders/{id}; "
            "add the permission with aws lambda add-permission --function-name orders-read --qualifier canary "
            "--statement-id canary-a1b2c3d4e5-prod --principal apigateway.amazonaws.com --action lambda:InvokeFunction "
            f"--source-arn '{API}/prod/*/*'"
        )
    ]


def test_only_the_methods_that_are_not_covered_are_named():
    policy = a_policy_text(a_statement(source=f"{API}/prod/GET/orders"))
    (found,) = problems(called(canary=policy))
    assert "the API may not invoke alias canary for GET /orders/{id}; " in found


def test_the_permission_of_another_region_covers_nothing():
    policy = a_policy_text(a_statement(source=f"{API.replace('eu-west-1', 'us-east-1')}/*/*/*"))
    (found,) = problems(called(canary=policy))
    assert "alias canary for GET /orders, GET /orders/{id}; " in found


def test_many_callers_are_counted_after_the_first():
    callers = tuple(Caller("orders-read", f"prod/GET/orders/{number}") for number in range(8))
    (found,) = problems(called(canary=None, callers=callers))
    assert "for GET /orders/0, GET /orders/1, GET /orders/2, GET /orders/3, GET /orders/4, 3 more; add" in found


def test_an_authorizer_gets_a_permission_of_its_own():
    methods, authorizer = problems(called(WHOLE, None, callers=(GET, AUTHORIZER)))
    assert "for GET /orders; " in methods
    assert "for authorizer abc123; " in authorizer
    assert "--statement-id canary-a1b2c3d4e5-authorizers-abc123 " in authorizer
    assert authorizer.endswith(f"--source-arn '{API}/authorizers/abc123'")


def test_an_authorizer_of_an_existing_deployment_gets_a_permission_for_every_id():
    (found,) = problems(called(WHOLE, SOUND, callers=(GET, replace(AUTHORIZER, is_id_guessed=True))))
    assert "alias canary for authorizer abc123; add" in found
    assert "--statement-id canary-a1b2c3d4e5-authorizers " in found
    assert found.endswith(f"--source-arn '{API}/authorizers/*'")


@pytest.mark.parametrize("permitted", ["abc123", "former"])
def test_a_permission_for_one_id_of_an_existing_deployments_authorizer_is_noted(permitted):
    policy = a_policy_text(a_statement(), a_statement("auth", f"{API}/authorizers/{permitted}"))
    found = called(WHOLE, policy, callers=(GET, replace(AUTHORIZER, is_id_guessed=True)))
    assert problems(found) == []
    assert notes(found) == [
        (
            "whether the API may invoke alias canary of orders-read for authorizer abc123 is not certain: it depends on the "
            "statements auth of the alias's policy; the deployment may have another id for an authorizer, and only a "
            "permission for authorizers/* covers every id"
        )
    ]


def test_a_permission_for_the_stage_does_not_cover_an_authorizer():
    (found,) = problems(called(WHOLE, SOUND, callers=(GET, AUTHORIZER)))
    assert "alias canary for authorizer abc123" in found


def test_the_statement_id_is_one_that_the_policy_does_not_have():
    taken = a_policy_text(*(a_statement(f"canary-a1b2c3d4e5-prod{end}", source=f"{API}/beta/*") for end in ("", "-2")))
    (found,) = problems(called(canary=taken))
    assert "--statement-id canary-a1b2c3d4e5-prod-3 " in found


def test_a_long_stage_name_gives_a_statement_id_that_lambda_takes():
    target = a_target("orders-read")
    target = replace(target, stage=replace(target.stage, stage_name="s" * 128))
    found = problems(called(WHOLE, None), target=target)
    (sid,) = {problem.partition("--statement-id ")[2].partition(" ")[0] for problem in found}
    assert 90 < len(sid) <= 100


def test_a_statement_that_denies_only_this_api_is_to_be_removed():
    denial = a_statement("not-yet", Effect="Deny")
    (found,) = problems(called(canary=a_policy_text(a_statement(), denial)))
    assert found.endswith(
        "its policy denies them: remove statement not-yet with aws lambda remove-permission --function-name orders-read "
        "--qualifier canary --statement-id not-yet"
    )


SPARED = (
    f"spare the API, with the condition ArnNotLike aws:SourceArn '{API}/prod/*/*', and put the changed policy with "
    f"aws lambda put-resource-policy --resource-arn {ARN}:canary --policy file://policy.json"
)
PERIMETER = {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}


@pytest.mark.parametrize("condition", [{}, PERIMETER])
def test_a_statement_that_denies_others_too_is_kept_and_spares_the_api(condition):
    denial = a_statement("OnlyOurOrg", Effect="Deny", Principal="*", Action="lambda:*", Condition=condition)
    (found,) = problems(called(canary=a_policy_text(a_statement(), denial)))
    assert found.endswith(f"its policy denies them: let statement OnlyOurOrg {SPARED}")
    spared = {**denial, "Condition": {**condition, "ArnNotLike": {"aws:SourceArn": f"{API}/prod/*/*"}}}
    assert problems(called(canary=a_policy_text(a_statement(), spared))) == []


@pytest.mark.parametrize(
    ("sid", "named"), [(None, "number 2"), ("", "number 2"), ("Not yet", "Not yet"), ("-x", "-x"), ("n" * 101, "n" * 101)]
)
def test_a_statement_whose_id_no_command_takes_spares_the_api(sid, named):
    denial = {key: value for key, value in a_statement(sid, Effect="Deny").items() if value is not None}
    (found,) = problems(called(canary=a_policy_text(a_statement(), denial)))
    assert found.endswith(f"its policy denies them: let statement {named} {SPARED}")


def test_each_statement_that_denies_is_named():
    denials = a_statement("a", Effect="Deny"), a_statement("b", Effect="Deny", Principal="*", Condition={})
    (found,) = problems(called(canary=a_policy_text(a_statement(), *denials)))
    assert "remove statement a with aws lambda remove-permission " in found
    assert found.endswith(f"--statement-id a and let statement b {SPARED}")


def test_an_uncertain_permission_is_noted_and_refuses_nothing():
    own, since = {"AWS:SourceArn": f"{API}/prod/*"}, {"aws:CurrentTime": "2026-01-01T00:00:00Z"}
    policy = a_policy_text(a_statement("odd", Condition={"ArnLike": own, "DateGreaterThan": since}))
    found = called(canary=policy)
    assert problems(found) == []
    assert notes(found) == [
        (
            "whether the API may invoke alias canary of orders-read for GET /orders, GET /orders/{id} is not certain: "
            "it depends on the statements odd of the alias's policy"
        )
    ]


def test_a_function_that_the_api_does_not_call_needs_no_permission():
    assert problems(called(live=None, canary=None, callers=())) == []


def test_an_alias_that_does_not_exist_is_the_only_problem_of_its_policy():
    found = replace(called(live=None), live=None, policies={"canary": SOUND})
    (problem,) = problems(found)
    assert "alias live does not exist" in problem


# Who else calls.

SHARED = a_policy_text(a_statement(), a_statement("topic", TOPIC, "sns.amazonaws.com"))


def test_a_topic_that_the_policy_names_calls_the_live_alias():
    assert problems(called(live=SHARED)) == [
        (
            f"functions.orders-read: alias live is also called by {TOPIC}, which would get the release at once; "
            "give them an alias of their own; if they no longer call it, remove their permission with "
            "aws lambda remove-permission --function-name orders-read --qualifier live --statement-id topic; "
            "or set shared_live_alias: true in the target"
        )
    ]


@pytest.mark.parametrize("is_live_shared", [True, False])
def test_a_topic_that_the_policy_names_may_never_call_the_canary_alias(*, is_live_shared):
    target = a_target("orders-read", shared_live_alias=is_live_shared)
    assert problems(called(canary=SHARED), target=target) == [
        (
            f"functions.orders-read: alias canary is also called by {TOPIC}, which would get the release at once, "
            "before it is judged, and be counted among the canary's invocations; "
            "give them an alias of their own; if they no longer call it, remove their permission with "
            "aws lambda remove-permission --function-name orders-read --qualifier canary --statement-id topic"
        )
    ]
    assert notes(called(canary=SHARED)) == []


def test_others_whom_the_canary_aliass_policy_lets_in_are_noted():
    anywhere = a_statement("any", "arn:aws:s3:::*", "s3.amazonaws.com")
    found = called(canary=a_policy_text(a_statement(), anywhere))
    assert problems(found) == []
    assert notes(found) == [
        (
            "the policy of alias canary of orders-read also lets in s3.amazonaws.com for arn:aws:s3:::*: they would get the "
            "release at once, before it is judged, and be counted among the canary's invocations"
        )
    ]


def test_other_callers_of_either_alias_are_no_problem_of_the_function_itself():
    target, sources = a_target("orders-read"), {"live": ("queue orders",), "canary": ("queue orders",)}
    found = called(SHARED, SHARED, event_sources=sources)
    assert [*find_own_problems(target, target.functions[0], Release(), found)] == []
    assert len(problems(found)) == 4


BOTH = a_statement(
    "services", [f"{API}/prod/*", TOPIC], Principal={"Service": ["apigateway.amazonaws.com", "sns.amazonaws.com"]}
)
RULE = "arn:aws:events:eu-west-1:123456789012:rule/nightly"


@pytest.mark.parametrize(
    ("statement", "named"),
    [(BOTH, "services"), ({**a_statement("", TOPIC, "sns.amazonaws.com")}, "number 2")],
)
def test_a_permission_that_no_command_takes_alone_is_taken_out_by_hand(statement, named):
    (found,) = problems(called(live=a_policy_text(a_statement(), statement)))
    assert "remove-permission --" not in found
    assert found.endswith(
        f"if they no longer call it, take them out of the statement {named} and put the changed policy with aws lambda "
        f"put-resource-policy --resource-arn {ARN}:live --policy file://policy.json (remove-permission would take too much, "
        "or does not accept that id); or set shared_live_alias: true in the target"
    )


def test_every_permission_of_others_has_its_command():
    rule, topics = (
        a_statement("rule", RULE, "events.amazonaws.com"),
        a_statement("t", [TOPIC, f"{TOPIC}-2"], "sns.amazonaws.com"),
    )
    (found,) = problems(called(live=a_policy_text(a_statement(), rule, topics, BOTH)))
    command = "aws lambda remove-permission --function-name orders-read --qualifier live --statement-id"
    assert f"; if they no longer call it, remove their permission with {command} rule and {command} t and take them" in found


def test_others_may_call_a_live_alias_that_the_target_calls_shared():
    target = a_target("orders-read", shared_live_alias=True)
    found = called(live=SHARED, event_sources={"live": ("queue orders",)})
    assert problems(found, target=target) == []
    assert notes(found, target=target) == [
        f"alias live of orders-read is also called by {TOPIC}, which get the release with its promotion"
    ]


def test_others_whom_the_policy_lets_in_are_noted():
    condition = {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}
    url = a_statement("url", Principal="*", Action="lambda:InvokeFunctionUrl", Condition=condition)
    found = called(live=a_policy_text(url, a_statement(), a_statement("any", "arn:aws:s3:::*", "s3.amazonaws.com")))
    assert problems(found) == []
    assert notes(found) == [
        (
            "the policy of alias live of orders-read also lets in a function URL, open to anyone, "
            "s3.amazonaws.com for arn:aws:s3:::*: they get the promoted release too"
        )
    ]


def test_a_disabled_event_source_is_noted():
    found = called(disabled_sources={"live": ("queue orders",), "canary": ("queue returns",)})
    assert problems(found) == []
    assert notes(found) == [
        (
            "alias live of orders-read is mapped to queue orders, which is disabled: "
            "when it is enabled again, it gets the release with the promotion"
        ),
        (
            "alias canary of orders-read is mapped to queue returns, which is disabled: when it is enabled again, it "
            "would get the release at once, before it is judged, and be counted among the canary's invocations"
        ),
    ]
