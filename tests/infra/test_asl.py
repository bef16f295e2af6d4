"""The state machine's definition, checked by two validators that know nothing of this project."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from canary_machine.definition import load
from tests.infra.conftest import ROOT
from tests.infra.templates import text

pytestmark = pytest.mark.slow

VALIDATOR = ROOT / "node_modules" / "asl-validator" / "dist" / "bin" / "asl-validator.js"


def without_empty_strings(value):
    """The validator accepts any text for a value except an empty one, so any text will do."""
    match value:
        case dict():
            return {key: without_empty_strings(inner) for key, inner in value.items()}
        case list():
            return [without_empty_strings(inner) for inner in value]
        case "":
            return "-"
        case _:
            return value


@pytest.fixture
def validate(tmp_path):
    node = shutil.which("node", path=Path(sys.executable).parent) or shutil.which("node")
    if not VALIDATOR.exists():
        pytest.fail("asl-validator is not installed; run npm ci")

    def run(definition):
        path = tmp_path / "definition.json"
        path.write_text(json.dumps(without_empty_strings(definition)), encoding="utf-8")
        command = [node, str(VALIDATOR), "--json-path", str(path)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


def test_the_definition_is_valid(validate):
    answer = validate(load())
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_a_way_to_nowhere_would_be_found(validate):
    definition = load()
    definition["States"]["WhichEnding"]["Default"] = "Nowhere"
    answer = validate(definition)
    assert answer.returncode == 1
    assert "Nowhere" in answer.stdout + answer.stderr


def test_the_deployed_definition_is_the_one_of_the_file(controller):
    machine = controller.only("AWS::StepFunctions::StateMachine")
    assert json.loads(text(machine["DefinitionString"]).replace("<Partition>", "aws")) == load()


def test_cfn_lint_would_find_a_wrong_state(controller):
    from cfnlint.api import lint

    body = json.loads(json.dumps(controller.body))
    (machine,) = [one for one in body["Resources"].values() if one["Type"] == "AWS::StepFunctions::StateMachine"]
    definition = load()
    del definition["States"]["WhichEnding"]["Choices"]
    machine["Properties"]["DefinitionString"] = json.dumps(definition)
    assert "E3601" in {match.rule.id for match in lint(json.dumps(body))}
