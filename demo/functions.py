"""Functions behind a REST API, whichever API it is: publish their code, and address them from an integration."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.wire.connection import Connect, Place


def publish_code(connect: Connect, archives: Mapping[str, bytes]) -> dict[str, str]:
    """Publish new code for each function, a zip archive by its name; returns the version by function name."""
    client, versions = connect("lambda"), {}
    for name, code in archives.items():
        client.update_function_code(FunctionName=name, ZipFile=code)
        client.get_waiter("function_updated_v2").wait(FunctionName=name)
        versions[name] = client.publish_version(FunctionName=name)["Version"]
    return versions


def integration_uri(place: Place, function: str, variable: str = "lambdaAlias") -> str:
    """The URI ends in the stage variable, so that base and canary call different aliases of the same function."""
    function_arn = place.arn("lambda", f"function:{function}:${{stageVariables.{variable}}}")
    return f"arn:aws:apigateway:{place.region}:lambda:path/2015-03-31/functions/{function_arn}/invocations"
