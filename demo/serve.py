"""Keeps the embedded AWS running for other programs: with the sample, or for APIs of one's own.

It prints which commands to type next and ends on Ctrl-C or SIGTERM. It does not know who calls it, or why.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rich.console import Console

from canary.rules.targets.access_log import metric_namespace
from demo.accounts import Account
from demo.own_account import attend, open_own_account
from demo.sample import publish_release
from demo.stand import WARM_UP_SECONDS, open_stand
from embedded_aws.dataplane.execute_api import PREFIX
from embedded_aws.foreground import signalled, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from demo.accounts import OwnAccount
    from demo.stand import Stand
    from embedded_aws.embedded import EmbeddedAws

NEXT_RELEASE = {"NAME": "next"}


def serve(*, port: int, speed: float, own: OwnAccount) -> int:
    """Serve until Ctrl-C or SIGTERM; returns the exit status. ``speed`` is simulated seconds per real second."""
    console = Console(highlight=False, soft_wrap=True)

    def tell(line: str) -> None:
        console.print(f"# {line}", markup=False)

    with signalled() as ending, _opened(port, speed, own, tell) as (aws, lines):
        aws.clock.start()
        for line in lines:
            console.print(line, markup=False)
        wait_for(ending)
        console.print("ended")
    return 0


@contextmanager
def _opened(port: int, speed: float, own: OwnAccount, tell: Callable[[str], None]) -> Iterator[tuple[EmbeddedAws, list[str]]]:
    """The account, with the commands to print."""
    if own.account is not Account.SAMPLE:
        with open_own_account(own, port=port, speed=speed, tell=tell) as aws:
            yield aws, list(own_commands(aws, own, speed))
        return
    with open_stand(port=port, speed=speed, per_minute=own.per_minute) as stand:
        publish_release(stand.aws.client, stand.target, NEXT_RELEASE)
        stand.aws.clock.run_for(WARM_UP_SECONDS)
        stage = stand.target.stage
        attend(stand.aws, own, tell=tell, without=[(stage.rest_api_id, stage.stage_name)] if stage else ())
        yield stand.aws, list(commands(stand, speed))


def own_commands(aws: EmbeddedAws, own: OwnAccount, speed: float) -> Iterator[str]:
    """What to do in an account of one's own, as shell commands with comments."""
    yield from _greeting(aws, speed)
    yield "# create your API with any tool; requests to it begin as soon as it has a stage"
    if own.targets:
        yield f"# put its target file into {own.targets}; it is registered when all that it names exists"
    elif own.account is Account.CONTROLLER:
        yield "# deploy the stack of its target; without such a stack, start again with make serve TARGETS=ours"
    else:
        yield f"node_modules/.bin/cdk bootstrap aws://{aws.account}/{aws.region}"
        yield "make deploy"
    yield "# the way from here is in docs/laptop.md"
    yield "canary status"


def _greeting(aws: EmbeddedAws, speed: float) -> Iterator[str]:
    yield f"# the embedded AWS answers at {aws.endpoint_url}; one real second is {speed:g} simulated; stop it with Ctrl-C"
    yield "# in another shell, from this folder, with any credentials"
    yield f"export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION={aws.region}"
    yield f'export AWS_ENDPOINT_URL={aws.endpoint_url} PATH="$PWD/.venv/bin:$PATH"'


def commands(stand: Stand, speed: float) -> Iterator[str]:
    """Shell commands to copy and paste, with comments."""
    aws, target = f"aws --endpoint-url {stand.aws.endpoint_url}", stand.target.name
    yield from _greeting(stand.aws, speed)
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
