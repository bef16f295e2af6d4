"""Reads what is to be imported: a file, or a deployment group from CodeDeploy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from canary.aws.calls import refusals
from canary_cli.importing.codedeploy import read_group
from canary_cli.importing.sam import read_template
from canary_cli.importing.templates import parse_template

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from canary_cli.importing.carried import Carried


def read_sam(file: Path) -> Carried:
    """What a SAM template carries; it is named after its folder.

    Raises:
        ValueError: it cannot be read, or has nothing to import; the text says why.

    """
    return read_template(parse_template(_text(file)), file.resolve().parent.name)


def read_group_file(file: Path, functions: Sequence[tuple[str, str]]) -> Carried:
    """What a group carries that was printed to a file.

    Raises:
        ValueError: as above.

    """
    return read_group(parse_template(_text(file)), None, functions)


def read_described_group(client: Callable[[str], Any], group: str, functions: Sequence[tuple[str, str]]) -> Carried:
    """What ``application/group`` carries in CodeDeploy, with its configuration.

    Raises:
        ValueError: as above.
        AwsRefusedError: CodeDeploy refused to be read.

    """
    application, _, name = group.partition("/")
    if not (application and name):
        raise ValueError("it is not written as APPLICATION/GROUP")
    codedeploy = client("codedeploy")
    with refusals(f"aws deploy get-deployment-group --application-name {application} --deployment-group-name {name}"):
        described: dict[str, Any] = codedeploy.get_deployment_group(applicationName=application, deploymentGroupName=name)
    config = str(described["deploymentGroupInfo"]["deploymentConfigName"])
    with refusals(f"aws deploy get-deployment-config --deployment-config-name {config}"):
        return read_group(described, codedeploy.get_deployment_config(deploymentConfigName=config), functions)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(str(error.strerror)) from error
