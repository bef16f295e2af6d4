"""What can go wrong between the controller and AWS.

    ControllerError
     +-- OwnershipLostError       somebody else took the rollout over; this execution must touch nothing more
     +-- StaleFencingTokenError   the target was taken or freed since it was checked; check again
     +-- LockedError              another rollout holds the target
     +-- AwsRefusedError          AWS refused a call that the rollout needs
     +-- RecordsRefusedError      DynamoDB refused the records: nothing may be written to the target without them
     +-- RecordSchemaError        the record was written by a version of the controller that this one cannot read
     +-- RecordGoneError          the lock names a rollout that has no record any more
     +-- NotificationRefusedError       EventBridge refused a notification; nothing depends on it
     +-- UnknownTargetError       no target of that name is registered
     +-- StateChangedError        the target is not as this rollout left it

`RefusedError` (bad input, failed pre-flight) is the rules' own: `canary.rules.releases.problems`.
"""

from __future__ import annotations


class ControllerError(Exception):
    """The parent of all the controller's own errors."""


class OwnershipLostError(ControllerError):
    """The execution is no longer the rollout's owner."""


class StaleFencingTokenError(ControllerError):
    """The target's fencing token is not the one that was read before the checks."""


class LockedError(ControllerError):
    """The target is held by another rollout."""


class AwsRefusedError(ControllerError):
    """AWS refused a call; the message carries AWS's own words and what to do."""


class RecordsRefusedError(ControllerError):
    """DynamoDB refused to read or write the records."""


class RecordSchemaError(ControllerError):
    """The record is of another schema than this code reads."""


class RecordGoneError(ControllerError):
    """The record of a rollout that holds a lock was deleted."""


class NotificationRefusedError(ControllerError):
    """EventBridge or SNS refused to tell what happened."""


class UnknownTargetError(ControllerError):
    """No target of that name is registered."""


class StateChangedError(ControllerError):
    """Somebody else changed the target while it was being rolled out to."""
