"""The one query of CloudWatch Logs Insights that finds failing requests and what the functions logged about them.

Decides which lines are read and how they are joined. One query reads all groups: an answer in the access log and the error
line of the function that gave it carry the same id, Lambda's request id (docs/aws.md#function-request-id), so grouping by that
id joins them. What a group does not have stays empty. The second `stats` counts requests that are alike, so the answer is exact
and small however many requests failed (docs/aws.md#insights-language).

Only routes as API Gateway's resource paths are read: no request path, query string, header or body.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from canary.rules.targets.live import AccessLog
from canary.rules.targets.log_format import find_misfit, names_of
from canary.rules.targets.outside import ANY_TEXT
from canary.rules.targets.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.targets.target import OutsideRoute, Stage

FUNCTION_LOGS = "/aws/lambda/"
"""Lambda writes a function's log to this prefix and the function's name, unless the function names another group."""

MOST_ROWS = 1_000
"""Rows of the answer: requests that are alike, or that only the functions' logs know."""

MOST_GROUPS = 50
"""Log groups per query (docs/aws.md#insights-limits)."""

LONGEST_SAID = 300
"""Characters of a function's error line that are read; fewer are printed."""

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_CALLED = ("$context.integration.requestId", "$context.awsEndpointRequestId")
ERROR_LINE = r'/ERROR|CRITICAL|FATAL|Exception|errorMessage|"level":\s*"error"|Task timed out|Runtime exited/'
_SAID = ("errorMessage", "error", "message", "@message")
_LOGGED_IDS = ("function_request_id", "requestId")
"""Where functions log Lambda's request id: Powertools' Logger, then Lambda's own JSON logs."""
_PLAIN = re.compile(r"@?[A-Za-z_]\w*")


NO_LOG = AccessLog()


class WhichArm(enum.StrEnum):
    """One of the two sides."""

    CANARY = "canary"
    BASE = "base"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a target's failing requests between two instants (epoch seconds).

    ``versions``: the version of each function by arm. ``log``: where and how the stage writes its access log now. ``arm``: only
    this arm's requests. With ``only_errors`` only 5xx answers count as failing, else 4xx answers too.
    """

    target: Target
    begins_at: float
    ends_at: float
    versions: Mapping[WhichArm, Mapping[str, str]]
    log: AccessLog = NO_LOG
    arm: WhichArm | None = None
    only_errors: bool = False

    @property
    def has_access_log(self) -> bool:
        """Whether the access log tells which requests failed; else only the functions' own logs do."""
        return self.target.stage is not None and self.log.group is not None and self.misfit is None and not self.is_elsewhere

    @property
    def is_elsewhere(self) -> bool:
        """Whether the access log goes to a delivery stream, which no query reads."""
        return self.log.group is not None and self.log.group.startswith("arn:")

    @property
    def misfit(self) -> str | None:
        """Why the access log's lines cannot be read; None if they can, or there are none."""
        return None if self.log.group is None else find_misfit(self.log.format or "")

    @property
    def is_joined(self) -> bool:
        """Whether an access-log line names the request of the function that answered."""
        return self.has_access_log and _first(names_of(self.log.format or ""), *_CALLED) is not None

    @property
    def groups(self) -> tuple[str, ...]:
        """The log groups that are read."""
        access = (self.log.group,) if self.has_access_log and self.log.group else ()
        functions = tuple(f"{FUNCTION_LOGS}{function.name}" for function in self.target.functions)
        return (*access, *functions)[:MOST_GROUPS]

    @property
    def left_out(self) -> tuple[str, ...]:
        """The functions whose logs one query does not reach."""
        access = 1 if self.has_access_log else 0
        return tuple(function.name for function in self.target.functions[MOST_GROUPS - access :])


def query_of(question: Question) -> str:
    """The query, in the language of Logs Insights."""
    return "\n| ".join(_commands(question))


def _commands(question: Question) -> Iterator[str]:
    names = names_of(question.log.format or "") if question.has_access_log else {}
    stage = question.target.stage
    answer = is_answer(stage) if question.has_access_log and stage else None
    spoken = f'@log like "{FUNCTION_LOGS}"'
    called = _first(names, *_CALLED)
    heard = f"({spoken} and @message like {ERROR_LINE})"
    yield f"filter {heard}" if answer is None else f"filter {heard} or ({' and '.join(_failing(question, answer, names))})"
    yield r"parse @logStream /\[(?<canary_ran>[^\]]+)\]/"
    yield f"parse @message /(?<canary_spoken>{UUID})/"
    if called:
        yield f"parse {called} /(?<canary_called>{UUID})/"
    ids = ["canary_called"] if called else []
    ids += ["function_request_id", *filter(None, (_first(names, "$context.extendedRequestId"),)), "requestId"]
    ids += [*filter(None, (_first(names, "$context.requestId"),)), "canary_spoken", 'concat(@logStream, " ", @message)']
    yield f"fields coalesce({', '.join(dict.fromkeys(ids))}) as canary_request"
    if answer:
        yield f"fields {', '.join(f'case({answer}, {field}) as {name}' for name, field in _answer_fields(names))}"
    said = f"substr(coalesce({', '.join(_SAID)}), 0, {LONGEST_SAID})"
    speaks = {"canary_logger": "@log", "canary_version": "canary_ran", "canary_said": said}
    yield f"fields {', '.join(f'case({spoken}, {field}) as {name}' for name, field in speaks.items())}"
    texts = [*(name for name, _ in _answer_fields(names) if name != "canary_status"), *speaks]
    lines = ["count(*) as canary_lines", *(f"sortsLast({name}) as {_joined(name)}" for name in (texts if answer else speaks))]
    if answer:
        lines.append("max(canary_status) as status")
    yield f"stats {', '.join(lines)} by canary_request"
    alike = [*(["status"] if answer else []), *(_joined(name) for name in (texts if answer else speaks))]
    counted = "count(*) as requests, sum(canary_lines) as lines, sortsFirst(canary_request) as sample"
    yield f"stats {counted} by {', '.join(alike)}"
    yield "sort requests desc"
    yield f"limit {MOST_ROWS}"


def _answer_fields(names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What is taken from an access-log line, by the name it gets."""
    yield "canary_status", "status"
    yield "canary_arm", "isCanary"
    for name, variable in (("canary_method", "$context.httpMethod"), ("canary_route", "$context.resourcePath")):
        if found := _first(names, variable):
            yield name, found


def _joined(name: str) -> str:
    """The name of a request's value, after its lines were joined."""
    return name.removeprefix("canary_")


def is_answer(stage: Stage) -> str:
    """The condition of an access-log line of this stage: several stages may share a group."""
    return f'apiId = "{stage.rest_api_id}" and stage = "{stage.stage_name}"'


def _failing(question: Question, answer: str, names: Mapping[str, str]) -> Iterator[str]:
    yield answer
    yield f"status >= {500 if question.only_errors else 400}"
    match question.arm:
        case WhichArm.CANARY:
            yield 'isCanary = "true"'
        case WhichArm.BASE:
            yield 'isCanary != "true"'
        case None:
            pass
        case unreachable:
            assert_never(unreachable)
    route, method = _first(names, "$context.resourcePath"), _first(names, "$context.httpMethod")
    if route and method:
        yield from (f"not ({is_on(one, route, method)})" for one in question.target.outside.routes)


def is_on(one: OutsideRoute, route: str, method: str) -> str:
    """The condition of a request on a route outside the rollout."""
    if one.path.endswith(ANY_TEXT):
        path = f"{route} like /^{_literal(one.path.removesuffix(ANY_TEXT))}/"
    else:
        path = f'{route} = "{one.path}"'
    methods = ", ".join(f'"{each}"' for each in one.methods)
    return f"{path} and {method} in [{methods}]" if methods else path


def _literal(text: str) -> str:
    """A text as a regular expression that matches only itself."""
    return re.sub(r"([^A-Za-z0-9_-])", r"\\\1", text)


def _first(names: Mapping[str, str], *variables: str) -> str | None:
    """The field that prints one of the variables, as a query writes it."""
    found = next((names[variable] for variable in variables if variable in names), None)
    if found is None or "`" in found:
        return None
    return found if _PLAIN.fullmatch(found) else f"`{found}`"
