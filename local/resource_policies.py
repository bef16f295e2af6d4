"""A Lambda function's resource policies: one for the function, one for each alias and version of it.

Decides who may invoke which qualifier: a statement on the function does not cover its aliases
(docs/aws.md#alias-permission). Revisions are the alias's or version's, so they are kept there.
"""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING, Any

from local.lambda_errors import (
    InvalidParameterValueError,
    PreconditionFailedError,
    ResourceConflictError,
    ResourceNotFoundError,
    ValidationError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

API_GATEWAY = "apigateway.amazonaws.com"
_STATEMENT_ID = re.compile(r"([a-zA-Z0-9-_]+)")
_PRINCIPAL_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:.+")

Statement = dict[str, Any]


class ResourcePolicies:
    """The statements of one function by qualifier; the function's own have the qualifier None."""

    def __init__(self) -> None:
        self._statements: dict[str | None, list[Statement]] = {}

    def add(self, qualifier: str | None, statement: Statement) -> None:
        """AddPermission: statement ids are unique within one qualifier."""
        statements = self._statements.setdefault(qualifier, [])
        if any(each["Sid"] == statement["Sid"] for each in statements):
            raise ResourceConflictError(
                f"The statement id ({statement['Sid']}) provided already exists. "
                "Please provide a new statement id, or remove the existing statement."
            )
        statements.append(statement)

    def remove(self, qualifier: str | None, statement_id: str) -> None:
        """RemovePermission."""
        statements = self._statements.get(qualifier)
        if not statements:
            raise ResourceNotFoundError("No policy is associated with the given resource.")
        kept = [each for each in statements if each["Sid"] != statement_id]
        if len(kept) == len(statements):
            raise ResourceNotFoundError(f"Statement {statement_id} is not found in resource policy.")
        self._statements[qualifier] = kept

    def drop(self, qualifier: str) -> None:
        """The alias or version is gone, and its policy with it."""
        self._statements.pop(qualifier, None)

    def document(self, qualifier: str | None) -> dict[str, Any]:
        """The policy that GetPolicy shows."""
        statements = self._statements.get(qualifier)
        if not statements:
            raise ResourceNotFoundError("The resource you requested does not exist.")
        return {"Version": "2012-10-17", "Id": "default", "Statement": statements}

    def allows_api(self, qualifier: str | None, source_arn: str) -> bool:
        """Whether API Gateway may invoke this qualifier on behalf of ``source_arn``, a method of a stage."""
        return any(_allows(each, source_arn) for each in self._statements.get(qualifier, ()))


def statement(body: Mapping[str, Any], resource_arn: str) -> Statement:
    """The policy statement that an AddPermission body stands for."""
    statement_id = body["StatementId"]
    if not _STATEMENT_ID.fullmatch(statement_id):
        raise ValidationError.of(
            statement_id, "statementId", f"Member must satisfy regular expression pattern: {_STATEMENT_ID.pattern}"
        )
    made: Statement = {
        "Sid": statement_id,
        "Effect": "Allow",
        "Principal": _principal(body["Principal"]),
        "Action": body["Action"],
        "Resource": resource_arn,
    }
    equals = {
        "lambda:FunctionUrlAuthType": body.get("FunctionUrlAuthType"),
        "aws:PrincipalOrgID": body.get("PrincipalOrgID"),
        "AWS:SourceAccount": body.get("SourceAccount"),
        "lambda:EventSourceToken": body.get("EventSourceToken"),
    }
    conditions = {
        "StringEquals": {key: value for key, value in equals.items() if value},
        "ArnLike": {"AWS:SourceArn": body["SourceArn"]} if body.get("SourceArn") else {},
    }
    if any(conditions.values()):
        made["Condition"] = {operator: values for operator, values in conditions.items() if values}
    return made


def expect_policy_revision(given: str | None, latest: str) -> None:
    """AddPermission's optimistic lock."""
    if given and given != latest:
        raise PreconditionFailedError(
            "The Revision Id provided does not match the latest Revision Id. "
            "Call the GetPolicy API to retrieve the latest Revision Id"
        )


def _principal(principal: str) -> object:
    if principal.endswith(".amazonaws.com"):
        return {"Service": principal}
    if re.fullmatch(r"\d{12}", principal):
        return {"AWS": f"arn:aws:iam::{principal}:root"}
    if _PRINCIPAL_ARN.fullmatch(principal):
        return {"AWS": principal}
    if principal == "*":
        return principal
    raise InvalidParameterValueError("The provided principal was invalid. Please check the principal and try again.")


def _allows(statement: Statement, source_arn: str) -> bool:
    if statement["Principal"] not in ({"Service": API_GATEWAY}, "*"):
        return False
    if not fnmatch.fnmatchcase("lambda:InvokeFunction", statement["Action"]):
        return False
    condition = statement.get("Condition", {})
    pattern = condition.get("ArnLike", {}).get("AWS:SourceArn")
    if pattern is not None and not _is_arn_like(source_arn, pattern):
        return False
    equals = dict(condition.get("StringEquals", {}))
    return bool(equals.pop("AWS:SourceAccount", source_arn.split(":")[4]) == source_arn.split(":")[4] and not equals)


def _is_arn_like(arn: str, pattern: str) -> bool:
    """``ArnLike``: each of an ARN's six parts by itself, so that a wildcard does not reach into the next."""
    parts, patterns = arn.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(patterns) and all(map(_is_like, parts, patterns))


def _is_like(text: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))
