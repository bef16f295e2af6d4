import pytest

from canary.rules.definitions.definition import VERBS
from canary.rules.definitions.outside_routes import find_unmatched, is_outside
from canary.rules.targets.target import Outside, OutsideRoute


def outside(path, *methods):
    return Outside((OutsideRoute(path, methods),))


@pytest.mark.parametrize(
    ("entry", "path", "verb", "is_so"),
    [
        (outside("/legacy/*"), "/legacy/{id}", "GET", True),
        (outside("/legacy/*"), "/legacy/a/{id+}", "ANY", True),
        (outside("/legacy/*"), "/legacy", "GET", False),
        (outside("/legacy*"), "/legacy", "GET", True),
        (outside("/*/raw"), "/orders/{id}/raw", "GET", False),
        (outside("/orders/{id}"), "/orders/{id}", "PUT", True),
        (outside("/orders/{id}"), "/orders/{number}", "PUT", False),
        (outside("/orders", "GET"), "/orders", "GET", True),
        (outside("/orders", "GET"), "/orders", "POST", False),
        (outside("/orders", "GET"), "/orders", "ANY", False),
        (outside("/orders", *VERBS), "/orders", "ANY", True),
        (Outside(), "/orders", "GET", False),
    ],
)
def test_a_method_is_outside_if_all_its_requests_are(entry, path, verb, *, is_so):
    assert is_outside(entry, path, verb) is is_so


def test_an_entry_that_nothing_falls_under_is_found():
    entries = Outside(
        (
            OutsideRoute("/legcy/*"),
            OutsideRoute("/orders", ("PUT", "GET")),
            OutsideRoute("/any", ("GET",)),
            OutsideRoute("/x", ("GET",)),
        ),
        ("auth", "other"),
    )
    methods = [("/legacy/a", "GET"), ("/orders", "GET"), ("/any", "ANY"), ("/x", "POST")]

    assert find_unmatched(entries, methods, ["auth"]) == ("/legcy/*", "GET /x", "authorizer other")
    assert find_unmatched(Outside(), methods, []) == ()
