"""Who may invoke a qualifier: what a policy's statements mean, how policies are written, and what the data plane does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.awslambda.policy_statements import Asked, allows
from tests.embedded_aws.awslambda.lambda_server import LambdaServer, lambda_server
from tests.embedded_aws.dataplane.serving_world import ANSWER, World, a_method

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE = "apigateway.amazonaws.com"
LIVE = "arn:aws:lambda:eu-west-1:123456789012:function:orders:live"
SOURCE = "arn:aws:execute-api:eu-west-1:123456789012:api1/prod/GET/orders"


def asked(source: str = SOURCE) -> Asked:
    context = {"aws:sourcearn": source, "aws:sourceaccount": source.split(":")[4]}
    return Asked(SERVICE, "lambda:InvokeFunction", LIVE, context)


def a_statement(effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    made = {"Effect": effect, "Principal": {"Service": SERVICE}, "Action": "lambda:InvokeFunction", "Resource": LIVE}
    return {name: value for name, value in {**made, **elements}.items() if value is not None}


def when(operator: str, **keys: Any) -> dict[str, Any]:
    """A condition; a double underscore in a key's name stands for its colon."""
    return {"Condition": {operator: {name.replace("__", ":"): value for name, value in keys.items()}}}


def is_allowed(*statements: dict[str, Any], source: str = SOURCE) -> bool:
    return allows(statements, asked(source))


# Statements.


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ({"Service": SERVICE}, True),
        ({"Service": ["sns.amazonaws.com", SERVICE]}, True),
        ("*", True),
        (["*"], True),
        ({"AWS": "*"}, True),
        ({"Service": "sns.amazonaws.com"}, False),
        ({"AWS": "arn:aws:iam::123456789012:root"}, False),
        ("apigateway.amazonaws.com", False),
    ],
)
def test_a_statement_names_its_principals(principal: object, expected: bool):  # noqa: FBT001
    assert is_allowed(a_statement(Principal=principal)) is expected


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("lambda:InvokeFunction", True),
        ("lambda:invokefunction", True),
        ("lambda:*", True),
        ("lambda:Invoke*", True),
        ("*", True),
        (["lambda:GetFunction", "lambda:InvokeFunction"], True),
        ("lambda:InvokeFunctionUrl", False),
        ("lambda:GetFunction", False),
    ],
)
def test_a_statement_names_its_actions_in_any_case(action: object, expected: bool):  # noqa: FBT001
    assert is_allowed(a_statement(Action=action)) is expected


@pytest.mark.parametrize(
    ("resource", "expected"), [(LIVE, True), (f"{LIVE[:-4]}*", True), (None, True), (f"{LIVE[:-4]}canary", False)]
)
def test_a_statement_names_its_resources(resource: str | None, expected: bool):  # noqa: FBT001
    assert is_allowed(a_statement(Resource=resource)) is expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (SOURCE, True),
        ("arn:aws:execute-api:eu-west-1:123456789012:api1/*", True),
        ("arn:aws:execute-api:eu-west-1:123456789012:api1/*/GET/orders", True),
        ("arn:aws:execute-api:*:123456789012:api1/prod/???/orders", True),
        ("arn:aws:execute-api:eu-west-1:123456789012:api1/prod/POST/orders", False),
        ("arn:aws:execute-api:us-east-1:123456789012:api1/*", False),
        ("arn:aws:execute-api:eu-west-1:123456789012:api2/*", False),
        ("arn:aws:execute-api:eu-west-1:999999999999:api1/*", False),
        ("arn:aws:execute-api:*", False),
        ("arn:aws:execute-api:eu-west-1:*api1/prod/GET/orders", False),
    ],
)
@pytest.mark.parametrize("operator", ["ArnLike", "ArnEquals"])
def test_an_arn_is_compared_part_by_part(operator: str, pattern: str, expected: bool):  # noqa: FBT001
    assert is_allowed(a_statement(**when(operator, AWS__SourceArn=pattern))) is expected


@pytest.mark.parametrize(
    ("operator", "pattern", "expected"),
    [
        ("StringLike", "arn:aws:execute-api:*:api1/prod/*", True),
        ("StringLike", "*api2*", False),
        ("StringEquals", SOURCE, True),
        ("StringEquals", "arn:aws:execute-api:*", False),
        ("StringEqualsIgnoreCase", SOURCE.upper(), True),
        ("StringNotEquals", SOURCE, False),
        ("StringNotEquals", "other", True),
        ("StringNotLike", "*api1*", False),
        ("ArnNotLike", "arn:aws:execute-api:eu-west-1:123456789012:api1/*", False),
        ("ArnNotLike", "arn:aws:execute-api:us-east-1:123456789012:api1/*", True),
        ("StringLike", ["*api2*", "*api1*"], True),
        ("StringNotLike", ["*api2*", "*api1*"], False),
    ],
)
def test_operators_compare_as_iam_does(operator: str, pattern: object, expected: bool):  # noqa: FBT001
    assert is_allowed(a_statement(**when(operator, aws__SourceArn=pattern))) is expected


@pytest.mark.parametrize("key", ["AWS:SourceArn", "aws:SourceArn", "aws:sourcearn", "AWS:SOURCEARN"])
def test_keys_are_the_same_in_any_case(key: str):
    assert is_allowed(a_statement(Condition={"ArnLike": {key: SOURCE}}))
    assert not is_allowed(a_statement(Condition={"ArnLike": {key: SOURCE.replace("api1", "api2")}}))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"AWS:SourceAccount": "123456789012"}}, True),
        ({"StringEquals": {"AWS:SourceAccount": "999999999999"}}, False),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}, False),
        ({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1234567890"}}, True),
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-1234567890"}}, True),
        ({"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}, False),
        ({"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}, False),
        ({"Null": {"aws:PrincipalOrgID": "true"}}, True),
        ({"Null": {"aws:SourceArn": True}}, False),
        ({"ArnLike": {"AWS:SourceArn": SOURCE}, "StringEquals": {"AWS:SourceAccount": "999999999999"}}, False),
        ({"ForAnyValue:StringEquals": {"AWS:SourceAccount": "123456789012"}}, False),
    ],
)
def test_conditions_hold_all_together_and_a_key_that_is_not_there_is_unequal(
    condition: dict[str, Any],
    expected: bool,  # noqa: FBT001
):
    assert is_allowed(a_statement(Condition=condition)) is expected


@pytest.mark.parametrize("order", [1, -1])
def test_a_deny_wins_over_every_allow(order: int):
    denies = a_statement("Deny", Principal="*", **when("ArnLike", AWS__SourceArn=SOURCE))
    assert not is_allowed(*[a_statement(), denies, a_statement()][::order])
    assert is_allowed(a_statement(), denies, source=SOURCE.replace("GET", "POST"))


def test_a_deny_that_cannot_be_read_applies():
    assert not is_allowed(a_statement(), a_statement("Deny", **when("ForAnyValue:StringLike", aws__TagKeys="x")))


def test_what_is_named_by_what_it_is_not_is_understood():
    others = a_statement("Deny", Principal=None, NotPrincipal={"Service": SERVICE})
    assert is_allowed(a_statement(), others)
    assert not is_allowed(a_statement(), a_statement("Deny", Action=None, NotAction="lambda:GetFunction"))
    assert not is_allowed(a_statement(Principal=None))
    assert not is_allowed(a_statement(Action=None))


def test_nothing_is_allowed_by_nothing():
    assert not is_allowed()


# Writing policies.


@pytest.fixture(scope="module")
def server() -> Iterator[LambdaServer]:
    with lambda_server() as aws:
        yield aws


@pytest.fixture
def client(server: LambdaServer) -> Any:
    server.reset()
    server.create_versions(1)
    server.create_alias("live")
    return server.client


def permit(client: Any, sid: str, **more: Any) -> None:
    given = {"Action": "lambda:InvokeFunction", "Principal": SERVICE, **more}
    client.add_permission(FunctionName="orders", Qualifier="live", StatementId=sid, **given)


def policy(client: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(client.get_policy(FunctionName="orders", Qualifier="live")["Policy"])["Statement"]
    return found


def test_a_policy_holds_each_kind_of_principal_as_aws_writes_it(client: Any):
    permit(client, "everybody", Principal="*", SourceAccount="123456789012")
    permit(client, "service", SourceArn=SOURCE)
    permit(client, "account", Principal="111111111111")
    permit(client, "role", Principal="arn:aws:iam::123456789012:role/r")
    permit(client, "org", Principal="*", PrincipalOrgID="o-1234567890")

    assert {one["Sid"]: (one["Principal"], one.get("Condition")) for one in policy(client)} == {
        "everybody": ("*", {"StringEquals": {"AWS:SourceAccount": "123456789012"}}),
        "service": ({"Service": SERVICE}, {"ArnLike": {"AWS:SourceArn": SOURCE}}),
        "account": ({"AWS": "arn:aws:iam::111111111111:root"}, None),
        "role": ({"AWS": "arn:aws:iam::123456789012:role/r"}, None),
        "org": ("*", {"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}),
    }


def test_a_public_function_url_is_two_statements_for_everyone(client: Any):
    permit(client, "url", Principal="*", Action="lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE")
    permit(client, "by-url", Principal="*", InvokedViaFunctionUrl=True)

    url, by_url = policy(client)
    assert (url["Principal"], url["Condition"]) == ("*", {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}})
    assert by_url["Condition"] == {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}
    assert not allows([url, by_url], asked())


def test_a_whole_policy_takes_the_place_of_what_was_added(client: Any):
    permit(client, "old")
    document = {"Version": "2012-10-17", "Id": "mine", "Statement": [a_statement(), a_statement("Deny", Principal="*")]}
    before = client.get_resource_policy(ResourceArn=LIVE)["RevisionId"]
    made = client.put_resource_policy(ResourceArn=LIVE, Policy=json.dumps(document), RevisionId=before)

    assert json.loads(made["Policy"]) == document
    assert json.loads(client.get_policy(FunctionName="orders", Qualifier="live")["Policy"]) == document
    assert made["RevisionId"] not in (before, None)
    with pytest.raises(ClientError, match="PreconditionFailedException"):
        client.put_resource_policy(ResourceArn=LIVE, Policy=json.dumps(document), RevisionId=before)
    permit(client, "more")
    assert [one.get("Sid") for one in policy(client)] == [None, None, "more"]

    client.delete_resource_policy(ResourceArn=LIVE)
    for call in (client.get_resource_policy, client.delete_resource_policy):
        with pytest.raises(ClientError, match="The resource you requested does not exist"):
            call(ResourceArn=LIVE)


@pytest.mark.parametrize("text", ["{", "[]", '{"Statement": []}'])
def test_what_is_no_policy_is_refused(client: Any, text: str):
    with pytest.raises(ClientError, match="InvalidParameterValueException"):
        client.put_resource_policy(ResourceArn=LIVE, Policy=text)


def test_a_policy_is_of_something_that_is_there(client: Any):
    with pytest.raises(ClientError, match="Function not found"):
        client.get_resource_policy(ResourceArn=f"{LIVE[:-4]}nothing")


# In the data plane.


@pytest.fixture
def world() -> World:
    made = World()
    made.put_function("orders", ANSWER)
    made.put_alias("orders", "live", "1")
    return made


def open_routes(world: World, *methods: tuple[str, str]) -> None:
    world.deploy(*(a_method(path, verb) for path, verb in methods), variables={"lambdaAlias": "live"})
    world.pass_time(60)


def let(world: World, ending: str, region: str = "eu-west-1", effect: str = "Allow") -> None:
    source = f"arn:aws:execute-api:{region}:123456789012:{ending}"
    statement = {**a_statement(effect, **when("ArnLike", AWS__SourceArn=source)), "Sid": f"{effect} {ending} {region}"}
    world.lambdas.policies("orders").add("live", statement)


def test_a_permission_for_one_method_lets_no_other_in(world: World):
    open_routes(world, ("/orders", "GET"), ("/orders", "POST"))
    let(world, "api1/prod/GET/orders")

    assert [world.request(verb).status for verb in ("GET", "POST")] == [200, 500]


@pytest.mark.parametrize(("ending", "region"), [("api1/*", "us-east-1"), ("api2/*", "eu-west-1"), ("api1/qa/*", "eu-west-1")])
def test_a_permission_for_another_region_api_or_stage_lets_no_caller_in(world: World, ending: str, region: str):
    open_routes(world, ("/orders", "GET"))
    let(world, ending, region)
    assert world.request().status == 500


def test_a_deny_shuts_out_what_it_names(world: World):
    open_routes(world, ("/orders", "GET"), ("/orders", "POST"))
    let(world, "api1/*")
    let(world, "api1/prod/POST/*", effect="Deny")

    assert [world.request(verb).status for verb in ("GET", "POST")] == [200, 500]


@pytest.mark.parametrize(
    ("answer", "lets_in"),
    [
        ("request-verb", ["api1/prod/GET/items/{id}", "api1/prod/GET/items/*"]),
        ("method-as-defined", ["api1/prod/ANY/items/{id}"]),
        ("path-as-requested", ["api1/prod/GET/items/*", "api1/prod/GET/items/7"]),
    ],
)
def test_which_arn_an_open_method_presents_is_an_open_question(world: World, answer: str, lets_in: list[str]):
    world.unknowns.choose("source-arn-of-open-method", answer)
    open_routes(world, ("/items/{id}", "ANY"))
    endings = ["api1/prod/GET/items/{id}", "api1/prod/ANY/items/{id}", "api1/prod/GET/items/*", "api1/prod/GET/items/7"]
    found = []
    for ending in endings:
        let(world, ending)
        if world.request(path="/items/7").status == 200:
            found.append(ending)
        world.lambdas.policies("orders").drop("live")

    assert sorted(found) == sorted(lets_in)
    let(world, "api1/*/*/*")
    assert world.request(path="/items/7").status == 200
