"""The queries that are saved for a target in Logs Insights.

The rules write them (`canary.rules.failures.saved_queries`); this module saves them unchanged. A saved query costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_logs as logs

from canary.rules.failures.saved_queries import saved_queries

if TYPE_CHECKING:
    from constructs import Construct

    from canary.rules.targets.target import Target


def save_queries(scope: Construct, target: Target) -> None:
    """Save the target's queries (docs/aws.md#insights-saved)."""
    for one in saved_queries(target):
        logs.CfnQueryDefinition(
            scope,
            f"Query{one.asks.name.title().replace('_', '')}",
            name=one.name,
            query_string=one.text,
            log_group_names=list(one.groups),
        )
