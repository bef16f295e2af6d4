"""`canary adopt` on a plain API: broken off and resumed, asked step by step, taken back, and what it refuses."""

from __future__ import annotations

import json
import sys
from itertools import count
from typing import TYPE_CHECKING

import pytest
import yaml

from canary.edge.target import require_target
from canary_cli.adopting.journal import Journal
from embedded_aws.faults.calls import Fault, Mode
from tests.cli.doctor.plain import create_plain_api

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from tests.cli.conftest import Told
    from tests.cli.doctor.plain import PlainApi
    from tests.tasks.walk import Ground

    Canary = Callable[..., Told]

NUMBERS = count(1)
NAME = "plain-things"
OURS = (f"ours/{NAME}.yaml", f"ours/{NAME}.adoption.json")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def plain(ground: Ground, *, is_small: bool = True) -> PlainApi:
    """One of its own for each test; in an account where API Gateway may write logs."""
    prefix = f"plain{next(NUMBERS)}"
    account = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": "arn:aws:iam::123456789012:role/logs"}]
    ground.aws.client("apigateway").update_account(patchOperations=account)
    logs, group = ground.aws.client("logs"), f"/aws/apigateway/{NAME}-live"
    if logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        logs.delete_log_group(logGroupName=group)
    return create_plain_api(ground.aws, is_small=is_small, prefix=prefix)


def state_of(api: PlainApi) -> dict[str, Any]:
    """The API, its stage, and its function's aliases and policy."""
    gateway, functions = api.aws.client("apigateway"), api.aws.client("lambda")
    stage = gateway.get_stage(restApiId=api.rest_api_id, stageName="live")
    resources = gateway.get_resources(restApiId=api.rest_api_id, embed=["methods"])["items"]
    found = {"stage": stage, "resources": resources, "authorizers": gateway.get_authorizers(restApiId=api.rest_api_id)}
    uris = {
        one["resourceMethods"][verb]["methodIntegration"]["uri"] for one in resources for verb in one.get("resourceMethods", ())
    }
    for name in {uri.split(":function:")[1].partition("/")[0] for uri in uris}:
        found[name] = [functions.list_aliases(FunctionName=name)["Aliases"], functions.get_policy(FunctionName=name)]
    return json.loads(json.dumps(found, default=str, sort_keys=True), object_hook=without_what_changes)


def without_what_changes(found: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key not in {"ResponseMetadata", "RevisionId", "lastUpdatedDate"}}


@pytest.mark.slow
def test_it_takes_a_plain_api_to_green_and_back(ground: Ground, canary: Canary, here: Path):
    api = plain(ground, is_small=False)
    before = state_of(api)
    told = canary("adopt", *api.subject, "--yes", "--json")

    assert (told.code, told.json["is_ready"], told.json["left"]) == (0, True, []), told.out + told.err
    assert (told.json["account"], len(told.json["done"])) == ("123456789012", 18)
    assert told.json["following"] == ["make deploy TARGETS=ours", f"canary plan {NAME}", f"canary start {NAME} --watch"]
    assert canary("doctor", *api.subject).code == 0
    assert api.ask() == [200, 200]
    target = require_target(yaml.safe_load((here / OURS[0]).read_text(encoding="utf-8")))
    assert (target.name, target.stage.rest_api_id) == (NAME, api.rest_api_id)
    again = canary("adopt", *api.subject, "--yes", "--json")
    assert (again.code, again.json["done"]) == (0, [])

    undone = canary("adopt", *api.subject, "--undo", "--yes", "--json")
    assert undone.code == 0, undone.out + undone.err
    assert len(undone.json["done"]) == 17
    assert undone.json["left"] == [
        f"create log group /aws/apigateway/{NAME}-live: log group /aws/apigateway/{NAME}-live has requests"
    ]
    assert state_of(api) == before
    assert api.ask() == [200, 200]
    assert [*(here / "ours").iterdir()] == []
    assert canary("adopt", *api.subject, "--undo", "--yes").code == 3


@pytest.mark.slow
def test_it_is_broken_off_after_each_step_and_resumed(ground: Ground, canary: Canary, monkeypatch: pytest.MonkeyPatch):
    api = plain(ground)
    before, done = state_of(api), []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    answers = iter(())
    monkeypatch.setattr("typer.confirm", lambda *_, **__: next(answers))
    for _ in range(20):
        answers = iter([True, False])
        told = canary("adopt", *api.subject)
        assert api.ask()[0] == 200
        done += [line for line in told.out.splitlines() if line.startswith("  done")]
        if told.code == 0:
            break
        assert (told.code, "1 steps were carried out" in told.err) == (2, True), told.err
    assert len(done) == len({*done}) == 8
    for _ in range(20):
        answers = iter([True, False])
        told = canary("adopt", *api.subject, "--undo")
        assert api.ask()[0] == 200
        if told.code == 0:
            break
    assert state_of(api) == before


@pytest.mark.slow
def test_what_was_carried_out_before_a_crash_is_taken_back_too(
    ground: Ground, canary: Canary, here: Path, monkeypatch: pytest.MonkeyPatch
):
    api = plain(ground)
    before = state_of(api)
    with monkeypatch.context() as broken:
        broken.setattr(Journal, "finish", lambda *_: 1 / 0)
        assert canary("adopt", *api.subject, "--yes").code == 1
    assert [one["is_done"] for one in json.loads((here / OURS[1]).read_text(encoding="utf-8"))["entries"]] == [False]
    assert canary("adopt", *api.subject, "--yes").code == 0
    assert canary("adopt", *api.subject, "--yes", "--undo").code == 0
    assert state_of(api) == before


def test_a_call_that_fails_is_told_and_the_next_run_goes_on(ground: Ground, canary: Canary, here: Path):
    api = plain(ground)
    ground.aws.faults.add(Fault(None, "apigateway", "UpdateStage", Mode.REFUSED))
    told = canary("adopt", *api.subject, "--yes", "--json")
    assert told.code != 0
    written = json.loads((here / OURS[1]).read_text(encoding="utf-8"))["entries"]
    assert [one["remedy"]["operation"] for one in written] == ["create_alias"] * 2 + ["add_permission"] * 2
    assert not (here / OURS[0]).exists()

    ground.aws.faults.clear()
    assert canary("adopt", *api.subject, "--yes", "--json").code == 0


def test_it_asks_and_needs_a_terminal_for_that(ground: Ground, canary: Canary, here: Path):
    api = plain(ground)
    told = canary("adopt", *api.subject)

    assert told.code == 2
    assert "there is no terminal to ask in" in told.err
    assert [*here.iterdir()] == []


def test_a_file_of_something_else_is_never_overwritten(ground: Ground, canary: Canary, here: Path):
    api = plain(ground)
    mine = here / "mine.yaml"
    mine.write_text("name: another\n", encoding="utf-8")
    told = canary("adopt", *api.subject, "--yes", "--file", str(mine))
    assert told.code == 2
    assert "nothing was changed" in told.err
    for nowhere in ("mine.yaml", str(here / "mine.json")):
        assert canary("adopt", *api.subject, "--yes", "--file", nowhere).code == 2

    mine.write_text(f"# of {api.rest_api_id}, with a policy of mine\n", encoding="utf-8")
    told = canary("adopt", *api.subject, "--yes", "--file", str(mine))
    assert told.code == 0
    assert "it was there and stays as it is" in told.out
    assert "mine" in mine.read_text(encoding="utf-8")
    undone = canary("adopt", *api.subject, "--undo", "--yes", "--file", str(mine))
    assert undone.code == 0
    assert mine.exists()


def test_a_registered_target_is_left_alone(ground: Ground, canary: Canary):
    stage = ground.rig.target.stage
    for more in ((), ("--undo",)):
        told = canary("adopt", "--api", stage.rest_api_id, "--stage", stage.stage_name, "--yes", "--json", *more)
        assert (told.code, told.json["done"]) == (3, [])
        assert told.json["left"] == ["the stage belongs to the registered target orders"]
        assert told.json["following"][0] == ("make destroy TARGETS=ours" if more else "canary doctor orders")


def test_what_requests_need_or_someone_changed_is_left(ground: Ground, canary: Canary):
    api = plain(ground)
    assert canary("adopt", *api.subject, "--yes").code == 0
    ground.aws.client("apigateway").create_deployment(restApiId=api.rest_api_id, stageName="live")
    told = canary("adopt", *api.subject, "--undo", "--yes", "--json")
    assert told.code == 3
    assert [one.partition(" ")[0] for one in told.json["done"]] == ["let", "write"]
    assert sum("deployment" in one and "of stage live needs it" in one for one in told.json["left"]) == 5
    assert api.ask()[0] == 200

    gateway = ground.aws.client("apigateway")
    gateway.create_deployment(restApiId=api.rest_api_id, stageName="live")
    told = canary("adopt", *api.subject, "--undo", "--yes", "--json")
    assert sum("until a minute after" in one for one in told.json["left"]) == 5
    ground.aws.clock.run_for(61)
    told = canary("adopt", *api.subject, "--undo", "--yes", "--json")
    assert told.code == 0, told.out
    assert api.ask()[0] == 200


def test_what_someone_changed_is_left(ground: Ground, canary: Canary):
    api = plain(ground)
    adopted = canary("adopt", *api.subject, "--yes", "--json").json
    name = adopted["done"][0].split()[-1]
    functions, gateway = ground.aws.client("lambda"), ground.aws.client("apigateway")
    functions.update_function_configuration(FunctionName=name, Description="another")
    version = functions.publish_version(FunctionName=name)["Version"]
    functions.update_alias(FunctionName=name, Name="canary", FunctionVersion=version)
    functions.remove_permission(FunctionName=name, Qualifier="canary", StatementId=f"canary-{api.rest_api_id}-live")
    functions.add_permission(
        FunctionName=name, Qualifier="live", StatementId="mine", Action="lambda:InvokeFunction", Principal="123456789012"
    )
    patch = [{"op": "replace", "path": "/variables/lambdaAlias", "value": "mine"}]
    gateway.update_stage(restApiId=api.rest_api_id, stageName="live", patchOperations=patch)
    told = canary("adopt", *api.subject, "--undo", "--yes", "--json")

    assert told.code == 3
    assert {one.partition(": ")[2] for one in told.json["left"][:3]} == {
        "/variables/lambdaAlias is mine now",
        f"it was moved to version {version}",
        "its policy lets others in, with mine",
    }
    assert told.json["target_file"] == OURS[0]
    assert api.ask()[0] == 200


def test_a_journal_of_something_else_is_refused(ground: Ground, canary: Canary, here: Path):
    api = plain(ground)
    (here / "ours").mkdir()
    for text in ("{", '{"format": 2}'):
        (here / OURS[1]).write_text(text, encoding="utf-8")
        assert "is no journal of an adoption" in canary("adopt", *api.subject, "--yes").err
    other = {"rest_api_id": "x", "stage_name": "y", "deployment_id": "z", "target_file": None, "entries": []}
    (here / OURS[1]).write_text(json.dumps({"format": 1, **other}), encoding="utf-8")
    told = canary("adopt", *api.subject, "--undo", "--yes")
    assert (told.code, "belongs to stage y of API x" in told.err) == (2, True)


def test_a_stage_of_a_stack_is_refused(ground: Ground, canary: Canary):
    api = plain(ground)
    arn = f"arn:aws:apigateway:eu-west-1::/restapis/{api.rest_api_id}/stages/live"
    ground.aws.client("apigateway").tag_resource(resourceArn=arn, tags={"aws:cloudformation:stack-name": "shop"})
    told = canary("adopt", *api.subject, "--yes")

    assert told.code == 3
    assert "CloudFormation's stack shop owns the stage" in told.err


def test_nothing_is_changed_that_was_not_seen(ground: Ground, canary: Canary, here: Path):
    api = plain(ground)
    ground.aws.faults.add(Fault(None, "apigateway", "GetAccount", Mode.REFUSED))
    told = canary("adopt", *api.subject, "--yes", "--json")

    assert (told.code, told.error["code"], [*here.iterdir()]) == (7, "NotSeen", [])
