import pytest

from canary.rules.targets.log_format import LOG_FORMAT
from canary.rules.targets.log_variables import HARMLESS, INSTEAD, VARIABLE, Prints, kind_of
from embedded_aws.dataplane import access_log


@pytest.mark.parametrize(
    ("variable", "kind"),
    [
        ("status", Prints.NUMBER),
        ("responseLatency", Prints.NUMBER),
        ("integrationLatency", Prints.NUMBER_OR_DASH),
        ("integration.latency", Prints.NUMBER_OR_DASH),
        ("authorizer.latency", Prints.NUMBER_OR_DASH),
        ("isCanaryRequest", Prints.TEXT),
        ("apiId", Prints.TEXT),
        ("requestId", Prints.UNTRUSTED_TEXT),
        ("identity.userAgent", Prints.UNTRUSTED_TEXT),
        ("integrationErrorMessage", Prints.UNTRUSTED_TEXT),
        ("error.messageString", Prints.QUOTED_TEXT),
    ],
)
def test_knows_what_a_variable_prints(variable: str, kind: Prints):
    assert kind_of(f"$context.{variable}") is kind


@pytest.mark.parametrize("variable", ["somethingNew", "authorizer.tenant", "authorizer.claims.sub", "status.x", "Status"])
def test_an_undocumented_variable_may_print_anything(variable: str):
    assert kind_of(f"$context.{variable}") is Prints.UNTRUSTED_TEXT


def test_a_variable_ends_where_its_name_does():
    assert VARIABLE.findall("$context.a_1.b-$context.c. $context $contextual.d") == ["$context.a_1.b", "$context.c"]


def test_what_stands_instead_of_quoted_text_can_stand_in_quotes():
    assert {kind_of(variable) for variable in INSTEAD} == {Prints.QUOTED_TEXT}
    assert {kind_of(variable) for variable in INSTEAD.values()} == {Prints.UNTRUSTED_TEXT}


def test_only_untrusted_text_can_be_harmless():
    assert {kind_of(variable) for variable in HARMLESS} == {Prints.UNTRUSTED_TEXT}


def test_the_embedded_aws_prints_no_variable_that_the_table_lacks():
    printed = {f"$context.{name}" for name in access_log._VARIABLES}
    untrusted = {variable for variable in printed if kind_of(variable) is Prints.UNTRUSTED_TEXT}

    assert printed >= set(VARIABLE.findall(LOG_FORMAT))
    assert untrusted <= {
        "$context.authorizer.error",
        "$context.authorizer.principalId",
        "$context.error.message",
        "$context.identity.userAgent",
        "$context.integration.error",
        "$context.integrationErrorMessage",
        "$context.path",
        "$context.requestId",
    }
