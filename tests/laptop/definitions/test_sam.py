import json
import re
from pathlib import Path

import pytest

from laptop.definitions.documents import DefinitionError, read_document
from laptop.definitions.reading import read_definition
from laptop.definitions.sam import read_template

SHAPES = Path(__file__).parent / "shapes"
TEMPLATE = SHAPES / "template.yaml"
NO_METHOD = {"E": {"Type": "Api", "Properties": {"Path": "/a", "Method": "fetch"}}}
NO_PATH = {"E": {"Type": "Api", "Properties": {"Method": "get"}}}
OWN_EVENT = {"E": {"Type": "Api", "Properties": {"RestApiId": {"Ref": "Api"}, "Path": "/a", "Method": "get"}}}
PLAIN_METHOD = {"Type": "AWS::ApiGateway::Method", "Properties": {"HttpMethod": "GET"}}


def a_template(*, api=None, events=None, **resources):
    own = {"Api": {"Type": "AWS::Serverless::Api", "Properties": api}} if api is not None else {}
    function = {"F": {"Type": "AWS::Serverless::Function", "Properties": {"Events": events}}} if events else {}
    return {"Transform": "AWS::Serverless-2016-10-31", "Resources": {**own, **function, **resources}}


def test_events_and_the_inline_definition_become_one_api():
    definition = read_definition(TEMPLATE)
    by_name = {one.name: one for one in definition.operations}
    assert (definition.title, definition.dialect) == ("stack-vehicles", "SAM template, OpenAPI 3.0.1")
    assert {name: one.group for name, one in by_name.items()} == {
        "GET /health": "Reader",
        "GET /vehicles/{id}": "Reader",
        "ANY /vehicles": "Writer",
    }
    assert by_name["GET /vehicles/{id}"].sent.headers == {"X-Trace": "sample"}
    assert by_name["GET /vehicles/{id}"].sent.query == ()


def test_what_is_left_out_of_a_template_is_named():
    told = "\n".join(read_definition(TEMPLATE).remarks)
    assert "3 admitted without what its security asks for" in told
    assert "1 left out, because API Gateway does not send it: Reader.Events.Timer (Schedule)" in told
    assert "1 left out, because the stage of an HTTP API has no canary: Reader.Events.Modern" in told
    assert "1 left out, because one API is tried at a time, and another has more methods: ServerlessRestApi" in told


def test_a_model_becomes_the_body_of_a_request():
    template = read_document(TEMPLATE)
    template["Resources"]["Writer"]["Properties"]["Events"]["Write"]["Properties"]["Method"] = "post"
    post = next(one for one in read_template(template, TEMPLATE).operations if one.method == "POST")
    assert json.loads(post.sent.body) == {"make": "sample", "year": 2010}


def test_a_function_that_is_not_understood_is_named():
    body = {"openapi": "3.0.1", "info": {"title": {"Fn::Select": [0, ["a"]]}}, "paths": {"/a": {"get": {}}}}
    definition = read_template(a_template(api={"DefinitionBody": body}), TEMPLATE)
    assert "1 not understood, and left as it is: Fn::Select in Api.DefinitionBody.info.title" in definition.remarks


def test_if_join_and_attributes_are_reduced():
    path = {"Fn::If": ["Prod", {"Fn::Sub": ["/${Name}", {"Name": {"Fn::Join": ["-", ["a", {"Ref": "B"}]]}}]}, "/never"]}
    uri = {"Fn::GetAtt": ["Own", "Arn"]}
    body = {"paths": {"/b": {"get": {"x-amazon-apigateway-integration": {"type": "aws_proxy", "uri": uri}}}}}
    events = {"One": {"Type": "Api", "Properties": {"Path": path, "Method": "get", "RestApiId": {"Ref": "Api"}}}}
    definition = read_template(a_template(api={"DefinitionBody": body}, events=events), TEMPLATE)
    assert {one.resource: one.group for one in definition.operations} == {"/b": "Own", "/a-B": "F"}


def test_a_definition_beside_the_template_is_read(tmp_path):
    (tmp_path / "api.yaml").write_text("openapi: 3.0.1\npaths: {/a: {get: {}}}\n", encoding="utf-8")
    for api in (
        {"DefinitionUri": "api.yaml"},
        {"DefinitionBody": {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "api.yaml"}}}},
    ):
        definition = read_template(a_template(api=api), tmp_path / "template.yaml")
        assert [one.name for one in definition.operations] == ["GET /a"]


def test_a_plain_template_of_cloudformation_is_read_too():
    api = {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": {"openapi": "3.0.1", "paths": {"/a": {"get": {}}}}}}
    assert [one.name for one in read_template({"Resources": {"Api": api}}, TEMPLATE).operations] == ["GET /a"]


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ({"Resources": []}, "Resources must be a mapping, got []"),
        (a_template(), "the template has no REST API with a method"),
        (
            a_template(events={"E": {"Type": "HttpApi"}}),
            "the template has no REST API with a method (1 left out, because the stage of an HTTP API has no canary: ",
        ),
        (
            a_template(events=NO_PATH),
            "F.Events.E: an event of type Api needs Path and Method",
        ),
        (
            a_template(events=NO_METHOD),
            "F.Events.E: an event of type Api needs",
        ),
        (a_template(api={"DefinitionUri": "s3://bucket/api.yaml"}), "Resources.Api: its definition is at s3://bucket/api.yaml"),
        (a_template(api={"DefinitionBody": [1]}), "Resources.Api.Properties.DefinitionBody must be a mapping, got [1]"),
        (a_template(events=["a"]), "Resources.F.Properties.Events must be a mapping, got ['a']"),
        (
            a_template(api={"DefinitionBody": {"Fn::Transform": ["x"]}}),
            "Resources.Api.Properties.DefinitionBody.Fn::Transform must be a mapping, got ['x']",
        ),
        (
            a_template(api={"DefinitionBody": {"Fn::Transform": {"Parameters": "x"}}}),
            "Resources.Api.Properties.DefinitionBody.Fn::Transform.Parameters must be a mapping, got 'x'",
        ),
        (a_template(api={"DefinitionBody": {"paths": ["/a"]}}), "Resources.Api: paths must be a mapping, got ['/a']"),
        (
            a_template(api={"DefinitionBody": {"paths": {"/a": {"get": ["b"]}}}}, events=OWN_EVENT),
            "Resources.Api: paths./a.get must be a mapping, got ['b']",
        ),
        (
            a_template(api={"DefinitionBody": {"components": {"schemas": ["b"]}}, "Models": {"M": {}}}, events=OWN_EVENT),
            "Resources.Api: components.schemas must be a mapping, got ['b']",
        ),
    ],
)
def test_a_template_that_cannot_be_tried_is_refused(template, text):
    with pytest.raises(DefinitionError, match=f"^{re.escape(text)}") as told:
        read_template(template, TEMPLATE)
    assert told.value.fix


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ("ab", "its 2 methods are AWS::ApiGateway::Method resources, which are not read"),
        ("a", "its 1 method is an AWS::ApiGateway::Method resource, which is not read"),
    ],
)
def test_methods_that_are_resources_of_their_own_are_said_not_to_be_read(names, told):
    api = {"Type": "AWS::ApiGateway::RestApi", "Properties": {}}
    with pytest.raises(DefinitionError, match=re.escape(told)) as refused:
        read_template(a_template(Rest=api, **dict.fromkeys(names, PLAIN_METHOD)), TEMPLATE)
    assert "aws apigateway get-export" in refused.value.fix


def test_methods_of_their_own_beside_a_definition_are_left_out_and_said():
    body = {"openapi": "3.0.1", "paths": {"/a": {"get": {}}}}
    definition = read_template(a_template(api={"DefinitionBody": body}, Plain=PLAIN_METHOD), TEMPLATE)
    assert [one.name for one in definition.operations] == ["GET /a"]
    assert "1 left out, because AWS::ApiGateway::Method is not read: Plain" in definition.remarks


def test_a_base_path_in_a_template_is_said_to_be_left_out():
    body = {"openapi": "3.0.1", "servers": [{"url": "/v1"}], "paths": {"/a": {"get": {}}}}
    definition = read_template(a_template(api={"DefinitionBody": body}), TEMPLATE)
    assert "1 left out, because the stage takes its place: the base path or server /v1" in definition.remarks


def test_an_empty_parameter_of_an_event_is_passed_over():
    event = {"Path": "/a", "Method": "get", "RequestParameters": [{}]}
    definition = read_template(a_template(events={"E": {"Type": "Api", "Properties": event}}), TEMPLATE)
    assert definition.operations[0].sent.query == ()
