"""What is uploaded: only the code of functions/, small, without an import that Lambda could not serve."""

import ast
import re
import sys
from pathlib import Path

import pytest

from canary_cdk.packages import packages_folder
from embedded_aws.awslambda.zips import zip_of
from tests.infra.conftest import ROOT

pytestmark = pytest.mark.slow

FUNCTIONS = ROOT / "functions"
MEGABYTE = 1_000_000
IN_THE_LAYER = {path.name.removesuffix(".py") for path in (packages_folder() / "python").iterdir() if "." not in path.stem}
IN_THE_RUNTIME = {"boto3", "botocore", "urllib3"}  # the last is what botocore itself sends requests with


def assets(product):
    """The folders of code, without the layer of packages."""
    folders = sorted(path for path in product.folder.glob("asset.*") if path.is_dir())
    return [path for path in folders if not (path / "python").is_dir()]


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def imported(path):
    """The dotted names that a module imports when it runs, late imports included, those for type checkers left out."""
    for node in _running(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        if isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def _running(node):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        yield child
        yield from _running(child)


def reached(handler):
    """Every package that a handler's module can import through the modules of functions/."""
    seen, todo, packages = set(), [handler], set()
    while todo:
        name = todo.pop()
        path = FUNCTIONS / Path(*name.split("."))
        source = next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)
        if name in seen or (source is None and name.startswith("canary")):
            continue
        seen.add(name)
        if source is None:
            packages.add(name.split(".")[0])
        else:
            todo += [*imported(source)]
    return packages


def test_one_asset_holds_the_code_of_all_functions(product, controller):
    keys = {str(one["Code"]["S3Key"]) for one in controller.of_type("AWS::Lambda::Function").values()}
    assert keys == {f"{path.name.removeprefix('asset.')}.zip" for path in assets(product)}
    assert len(keys) == 1


def test_the_asset_is_the_package_of_functions_and_nothing_else(product):
    (asset,) = assets(product)
    assert files(asset) == {name for name in files(FUNCTIONS) if "__pycache__" not in name}
    assert {name.split("/")[0] for name in files(asset)} == {"canary"}
    assert {Path(name).suffix for name in files(asset)} == {".py"}


def test_what_is_uploaded_is_smaller_than_half_a_megabyte(product):
    for asset in assets(product):
        packed = {str(path.relative_to(asset)): path.read_bytes() for path in asset.rglob("*") if path.is_file()}
        assert len(zip_of(packed)) < MEGABYTE / 2


def test_every_handler_exists(controller):
    for function in controller.of_type("AWS::Lambda::Function").values():
        module, _, name = function["Handler"].rpartition(".")
        path = FUNCTIONS / Path(*module.split(".")).with_suffix(".py")
        assert re.search(rf"^{name} = ", path.read_text(encoding="utf-8"), re.MULTILINE), function["Handler"]


def test_handlers_import_nothing_beyond_the_layer_the_runtime_and_the_standard_library(controller):
    allowed = IN_THE_LAYER | IN_THE_RUNTIME | sys.stdlib_module_names
    for function in controller.of_type("AWS::Lambda::Function").values():
        assert reached(function["Handler"].rpartition(".")[0]) - allowed == set(), function["Handler"]


def test_an_import_from_outside_would_be_found():
    assert {"botocore", "pydantic", "aws_lambda_powertools", "json"} <= reached("canary.tasks.check_release")
    assert "math" in reached("canary.tasks.check_release")
