"""What the sample's access log and its functions' logs hold after ninety requests, of which the canary fails half.

`python -m tests.rules.failures.recorded` records it again: the sample on the embedded AWS, its stage's canary at 40 %.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from demo.guest import CONTROLLER
from demo.sample import create_sample, publish_release
from embedded_aws.dataplane.served import Request
from embedded_aws.embedded import EmbeddedAws
from embedded_aws.logs.insights.values import EventRow
from embedded_aws.logs.lines import Line

FILE = Path(__file__).with_name("recorded_log.json")
ACCOUNT = "123456789012"
REQUESTS = 90
CHECKOUT = '{"items": [{"article": "cup", "quantity": 1}]}'


def record():
    """The lines of every log group: at, stream and text."""
    with EmbeddedAws(guest=CONTROLLER, seed=13) as aws:
        target = create_sample(aws.client, {"FAILING_SHARE": 0.0})
        versions = publish_release(aws.client, target, {"FAILING_SHARE": 0.5})
        for name, version in versions.items():
            aws.client("lambda").update_alias(FunctionName=name, Name="canary", FunctionVersion=version)
        _split(aws, target.stage)
        for number in range(REQUESTS):
            aws.clock.run_for(1)
            method, path = (("GET", "/orders/17"), ("GET", "/orders"), ("POST", "/orders"))[number % 3]
            body = CHECKOUT if method == "POST" else None
            aws.dataplane.serve(Request(target.stage.rest_api_id, "prod", method, path, aws.clock.now(), {}, (), body))
        aws.clock.run_for(60)
        groups = (target.access_log_group, *(f"/aws/lambda/{one.name}" for one in target.functions))
        return {
            "rest_api_id": target.stage.rest_api_id,
            "lines": {group: [[line.at, line.stream, line.text] for line in aws.logs.lines_of(group)] for group in groups},
        }


def _split(aws, stage):
    client, names = aws.client("apigateway"), {"restApiId": stage.rest_api_id, "stageName": stage.stage_name}
    patch = {
        "/canarySettings/deploymentId": client.get_stage(**names)["deploymentId"],
        "/canarySettings/stageVariableOverrides/lambdaAlias": "canary",
        "/canarySettings/percentTraffic": "40",
    }
    operations = [{"op": "replace", "path": path, "value": value} for path, value in patch.items()]
    client.update_stage(**names, patchOperations=operations)
    aws.clock.run_for(60)


def read():
    """What was recorded."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def rows_of(recorded, groups) -> Iterator[EventRow]:
    """The recorded lines of these groups, as a query gets them."""
    for group in groups:
        for number, (at, stream, text) in enumerate(recorded["lines"][group], start=1):
            yield EventRow(ACCOUNT, group, Line(number, at, at, stream, text))


if __name__ == "__main__":
    FILE.write_text(json.dumps(record(), indent=0) + "\n", encoding="utf-8")
