"""A target of many functions with many versions each, to measure the load on Lambda's control plane."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import yaml
from moto.backends import get_backend

from demo import sample
from demo.controller import create_controller, register_target
from tests.rig import QUICK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from canary.rules.targets.target import Target
    from embedded_aws.embedded import EmbeddedAws


def create_fleet(aws: EmbeddedAws, folder: Path, patch: pytest.MonkeyPatch, *, functions: int, versions: int) -> Target:
    """The sample API with a route for each of this many functions, registered; each function has this many versions."""
    names = [f"orders-{number:02}" for number in range(functions)]
    given = yaml.safe_load(sample.TARGET_FILE.read_text(encoding="utf-8"))
    given["functions"] = [{"name": name, "live": "live", "canary": "canary"} for name in names]
    file = folder / "fleet.yaml"
    file.write_text(yaml.safe_dump(given), encoding="utf-8")
    patch.setattr(sample, "TARGET_FILE", file)
    patch.setattr(sample, "ROUTES", tuple((f"/{name}", "GET", name) for name in names))
    target = replace(sample.create_sample(aws.client), policy=QUICK)
    create_controller(aws.client)
    register_target(aws.client, target)
    for name in names:
        publish_many(aws, name, versions - 1)
    return target


def publish_many(aws: EmbeddedAws, function: str, versions: int) -> None:
    """This many more versions, made behind the API, because that many calls would take minutes."""
    storage: Any = get_backend("lambda")[aws.account][aws.region]._lambdas
    latest = storage.get_function_by_name_or_arn_forbid_qualifier(function)
    for number in range(versions):
        latest.description = f"build {number}"
        storage.publish_version(function)


def control_plane(calls: list[tuple[str, str]]) -> Iterator[str]:
    """The calls that Lambda counts together."""
    return (operation for service, operation in calls if service == "lambda" and operation not in {"GetPolicy", "Invoke"})
