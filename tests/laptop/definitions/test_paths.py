import pytest

from laptop.definitions.paths import LeftOutError, Tree


def test_a_plain_path_is_taken_as_it_is():
    placed = Tree().place("/orders/{id}")
    assert (placed.path, placed.spelled, placed.notes) == ("/orders/{id}", {"id": "{id}"}, ())
    assert Tree().place("/").path == "/"


def test_a_slash_at_the_end_is_left_away_and_said():
    placed = Tree().place("/orders/")
    assert (placed.path, placed.notes) == ("/orders", ("written as /orders",))


@pytest.mark.parametrize(
    ("path", "resource", "spelled"),
    [
        ("/files/{name}.json", "/files/{name}", {"name": "{name}.json"}),
        ("/compare/{base}...{head}", "/compare/{base}", {"base": "{base}...{head}"}),
        ("/Users('{id}')", "/{id}", {"id": "Users('{id}')"}),
        ("/a/{odd name}", "/a/{oddname}", {"oddname": "{odd name}"}),
        ("/a/{}", "/a/{value}", {"value": "{}"}),
    ],
)
def test_a_part_that_mixes_text_and_variables_becomes_one_variable(path, resource, spelled):
    placed = Tree().place(path)
    assert (placed.path, placed.spelled) == (resource, spelled)
    assert placed.notes == (() if resource == path else (f"served by {resource}",))


def test_variables_at_one_place_get_the_first_ones_name():
    tree = Tree()
    tree.place("/a/{id}")
    assert tree.place("/a/{name}/b").path == "/a/{id}/b"
    assert tree.place("/c/{name}").path == "/c/{name}"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("orders", "must begin with /"),
        ("/a b", "a part of a resource cannot have ' ' in it"),
        ("/a?x=1", r"cannot have '=' '\?' in it"),
        ("/p/{all+}/below", r"nothing can be below \{all\+\}"),
    ],
)
def test_what_no_resource_can_stand_for_is_left_out(path, why):
    with pytest.raises(LeftOutError, match=why):
        Tree().place(path)


def test_a_greedy_variable_beside_a_plain_one_is_left_out():
    tree = Tree()
    tree.place("/a/{id}")
    with pytest.raises(LeftOutError, match=r"\{id\} is at the same place already"):
        tree.place("/a/{rest+}")


def test_the_quota_of_resources_counts_each_prefix_once_and_what_fits_is_taken():
    tree = Tree(most=4)
    tree.place("/a/b")
    tree.place("/a/c")
    with pytest.raises(LeftOutError, match="API Gateway takes 4 resources per API"):
        tree.place("/d/e")
    assert tree.place("/a").path == "/a"
    assert tree.place("/a/b").path == "/a/b"
