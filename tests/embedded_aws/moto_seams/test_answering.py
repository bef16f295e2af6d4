"""What is remembered of moto's answers is what moto would work out anew."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from moto.core.serialize import AttributePickerContext, XFormedAttributePicker
from moto.core.utils import get_service_model

from embedded_aws.embedded import EmbeddedAws

if TYPE_CHECKING:
    from collections.abc import Iterator

MODEL = get_service_model("lambda")
OPERATION = MODEL.operation_model("GetFunction")
CONFIGURATION = OPERATION.output_shape.members["Configuration"]
MOTOS = XFormedAttributePicker.get_possible_keys


class Function:
    """A value whose class says how a member is called in it, and whose name begins a member's."""

    class Meta:
        serialization_aliases = {"FunctionArn": "where"}  # noqa: RUF012 - as in moto


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as opened:
        yield opened


@pytest.mark.parametrize("member", ["FunctionArn", "FunctionName", "LastModified", "VpcConfig"])
@pytest.mark.parametrize("value", [{}, Function(), SimpleNamespace()], ids=lambda value: type(value).__name__)
@pytest.mark.usefixtures("aws")
def test_a_member_has_the_names_that_moto_tries_in_their_order(member: str, value: object) -> None:
    picker = XFormedAttributePicker()
    context = AttributePickerContext(value, member, CONFIGURATION.members[member], OPERATION, MODEL, "Configuration")
    expected = list(dict.fromkeys(MOTOS(picker, context)))

    assert XFormedAttributePicker.get_possible_keys is not MOTOS
    assert [*picker.get_possible_keys(context)] == expected
    assert [*picker.get_possible_keys(context)] == expected


def test_what_the_path_says_is_kept_with_the_operation(aws: EmbeddedAws) -> None:
    gateway = aws.client("apigateway")
    api = gateway.create_rest_api(name="orders")["id"]
    assert [gateway.get_rest_api(restApiId=api)["name"] for _ in range(2)] == ["orders", "orders"]
    (root,) = gateway.get_resources(restApiId=api)["items"]
    gateway.put_method(restApiId=api, resourceId=root["id"], httpMethod="GET", authorizationType="NONE")
    assert gateway.get_method(restApiId=api, resourceId=root["id"], httpMethod="GET")["httpMethod"] == "GET"
