import io
import zipfile

import pytest

from laptop.definitions.documents import DefinitionError
from laptop.definitions.operations import Answer, Called, Operation, Sent
from laptop.functions import MOST, OwnCode, api_name, function_name, functions_of
from laptop.traffic import ranked, shapes_of, shares


def an_operation(method="GET", resource="/a", group="a", called=Called.NOTHING):
    return Operation(method, resource, group, called, Sent(resource), Answer(200, "application/json", "{}"))


def test_each_group_is_a_function_and_the_smallest_share_the_last():
    groups = {f"g{number}": 20 - number for number in range(12)}
    operations = [an_operation(resource=f"/{name}/{n}", group=name) for name, size in groups.items() for n in range(size)]
    found = functions_of(operations, "api", {})
    assert len(found) == MOST
    assert [one.name for one in found[:2]] == ["api-g0", "api-g1"]
    assert found[-1].name == "api-others"
    assert len(found[-1].operations) == groups["g9"] + groups["g10"] + groups["g11"]
    assert sum(len(one.operations) for one in found) == len(operations)


def test_methods_outside_have_no_function():
    found = functions_of([an_operation(), an_operation(resource="/b", called=Called.OUTSIDE)], "api", {})
    assert [(one.name, len(one.operations)) for one in found] == [("api-a", 1)]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("orders", "orders"),
        ("Swagger Petstore - OpenAPI 3.0", "swagger-petstore"),
        ("The Shop's Catalogue API", "the-shops-catalogue"),
        ("2024 prices", "api-2024-prices"),
        ("日本", "api"),
        ("x" * 60, "x" * 40),
    ],
)
def test_a_title_becomes_a_short_name(title, name):
    assert api_name(title) == name


def test_a_functions_name_has_the_apis_name_once():
    assert function_name("orders", "orders-read") == "orders-read"
    assert function_name("orders", "Custom fields") == "orders-Custom-fields"
    assert function_name("orders", "日本") == "orders-others"
    assert len(function_name("orders", "x" * 99)) == 64


def test_two_releases_differ_only_in_their_numbers():
    function = functions_of([an_operation()], "api", {})[0]
    first, again, next_one = (function.archive({"NAME": name}) for name in ("one", "one", "two"))
    assert first == again
    assert first != next_one
    with zipfile.ZipFile(io.BytesIO(first)) as opened:
        assert "stand_in/handler.py" in opened.namelist()
        assert "'GET /a': (200, 'application/json', '{}')" in opened.read("stand_in/answers.py").decode()


def test_code_for_a_function_that_is_not_there_is_refused():
    with pytest.raises(DefinitionError, match="--code b: the API has no function of this name") as told:
        functions_of([an_operation()], "api", {"b": OwnCode(b"", "app.handler")})
    assert "name one of api-a" in told.value.fix


def test_reads_of_functions_are_the_most_frequent_and_the_nth_method_is_called_1_over_n_as_often():
    operations = [
        an_operation("POST", "/a"),
        an_operation("GET", "/mock", called=Called.MOCK),
        an_operation("GET", "/b"),
        an_operation("ANY", "/c"),
    ]
    assert [one.name for one in ranked(operations)] == ["GET /b", "ANY /c", "POST /a", "GET /mock"]
    assert shares(operations) == pytest.approx([0.48, 0.24, 0.16, 0.12])
    assert [(shape.method, shape.path) for shape in shapes_of(operations)][:2] == [("GET", "/b"), ("GET", "/c")]
