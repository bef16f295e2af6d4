"""The files of targets/: every problem is reported at once, with file, line, field and fix."""

from textwrap import dedent

import pytest

from infra.targets import TargetsError, load_targets
from tests.infra.conftest import ROOT

ORDERS = """\
    name: orders
    stage: {rest_api_id: a1b2c3d4e5, stage_name: prod, alias_variable: lambdaAlias}
    functions:
      - {name: orders-read, live: live, canary: canary}
    access_log_group: /apigw/orders-prod
    """


@pytest.fixture
def write(tmp_path):
    folder = tmp_path / "targets"
    folder.mkdir()

    def written(**files):
        for name, text in files.items():
            (folder / f"{name}.yaml").write_text(dedent(text), encoding="utf-8")
        return folder

    return written


def told(folder):
    with pytest.raises(TargetsError) as error:
        load_targets(folder)
    return str(error.value).splitlines()


def test_the_files_of_the_repository_are_targets():
    assert [target.name for target in load_targets(ROOT / "targets")] == ["orders"]


def test_targets_come_in_the_order_of_their_files(write):
    ship = "{name: a-ship, functions: [{name: ship, live: live}]}"
    assert [target.name for target in load_targets(write(orders=ORDERS, zebra=ship))] == ["orders", "a-ship"]


def test_an_empty_folder_has_no_targets(write):
    assert load_targets(write()) == ()


def test_a_folder_that_is_not_there_is_told_by_name(tmp_path):
    assert told(tmp_path / "ours") == ["ours: no such folder; name the folder that contains your target files"]


def test_a_problem_is_reported_with_its_file_line_field_and_fix(write):
    folder = write(orders=ORDERS.replace("orders-prod", "orders prod"))
    (line,) = told(folder)
    assert line.startswith("targets/orders.yaml:5: access_log_group: not a log group's name")
    assert line.endswith('got "/apigw/orders prod"; give the group\'s name, not its ARN')


def test_a_problem_deep_inside_has_its_own_line(write):
    policy = """\
    name: orders
    functions:
      - name: orders-read
        live: live
    policy:
      from: standard
      steps:
        - weight_percent: 50
          bake_seconds: 60
        - weight_percent: 10
          bake_seconds: 60
    """
    (line,) = told(write(orders=policy))
    assert line.startswith("targets/orders.yaml:10: policy.steps[1].weight_percent: step weights must rise, got 50 then 10")


def test_a_missing_field_is_reported_where_it_should_be(write):
    folder = write(orders=ORDERS.replace(", canary: canary", ""))
    assert told(folder) == [
        "targets/orders.yaml:4: functions[0].canary: is missing; give the alias that the canary uses behind the stage"
    ]


def test_problems_of_all_files_are_reported_at_once(write):
    folder = write(
        orders=ORDERS.replace("name: orders\n", "name: Orders\n").replace("prod,", "pr od,"),
        ship="{name: ship, functions: [], policy: quick}",
    )
    assert [line.split(": ")[0] + " " + line.split(": ")[1] for line in told(folder)] == [
        "targets/orders.yaml:1 name",
        "targets/orders.yaml:2 stage.stage_name",
        "targets/ship.yaml:1 policy",
        "targets/ship.yaml:1 functions",
    ]


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("name: orders\nstage: {rest_api_id: a1\n", 3, "file: not valid YAML: "),
        ("name: [orders\n\nfunctions: }\n", 3, "file: not valid YAML: "),
        ("name: orders\nname: ship\nfunctions: [{name: f, live: live}]\n", 2, "name: written twice in the same mapping"),
        ("- name: orders\n", 1, "input: not a mapping"),
        ("", 1, "input: not a mapping"),
    ],
)
def test_a_value_that_is_not_a_mapping_is_reported_with_its_line(write, text, line, what):
    (found,) = told(write(orders=text))
    assert found.startswith(f"targets/orders.yaml:{line}: {what}")


def of_bytes(tmp_path, content):
    folder = tmp_path / "targets"
    folder.mkdir()
    (folder / "orders.yaml").write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        (dedent(ORDERS).encode("utf-16"), 1, "file: it is not UTF-8, got the byte 0xff; save it as UTF-8"),
        ("name: orders\n# für alle\n".encode("latin-1"), 2, "file: it is not UTF-8, got the byte 0xfc; save it as UTF-8"),
        (b"name: \x00", 1, "file: not valid YAML: special characters are not allowed; fix it"),
        (b"name: orders\nalarms: " + b"[" * 3000 + b"]" * 3000, 2, "file: nested more than 50 levels deep; a target has only"),
        (b"[" * 3000, 1, "file: nested more than 50 levels deep"),
        (b"".join(b" " * level + b"a:\n" for level in range(3000)), 51, "file: nested more than 50 levels deep"),
        (b"name: orders\nalarms: 2026-99-99", 2, 'file: not valid YAML: "2026-99-99" is not of the type timestamp; fix it'),
        (b"name: !!int ''", 1, 'file: not valid YAML: "" is not of the type int'),
        (b"name: !!bool maybe", 1, 'file: not valid YAML: "maybe" is not of the type bool'),
        (b"name: !!timestamp soon", 1, 'file: not valid YAML: "soon" is not of the type timestamp'),
        (b"name: " + b"9" * 5000, 1, 'file: not valid YAML: "999'),
        (b"name: !!python/name:os.system", 1, "file: not valid YAML: could not determine a constructor"),
    ],
)
def test_what_cannot_be_read_is_reported_with_its_line(tmp_path, content, line, what):
    (found,) = told(of_bytes(tmp_path, content))
    assert found.startswith(f"targets/orders.yaml:{line}: {what}")


def test_a_file_may_begin_with_the_mark_of_utf_8(tmp_path):
    (target,) = load_targets(of_bytes(tmp_path, dedent(ORDERS).encode("utf-8-sig")))
    assert target.name == "orders"


def test_a_folder_named_like_a_file_is_reported(write):
    folder = write(orders=ORDERS)
    (folder / "ship.yml").mkdir()
    assert told(folder) == ["targets/ship.yml:1: file: it is not a file; write one file per target, and rename the folder"]


def test_a_file_that_cannot_be_opened_is_reported(write, monkeypatch):
    def refuse(_path):
        raise PermissionError(13, "Permission denied")

    folder = write(orders=ORDERS)
    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    assert told(folder) == [
        "targets/orders.yaml:1: file: it cannot be opened: Permission denied; make it readable for whoever runs this"
    ]


def test_an_anchor_in_itself_is_told_like_any_other_mistake(tmp_path):
    found = told(of_bytes(tmp_path, b"name: orders\nfunctions: &all [*all]\n"))
    assert found == [
        "targets/orders.yaml:2: functions[0]: not a mapping, got a list of 1; give a mapping with name, live, canary"
    ]


def test_an_anchor_that_stands_in_very_many_places_is_read_once(tmp_path):
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40))]
    found = told(of_bytes(tmp_path, "\n".join(lines).encode()))
    assert len(found) == 42


def test_yamls_own_shorthands_may_be_used(write):
    text = """\
    name: orders
    stage: {rest_api_id: a1b2c3d4e5, stage_name: prod, alias_variable: lambdaAlias}
    functions:
      - &read {name: orders-read, live: live, canary: canary}
      - {<<: *read, name: orders-write}
    """
    (target,) = load_targets(write(orders=text))
    assert [one.canary for one in target.functions] == ["canary", "canary"]


def test_a_role_is_not_the_files_to_give(write):
    folder = write(orders=dedent(ORDERS) + "role_arn: arn:aws:iam::123456789012:role/mine\n")
    (line,) = told(folder)
    assert line.startswith("targets/orders.yaml:6: role_arn: the app creates the role")


@pytest.mark.parametrize(
    ("change", "line", "field"),
    [
        ({}, 2, "stage"),
        ({"a1b2c3d4e5": "zzzzzzzzzz"}, 4, "functions[0].live"),
    ],
)
def test_two_targets_may_not_move_the_same_thing(write, change, line, field):
    other = ORDERS.replace("name: orders\n", "name: others\n")
    for before, after in change.items():
        other = other.replace(before, after)
    found = told(write(orders=ORDERS, others=other))
    assert found[0].startswith(f"targets/others.yaml:{line}: {field}: ")
    assert "already belongs to targets/orders.yaml" in found[0]


def test_two_targets_may_not_have_the_same_name(write):
    ship = "{name: orders, functions: [{name: ship, live: live}]}"
    (line,) = told(write(orders=ORDERS, ship=ship))
    assert line.startswith('targets/ship.yaml:1: name: the name "orders" already belongs to targets/orders.yaml')


def a_target_that_logs_to(group, number):
    text = ORDERS.replace("orders", f"orders-{number}").replace("a1b2c3d4e5", f"a{number}")
    return text.replace(f"/apigw/orders-{number}-prod", group)


def test_targets_may_share_a_log_group_up_to_what_it_takes(write):
    files = {f"t{number:02}": a_target_that_logs_to("/apigw/all", number) for number in range(9)}
    assert len(load_targets(write(**files))) == 9


def test_the_target_that_makes_a_log_group_too_full_is_reported(write):
    files = {f"t{number:02}": a_target_that_logs_to("/apigw/all", number) for number in range(11)}
    (line,) = told(write(**files))
    assert line == (
        "targets/t09.yaml:5: access_log_group: with this target /apigw/all has 110 metric filters; a log group accepts 100; "
        "give the stage's access log its own group"
    )


def test_a_pattern_that_is_too_long_is_reported_with_its_length(write):
    routes = "".join(f"\n      - path: /legacy/a-long-name-of-a-resource-{number}/*" for number in range(15))
    (line,) = told(write(orders=f"{ORDERS}outside:{routes}\n    "))
    assert line.startswith("targets/orders.yaml:6: outside: the routes outside make the pattern of the metric filter ")
    assert "characters long; CloudWatch Logs accepts 1024; give fewer routes" in line
