"""The labels of a rollout: where its release comes from, in the caller's words; recorded and shown, never interpreted."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from aws_lambda_powertools.utilities.parser import Field

from canary.edge.kinds import Prose, Text
from canary.edge.model import Clash

MOST_LABELS = 10
LONGEST_NAME = 40
LONGEST_VALUE = 200
"""Both in characters. Together the labels stay below 2,500, so every output and every event can carry them."""

LabelName = Annotated[
    str,
    Text(
        f"a label's name (letters, digits and ._-/, a letter or digit first, at most {LONGEST_NAME})",
        f"[a-zA-Z0-9][a-zA-Z0-9._/-]{{0,{LONGEST_NAME - 1}}}",
        "write it like commit or build-url",
    ),
]
LabelValue = Annotated[str, Prose("a label's value", 1, LONGEST_VALUE)]
Labels = Annotated[
    dict[LabelName, LabelValue],
    Field(
        description="where the release comes from, such as commit, build, ticket and author: "
        f"at most {MOST_LABELS} short texts by name, which are recorded and shown and decide nothing",
        json_schema_extra={"additionalProperties": False, "maxProperties": MOST_LABELS},
    ),
]


def find_surplus_labels(raw: Mapping[Any, Any]) -> Iterator[Clash]:
    """More labels than an input may have."""
    labels = raw.get("labels")
    if isinstance(labels, Mapping) and len(labels) > MOST_LABELS:
        yield Clash(("labels",), f"there are at most {MOST_LABELS} labels, got {len(labels)}", "drop some")
