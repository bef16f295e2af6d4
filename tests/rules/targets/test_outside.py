import pytest

from canary.rules.definitions.outside_routes import is_outside
from canary.rules.targets.outside import inside_conditions
from canary.rules.targets.target import Outside, OutsideRoute

OUTSIDE = Outside(
    routes=(OutsideRoute("/legacy/*"), OutsideRoute("/orders/{id}", ("DELETE",)), OutsideRoute("/a", ("GET", "HEAD"))),
    authorizers=("partner",),
)


@pytest.mark.parametrize(
    ("path", "method", "expected"),
    [
        ("/legacy/things", "GET", True),
        ("/legacy/things/{id}", "ANY", True),
        ("/legacy", "GET", False),
        ("/legacys/things", "GET", False),
        ("/orders/{id}", "DELETE", True),
        ("/orders/{id}", "GET", False),
        ("/orders/{id}/lines", "DELETE", False),
        ("/a", "HEAD", True),
    ],
)
def test_knows_what_is_outside(path: str, method: str, expected: bool):  # noqa: FBT001
    assert is_outside(OUTSIDE, path, method) is expected


def test_nothing_is_outside_unless_it_is_said():
    assert not is_outside(Outside(), "/orders", "GET")
    assert [*inside_conditions(Outside())] == []


def test_conditions_leave_out_each_route():
    assert [*inside_conditions(OUTSIDE)] == [
        '$.resourcePath != "/legacy/*"',
        '($.resourcePath != "/orders/{id}" || $.httpMethod != "DELETE")',
        '($.resourcePath != "/a" || ($.httpMethod != "GET" && $.httpMethod != "HEAD"))',
    ]
