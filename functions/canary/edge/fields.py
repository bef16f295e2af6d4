"""What single values mean: a weight, a version, a shipped policy's name, and the names that AWS gives rules for.

Fields that must agree with each other are known to the models, not here.
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
    """A step's weight: percent above 0 and below 100, at most two decimals, as the Decimal that was written."""

    def read(self, value: object) -> Decimal:
        """The weight, also from its string; 10, 10.0 and "10" are the same."""
        number, shown = read_number(value), show(value)
        if number is None:
            raise refusal(f"a weight is a number of percent, got {shown}", "write 10 or 12.5")
        if number == 100:  # noqa: PLR2004 - percent
            raise refusal("a step's weight is below 100, got 100", "promotion follows the last step, drop it")
        if number > 100:  # noqa: PLR2004
            raise refusal(f"a step's weight is below 100, got {shown}", "give the percent of requests the canary gets")
        if number <= 0:
            raise refusal(f"a step's weight is above 0, got {shown}", "drop the step, without traffic it shows nothing")
        written = number.normalize()
        if -int(written.as_tuple().exponent) > MOST_DECIMALS:
            raise refusal(f"a weight has at most two decimals, got {shown}", "round it")
        return Decimal(f"{written:f}")

    def schema(self) -> "JsonSchemaValue":
        """A number, or its string."""
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
        """The number as text, also from a number."""
        if value == "$LATEST":
            raise refusal(
                'got "$LATEST", and aliases point at published versions only', "publish a version and name its number"
            )
        number = read_number(value)
        if number is not None and 0 < number < HIGHEST_VERSION and re.fullmatch(r"[1-9][0-9]*(\.0)?", str(value).strip()):
            return str(value).strip().removesuffix(".0")
        raise refusal(
            f"not a version number, got {show(value)}; aliases point at published versions only",
            'name a published version such as "7"',
        )

    def schema(self) -> "JsonSchemaValue":
        """A whole number above 0, or its string."""
        return {"type": ["integer", "string"], "minimum": 1, "pattern": "^[1-9][0-9]*$"}


@dataclass(frozen=True, slots=True)
class ShippedPolicy(ValueKind):
    """The name of a policy that comes with the controller."""

    def read(self, value: object) -> Policy:
        """The policy."""
        if isinstance(value, str) and value in SHIPPED:
            return SHIPPED[value]
        raise refusal(f"no shipped policy, got {show(value)}", suggest(value, SHIPPED))

    def schema(self) -> "JsonSchemaValue":
        """The names."""
        return {"enum": list(SHIPPED)}


@dataclass(frozen=True, slots=True)
class ServerErrors(ValueKind):
    """Which answers count as errors: ``5xx``, or false for none."""

    def read(self, value: object) -> bool:
        """Whether they are compared."""
        if value == "5xx":
            return True
        if value is False or value == "false":
            return False
        raise refusal(f"neither 5xx nor false, got {show(value)}", "write errors: 5xx; 4xx are the callers' own")

    def schema(self) -> "JsonSchemaValue":
        """The two values."""
        return {"enum": ["5xx", False, "false"]}


@dataclass(frozen=True, slots=True)
class OwnAlarm(ValueKind):
    """The name of an alarm of the target's own account and Region; no call reads one elsewhere (docs/aws.md#alarm-names)."""

    def read(self, value: object) -> str:
        """The name as it is."""
        if isinstance(value, str) and re.match(ALARM_ARN, value):
            raise refusal(
                f"alarms are named, and only those of this account and Region can be read, got {show(value)}",
                "give the alarm's name, not its ARN; to use another account's metric, make an alarm on it here",
            )
        return ALARM.read(value)

    def schema(self) -> "JsonSchemaValue":
        """A string, and no ARN."""
        name = {"type": "string", "minLength": 1, "maxLength": LONGEST_ALARM, "pattern": r"^[^\u0000-\u001f\u007f]*$"}
        return {**name, "not": {"pattern": f"^{ALARM_ARN}"}}


YEAR_SECONDS = 31_536_000
"""No execution lasts longer (docs/aws.md#execution-limit)."""

TargetName = Annotated[
    str,
    Text(
        "a target's name (lower-case letters, digits and -, a letter first, at most 40)",
        "[a-z][a-z0-9-]{0,39}",
        "give the name that stands in the target's file",
    ),
]
FunctionName = Annotated[
    str,
    Text(
        "a function's name (letters, digits, - and _, at most 64)",
        "[a-zA-Z0-9_-]{1,64}",
        "give the name alone, without ARN, version or alias",
    ),
]
AliasName = Annotated[
    str,
    Text(
        "an alias's name (letters, digits, - and _, at most 128, not digits only)",
        "(?![0-9]+$)[a-zA-Z0-9_-]{1,128}",
        "give the alias's name alone, as the function has it",
    ),
]
StageVariableName = Annotated[
    str,
    Text(
        "a stage variable's name (letters, digits and _, at most 64)",
        "[a-zA-Z0-9_]{1,64}",
        "give the name inside ${stageVariables.<name>} of the integrations",
    ),
]
OverrideName = Annotated[
    str,
    Text(
        "the name of a variable that a canary can have of its own (letters and digits, at most 64)",
        "[a-zA-Z0-9]{1,64}",
        "write it like newCheckout; whether a canary's own variable may have _ is unknown (docs/aws.md#stage-variables)",
    ),
]
StageVariableValue = Annotated[
    str,
    Text(
        "a stage variable's value (letters, digits and -._~:/?#&=, with a comma too, at most 512)",
        "[A-Za-z0-9._~:/?#&=,-]{1,512}",
        "use these characters only; API Gateway takes no others (docs/aws.md#stage-variables)",
    ),
]
ResourcePath = Annotated[
    str,
    Text(
        "a resource path (/ first; * only at the end, for any text)",
        r"/[A-Za-z0-9._~:/{}+@!$&'(),;=%-]{0,1000}\*?",
        "write it as the definition does, /legacy/* or /orders/{id}",
    ),
]
HttpMethod = Annotated[
    str,
    Text(
        "an HTTP method in capitals",
        "GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS",
        "write GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS; leave methods out for all of them",
    ),
]
AuthorizerName = Annotated[
    str,
    Text(
        "an authorizer's name (letters, digits, space and ._-, at most 128)",
        "[A-Za-z0-9._ -]{1,128}",
        "give the name as the API's definition has it",
    ),
]
StageName = Annotated[
    str,
    Text(
        "a stage's name (letters, digits, - and _, at most 128)",
        "[a-zA-Z0-9_-]{1,128}",
        "give the stage's name alone",
    ),
]
RestApiId = Annotated[
    str, Text("a REST API's id (lower-case letters and digits)", "[a-z0-9]{1,64}", "give the id alone, no URL, no ARN")
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
        "give the metric's name as it is put",
    ),
]
Namespace = Annotated[
    str,
    Text(
        "a metric namespace (letters, digits and ._-/#:, not : first, at most 255)",
        "(?!:)[a-zA-Z0-9._/#:-]{1,255}",
        "give the namespace as the metric is put with",
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
    "give the alarm's name as CloudWatch shows it",
)
ALARM_ARN = "arn:[a-z0-9-]+:cloudwatch:"
AlarmName = Annotated[str, OwnAlarm()]
RoleArn = Annotated[
    str,
    Text(
        "a role's ARN",
        "arn:aws[a-z-]*:iam::[0-9]{12}:role/[!-~]{1,512}",
        "give the ARN as IAM shows it, arn:aws:iam::<account>:role/<name>",
    ),
]
Seconds = Annotated[
    int, Whole("a whole number of seconds", 0, YEAR_SECONDS, "write the seconds as a number, 900 is fifteen minutes")
]
Lateness = Annotated[
    int, Whole("a whole number of seconds", 60, 86_400, "give the seconds that it may come late, 3600 is an hour")
]
ScheduledTime = Annotated[float, Instant()]
Version = Annotated[str, VersionNumber()]
Switch = Annotated[bool, Flag()]
