"""A definition is tried from its file to the ends of its rollouts."""

import json
from pathlib import Path

import pytest
import yaml

from canary.edge.target import require_target
from canary_cli.app import run
from canary_cli.exits import ExitCode
from canary_cli.trying.asked import Asked
from embedded_aws.awslambda.zips import zip_of
from laptop import trial
from laptop.definitions.documents import DefinitionError
from tests.cli.conftest import validator_of
from tests.consoles import a_console, text_of

SHAPES = Path(__file__).parent / "definitions" / "shapes"
OWN = """
import json

def handler(event, context):
    return {"statusCode": 200, "body": json.dumps({"method": event["httpMethod"]})}
"""


def test_a_bad_release_of_a_definition_is_rolled_back(tmp_path, monkeypatch):
    scenarios = trial.Plan.scenarios.fget
    monkeypatch.setattr(trial.Plan, "scenarios", property(lambda plan: scenarios(plan)[1:]))
    monkeypatch.setattr(trial, "SERVED_SECONDS", 120)
    console = a_console(width=300)
    found = trial.try_definition(Asked(SHAPES / "crud.yaml", policy="hotfix", per_minute=200, reports=tmp_path / "r"), console)
    shown = text_of(console)

    assert (found.methods, found.outside, found.refused) == (6, 3, ())
    assert [(one.name, one.code, one.methods) for one in found.functions] == [
        ("crud-items-read", "stand-in", 1),
        ("crud-ItemsWrite", "stand-in", 1),
        ("crud-Rest", "stand-in", 1),
    ]
    (bad,) = found.rollouts
    assert (bad.ended, bad.problems) == ("RolledBack", ())
    assert bad.reason.startswith("the canary is worse than base in errors")
    assert Path(bad.report).read_text(encoding="utf-8").startswith("<!doctype html>")
    target = require_target(yaml.safe_load(Path(found.target_file).read_text(encoding="utf-8")))
    assert [route.path for route in target.outside.routes] == ["/items/{id}"]
    assert "the bad release fails in 30% of the requests to GET /items, the most frequent method of a function" in shown
    assert "each answered with success" in shown
    assert "1 rollout in" in shown


@pytest.mark.slow
def test_a_good_release_is_promoted_and_programs_get_one_answer(tmp_path, capsys):
    archive = tmp_path / "own.zip"
    archive.write_bytes(zip_of({"app.py": OWN}))
    arguments = ["--code", f"shop-products={archive}:app.handler", "--name", "shop", "--policy", "hotfix"]
    code = run(["try", str(SHAPES / "shop.yaml"), *arguments, "--per-minute", "300", "--reports", str(tmp_path), "--json"])
    answer = json.loads(capsys.readouterr().out)
    validator_of("try").validate(answer)

    assert code == ExitCode.DONE
    assert [(one["rollout_id"], one["ended"]) for one in answer["rollouts"]] == [
        ("shop-good", "Promoted"),
        ("shop-bad", "RolledBack"),
    ]
    assert {one["name"]: one["code"] for one in answer["functions"]} == {"shop-products": "own", "shop-baskets": "stand-in"}
    assert sorted(path.name for path in tmp_path.glob("shop*.html")) == ["shop-bad.html", "shop-good.html"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["trips.yaml", "exchange.json", "files.yaml", "template.yaml"])
def test_each_shape_is_promoted_and_rolled_back(name, tmp_path):
    found = trial.try_definition(Asked(SHAPES / name, policy="hotfix", per_minute=300, reports=tmp_path), a_console())
    assert ([one.ended for one in found.rollouts], found.refused) == (["Promoted", "RolledBack"], ())
    assert found.is_as_expected


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (Asked(SHAPES / "none.yaml"), "cannot be read"),
        (Asked(SHAPES / "shop.yaml", name="My Shop"), "--name My Shop: a name has lower-case letters, digits and -"),
        (Asked(SHAPES / "shop.yaml", policy="slow"), "--policy slow: there is no such policy"),
        (Asked(SHAPES / "shop.yaml", codes=("x",)), "--code x: a function, a zip and a handler are needed"),
    ],
)
def test_wrong_wishes_are_refused_before_anything_starts(asked, told):
    with pytest.raises(DefinitionError, match=told):
        trial.plan_of(asked)


def test_the_command_names_the_file_and_the_fix_and_ends_with_2(tmp_path, capsys):
    file = tmp_path / "empty.yaml"
    file.write_text("", encoding="utf-8")
    assert run(["try", str(file), "-o", "json"]) == ExitCode.USAGE
    error = json.loads(capsys.readouterr().err)
    validator_of("error").validate(error)
    assert error["message"] == f"{file}: the file is empty"
    assert error["fix"] == "give an OpenAPI definition or a SAM template"
