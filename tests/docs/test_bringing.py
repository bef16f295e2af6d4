"""The commands that docs/bring-your-own.md gives for one function, typed into the AWS CLI for an API on the embedded AWS."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from demo.sample import create_role
from demo.sample_code import archive
from embedded_aws.embedded import EmbeddedAws
from tests.docs.test_commands import environment

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[2] / "docs" / "bring-your-own.md").read_text(encoding="utf-8")
[BY_HAND] = [block for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE) if "create-alias" in block]


def an_api(aws: EmbeddedAws) -> str:
    """An API with a stage and a function without aliases, as the page finds them; the API's id."""
    role = create_role(aws.client, "orders-functions", "lambda.amazonaws.com")
    aws.client("lambda").create_function(
        FunctionName="orders-read",
        Runtime="python3.13",
        Handler="orders.orders_read.handler",
        Role=role,
        Code={"ZipFile": archive({})},
    )
    client = aws.client("apigateway")
    api = client.create_rest_api(name="orders")
    place = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    client.put_method(**place, authorizationType="NONE")
    client.put_integration(**place, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    client.create_deployment(restApiId=api["id"], stageName="prod")
    return str(api["id"])


def test_the_commands_give_a_function_what_a_target_needs() -> None:
    bash = shutil.which("bash")
    if bash is None or not find_spec("awscli"):
        pytest.skip("the AWS CLI is not installed beside this Python; make .venv/dev installs it")
    with EmbeddedAws() as aws:
        api = an_api(aws)
        tool = f'set -e\naws() {{ {shlex.quote(sys.executable)} -m awscli "$@"; }}\n'
        keys = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": aws.region}
        ran = subprocess.run(
            [bash, "-c", tool + BY_HAND.replace("a1b2c3d4e5", api)],
            env={**environment(), **keys, "AWS_ENDPOINT_URL": aws.endpoint_url},
            capture_output=True,
            check=False,
            encoding="utf-8",
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        client = aws.client("lambda")
        aliases = {one["Name"]: one["FunctionVersion"] for one in client.list_aliases(FunctionName="orders-read")["Aliases"]}
        allowed = [
            json.loads(client.get_policy(FunctionName="orders-read", Qualifier=alias)["Policy"])["Statement"]
            for alias in sorted(aliases)
        ]
        stage = aws.client("apigateway").get_stage(restApiId=api, stageName="prod")

    assert aliases == {"canary": "1", "live": "1"}
    assert [len(statements) for statements in allowed] == [1, 1]
    assert all(f":{api}/*/*/*" in json.dumps(statements) for statements in allowed)
    assert stage["variables"] == {"lambdaAlias": "live"}
