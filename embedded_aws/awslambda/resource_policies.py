"""A Lambda function's resource policies: one for the function, and one for each of its aliases and versions.

Decides who may invoke which qualifier: a statement on the function does not cover its aliases
(docs/aws.md#alias-permission). `policy_statements` reads a statement. Revisions belong to the alias or version and are
kept there.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from embedded_aws.awslambda.errors import (
    InvalidParameterValueError,
    PreconditionFailedError,
    ResourceConflictError,
    ResourceNotFoundError,
    ValidationError,
)
from embedded_aws.awslambda.policy_statements import Asked, allows

if TYPE_CHECKING:
    from collections.abc import Mapping

API_GATEWAY = "apigateway.amazonaws.com"
INVOKE = "lambda:InvokeFunction"
LONGEST_POLICY = 20_480
_STATEMENT_ID = re.compile(r"([a-zA-Z0-9-_]+)")
_PRINCIPAL_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:.+")

Statement = dict[str, Any]


class ResourcePolicies:
    """The statements of one function by qualifier; those of the function itself have the qualifier None."""

    def __init__(self) -> None:
        self._statements: dict[str | None, list[Statement]] = {}
        self._documents: dict[str | None, dict[str, Any]] = {}

    def add(self, qualifier: str | None, statement: Statement) -> None:
        """AddPermission: statement ids are unique within one qualifier."""
        statements = self._statements.setdefault(qualifier, [])
        if any(each.get("Sid") == statement["Sid"] for each in statements):
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
        kept = [each for each in statements if each.get("Sid") != statement_id]
        if len(kept) == len(statements):
            raise ResourceNotFoundError(f"Statement {statement_id} is not found in resource policy.")
        self._statements[qualifier] = kept

    def put(self, qualifier: str | None, text: str) -> None:
        """PutResourcePolicy: set the whole policy, replacing any earlier one."""
        document = _parse(text)
        self._documents[qualifier] = {name: value for name, value in document.items() if name != "Statement"}
        given = document["Statement"]
        self._statements[qualifier] = [given] if isinstance(given, dict) else list(given)

    def drop(self, qualifier: str | None) -> None:
        """Forget the policy of an alias or version that is gone, or a policy that was deleted."""
        self._statements.pop(qualifier, None)
        self._documents.pop(qualifier, None)

    def document(self, qualifier: str | None) -> dict[str, Any]:
        """The policy as GetPolicy shows it."""
        statements = self._statements.get(qualifier)
        if not statements:
            raise ResourceNotFoundError("The resource you requested does not exist.")
        known = self._documents.get(qualifier, {"Version": "2012-10-17", "Id": "default"})
        return {**known, "Statement": statements}

    def allows_api(self, qualifier: str | None, arn: str, source_arn: str) -> bool:
        """Whether API Gateway may invoke this qualifier, ``arn``, on behalf of ``source_arn``, a method of a stage."""
        context = {"aws:sourcearn": source_arn, "aws:sourceaccount": source_arn.split(":")[4]}
        return allows(self._statements.get(qualifier, ()), Asked(API_GATEWAY, INVOKE, arn, context))


def statement(body: Mapping[str, Any], resource_arn: str) -> Statement:
    """The policy statement that an AddPermission body describes."""
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
    is_by_url = body.get("InvokedViaFunctionUrl")
    conditions: dict[str, dict[str, str]] = {
        "StringEquals": {key: value for key, value in equals.items() if value},
        "Bool": {} if is_by_url is None else {"lambda:InvokedViaFunctionUrl": "true" if is_by_url else "false"},
        "ArnLike": {"AWS:SourceArn": body["SourceArn"]} if body.get("SourceArn") else {},
    }
    if any(conditions.values()):
        made["Condition"] = {operator: values for operator, values in conditions.items() if values}
    return made


def expect_policy_revision(given: str | None, latest: str) -> None:
    """AddPermission's optimistic lock: refuse a revision that is not the latest."""
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


def _parse(text: str) -> dict[str, Any]:
    """Parse a policy's document.

    Raises:
        InvalidParameterValueError: the text is not a policy.

    """
    try:
        document: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise InvalidParameterValueError(f"The policy is not valid JSON: {error}") from error
    statements = document.get("Statement") if isinstance(document, dict) else None
    if not isinstance(statements, dict | list) or not statements or len(text) > LONGEST_POLICY:
        raise InvalidParameterValueError(f"The policy needs at least one statement and at most {LONGEST_POLICY} characters")
    return document
