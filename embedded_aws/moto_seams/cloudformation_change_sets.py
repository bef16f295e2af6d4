"""The operations on change sets, for `cloudformation`, which adds them to the operations on stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult, BaseResponse, EmptyResult

from embedded_aws.moto_seams.cloudformation_shapes import moment

if TYPE_CHECKING:
    from embedded_aws.cloudformation.change_sets import Change, ChangeSet, ChangeSets
    from embedded_aws.cloudformation.stacks import Stacks


class ChangeSetCalls(BaseResponse):  # type: ignore[misc]  # moto is untyped here
    """Change sets under moto's names for the operations. The other class has the readers of a call's fields."""

    stacks: Stacks
    change_sets: ChangeSets

    def create_change_set(self) -> ActionResult:
        """CreateChangeSet."""
        name, kind = self._get_param("StackName"), self._get_param("ChangeSetType") or "UPDATE"
        before = {} if kind == "CREATE" else self.stacks.find(name).parameters
        made = self.change_sets.create(
            name,
            self._get_param("ChangeSetName"),
            kind=kind,
            text=self._template(),
            parameters=self._parameters(before),
            tags=self._tags(),
            keeps_failed=self._get_param("OnStackFailure") == "DO_NOTHING",
        )
        return ActionResult({"Id": made.id, "StackId": made.stack.id})

    def describe_change_set(self) -> ActionResult:
        """DescribeChangeSet."""
        return ActionResult(_describe(self._change_set()))

    def execute_change_set(self) -> EmptyResult:
        """ExecuteChangeSet."""
        self.change_sets.execute(self._get_param("ChangeSetName"), self._get_param("StackName"))
        return EmptyResult()

    def delete_change_set(self) -> EmptyResult:
        """DeleteChangeSet."""
        self.change_sets.delete(self._get_param("ChangeSetName"), self._get_param("StackName"))
        return EmptyResult()

    def list_change_sets(self) -> ActionResult:
        """ListChangeSets."""
        return ActionResult({"Summaries": [_summarise(each) for each in self.change_sets.of(self._get_param("StackName"))]})

    def _change_set(self) -> ChangeSet:
        return self.change_sets.find(self._get_param("ChangeSetName"), self._get_param("StackName"))


def _summarise(made: ChangeSet) -> dict[str, Any]:
    shown = {
        "ChangeSetId": made.id,
        "ChangeSetName": made.name,
        "StackId": made.stack.id,
        "StackName": made.stack.name,
        "CreationTime": moment(made.created),
        "Status": made.status,
        "StatusReason": made.reason,
        "ExecutionStatus": made.execution,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _describe(made: ChangeSet) -> dict[str, Any]:
    return {
        **_summarise(made),
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in made.parameters.items()],
        "Tags": [{"Key": key, "Value": value} for key, value in (made.tags or made.stack.tags).items()],
        "Changes": [{"Type": "Resource", "ResourceChange": _show(change)} for change in made.changes],
    }


def _show(change: Change) -> dict[str, Any]:
    shown = {
        "Action": change.action,
        "LogicalResourceId": change.logical_id,
        "PhysicalResourceId": change.physical_id,
        "ResourceType": change.kind,
        "Replacement": "Conditional" if change.action == "Modify" else None,
        "Scope": ["Properties"] if change.action == "Modify" else [],
        "Details": [],
    }
    return {name: value for name, value in shown.items() if value is not None}
