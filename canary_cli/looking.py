"""Looks at what a verb is about before a start: a registered target, or any stage with nothing deployed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.aws.calls import answered_at, refusals
from canary.aws.clients import TargetClients
from canary.aws.surveys import survey_with
from canary.rules.rollouts.rollout import Rollout
from canary.rules.targets.target import Target
from canary_cli.announcing import attempt
from canary_cli.doctor.proposing import file_of, read_proposal, target_of
from canary_cli.doctor.registering import as_registered
from canary_cli.exits import CommandError, ExitCode
from canary_cli.planning.drafting import Sight, draft_of
from canary_cli.planning.sighting import look_at, read_time
from canary_cli.reading import Reading, read_status

if TYPE_CHECKING:
    from collections.abc import Callable

    from canary.rules.releases.release import Request
    from canary_cli.verbs import Call


@dataclass(frozen=True, slots=True)
class Looked:
    """What was looked at: a registered target, or with ``target_file`` one that an API could be."""

    target: Target
    sight: Sight
    draft: Rollout
    target_file: str | None = None


def look(call: Call, target: str | None, api: str | None, stage: str | None, request_of: Callable[[str], Request]) -> Looked:
    """What a verb is about: a registered target, or a stage that could be one. `request_of`: the request, by the target's name.

    Raises:
        CommandError: neither is named, or both are.

    """
    if (target is None) == (api is None) or (api is None) != (stage is None):
        found = "it needs either a target, or --api with --stage"
        raise CommandError("Usage", found, "name one of them", ExitCode.USAGE)
    if target is not None:
        return look_at_registered(call, request_of(target), read_status(call.connection, target))
    return look_at_api(call, str(api), str(stage), request_of)


def look_at_registered(call: Call, request: Request, reading: Reading, *, is_below_allowed: bool = False) -> Looked:
    """A registered target as a start would find it now, by CloudWatch's own time."""
    connection, target = call.connection, reading.target
    read, _ = attempt(lambda: read_time(connection.client("cloudwatch")))  # what is refused here is refused to the survey too
    now = read or reading.now
    sight = look_at(connection.records, connection.client, request, target, now, is_below_allowed=is_below_allowed)
    return Looked(target, sight, draft_of(request, target, sight))


def look_at_api(call: Call, api: str, stage: str, request_of: Callable[[str], Request]) -> Looked:
    """The stage as the target that it could be, read with the caller's own credentials. No controller is asked.

    Raises:
        CommandError: no method of the API calls a function.
        AwsRefusedError: AWS refused to be read.

    """
    client = call.connection.client
    proposal = read_proposal(client("apigateway"), api, stage)
    if proposal is None:
        found = f"no method of API {api} calls a Lambda function"
        raise CommandError(
            "NoFunctions", found, "name an API with functions; a rollout brings a function's versions", ExitCode.USAGE
        )
    target = target_of(proposal)
    with refusals(f"aws apigateway get-rest-api --rest-api-id {api}"):
        answer = client("apigateway").get_rest_api(restApiId=api)
    request = request_of(target.name)
    survey = as_registered(survey_with(TargetClients(client), target, request.release))
    sight = Sight(answered_at(answer), survey, is_whole=True)
    return Looked(target, sight, draft_of(request, target, sight), file_of(proposal))
