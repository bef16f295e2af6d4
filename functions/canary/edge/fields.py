"""Single values: a weight, a version, a shipped policy's name, and names that follow AWS's rules.

The models check how fields agree with each other; this module does not.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from canary.edge.kinds import Flag, Instant, Text, ValueKind, Whole, read_number, refusal, suggest
from canary.rules.releases.problems import show
from canary.rules.releases.release import PRESENT, UNCHANGED
from canary.rules.targets.policy import SHIPPED, Policy

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue

MOST_DECIMALS = 2
HIGHEST_VERSION = 10**15


@dataclass(frozen=True, slots=True)
class WeightPercent(ValueKind):
    """A step's weight: a percentage above 0 and below 100 with at most two decimals, as the Decimal that was written."""

    def read(self, value: object) -> Decimal:
        """The weight, also from a string; 10, 10.0 and "10" are the same."""
        number, shown = read_number(value), show(value)
        if number is None:
            raise refusal(f"a weight is a percentage, got {shown}", "write 10 or 12.5")
        if number == 100:  # noqa: PLR2004 - percent
            raise refusal("a step's weight is below 100, got 100", "remove the step; promotion follows the last one")
        if number > 100:  # noqa: PLR2004
            raise refusal(f"a step's weight is below 100, got {shown}", "give the percent of requests the canary gets")
        if number <= 0:
            raise refusal(f"a step's weight is above 0, got {shown}", "remove the step; without traffic it proves nothing")
        written = number.normalize()
        if -int(written.as_tuple().exponent) > MOST_DECIMALS:
            raise refusal(f"a weight has at most two decimals, got {shown}", "round it")
        return Decimal(f"{written:f}")

    def schema(self) -> "JsonSchemaValue":
        """A number, or a string that holds one."""
        return {
            "type": ["number", "string"],
            "exclusiveMinimum": 0,
            "exclusiveMaximum": 100,
            "pattern": r"^[0-9]{1,2}(\.[0-9]{1,2}0*)?$",
        }


@dataclass(frozen=True, slots=True)
class VersionNumber(ValueKind):
    """A published version of a function; an alias cannot split traffic with ``$LATEST`` (docs/aws.md#alias-routing)."""

    def read(self, value: object) -> str:
        """The version number as text, also from a number."""
        if value == "$LATEST":
            raise refusal('got "$LATEST"; aliases point only at published versions', "publish a version and give its number")
        number = read_number(value)
        if number is not None and 0 < number < HIGHEST_VERSION and re.fullmatch(r"[1-9][0-9]*(\.0)?", str(value).strip()):
            return str(value).strip().removesuffix(".0")
        raise refusal(
            f"not a version number, got {show(value)}; aliases point only at published versions",
            'give a published version such as "7"',
        )

    def schema(self) -> "JsonSchemaValue":
        """A whole number above 0, or a string that holds one."""
        return {"type": ["integer", "string"], "minimum": 1, "pattern": "^[1-9][0-9]*$"}


@dataclass(frozen=True, slots=True)
class ShippedPolicy(ValueKind):
    """The name of a shipped policy."""

    def read(self, value: object) -> Policy:
        """The policy."""
        if isinstance(value, str) and value in SHIPPED:
            return SHIPPED[value]
        raise refusal(f"not a shipped policy, got {show(value)}", suggest(value, SHIPPED))

    def schema(self) -> "JsonSchemaValue":
        """The names of the shipped policies."""
        return {"enum": list(SHIPPED)}


@dataclass(frozen=True, slots=True)
class ServerErrors(ValueKind):
    """Which answers count as errors: ``5xx``, or false for none."""

    def read(self, value: object) -> bool:
        """Whether errors are compared."""
        if value == "5xx":
            return True
        if value is False or value == "false":
            return False
        raise refusal(f"neither 5xx nor false, got {show(value)}", "write errors: 5xx; 4xx answers are the callers' errors")

    def schema(self) -> "JsonSchemaValue":
        """The two allowed values."""
        return {"enum": ["5xx", False, "false"]}


@dataclass(frozen=True, slots=True)
class OwnAlarm(ValueKind):
    """The name of an alarm in the target's own account and Region; no call reads alarms elsewhere (docs/aws.md#alarm-names)."""

    def read(self, value: object) -> str:
        """The name as it is."""
        if isinstance(value, str) and re.match(ALARM_ARN, value):
            raise refusal(
                f"not an alarm name; only alarms of this account and Region can be read, got {show(value)}",
                "give the alarm's name, not its ARN; for a metric of another account, create an alarm on it here",
            )
        return ALARM.read(value)

    def schema(self) -> "JsonSchemaValue":
        """A string that is not an ARN."""
        name = {"type": "string", "minLength": 1, "maxLength": LONGEST_ALARM, "pattern": r"^[^\u0000-\u001f\u007f]*$"}
        return {**name, "not": {"pattern": f"^{ALARM_ARN}"}}


YEAR_SECONDS = 31_536_000
"""The longest time that an execution can run (docs/aws.md#execution-limit)."""

TargetName = Annotated[
    str,
    Text(
        "a target's name (lower-case letters, digits and -, a letter first, at most 40)",
        "[a-z][a-z0-9-]{0,39}",
        "give the name from the target's file",
    ),
]
ExecutionName = Annotated[
    str,
    Text(
        "an execution's ARN or name (at most 80 letters, digits and ._-)",
        r"(arn:aws[a-z-]*:states:[a-z0-9-]+:[0-9]{12}:execution:[a-zA-Z0-9_-]{1,80}:)?[a-zA-Z0-9._-]{1,80}",
        "give what StartExecution answered, or the name that it was given",
    ),
]
FunctionName = Annotated[
    str,
    Text(
        "a function's name (letters, digits, - and _, at most 64)",
        "[a-zA-Z0-9_-]{1,64}",
        "give only the name, without ARN, version or alias",
    ),
]
AliasName = Annotated[
    str,
    Text(
        "an alias's name (letters, digits, - and _, at most 128, not digits only)",
        "(?![0-9]+$)[a-zA-Z0-9_-]{1,128}",
        "give only the alias's name",
    ),
]
StageVariableName = Annotated[
    str,
    Text(
        "a stage variable's name (letters, digits and _, at most 64)",
        "[a-zA-Z0-9_]{1,64}",
        "give the name used in ${stageVariables.<name>} of the integrations",
    ),
]
OverrideName = Annotated[
    str,
    Text(
        "the name of a stage variable that a canary can override (letters and digits, at most 64)",
        "[a-zA-Z0-9]{1,64}",
        "write it like newCheckout; whether a canary may override a variable with _ is unknown (docs/aws.md#stage-variables)",
    ),
]
StageVariableValue = Annotated[
    str,
    Text(
        "a stage variable's value (letters, digits, comma and -._~:/?#&=, at most 512)",
        "[A-Za-z0-9._~:/?#&=,-]{1,512}",
        "use only these characters; API Gateway accepts no others (docs/aws.md#stage-variables)",
    ),
]
ResourcePath = Annotated[
    str,
    Text(
        "a resource path (begins with /; * only at the end, for any text)",
        r"/[A-Za-z0-9._~:/{}+@!$&'(),;=%-]{0,1000}\*?",
        "write it as in the API definition, such as /legacy/* or /orders/{id}",
    ),
]
HttpMethod = Annotated[
    str,
    Text(
        "an HTTP method in capitals",
        "GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS",
        "write GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS; omit methods for all of them",
    ),
]
AuthorizerName = Annotated[
    str,
    Text(
        "an authorizer's name (letters, digits, space and ._-, at most 128)",
        "[A-Za-z0-9._ -]{1,128}",
        "give the name from the API definition",
    ),
]
StageName = Annotated[
    str,
    Text(
        "a stage's name (letters, digits, - and _, at most 128)",
        "[a-zA-Z0-9_-]{1,128}",
        "give only the stage's name",
    ),
]
RestApiId = Annotated[
    str, Text("a REST API's id (lower-case letters and digits)", "[a-z0-9]{1,64}", "give only the id, not a URL or an ARN")
]
LogGroupName = Annotated[
    str,
    Text(
        "a log group's name (letters, digits and ._-/#, at most 512)",
        "[a-zA-Z0-9._/#-]{1,512}",
        "give the group's name, not its ARN",
    ),
]
MetricName = Annotated[
    str,
    Text(
        "a metric's name (letters, digits and ._-/#, at most 255)",
        "[a-zA-Z0-9._/#-]{1,255}",
        "give the name that PutMetricData uses",
    ),
]
Namespace = Annotated[
    str,
    Text(
        "a metric namespace (letters, digits and ._-/#:, not : first, at most 255)",
        "(?!:)[a-zA-Z0-9._/#:-]{1,255}",
        "give the namespace that PutMetricData uses",
    ),
]
Percentile = Annotated[
    str,
    Text(
        "a whole percentile, p1 to p99",
        "p[1-9][0-9]?",
        "write p99, or give an exact limit in metrics.latency_limits_ms",
    ),
]
Deployment = Annotated[
    str,
    Text(
        f"{PRESENT}, {UNCHANGED} or a deployment's id (lower-case letters and digits)",
        "[a-z0-9]{1,64}",
        f"write {PRESENT}, {UNCHANGED} or an id",
    ),
]
LONGEST_ALARM = 255
ALARM = Text(
    f"an alarm's name (1 to {LONGEST_ALARM} characters, none of them a control character)",
    rf"[^\u0000-\u001f\u007f\ud800-\udfff]{{1,{LONGEST_ALARM}}}",
    "give the name that CloudWatch shows",
)
ALARM_ARN = "arn:[a-z0-9-]+:cloudwatch:"
AlarmName = Annotated[str, OwnAlarm()]
RoleArn = Annotated[
    str,
    Text(
        "a role's ARN",
        "arn:aws[a-z-]*:iam::[0-9]{12}:role/[!-~]{1,512}",
        "give the ARN that IAM shows, such as arn:aws:iam::<account>:role/<name>",
    ),
]
Seconds = Annotated[
    int, Whole("a whole number of seconds", 0, YEAR_SECONDS, "write the seconds as a number, such as 900 for fifteen minutes")
]
Lateness = Annotated[
    int, Whole("a whole number of seconds", 60, 86_400, "give how many seconds late it may come, such as 3600 for an hour")
]
ScheduledTime = Annotated[float, Instant()]
Version = Annotated[str, VersionNumber()]
Switch = Annotated[bool, Flag()]
