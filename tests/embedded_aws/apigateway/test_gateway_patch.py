from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded_aws.apigateway.errors import BadRequestError, GatewayError, SerializationError, ValidationError
from embedded_aws.apigateway.stages.stage import AccessLog, Canary, Stage, describe
from embedded_aws.apigateway.stages.update_stage import REPLACEABLE, apply_patch
from embedded_aws.wire.unknowns import NotRecorded, Unknowns

DEPLOYMENTS = {"base": None, "new": None}
PLAIN = Stage("prod", "base", created=1, updated=1, variables={"lambdaAlias": "live", "region": "eu"})
CANARIED = replace(PLAIN, canary=Canary("new", 10.0, {"lambdaAlias": "canary"}))
COPY_DEPLOYMENT = {"op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId"}
COPY_VARIABLES = {"op": "copy", "from": "/canarySettings/stageVariableOverrides", "path": "/variables"}
REMOVE = {"op": "remove", "path": "/canarySettings"}


def put(path: str, value: str | None) -> dict[str, str | None]:
    return {"op": "replace", "path": path, "value": value}


def patched(stage: Stage, *operations, unknowns: Unknowns | None = None) -> Stage:
    return apply_patch(stage, operations, deployments=DEPLOYMENTS, unknowns=unknowns or Unknowns())


def refusal_of(stage: Stage, *operations, unknowns: Unknowns | None = None) -> str:
    with pytest.raises(BadRequestError) as caught:
        patched(stage, *operations, unknowns=unknowns)
    return str(caught.value)


ON_A_PLAIN_STAGE = [
    (put("/canarySettings/percentTraffic", "10.5"), Canary("base", 10.5)),
    (put("/canarySettings/percentTraffic", "50"), Canary("base", 50.0)),
    (put("/canarySettings/deploymentId", "new"), Canary("new")),
    (put("/canarySettings/useStageCache", "true"), Canary("base", use_stage_cache=True)),
    (put("/canarySettings/useStageCache", "false"), Canary("base")),
    (put("/canarySettings/stageVariableOverrides/lambdaAlias", "canary"), Canary("base", 0.0, {"lambdaAlias": "canary"})),
]


@pytest.mark.parametrize(("operation", "canary"), ON_A_PLAIN_STAGE)
def test_any_replacement_under_canary_settings_makes_a_canary_with_defaults(operation, canary) -> None:
    assert patched(PLAIN, operation) == replace(PLAIN, canary=canary)


ON_A_CANARIED_STAGE = [
    (put("/canarySettings/percentTraffic", "100.0"), {"percent_traffic": 100.0}),
    (put("/canarySettings/deploymentId", "base"), {"deployment_id": "base"}),
    (put("/canarySettings/useStageCache", "true"), {"use_stage_cache": True}),
    (put("/canarySettings/stageVariableOverrides/region", "us"), {"overrides": {"lambdaAlias": "canary", "region": "us"}}),
    ({"op": "remove", "path": "/canarySettings/stageVariableOverrides/lambdaAlias"}, {"overrides": {}}),
]


@pytest.mark.parametrize(("operation", "change"), ON_A_CANARIED_STAGE)
def test_a_replacement_changes_one_field_of_the_canary(operation, change) -> None:
    assert CANARIED.canary is not None
    assert patched(CANARIED, operation) == replace(CANARIED, canary=replace(CANARIED.canary, **change))


ON_THE_STAGE_ITSELF = [
    (put("/deploymentId", "new"), {"deployment_id": "new"}),
    (put("/description", "production"), {"description": "production"}),
    (put("/tracingEnabled", "true"), {"tracing_enabled": True}),
    (put("/cacheClusterEnabled", "True"), {"cache_cluster_enabled": True}),
    (put("/cacheClusterSize", "1.6"), {"cache_cluster_size": "1.6"}),
    (put("/clientCertificateId", "abc"), {"client_certificate_id": "abc"}),
    (put("/documentationVersion", "2"), {"documentation_version": "2"}),
    (put("/variables/region", "us"), {"variables": {"lambdaAlias": "live", "region": "us"}}),
    (put("/variables/fresh", "a-b.c_d~e:/?#&=,f"), {"variables": {**PLAIN.variables, "fresh": "a-b.c_d~e:/?#&=,f"}}),
    ({"op": "remove", "path": "/variables/region"}, {"variables": {"lambdaAlias": "live"}}),
    ({"op": "remove", "path": "/variables/absent"}, {}),
    ({"op": "remove", "path": "/variables"}, {"variables": {}}),
    (put("/accessLogSettings/format", "$context.requestId"), {"access_log": AccessLog(None, "$context.requestId")}),
    ({"op": "add", "path": "/accessLogSettings/destinationArn", "value": "arn"}, {"access_log": AccessLog("arn")}),
]


@pytest.mark.parametrize(("operation", "change"), ON_THE_STAGE_ITSELF)
def test_a_patch_of_the_stage_changes_one_field(operation, change) -> None:
    assert patched(PLAIN, operation) == replace(PLAIN, **change)


def test_the_two_parts_of_the_access_log_are_set_apart_and_removed_together() -> None:
    stage = patched(
        PLAIN, put("/accessLogSettings/destinationArn", "arn"), put("/accessLogSettings/format", "$context.requestId")
    )
    assert stage.access_log == AccessLog("arn", "$context.requestId")
    assert patched(stage, {"op": "remove", "path": "/accessLogSettings"}) == PLAIN


METHOD_SETTINGS = [
    ("metrics/enabled", "true", "metricsEnabled", True),
    ("logging/loglevel", "INFO", "loggingLevel", "INFO"),
    ("logging/dataTrace", "true", "dataTraceEnabled", True),
    ("throttling/burstLimit", "-1", "throttlingBurstLimit", -1),
    ("throttling/rateLimit", "12.5", "throttlingRateLimit", 12.5),
    ("caching/enabled", "true", "cachingEnabled", True),
    ("caching/ttlInSeconds", "60", "cacheTtlInSeconds", 60),
    ("caching/dataEncrypted", "true", "cacheDataEncrypted", True),
    ("caching/requireAuthorizationForCacheControl", "false", "requireAuthorizationForCacheControl", False),
    (
        "caching/unauthorizedCacheControlHeaderStrategy",
        "FAIL_WITH_403",
        "unauthorizedCacheControlHeaderStrategy",
        "FAIL_WITH_403",
    ),
]


@pytest.mark.parametrize(("path", "value", "name", "parsed"), METHOD_SETTINGS)
@pytest.mark.parametrize("method", ["*/*", "~1orders~1{id}/GET"])
def test_a_method_setting_is_stored_with_its_type(method, path, value, name, parsed) -> None:
    stage = patched(PLAIN, put(f"/{method}/{path}", value))
    stored = describe(stage)["methodSettings"][method][name]
    assert (stored, type(stored)) == (parsed, type(parsed))


def test_settings_of_a_method_are_removed_by_its_path() -> None:
    stage = patched(PLAIN, put("/*/*/metrics/enabled", "true"), put("/orders/GET/metrics/enabled", "true"))
    stage = patched(stage, {"op": "remove", "path": "/orders/GET"})
    assert list(stage.method_settings) == ["*/*"]


@pytest.mark.parametrize(
    "path",
    [
        "/canarySettings",
        "/canarySettings/",
        "/canarySettings/percent",
        "/canarySettings/stageVariableOverrides/a/b",
        "/canary/percentTraffic",
        "/methodSettings",
        "/variables/a/b",
        "/stageName",
        "description",
        "",
        None,
    ],
)
def test_a_replacement_of_another_path_is_refused_with_the_whole_list(path) -> None:
    shown = path or "null"
    message = refusal_of(CANARIED, put(path, "1"))
    assert message == f"Invalid method setting path: {shown}. Must be one of: {REPLACEABLE}"


@pytest.mark.parametrize(
    "path",
    [
        "/canarySettings/percentTraffic",
        "/canarySettings/deploymentId",
        "/canarySettings/stageVariableOverrides",
        "/deploymentId",
        "/description",
        "/orders/GET",
        "/*/*/caching/enabled",
        "/accessLogSettings/format",
    ],
)
def test_a_removal_of_another_path_is_refused_as_a_method_setting(path) -> None:
    message = refusal_of(CANARIED, {"op": "remove", "path": path})
    assert message == f"Cannot remove method setting {path[1:]} because there is no method setting for this method "


@pytest.mark.parametrize("path", ["/canarySettings/percentTraffic", "/variables/a", "/deploymentId", "/*/*/caching/enabled"])
def test_an_addition_is_refused_except_for_the_access_log(path) -> None:
    message = refusal_of(CANARIED, {"op": "add", "path": path, "value": "1"})
    assert message == f"Invalid add operation with path: {path}"


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("/canarySettings/deploymentId", "/deploymentId"),
        ("/deploymentId", "/canarySettings/stageVariableOverrides"),
        ("/variables", "/canarySettings/deploymentId"),
        ("/variables/a", "/canarySettings/stageVariableOverrides/a"),
        ("/description", ""),
        ("/deploymentId", None),
    ],
)
def test_a_copy_goes_only_from_the_canary_to_its_counterpart(path, source) -> None:
    message = refusal_of(CANARIED, {"op": "copy", "path": path, "from": source})
    assert message.startswith(f"Invalid copy operation with path: {path} and from {source or 'null'}. Valid copy:path")


def test_a_copy_without_a_canary_is_refused_after_its_paths_are_checked() -> None:
    assert refusal_of(PLAIN, COPY_DEPLOYMENT) == "Promotion not available. Canary does not exist."
    assert refusal_of(PLAIN, {**COPY_DEPLOYMENT, "from": "/deploymentId"}).startswith("Invalid copy operation")


def test_promotion_merges_variables_moves_the_deployment_and_leaves_the_canary_at_zero() -> None:
    stage = patched(CANARIED, put("/canarySettings/percentTraffic", "0.0"), COPY_VARIABLES, COPY_DEPLOYMENT)
    assert stage == replace(
        CANARIED,
        deployment_id="new",
        variables={"lambdaAlias": "canary", "region": "eu"},
        canary=Canary("new", 0.0, {"lambdaAlias": "canary"}),
    )


def test_removing_the_canary_leaves_everything_else() -> None:
    assert patched(CANARIED, REMOVE) == PLAIN


def test_operations_apply_in_list_order() -> None:
    percent = put("/canarySettings/percentTraffic", "0")
    assert patched(PLAIN, percent, COPY_DEPLOYMENT).canary == Canary("base")
    assert refusal_of(PLAIN, COPY_DEPLOYMENT, percent) == "Promotion not available. Canary does not exist."
    new, base = put("/canarySettings/deploymentId", "new"), put("/canarySettings/deploymentId", "base")
    assert patched(PLAIN, new, COPY_DEPLOYMENT, base).deployment_id == "new"
    assert patched(PLAIN, new, base, COPY_DEPLOYMENT).deployment_id == "base"


@pytest.mark.parametrize("path", ["/deploymentId", "/canarySettings/deploymentId"])
@pytest.mark.parametrize("value", ["elsewhere", "", None])
def test_a_deployment_that_the_api_does_not_have_is_refused(path, value) -> None:
    assert refusal_of(PLAIN, put(path, value)) == "Deployment id does not exist"


@pytest.mark.parametrize("name", ["lambda-alias", "a~1b", "ä", "a b"])
@pytest.mark.parametrize("map_path", ["/variables", "/canarySettings/stageVariableOverrides"])
def test_a_variable_name_holds_word_characters_only(map_path, name) -> None:
    shown = name.replace("~1", "/")
    message = refusal_of(PLAIN, put(f"{map_path}/{name}", "x"))
    assert message == f"Invalid stage variable name: {shown}.  Please use names with only word characters."


@pytest.mark.parametrize(("value", "shown"), [("", ""), (None, "null"), ("$LATEST", "$LATEST"), ("a\n", "a\n")])
def test_a_variable_value_is_refused_with_the_value(value, shown) -> None:
    message = refusal_of(PLAIN, put("/variables/lambdaAlias", value))
    assert message.startswith(f"Invalid stage variable value: {shown}.  Please use values with alphanumeric")


@pytest.mark.parametrize(
    ("value", "kind"), [(True, "java.lang.Boolean"), (25, "com.amazon.coral.value.json.numbers.TruncatingBigNumber")]
)
def test_values_are_strings(value, kind) -> None:
    with pytest.raises(SerializationError, match=f"class {kind} can not be converted to an String"):
        patched(PLAIN, put("/canarySettings/percentTraffic", value))


def test_every_operation_that_is_none_is_named() -> None:
    wrong = {"op": "set", "path": "/description"}
    with pytest.raises(ValidationError) as caught:
        patched(PLAIN, wrong, put("/description", "x"), {"path": "/description"})
    message = str(caught.value)
    assert message.startswith("2 validation errors detected: Value 'set' at 'updateStageInput.patchOperations.1.member.op'")
    assert "patchOperations.3.member.op" in message


# What no record of AWS settles.

QUESTIONS = [
    ("replace-deployment-under-canary", CANARIED, [put("/deploymentId", "new")]),
    ("remove-absent-canary", PLAIN, [REMOVE]),
    ("remove-canary-beside-copy", CANARIED, [COPY_DEPLOYMENT, REMOVE]),
    ("replace-whole-map", CANARIED, [put("/variables", '{"a": "b"}')]),
    ("replace-whole-map", PLAIN, [put("/canarySettings/stageVariableOverrides", '{"a": "b"}')]),
    ("remove-absent-override", CANARIED, [{"op": "remove", "path": "/canarySettings/stageVariableOverrides/region"}]),
    ("remove-absent-override", PLAIN, [{"op": "remove", "path": "/canarySettings/stageVariableOverrides/region"}]),
    ("malformed-value", CANARIED, [put("/canarySettings/percentTraffic", "100.01")]),
    ("malformed-value", CANARIED, [put("/canarySettings/percentTraffic", "-1")]),
    ("malformed-value", CANARIED, [put("/canarySettings/percentTraffic", "ten")]),
    ("malformed-value", CANARIED, [put("/canarySettings/percentTraffic", "nan")]),
    ("malformed-value", CANARIED, [put("/canarySettings/useStageCache", "yes")]),
    ("malformed-value", PLAIN, [put("/*/*/throttling/burstLimit", "many")]),
    ("malformed-value", PLAIN, [put("/*/*/throttling/rateLimit", "inf")]),
    ("move-or-test-operation", CANARIED, [{"op": "test", "path": "/deploymentId", "value": "base"}]),
    ("move-or-test-operation", CANARIED, [{"op": "move", "path": "/variables", "from": "/description"}]),
]


@pytest.mark.parametrize(("slug", "stage", "operations"), QUESTIONS)
def test_what_no_record_settles_is_not_answered(slug, stage, operations) -> None:
    with pytest.raises(NotRecorded) as caught:
        patched(stage, *operations)
    assert caught.value.slug == slug


@pytest.mark.parametrize(("slug", "stage", "operations"), QUESTIONS)
def test_a_chosen_refusal_is_a_bad_request(slug, stage, operations) -> None:
    assert refusal_of(stage, *operations, unknowns=Unknowns({slug: "refused"}))


CHOSEN = {
    "replace-deployment-under-canary": "accepted",
    "remove-absent-canary": "accepted",
    "remove-canary-beside-copy": "accepted",
    "replace-whole-map": "json",
    "remove-absent-override": "accepted",
    "malformed-value": "ignored",
    "move-or-test-operation": "ignored",
}
AFTERWARDS = [
    replace(CANARIED, deployment_id="new"),
    PLAIN,
    replace(PLAIN, deployment_id="new"),
    replace(CANARIED, variables={"a": "b"}),
    replace(PLAIN, canary=Canary("base", 0.0, {"a": "b"})),
    CANARIED,
    PLAIN,
    CANARIED,
    CANARIED,
    CANARIED,
    CANARIED,
    CANARIED,
    PLAIN,
    PLAIN,
    CANARIED,
    CANARIED,
]


@pytest.mark.parametrize(("question", "after"), list(zip(QUESTIONS, AFTERWARDS, strict=True)))
def test_the_other_answer_has_its_own_effect(question, after) -> None:
    slug, stage, operations = question
    assert patched(stage, *operations, unknowns=Unknowns({slug: CHOSEN[slug]})) == after


@pytest.mark.parametrize("value", ["", "a=b", '["a"]', '{"a": 1}', '{"a": ""}', '{"a-b": "c"}'])
def test_a_whole_map_must_hold_variables(value) -> None:
    assert refusal_of(PLAIN, put("/variables", value), unknowns=Unknowns({"replace-whole-map": "json"}))


# Laws.

paths = st.sampled_from(
    [
        "/canarySettings",
        "/canarySettings/percentTraffic",
        "/canarySettings/deploymentId",
        "/canarySettings/stageVariableOverrides/lambdaAlias",
        "/deploymentId",
        "/variables",
        "/variables/region",
        "/description",
        "/*/*/caching/enabled",
        "/*/*",
        "/accessLogSettings/format",
    ]
)
operations = st.one_of(
    st.builds(
        lambda op, path, value: {"op": op, "path": path, "value": value},
        st.sampled_from(["replace", "remove", "add"]),
        paths,
        st.sampled_from(["base", "new", "10", "true", "nowhere"]),
    ),
    st.sampled_from([COPY_DEPLOYMENT, COPY_VARIABLES]),
)
ANSWERS = CHOSEN | {"replace-whole-map": "refused"}


@given(st.sampled_from([PLAIN, CANARIED]), st.lists(operations, max_size=6))
def test_a_list_does_what_its_operations_do_one_by_one(stage, patch) -> None:
    unknowns = Unknowns(ANSWERS)
    try:
        together = patched(stage, *patch, unknowns=unknowns)
    except GatewayError as error:
        together = (type(error), str(error))
    one_by_one: object = stage
    try:
        for operation in patch:
            one_by_one = patched(one_by_one, operation, unknowns=unknowns)
    except GatewayError as error:
        one_by_one = (type(error), str(error))
    assert together == one_by_one


@given(st.lists(operations, max_size=6))
def test_a_canary_is_never_left_on_a_deployment_that_does_not_exist(patch) -> None:
    try:
        stage = patched(CANARIED, *patch, unknowns=Unknowns(ANSWERS))
    except GatewayError:
        return
    assert stage.deployment_id in DEPLOYMENTS
    assert stage.canary is None or stage.canary.deployment_id in DEPLOYMENTS


@given(st.floats(min_value=0, max_value=100))
def test_any_percent_goes_through_a_patch_unchanged(percent) -> None:
    stage = patched(PLAIN, put("/canarySettings/percentTraffic", str(percent)))
    assert describe(stage)["canarySettings"]["percentTraffic"] == percent
