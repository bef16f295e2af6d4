"""Which variables an integration depends on, wherever and however it refers to them."""

import pytest

from canary.rules.definitions.definition import Integration, IntegrationResponse
from canary.rules.definitions.variable_uses import find_used

RELEASED = frozenset({"link", "search"})


@pytest.mark.parametrize(
    "integration",
    [
        Integration("HTTP", uri="https://${stageVariables.link}.example.com/"),
        Integration("HTTP_PROXY", connection_id="${stageVariables.link}"),
        Integration("AWS", credentials="arn:aws:iam::123456789012:role/${stageVariables.link}"),
        Integration("HTTP_PROXY", target="${stageVariables.link}"),
        Integration("HTTP", parameters={"integration.request.header.to": "stageVariables.link"}),
        Integration("AWS", templates={"application/json": '{"to": "$stageVariables.link"}'}),
        Integration("AWS", templates={"application/json": "$util.escapeJavaScript($stageVariables.link.toLowerCase())"}),
        Integration("AWS", templates={"application/json": "$stageVariables['link']"}),
        Integration("AWS", templates={"application/json": '${stageVariables.get("link")}'}),
        Integration(
            "MOCK", responses={"default": IntegrationResponse("200", templates={"text/plain": "$stageVariables.link"})}
        ),
        Integration(
            "MOCK",
            responses={"2..": IntegrationResponse("200", parameters={"method.response.header.a": "stageVariables.link"})},
        ),
    ],
)
def test_a_variable_is_found_in_every_place_and_spelling(integration):
    assert find_used(integration, RELEASED) == ["link"]


def test_variables_whose_name_only_begins_alike_are_others():
    integration = Integration("HTTP", uri="https://${stageVariables.links}/${stageVariables.get}/stageVariable.link")
    assert find_used(integration, RELEASED) == []


@pytest.mark.parametrize(
    "use", ["#foreach($name in $stageVariables.keySet())$name#end", "$stageVariables.get($name)", "$stageVariables"]
)
def test_a_template_that_takes_the_whole_map_depends_on_all_of_it(use):
    assert find_used(Integration("AWS", templates={"application/json": use}), RELEASED) == ["link", "search"]
