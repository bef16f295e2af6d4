import pytest

from canary.rules.outside import inside_conditions, is_authorizer_outside, is_route_outside
from canary.rules.target import Outside, OutsideRoute

OUTSIDE = Outside(
    routes=(OutsideRoute("/legacy/*"), OutsideRoute("/orders/{id}", ("DELETE",)), OutsideRoute("/a", ("GET", "HEAD"))),
    authorizers=("partner",),
)


@pytest.mark.parametrize(
    ("path", "method", "is_outside"),
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
def test_knows_what_is_outside(path: str, method: str, is_outside: bool):  # noqa: FBT001
    assert is_route_outside(OUTSIDE, path, method) is is_outside


def test_nothing_is_outside_unless_it_is_said():
    assert not is_route_outside(Outside(), "/orders", "GET")
    assert not is_authorizer_outside(Outside(), "partner")
    assert [*inside_conditions(Outside())] == []


def test_an_authorizer_is_outside_by_its_name():
    assert is_authorizer_outside(OUTSIDE, "partner")
    assert not is_authorizer_outside(OUTSIDE, "Partner")


def test_conditions_leave_out_each_route():
    assert [*inside_conditions(OUTSIDE)] == [
        '$.resourcePath != "/legacy/*"',
        '($.resourcePath != "/orders/{id}" || $.httpMethod != "DELETE")',
        '($.resourcePath != "/a" || ($.httpMethod != "GET" && $.httpMethod != "HEAD"))',
    ]
