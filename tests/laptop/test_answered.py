from embedded_aws.dataplane.served import Request, Served
from laptop.answered import Answered
from laptop.told import lines_of_traffic


def served(status, path="/a"):
    found = Served(Request("api", "prod", "GET", path, 0.0), "id", "extended")
    found.status = status
    return found


def test_refused_requests_are_counted_by_method_and_status():
    answered = Answered()
    for status in (200, 302, 403, 403, 500):
        answered(served(status))
    assert answered.requests == 5
    assert answered.refused == ("GET /a: 2 answered with 403", "GET /a: 1 answered with 500")


def test_what_clients_got_is_told_in_lines():
    assert [*lines_of_traffic(1200, ())] == ["1,200 requests before the first rollout, each answered with success"]
    assert [*lines_of_traffic(5, ("GET /a: 2 answered with 403",))] == [
        "5 requests before the first rollout; not answered with success:",
        "  GET /a: 2 answered with 403",
    ]
