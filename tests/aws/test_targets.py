"""Registered targets: one SSM parameter each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from canary.aws.errors import AwsRefusedError, UnknownTargetError
from canary.aws.targets import CONTROLLER, list_targets, read_machine, read_target, read_targets
from canary.edge.target import target_from_json
from demo.controller import CLAIM, TARGET_PREFIX
from embedded_aws.faults.calls import Fault, Mode

if TYPE_CHECKING:
    from tests.tasks.walk import Ground


def test_a_registered_target_reads_as_it_was_compiled(ground: Ground):
    text = read_target(ground.aws.client("ssm"), TARGET_PREFIX, "orders")

    assert target_from_json(text) == ground.rig.target
    assert list(read_targets(ground.aws.client("ssm"), TARGET_PREFIX)) == [("orders", text)]


def test_an_unknown_target_lists_the_known_ones(ground: Ground):
    ground.walk(ground.ship)
    with pytest.raises(UnknownTargetError, match="no target pay is registered; registered targets: orders, orders-ship"):
        read_target(ground.aws.client("ssm"), TARGET_PREFIX, "pay")
    with pytest.raises(UnknownTargetError, match="registered targets: none"):
        read_target(ground.aws.client("ssm"), "/nowhere/", "pay")


def test_a_refusal_is_not_an_unknown_target(ground: Ground):
    ground.aws.faults.add(Fault(None, "ssm", "GetParameter", Mode.REFUSED))
    with pytest.raises(AwsRefusedError, match=f"aws ssm get-parameter --name {TARGET_PREFIX}orders"):
        read_target(ground.aws.client("ssm"), TARGET_PREFIX, "orders")


def test_targets_of_every_page_are_read(ground: Ground):
    client = ground.aws.client("ssm")
    names = [f"{TARGET_PREFIX}t{number}" for number in range(12)]
    for name in names:
        client.put_parameter(Name=name, Type="String", Value="{}")
    found = [name for name, _ in read_targets(client, TARGET_PREFIX)]
    for first in (0, 10):
        client.delete_parameters(Names=names[first : first + 10])

    assert sorted(found) == sorted(["orders", *(f"t{number}" for number in range(12))])


def test_the_controllers_own_parameter_names_its_machine(ground: Ground):
    assert read_machine(ground.aws.client("ssm")) == ground.rig.controller.machine_arn
    assert CONTROLLER == CLAIM


def test_names_are_listed_whatever_the_parameters_say(ground: Ground):
    client = ground.aws.client("ssm")
    client.put_parameter(Name=f"{TARGET_PREFIX}orders", Type="String", Value="{", Overwrite=True)
    assert list_targets(client, TARGET_PREFIX) == ("orders",)

    ground.aws.faults.add(Fault(None, "ssm", "GetParametersByPath", Mode.REFUSED))
    with pytest.raises(AwsRefusedError, match="aws ssm get-parameters-by-path --path /canary/targets --recursive"):
        list_targets(client, TARGET_PREFIX)
