"""Keeps the embedded AWS running for other programs: sample, controller and traffic on a clock that follows the real one.

It prints which commands to type next and ends on Ctrl-C or SIGTERM. It does not know who calls it, or why.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rich.console import Console

from canary.rules.targets.access_log import metric_namespace
from demo.sample import publish_release
from demo.stand import WARM_UP_SECONDS, open_stand
from embedded_aws.dataplane.execute_api import PREFIX
from embedded_aws.foreground import signalled, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.stand import Stand

NEXT_RELEASE = {"NAME": "next"}


def serve(*, port: int, speed: float, per_minute: float) -> int:
    """Serve until Ctrl-C or SIGTERM; returns the exit status. ``speed`` is simulated seconds per real second."""
    console = Console(highlight=False, soft_wrap=True)
    with signalled() as ending, open_stand(port=port, speed=speed, per_minute=per_minute) as stand:
        publish_release(stand.aws.client, stand.target, NEXT_RELEASE)
        stand.aws.clock.run_for(WARM_UP_SECONDS)
        stand.aws.clock.start()
        for line in commands(stand, speed):
            console.print(line, markup=False)
        wait_for(ending)
        console.print("ended")
    return 0


def commands(stand: Stand, speed: float) -> Iterator[str]:
    """Shell commands to copy and paste, with comments."""
    aws, target = f"aws --endpoint-url {stand.aws.endpoint_url}", stand.target.name
    yield f"# the embedded AWS answers at {stand.aws.endpoint_url}; one real second is {speed:g} simulated; stop it with Ctrl-C"
    yield "# in another shell, from this folder, with any credentials"
    yield f"export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION={stand.aws.region}"
    yield f'export AWS_ENDPOINT_URL={stand.aws.endpoint_url} PATH="$PWD/.venv/bin:$PATH"'
    yield "# a new release is already published: see what a rollout of it would do, start it, and see how it goes"
    yield f"canary start {target} --dry-run"
    yield f'canary start {target} --reason "the first rollout"'
    yield f"canary status {target}"
    yield "# the same for the AWS CLI, and the target in the meantime"
    yield from (f"{aws} {command}" for command in (*_rollout_commands(stand), *_target_commands(stand)))
    if stage := stand.target.stage:
        yield "# a request, answered by base or canary"
        yield f"curl {stand.aws.endpoint_url}{PREFIX}{stage.rest_api_id}/{stage.stage_name}/orders/17"


def _rollout_commands(stand: Stand) -> Iterator[str]:
    key = json.dumps({"pk": {"S": f"target#{stand.target.name}"}, "sk": {"S": "lock"}})
    yield f"stepfunctions list-executions --state-machine-arn {stand.controller.machine_arn}"
    yield f"dynamodb get-item --table-name {stand.controller.table} --key '{key}'"


def _target_commands(stand: Stand) -> Iterator[str]:
    if stage := stand.target.stage:
        yield f"apigateway get-stage --rest-api-id {stage.rest_api_id} --stage-name {stage.stage_name}"
    function = stand.target.functions[0]
    yield f"lambda get-alias --function-name {function.name} --name {function.live}"
    yield f"cloudwatch describe-alarms --alarm-name-prefix canary-{stand.target.name}"
    metric = {"Namespace": metric_namespace(stand.target.name), "MetricName": "CanaryRequests"}
    query = [{"Id": "canary", "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Sum"}}]
    since = datetime.fromtimestamp(stand.aws.start_time, UTC)
    times = f"--start-time {since:%FT%TZ} --end-time {since + timedelta(days=1):%FT%TZ}"
    yield f"cloudwatch get-metric-data {times} --metric-data-queries '{json.dumps(query)}'"
