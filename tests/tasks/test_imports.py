"""What a function loads at its cold start, measured from the import of each handler."""

import pytest

from bench.cold_start import modules
from bench.imports import packages, read_imports

HANDLERS = list(modules())
LIBRARIES = {"aws_lambda_powertools", "pydantic", "botocore"}
THEIRS = {
    *("annotated_types", "pydantic_core", "typing_extensions", "typing_inspection"),
    *("certifi", "dateutil", "jmespath", "six", "urllib3"),
}
"""What those three depend on."""
TELLS = {"send_notification", "keep_report", "show_rollouts"}
LOOKS = {"evaluate_canary", "hear_alarm", "prepare_release", "sweep_targets"}
READ_INPUT = {"advance_rollout", "authorize_rollout", "check_release", "operate_rollout"}
READ_TARGETS = {"authorize_rollout", "check_release", "guard_deletion", "sweep_targets"}


@pytest.fixture(scope="module")
def imports():
    return read_imports(HANDLERS)


def importing(imports, module):
    """The handlers that import a module which the entry does not import."""
    assert module not in imports.entry
    return {name for name, added in imports.added.items() if module in added}


def test_all_handlers_share_three_libraries_and_what_those_are_built_upon(imports):
    found = set(packages(imports.entry))

    assert found >= LIBRARIES
    assert found <= LIBRARIES | THEIRS


@pytest.mark.parametrize("name", HANDLERS)
def test_no_handler_has_a_library_of_its_own(imports, name):
    assert not packages(imports.added[name])


@pytest.mark.parametrize("module", ["boto3", "s3transfer", "multiprocessing", "asyncio", "yaml", "numpy", "aws_xray_sdk"])
def test_no_task_imports_unneeded_modules(imports, module):
    assert importing(imports, module) == set()


def test_only_who_looks_says_what_looks_saw_or_what_looking_will_take_imports_the_judge(imports):
    tells = TELLS | {"authorize_rollout", "check_release"}
    assert importing(imports, "canary.rules.judging.judge") == LOOKS | tells


def test_only_readers_of_user_input_import_its_models(imports):
    assert importing(imports, "canary.edge.request") == READ_INPUT
    assert importing(imports, "canary.edge.target") == READ_TARGETS


def test_no_task_makes_schemas(imports):
    assert importing(imports, "canary.edge.schemas") == set()
