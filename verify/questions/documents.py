"""What happens to an API's parts when a document is imported over it, and when it is exported.

This module decides what is compared. Each question adds a separate path to the API and leaves the scratch deployments
unchanged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from verify.questions.patch_question import PatchQuestion, agreed
from verify.scratch.answer import Answer, UnansweredError
from verify.scratch.documents import INTEGRATION, JSON_TYPE, exported, function_uri, merge, mock, put

if TYPE_CHECKING:
    from collections.abc import Mapping

    from verify.scratch.documents import Json
    from verify.scratch.scratch import Scratch

MODELLED, VALIDATED = "/modelled", "/validated"
USED, UNUSED = "used", "unused"
SCHEMA = {"type": "object", "minProperties": 1}
RESPONSES = {"200": {"description": "fine", "content": {JSON_TYPE: {"schema": SCHEMA}}}}
METHOD: Json = {"responses": RESPONSES, INTEGRATION: mock("{}")}


class NameOfInlineModel(PatchQuestion):
    """Whether every import gives the same schema the same name."""

    slug = "name-of-inline-model"
    how = "merge a document with an inline schema into the API, twice, and compare the names of its model"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        first, second = _merged_model(scratch), _merged_model(scratch)
        return Answer("by-content" if first == second else "anew-each-time", (f"first {first}, then {second}",))


def _merged_model(scratch: Scratch) -> str:
    merge(scratch, MODELLED, METHOD)
    response = _resources(scratch)[MODELLED]["resourceMethods"]["GET"]["methodResponses"]["200"]
    models: Mapping[str, str] = response.get("responseModels") or {}
    if JSON_TYPE not in models:
        raise UnansweredError("the method has no model although its document has a schema")
    return models[JSON_TYPE]


class OverwriteKeepsIds(PatchQuestion):
    """Whether ids stay the same when the same definition is imported again."""

    slug = "overwrite-keeps-ids"
    how = "overwrite the API with its own export, and compare the ids of its resources and of a validator"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        method = {**METHOD, "x-amazon-apigateway-request-validator": USED}
        validators = {"x-amazon-apigateway-request-validators": {USED: {"validateRequestBody": True}}}
        merge(scratch, VALIDATED, method, **validators)
        before = _ids(scratch)
        put(scratch, "overwrite", exported(scratch, scratch.create_deployment("before an overwrite")))
        after = _ids(scratch)
        if lost := sorted(before.keys() - after.keys()):
            raise UnansweredError(f"its own export removed {', '.join(lost)} from the API")
        kept = {name: after[name] == number for name, number in sorted(before.items())}
        evidence = tuple(f"{name}: {'the same id' if is_kept else 'another id'}" for name, is_kept in kept.items())
        return Answer(agreed("yes" if is_kept else "no" for is_kept in kept.values()), evidence)


def _ids(scratch: Scratch) -> dict[str, str]:
    """The ids of resources by path, and of validators by name. The root's id always stays."""
    validators = scratch.aws.call("apigateway", "get_request_validators", restApiId=scratch.rest_api_id)["items"]
    resources = {path: each["id"] for path, each in _resources(scratch).items() if path != "/"}
    return {**resources, **{each["name"]: each["id"] for each in validators}}


class ExportUnusedParts(PatchQuestion):
    """Whether an export contains parts that no method uses."""

    slug = "export-unused-parts"
    how = "create an authorizer and a validator that no method uses, deploy the API, export it, and remove both again"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        document = exported(scratch, _deployed_with_unused(scratch))
        shown = {
            "authorizer": UNUSED in document.get("components", {}).get("securitySchemes", {}),
            "validator": UNUSED in document.get("x-amazon-apigateway-request-validators", {}),
        }
        evidence = tuple(f"the {name} is {'in it' if is_shown else 'left out'}" for name, is_shown in shown.items())
        return Answer(agreed("yes" if is_shown else "no" for is_shown in shown.values()), evidence)


def _deployed_with_unused(scratch: Scratch) -> str:
    aws, api = scratch.aws, {"restApiId": scratch.rest_api_id}
    validator = aws.call("apigateway", "create_request_validator", **api, name=UNUSED, validateRequestBody=True)
    asked = {"type": "TOKEN", "identitySource": "method.request.header.Authorization"}
    uri = function_uri(scratch, "live")
    authorizer = aws.call("apigateway", "create_authorizer", **api, name=UNUSED, **asked, authorizerUri=uri)
    deployment = scratch.create_deployment("with parts that no method uses")
    aws.call("apigateway", "delete_authorizer", **api, authorizerId=authorizer["id"])
    aws.call("apigateway", "delete_request_validator", **api, requestValidatorId=validator["id"])
    return deployment


def _resources(scratch: Scratch) -> dict[str, Json]:
    """Every resource of the API with its methods, by path."""
    pages = scratch.aws.pages("apigateway", "get_resources", "items", restApiId=scratch.rest_api_id, embed=["methods"])
    return {each["path"]: each for each in pages}
