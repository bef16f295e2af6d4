"""What can go wrong between the controller and AWS.

    ControllerError
     +-- OwnershipLostError       someone else took the rollout over; this execution must not change anything more
     +-- StaleFencingTokenError   the target was taken or freed since it was checked; check again
     +-- LockedError              another rollout holds the target
     +-- AwsRefusedError          AWS refused a call that the rollout needs
     +-- RecordsRefusedError      DynamoDB refused the records; without them nothing may be written to the target
     +-- RecordSchemaError        another version of the controller wrote the record, and this one cannot read it
     +-- RecordGoneError          the lock names a rollout whose record is gone
     +-- NotificationRefusedError  EventBridge or SNS refused a notification; nothing depends on it
     +-- UnknownTargetError       no target of that name is registered
     +-- StateChangedError        the target is not as this rollout left it

`RefusedError` (bad input, failed checks) belongs to the rules: `canary.rules.releases.problems`.
"""

from __future__ import annotations


class ControllerError(Exception):
    """The parent of all the controller's own errors."""


class OwnershipLostError(ControllerError):
    """The execution no longer owns the rollout."""


class StaleFencingTokenError(ControllerError):
    """The target's fencing token has changed since the checks read it."""


class LockedError(ControllerError):
    """Another rollout holds the target."""


class AwsRefusedError(ControllerError):
    """AWS refused a call; the message has AWS's own words and what to do."""


class RecordsRefusedError(ControllerError):
    """DynamoDB refused to read or write the records."""


class RecordSchemaError(ControllerError):
    """The record has a schema that this code cannot read."""


class RecordGoneError(ControllerError):
    """The record of a rollout that holds a lock was deleted."""


class NotificationRefusedError(ControllerError):
    """EventBridge or SNS refused a notification."""


class UnknownTargetError(ControllerError):
    """No target of that name is registered."""


class StateChangedError(ControllerError):
    """Someone else changed the target during its rollout."""
