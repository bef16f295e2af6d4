"""What can go wrong between the controller and AWS.

`RefusedError` (bad input, failed pre-flight) is the rules' own: `canary.rules.releases.problems`.
"""

from __future__ import annotations


class ControllerError(Exception):
    """The parent of all the controller's own errors."""


class OwnershipLostError(ControllerError):
    """The execution no longer owns the rollout and must touch nothing more."""


class StaleFencingTokenError(ControllerError):
    """The target's fencing token is not the one that was read before the checks; check again."""


class LockedError(ControllerError):
    """The target is held by another rollout."""


class AwsRefusedError(ControllerError):
    """AWS refused a call; the message carries AWS's own words and what to do."""


class RecordsRefusedError(ControllerError):
    """DynamoDB refused to read or write the records. Without them nothing may be written to the target."""


class RecordSchemaError(ControllerError):
    """The record is of another schema than this code reads."""


class RecordGoneError(ControllerError):
    """The record of a rollout that holds a lock was deleted."""


class NotificationRefusedError(ControllerError):
    """EventBridge or SNS refused a notification; nothing depends on it."""


class UnknownTargetError(ControllerError):
    """No target of that name is registered."""


class StateChangedError(ControllerError):
    """Somebody else changed the target while it was being rolled out to."""


class ReadOnlyError(ControllerError):
    """The controller's own fault: it was about to write to a target that it only reads."""
