import json

import pytest

from canary.rules.definitions.canonical import parse_json, policy_text, references_in, schema_text

API = "a1b2c3d4e5"
ARN = f"arn:aws:execute-api:eu-west-1:123456789012:{API}"


def a_policy(**changes):
    statement = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*", **changes}
    return {"Version": "2012-10-17", "Statement": [statement]}


class TestPolicies:
    @pytest.mark.parametrize(
        "same",
        [
            a_policy(Resource=f"{ARN}/*"),
            a_policy(Resource=[f"{ARN}/*"]),
            a_policy(Resource="arn:aws-cn:execute-api:cn-north-1:123456789012:a1b2c3d4e5/*"),
            a_policy(Action=["execute-api:invoke"]),
            a_policy(Principal={"AWS": "*"}),
            a_policy(Principal={"AWS": ["*"]}),
            a_policy(Sid="AllowAll"),
            {"Statement": a_policy()["Statement"][0], "Version": "2012-10-17"},
        ],
    )
    def test_what_aws_writes_otherwise_is_the_same(self, same):
        assert policy_text(same, API) == policy_text(a_policy(), API)

    @pytest.mark.parametrize(
        "other",
        [
            a_policy(Effect="Deny"),
            a_policy(Resource="execute-api:/prod/*"),
            a_policy(Resource="arn:aws:execute-api:eu-west-1:123456789012:other00000/*"),
            a_policy(Principal={"AWS": "123456789012"}),
            a_policy(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
            {"Statement": a_policy()["Statement"]},
            {"Version": "2012-10-17", "Statement": a_policy()["Statement"] * 2},
        ],
    )
    def test_what_lets_others_in_is_another(self, other):
        assert policy_text(other, API) != policy_text(a_policy(), API)

    def test_the_text_of_get_rest_api_is_read_with_its_quotes_escaped(self):
        text = json.dumps(a_policy())
        assert policy_text(text, API) == policy_text(text.replace('"', '\\"'), API) == policy_text(a_policy(), API)

    def test_an_account_is_the_root_of_it(self):
        root = a_policy(Principal={"AWS": ["arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:role/x"]})
        short = a_policy(Principal={"AWS": ["arn:aws:iam::123456789012:role/x", "123456789012"]})
        assert policy_text(root, API) == policy_text(short, API)

    def test_conditions_are_sets_of_words(self):
        one = a_policy(Condition={"Bool": {"aws:SecureTransport": True}, "IpAddress": {"aws:SourceIp": ["b", "a"]}})
        other = a_policy(Condition={"IpAddress": {"aws:sourceip": ["a", "b"]}, "Bool": {"aws:SecureTransport": "true"}})
        assert policy_text(one, API) == policy_text(other, API)

    def test_statements_have_no_order(self):
        deny = {"Effect": "Deny", "NotPrincipal": "*", "NotAction": "x", "NotResource": "execute-api:/a"}
        both = [*a_policy()["Statement"], deny]
        assert policy_text({"Version": "1", "Statement": both}, API) == policy_text(
            {"Version": "1", "Statement": both[::-1]}, API
        )

    @pytest.mark.parametrize(
        ("written", "text"), [("", ""), ({}, '{"Statement":[],"Version":"2008-10-17"}'), ("no policy ", "no policy")]
    )
    def test_what_is_none_stays_what_it_is(self, written, text):
        assert policy_text(written, API) == text


class TestSchemas:
    def test_a_reference_is_the_models_name_however_it_is_written(self):
        ways = (
            f"https://apigateway.amazonaws.com/restapis/{API}/models/Order",
            "#/components/schemas/Order",
            "#/definitions/Order",
        )
        assert {schema_text({"$ref": way}) for way in ways} == {'{"$ref":"model:Order"}'}

    def test_a_definition_of_the_schema_itself_stays_its_own(self):
        schema = {
            "definitions": {"id": {"type": "string"}},
            "items": [{"$ref": "#/definitions/id"}, {"$ref": "#/definitions/Order"}],
        }
        assert references_in(schema_text(schema)) == {"Order"}
        assert '"#/definitions/id"' in schema_text(schema)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ({"type": "object", "title": "x"}, {"title": "x", "type": "object"}),
            ({"$schema": "http://json-schema.org/draft-04/schema#", "type": "object"}, {"type": "object"}),
            ({"required": ["b", "a"]}, {"required": ["a", "b"]}),
            ({"enum": [2, "1"]}, {"enum": ["1", 2]}),
            ({"type": ["object", "null"]}, {"type": ["null", "object"]}),
            ({"maximum": 10.0}, {"maximum": 10}),
        ],
    )
    def test_what_means_the_same_is_the_same(self, one, other):
        assert schema_text(one) == schema_text(json.dumps(other, indent=1))

    @pytest.mark.parametrize(
        "other", [{"type": "string"}, {"items": [1, 2]}, {"maximum": 10.5}, {"properties": {"type": {"enum": [1]}}}]
    )
    def test_what_means_something_else_is_another(self, other):
        changed = {"type": "object"} if "type" in other else {"items": [2, 1], "maximum": 10, "properties": {}}
        assert schema_text(other) != schema_text(changed)

    @pytest.mark.parametrize("text", ["<xml/> ", "[1]", "not json"])
    def test_what_is_no_json_object_stays_its_text(self, text):
        assert schema_text(text) == text.strip()


@pytest.mark.parametrize(
    ("text", "value"), [('{"a":1}', {"a": 1}), ('{\\"a\\":1}', {"a": 1}), ("x", None), ('"[1]"', [1]), ('"x"', None)]
)
def test_json_is_read_once_or_twice_escaped(text, value):
    assert parse_json(text) == value
