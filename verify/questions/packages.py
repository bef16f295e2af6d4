"""Whether the shipped layer contains everything that the controller's functions import, on Lambda's own machines.

The function imports every module once and calls nothing.
"""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedded_aws.awslambda.zips import zip_of
from verify.account.budget import Budget
from verify.questions.question import Question
from verify.scratch.answer import Answer, UnansweredError
from verify.scratch.function import STATE_LIMIT_SECONDS, await_function
from verify.scratch.parts import Part

if TYPE_CHECKING:
    from verify.account.pace import Pace
    from verify.scratch.scratch import Scratch

ALL, NOT_ALL = "all", "not-all"
ROOT = Path(__file__).parents[2]
FUNCTIONS, FETCHING = ROOT / "functions", ROOT / "infra" / "canary_cdk" / "packages.py"
HANDLER = """import importlib
import pkgutil
import sys

import botocore
import canary


def handler(event, context):
    failed, names = {}, [each.name for each in pkgutil.walk_packages(canary.__path__, "canary.", onerror=lambda _: None)]
    for name in names:
        try:
            importlib.import_module(name)
        except BaseException as error:
            failed[name] = f"{type(error).__name__}: {error}"
    return {"modules": len(names), "failed": failed, "python": sys.version.split()[0], "botocore": botocore.__version__}
"""


class ShippedPackages(Question):
    """The code and layer as they are deployed, in a separate function."""

    slug = "shipped-packages"
    how = "give a function the controller's code and the shipped layer, and let it import every module"
    parts = frozenset({Part.PACKAGES})
    not_of_emulators = "an emulator's functions import what is on its own machine, which says nothing about Lambda's"

    def budget(self, pace: Pace) -> Budget:
        """One call; creating the function takes longer than that."""
        del pace
        return Budget(seconds=2 * STATE_LIMIT_SECONDS, usual_seconds=30, calls=100)  # the cost of one call of ten seconds

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        name = make(scratch, packages_folder())
        answered = scratch.aws.call("lambda", "invoke", FunctionName=name)
        told: dict[str, Any] = json.loads(answered["Payload"].read())
        if answered.get("FunctionError"):
            return Answer(NOT_ALL, (f"{told.get('errorType', 'an error')}: {told.get('errorMessage', 'without a message')}",))
        failed = tuple(f"{module}: {why}" for module, why in told["failed"].items())
        evidence = (
            f"{told['modules']} modules, {len(failed)} not imported; Python {told['python']}, botocore {told['botocore']}"
        )
        return Answer(NOT_ALL if failed else ALL, (evidence, *failed))


def packages_folder() -> Path:
    """The content of the layer. It is built by running a file, because the package around that file needs CDK.

    Raises:
        UnansweredError: it does not exist and could not be fetched.
    """
    fetching = runpy.run_path(str(FETCHING))
    try:
        folder: Path = fetching["packages_folder"]()
    except fetching["PackagesError"] as error:
        raise UnansweredError(str(error)) from error
    return folder


def make(scratch: Scratch, packages: Path) -> str:
    """Create the function with its layer, role and log group; return its name."""
    aws, name = scratch.aws, f"{scratch.prefix}-packages"
    role = scratch.create_role("packages", "lambda.amazonaws.com")
    layer = scratch.create("layer", name, lambda: _publish(scratch, name, packages))
    scratch.create_log_group(f"/aws/lambda/{name}")

    def create() -> str:
        made = aws.call_once_believed(
            "lambda",
            "create_function",
            code="InvalidParameterValueException",
            FunctionName=name,
            Runtime="python3.13",
            Architectures=["arm64"],
            Handler="index.handler",
            Role=role,
            Code={"ZipFile": _archive(FUNCTIONS, {"index.py": HANDLER}, suffix=".py")},
            Layers=[layer],
            MemorySize=256,
            Timeout=60,
        )
        return str(made["FunctionArn"])

    scratch.create("function", name, create)
    await_function(scratch, name)
    return name


def _publish(scratch: Scratch, name: str, packages: Path) -> str:
    made = scratch.aws.call(
        "lambda", "publish_layer_version", LayerName=name, Content={"ZipFile": _archive(packages, {}, suffix="")}
    )
    return str(made["LayerVersionArn"])


def _archive(folder: Path, more: dict[str, str], *, suffix: str) -> bytes:
    """A folder's files with these endings, and some others by name."""
    files = [file for file in folder.rglob(f"*{suffix}") if file.is_file() and "__pycache__" not in file.parts]
    contents: dict[str, str | bytes] = {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}
    return zip_of({**contents, **more})
