from canary.rules.definitions.definition import Integration, Method, arrange_methods, find_bare_paths


def a_method(path, verb="GET", namespace=None):
    return Method(path, verb, integration=Integration("MOCK", cache_namespace=namespace) if namespace is not None else None)


def namespaces(*methods, paths=None):
    return [one.integration and one.integration.cache_namespace for one in arrange_methods(methods, paths or {})]


def test_methods_come_by_path_and_name():
    found = arrange_methods([a_method("/b"), a_method("/a", "POST"), a_method("/a", "GET")], {})
    assert [str(one) for one in found] == ["GET /a", "POST /a", "GET /b"]


def test_a_namespace_is_named_by_the_first_path_that_has_it():
    assert namespaces(a_method("/a", namespace="x1"), a_method("/b", namespace="x1")) == ["/a", "/a"]


def test_a_namespace_that_is_not_written_is_the_path_itself():
    assert namespaces(a_method("/a", namespace=""), a_method("/b", namespace="n")) == ["/a", "/b"]


def test_a_namespace_that_is_a_known_resource_is_shared_with_it():
    methods = a_method("/a", namespace="idb"), a_method("/b", namespace="")
    assert namespaces(*methods, paths={"idb": "/b"}) == ["/a", "/a"]
    assert namespaces(*methods) == ["/a", "/b"]


def test_a_method_without_integration_has_no_namespace():
    assert namespaces(a_method("/a")) == [None]


def test_bare_paths_lead_to_no_method():
    served = [a_method("/orders/{id}"), a_method("/")]
    assert find_bare_paths(["/", "/orders", "/orders/{id}", "/ord", "/health", "/health/db"], served) == (
        "/health",
        "/health/db",
        "/ord",
    )
