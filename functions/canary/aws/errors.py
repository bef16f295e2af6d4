"""What can go wrong between the controller and AWS.

`RefusedError` (bad input, failed checks) belongs to the rules: `canary.rules.releases.problems`.
"""

from __future__ import annotations


class ControllerError(Exception):
    """The parent of all the controller's own errors."""


class OwnershipLostError(ControllerError):
    """The execution no longer owns the rollout and must not change anything more."""


class StaleFencingTokenError(ControllerError):
    """The target's fencing token has changed since the checks read it; check again."""


class LockedError(ControllerError):
    """Another rollout holds the target."""


class AwsRefusedError(ControllerError):
    """AWS refused a call; the message has AWS's own words and what to do."""


class AwsThrottledError(AwsRefusedError):
    """AWS takes no more calls of this kind for now, from the whole account. The same call is accepted seconds later."""


class RecordsRefusedError(ControllerError):
    """DynamoDB refused to read or write the records. Without them nothing may be written to the target."""


class RecordSchemaError(ControllerError):
    """The record has a schema that this code cannot read."""


class RecordGoneError(ControllerError):
    """The record of a rollout that holds a lock was deleted."""


class NotificationRefusedError(ControllerError):
    """EventBridge or SNS refused a notification; nothing depends on it."""


class LookUnreadableError(ControllerError):
    """A look's item cannot be read; another version wrote it, or someone edited it."""


class HistoryGoneError(ControllerError):
    """The frozen history that a rollout's looks rest on was deleted."""


class QueryEndedError(ControllerError):
    """CloudWatch Logs ended a query without an answer."""


class QueryTooSlowError(ControllerError):
    """A query of logs took too long and was stopped."""


class UnknownTargetError(ControllerError):
    """No target of that name is registered."""


class StateChangedError(ControllerError):
    """Someone else changed the target during its rollout."""


class ReadOnlyError(ControllerError):
    """The controller's own fault: it was about to write to a target that it only reads."""
