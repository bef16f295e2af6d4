from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from embedded_aws.moto_seams import deferred, seams
from embedded_aws.moto_seams.hooks import find, preserved, replace

ROOT = Path(__file__).parents[3]
ROOMS = ("functions", "canary_machine", "demo", "embedded_aws", "examples", "infra", "bench")
HOOKS = [pytest.param(hook, id=hook.removeprefix("moto.")) for seam in (*seams(), deferred) for hook in seam.HOOKS]
USING_WHAT_IS_DEFERRED = """
import json, sys
from demo.stand import open_stand
def imported():
    return sorted(name for name in sys.modules if name in {"moto.ec2", "moto.batch", "moto.batch.utils"})
with open_stand() as stand:
    found = [imported()]
    stand.aws.client("ssm").send_command(DocumentName="AWS-RunShellScript", Targets=[{"Key": "tag:a", "Values": ["b"]}])
    found.append(imported())
    submit = {"Type": "Task", "Resource": "arn:aws:states:::batch:submitJob", "End": True}
    submit["Parameters"] = {"JobName": "j", "JobDefinition": "d", "JobQueue": "q"}
    definition = json.dumps({"StartAt": "Submit", "States": {"Submit": submit}})
    role = "arn:aws:iam::123456789012:role/r"
    stand.aws.client("stepfunctions").create_state_machine(name="m", definition=definition, roleArn=role)
    found.append(imported())
print(json.dumps(found))
"""


def modules():
    return [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]


def imported(path):
    """The top-level names that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize("hook", HOOKS)
def test_moto_still_has_what_a_seam_replaces(hook):
    find(hook)


@pytest.mark.parametrize("hook", deferred.HOOKS)
def test_moto_imports_what_is_deferred_where_it_did(hook):
    owner, name = find(hook)
    assert isinstance(vars(owner)[name], deferred.Deferred), f"{hook} is moto's own: something imported it before the seams"


def test_what_is_deferred_is_imported_when_it_is_used_and_not_to_start():
    ran = subprocess.run([sys.executable, "-c", USING_WHAT_IS_DEFERRED], cwd=ROOT, capture_output=True, check=False, text=True)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == [[], ["moto.ec2"], ["moto.batch", "moto.batch.utils", "moto.ec2"]]


def test_every_seam_names_its_hooks():
    assert {seam.__name__.rpartition(".")[2] for seam in seams()} >= {"apigateway", "awslambda", "events", "interpreter"}
    assert all(seam.HOOKS for seam in seams())


def test_moto_is_the_version_that_the_seams_were_written_for():
    assert version("moto") == "5.2.5"


def test_nothing_outside_of_the_seams_imports_moto():
    importing = {path.relative_to(ROOT) for path in modules() if "moto" in imported(path)}
    assert importing
    assert {path.parent for path in importing} == {Path("embedded_aws/moto_seams")}


def test_a_name_that_moved_is_named():
    with pytest.raises(LookupError, match=r"moto has no moto\.events\.models\.Rule\.fly any more"):
        find("moto.events.models.Rule.fly")
    with pytest.raises(LookupError, match=r"moto has no Gone on the way to moto\.events\.models\.Gone\.fly"):
        find("moto.events.models.Gone.fly")


def test_what_is_preserved_is_put_back():
    own, inherited = "moto.events.models.Rule.enable", "moto.events.responses.EventsHandler.call_action"
    owner, name = find(own)
    before = vars(owner)[name]
    with preserved([own, inherited]):
        replace(own, None)
        replace(inherited, None)
        assert vars(owner)[name] is None
    assert vars(owner)[name] is before
    assert "call_action" not in vars(find(inherited)[0])
