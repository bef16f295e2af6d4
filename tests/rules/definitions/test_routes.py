"""What happens to base's routes, given how API Gateway routes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canary.rules.definitions.routes import Route, RouteChanges, are_alike, compare_routes, routes_of, routes_of_summary
from tests.rules.api_world import ORDERS, Call, apis, read

READ, WRITE = "AWS_PROXY orders-read", "AWS_PROXY orders-write"


def routes(*written, calls=READ):
    """`GET /orders` for each of these, all called alike."""
    return tuple(Route(path, verb, calls=calls) for verb, path in (one.split(" ") for one in written))


@pytest.mark.parametrize(
    ("base", "release", "changes"),
    [
        (["GET /a"], ["GET /a"], RouteChanges()),
        (["GET /a"], ["GET /a", "GET /b"], RouteChanges(added=("GET /b",))),
        (["GET /a", "POST /a"], ["GET /a"], RouteChanges(lost=("POST /a",))),
        (["GET /a"], ["ANY /a"], RouteChanges(added=("ANY /a",), changed=("GET /a (now ANY /a)",))),
        (["GET /a", "GET /b"], ["GET /b", "GET /v2/a"], RouteChanges(moved=("GET /a to GET /v2/a",))),
        (["GET /a/{id}"], ["GET /a/{number}"], RouteChanges(changed=("GET /a/{id} (now GET /a/{number})",))),
        (["GET /a/x"], ["GET /a/{id}"], RouteChanges(added=("GET /a/{id}",), changed=("GET /a/x (now GET /a/{id})",))),
        (["GET /a/{id}"], ["GET /{p+}"], RouteChanges(added=("GET /{p+}",), changed=("GET /a/{id} (now GET /{p+})",))),
        (["GET /{p+}"], ["GET /{q+}"], RouteChanges(changed=("GET /{p+} (now GET /{q+})",))),
        (["GET /a/{id}"], ["GET /a/x"], RouteChanges(moved=("GET /a/{id} to GET /a/x",))),
        (["GET /{p+}"], ["POST /{id}"], RouteChanges(added=("POST /{id}",), lost=("GET /{p+}",))),
        (["GET /"], ["POST /{p+}"], RouteChanges(added=("POST /{p+}",), lost=("GET /",))),
        (["GET /"], ["POST /{id}"], RouteChanges(added=("POST /{id}",), lost=("GET /",))),
        (["GET /a"], ["POST /a/{p+}"], RouteChanges(added=("POST /a/{p+}",), lost=("GET /a",))),
        (["GET /a/b"], ["POST /a"], RouteChanges(added=("POST /a",), lost=("GET /a/b",))),
        (
            ["ANY /a"],
            ["GET /a", "POST /a"],
            RouteChanges(added=("GET /a", "POST /a"), lost=("ANY /a but GET, POST",)),
        ),
        (
            ["GET /a/x"],
            ["POST /a/x", "GET /a/{id}"],
            RouteChanges(added=("GET /a/{id}", "POST /a/x"), changed=("GET /a/x (now GET /a/{id})",)),
        ),
        (
            ["ANY /shop/{p+}", "GET /shop/cart", "OPTIONS /shop/cart"],
            ["ANY /shop/{p+}", "OPTIONS /shop/cart"],
            RouteChanges(changed=("GET /shop/cart (now ANY /shop/{p+})",)),
        ),
        (
            ["GET /users/{id}", "GET /users/me", "PATCH /users/me"],
            ["GET /users/{id}", "GET /users/me"],
            RouteChanges(lost=("PATCH /users/me",)),
        ),
        (
            ["OPTIONS /{p+}", "ANY /a", "GET /b", "OPTIONS /b"],
            ["OPTIONS /{p+}", "GET /a", "GET /b"],
            RouteChanges(added=("GET /a",), lost=("ANY /a but GET, OPTIONS",), changed=("OPTIONS /b (now OPTIONS /{p+})",)),
        ),
        (
            ["GET /{id}", "GET /a"],
            ["GET /{p+}", "ANY /{id}", "POST /a"],
            RouteChanges(
                added=("ANY /{id}", "GET /{p+}", "POST /a"),
                changed=("GET /a (now ANY /{id})", "GET /{id} (now ANY /{id})"),
            ),
        ),
    ],
)
def test_routes_are_compared_by_what_answers_them(base, release, changes):
    assert compare_routes(routes(*base), routes(*release)) == changes


def test_an_any_that_is_split_into_all_methods_is_not_lost():
    verbs = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
    changes = compare_routes(routes("ANY /a"), routes(*(f"{verb} /a" for verb in verbs)))
    assert (changes.lost, changes.moved, changes.changed) == ((), (), ("ANY /a (now DELETE /a)",))


def test_a_lost_route_and_a_new_one_that_calls_something_else_are_no_move():
    changes = compare_routes(routes("GET /a"), routes("GET /b", calls=WRITE))
    assert changes == RouteChanges(added=("GET /b",), lost=("GET /a",))


def test_each_new_route_is_one_moves_end():
    changes = compare_routes(routes("GET /a", "GET /b"), routes("GET /v2"))
    assert (changes.moved, changes.lost) == (("GET /a to GET /v2",), ("GET /b",))


def test_moves_are_unknown_where_it_is_unknown_what_answers():
    changes = compare_routes(routes("GET /a", calls=""), routes("GET /b"))
    assert changes == RouteChanges(added=("GET /b",), lost=("GET /a",))


def test_a_route_that_stays_is_named_with_what_changed():
    old = Route("/a", "GET", "NONE", is_api_key_required=False, calls=READ)
    new = Route("/a", "GET", "AWS_IAM", is_api_key_required=True, calls=WRITE)
    assert compare_routes([old], [new]).changed == (
        "GET /a (authorization NONE to AWS_IAM, API key not required to required, what it calls)",
    )
    assert compare_routes([new], [Route("/a", "GET", "AWS_IAM", is_api_key_required=False)]).changed == (
        "GET /a (API key required to not required)",
    )


@settings(max_examples=40)
@given(apis)
def test_a_definition_does_nothing_to_its_own_routes(api):
    found = routes_of(read(api))
    assert compare_routes(found, found) == RouteChanges()
    assert are_alike(found, reversed(found))


@settings(max_examples=40)
@given(apis, st.data())
def test_a_route_that_is_removed_is_lost_or_answered_by_another(api, data):
    found = routes_of(read(api))
    gone = data.draw(st.sampled_from(found))
    changes = compare_routes(found, [one for one in found if one != gone])
    assert len(changes.lost) + len(changes.changed) == 1
    assert str(gone) in "".join(changes.lost + changes.changed)


def test_a_summary_tells_paths_methods_and_authorization():
    summary = {"/b": {"GET": {"authorizationType": "AWS_IAM", "apiKeyRequired": True}}, "/a": {"POST": {}}}
    assert routes_of_summary(summary) == (
        Route("/a", "POST"),
        Route("/b", "GET", "AWS_IAM", is_api_key_required=True),
    )


def test_routes_are_alike_whatever_answers_them():
    assert are_alike(routes("GET /a"), routes("GET /a", calls=""))
    assert not are_alike(routes("GET /a"), routes("GET /a", "GET /b"))
    assert not are_alike(routes("GET /a"), [Route("/a", "GET", "AWS_IAM")])


def test_the_routes_of_a_definition_are_its_methods():
    found = routes_of(read(ORDERS.with_verb("/ping", "GET", call=Call("MOCK"), key=True, auth="AWS_IAM")))
    assert found[-1] == Route("/ping", "GET", "AWS_IAM", is_api_key_required=True, calls="MOCK ")
    assert [str(one) for one in found] == ["GET /orders", "POST /orders", "GET /orders/{id}", "GET /ping"]


def test_a_method_without_integration_is_a_route_anyway():
    from canary.rules.definitions.definition import Definition, Method

    assert routes_of(Definition((Method("/a", "GET"),))) == (Route("/a", "GET"),)
