import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.targets.log_format import LOG_FORMAT, find_misfit, find_untrusted_text, names_of
from canary.rules.targets.log_variables import VARIABLE, Prints, kind_of
from canary.rules.targets.target import Outside, OutsideRoute

SAMPLES = {
    Prints.NUMBER: ("200", "0"),
    Prints.NUMBER_OR_DASH: ("38", "-"),
    Prints.TEXT: ("prod", "-"),
    Prints.UNTRUSTED_TEXT: (r"say \"hi\" C:\\", "-"),
    Prints.QUOTED_TEXT: ('"Forbidden"', "-"),
}
"""What a variable prints with and without a value; quotes and backslashes are escaped."""

VARIABLES = [
    "$context.status",
    "$context.requestTimeEpoch",
    "$context.integration.latency",
    "$context.stage",
    "$context.identity.userAgent",
    "$context.authorizer.tenant",
    "$context.somethingNew",
    "$context.error.messageString",
]


def line_of(log_format: str, which: int) -> str:
    return VARIABLE.sub(lambda found: SAMPLES[kind_of(found[0])][which], log_format)


def is_counted(log_format: str) -> bool:
    """Whether the filters would find what they read in every line, with all values present and with all missing."""
    for which in (0, 1):
        try:
            line = json.loads(line_of(log_format, which))
        except ValueError:
            return False
        if not isinstance(line, dict) or (line["status"], line["stage"]) != (
            int(SAMPLES[Prints.NUMBER][which]),
            ("prod", "-")[which],
        ):
            return False
    return True


def with_field(field: str) -> str:
    return f"{LOG_FORMAT[:-1]},{field}}}"


def told(field: str) -> str:
    misfit = find_misfit(with_field(field))
    assert misfit is not None
    return misfit.removeprefix("the access-log format ")


def test_log_format_is_one_json_line_with_unquoted_numbers():
    line = LOG_FORMAT.replace("$context.status", "200").replace("$context.responseLatency", "41")

    assert "\n" not in LOG_FORMAT
    assert json.loads(line)["status"] == 200
    assert json.loads(line)["responseLatency"] == 41
    assert json.loads(line)["isCanary"] == "$context.isCanaryRequest"


def test_log_format_names_the_api_and_the_stage():
    assert '"apiId":"$context.apiId","stage":"$context.stage"' in LOG_FORMAT


def test_a_lines_fields_are_known_by_what_they_print():
    names = names_of(LOG_FORMAT)
    assert names["$context.integration.requestId"] == "functionRequestId"
    assert (names["$context.status"], names["$context.resourcePath"]) == ("status", "resourcePath")


@pytest.mark.parametrize(
    ("field", "variable", "name"),
    [
        ('"both":"$context.integration.requestId"', "$context.integration.requestId", "functionRequestId"),
        ('"other":"$context.path"', "$context.path", "other"),
        ('"mixed":"at $context.path"', "$context.path", None),
        ('"inner":{"path":"$context.path"}', "$context.path", None),
        ('"list":["$context.path"]', "$context.path", None),
    ],
)
def test_only_a_field_that_holds_a_variable_alone_is_known(field, variable, name):
    assert names_of(with_field(field)).get(variable) == name


def test_a_format_that_is_no_object_has_no_fields():
    assert names_of("$context.requestId") == {}


def test_own_log_format_fits():
    assert find_misfit(LOG_FORMAT) is None
    assert find_misfit(f"{LOG_FORMAT}\n") is None
    assert is_counted(LOG_FORMAT)


@pytest.mark.parametrize(
    "field",
    [
        '"ip":"$context.identity.sourceIp"',
        '"n":"$context.responseLength"',
        '"at":$context.requestTimeEpoch',
        '"both": [$context.status , {"again":$context.status}]',
        '"agent":"$context.identity.userAgent"',
        '"call":"$context.httpMethod $context.path $context.somethingNew"',
        '"plain":[1,-2.5,true,null,"$stageVariables.lambdaAlias"]',
        '"é":"$context.stageé"',
        '"status":$context.status',
    ],
)
def test_fields_of_their_own_do_no_harm(field: str):
    assert find_misfit(with_field(field)) is None
    assert is_counted(with_field(field))


@pytest.mark.parametrize(
    ("field", "clause", "write"),
    [
        (
            '"backendMs":$context.integration.latency',
            "$context.integration.latency without quotes, which may print -",
            '"backendMs":"$context.integration.latency"',
        ),
        (
            '"n": $context.responseLength',
            "$context.responseLength without quotes, which may print -",
            '"n":"$context.responseLength"',
        ),
        ('"x":$context.somethingNew', "$context.somethingNew without quotes, which may print -", '"x":"$context.somethingNew"'),
        ('"w":{"ms":[$context.waf.latency]}', "$context.waf.latency without quotes", '"$context.waf.latency"'),
        ('"w":{"ms":$context.waf.latency}', "$context.waf.latency without quotes", '"ms":"$context.waf.latency"'),
        ('"id":$context.requestId', "$context.requestId without quotes, which may print -", '"id":"$context.requestId"'),
        (
            '"at":$context.resourcePath',
            "$context.resourcePath without quotes, which prints text",
            '"at":"$context.resourcePath"',
        ),
        ('"e":$context.error.messageString', "its own quotes", '"e":"$context.error.message"'),
        ('"e":"$context.error.messageString"', "its own quotes", '"e":"$context.error.message"'),
        ('"e":"why: $context.error.messageString"', "its own quotes", '"e":"why: $context.error.message"'),
        ('"$context.authorizer.key":1', "names a field by $context.authorizer.key", "the name out"),
        ('"ms":1$context.status', "1$context.status without quotes", '"ms":"1$context.status"'),
        ('"ms":[$context.status-$context.status]', "more than the variable", '"$context.status-$context.status"'),
        ('"ms":-$context.responseLatency', "more than the variable", '"ms":"-$context.responseLatency"'),
        ('"ms":$context.status.5', "$context.status.5 without quotes, which may print -", '"ms":"$context.status.5"'),
        ('"s":"\\u0024context.stage"', "an escape", "it out"),
        ('"status":"$context.status"', "needs status as $context.status without quotes", '"status":$context.status'),
        ('"apiId":"shop"', "needs apiId as $context.apiId in quotes", '"apiId":"$context.apiId"'),
    ],
)
def test_a_field_that_may_cost_a_line_is_refused_with_what_to_write(field: str, clause: str, write: str):
    misfit = told(field)

    assert clause in misfit
    assert misfit.endswith(f"write {write}")


@pytest.mark.parametrize(
    ("log_format", "clause"),
    [
        ("$context.requestId $context.status", "not valid JSON"),
        ("{\n" + LOG_FORMAT[1:], "several lines"),
        (LOG_FORMAT.replace("$context.status", '"$context.status"'), "status as $context.status without quotes"),
        (LOG_FORMAT.replace("$context.isCanaryRequest", "$context.stage"), "isCanary as $context.isCanaryRequest in quotes"),
        (LOG_FORMAT.replace('"$context.integrationStatus"', "$context.integrationStatus"), "integrationStatus in quotes"),
        (LOG_FORMAT.replace('"apiId":"$context.apiId",', ""), "apiId as $context.apiId in quotes"),
        (LOG_FORMAT.replace('"stage":"$context.stage"', '"stage":"prod"'), "stage as $context.stage in quotes"),
        (LOG_FORMAT.replace("equestId", "equest"), "neither $context.requestId nor"),
        (LOG_FORMAT + " " * 3000, "3000"),
        ('["$context.requestId"]', "not a JSON object"),
        ("$context.requestId", "not a JSON object"),
        ('{"id":"$context.requestId"}', "isCanary"),
        (LOG_FORMAT[:-1], "not valid JSON"),
        (with_field('"open:$context.stage'), "not valid JSON"),
        (with_field('"x":NaN'), "not valid JSON"),
        (with_field('"x":"\\$context.stage"'), "not valid JSON"),
        ('{"id":"$context.requestId","x":' + "[" * 2000 + "]" * 900, "not valid JSON"),
        ('{"http":' + LOG_FORMAT + ',"status":$context.status}', "responseLatency"),
    ],
)
def test_a_misfit_says_what_to_write(log_format: str, clause: str):
    misfit = find_misfit(log_format)

    assert misfit is not None
    assert clause in misfit


def test_a_name_that_filters_read_may_come_twice_if_it_is_right_each_time():
    assert find_misfit('{"stage":"$context.stage",' + LOG_FORMAT[1:]) is None
    assert "needs stage" in str(find_misfit('{"stage":"$context.deploymentId",' + LOG_FORMAT[1:]))
    assert "needs stage" in str(find_misfit(with_field('"stage":"$context.deploymentId"')))


def test_every_misfit_is_reported_at_once():
    misfit = find_misfit(with_field('"a":$context.waf.latency,"b":$context.error.messageString').replace("apiId", "api"))

    assert misfit is not None
    assert misfit.count("write ") == 3


def test_method_and_path_are_needed_where_routes_are_outside():
    without = LOG_FORMAT.replace('"resourcePath":"$context.resourcePath",', "")
    outside = Outside((OutsideRoute("/legacy/*"),))

    assert find_misfit(without) is None
    assert find_misfit(without, Outside(authorizers=("partner",))) is None
    assert find_misfit(LOG_FORMAT, outside) is None
    assert 'needs resourcePath as $context.resourcePath in quotes; write "resourcePath":' in str(find_misfit(without, outside))


def test_untrusted_text_is_named_unless_someone_saw_it_escaped():
    assert find_untrusted_text(LOG_FORMAT) == ()
    fields = '"a":"$context.path","b":"$context.identity.userAgent","c":"$context.integrationErrorMessage $context.path"'
    assert find_untrusted_text(with_field(fields)) == ("$context.path", "$context.integrationErrorMessage")


LITERALS = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
QUOTED = st.lists(st.sampled_from([*VARIABLES, " ", "x", '\\"', "\\\\"]), max_size=3).map(lambda parts: f'"{"".join(parts)}"')
LEAVES = LITERALS.map(json.dumps) | QUOTED | st.sampled_from(VARIABLES)
NAMES = st.text(max_size=3).map(json.dumps)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(st.tuples(NAMES, inner), max_size=3).map(lambda pairs: f"{{{','.join(f'{k}:{v}' for k, v in pairs)}}}")
    ),
    max_leaves=8,
)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=4), st.integers(0, 4))
def test_a_format_fits_just_when_every_line_of_it_is_counted(fields: list[tuple[str, str]], place: int):
    own = [f'"{name}":{value}' for name, value in (pair.split('":', 1) for pair in LOG_FORMAT[2:-1].split(',"'))]
    extra = [f"{name}:{value}" for name, value in fields]
    log_format = "{" + ",".join([*own[:place], *extra, *own[place:]]) + "}"

    assert (find_misfit(log_format) is None) == is_counted(log_format)
