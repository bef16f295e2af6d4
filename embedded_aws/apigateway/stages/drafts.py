"""The present definition of every API: what is edited, imported, and frozen by deployments.

Keeps the drafts and creates their ids. `embedded_aws.apigateway.definition` decides what a change does,
`embedded_aws.apigateway.openapi` what a document means.
"""

from __future__ import annotations

import random
import string
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from embedded_aws.apigateway.definition.api import endpoint_configuration as configured
from embedded_aws.apigateway.definition.api import expand_policy, new_draft, patched_settings
from embedded_aws.apigateway.errors import BadRequestError
from embedded_aws.apigateway.openapi.document import Document, read_document
from embedded_aws.apigateway.openapi.importing import Import
from embedded_aws.wire.refusal import NotBuiltError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from embedded_aws.apigateway.definition.draft import Draft
    from embedded_aws.wire.unknowns import Unknowns

Shown = TypeVar("Shown")

_ID_LENGTH = 6
_MODES = ("merge", "overwrite")
_PARAMETERS = frozenset({"basepath", "endpointConfigurationTypes", "ignore", "failonwarnings", "mode"})


class Drafts:
    """The drafts of all APIs in one account and Region."""

    def __init__(self, now: Callable[[], float], unknowns: Unknowns, *, account: str, region: str) -> None:
        self.account = account
        self.region = region
        self._now = now
        self._unknowns = unknowns
        self._drafts: dict[str, Draft] = {}
        self._rng = random.Random("ids of definitions")
        self._lock = threading.RLock()

    def __getitem__(self, api_id: str) -> Draft:
        """The API's draft, which must exist."""
        return self._drafts[api_id]

    def create(self, api_id: str, body: Mapping[str, Any]) -> Draft:
        """Create an API with a root resource and the default models."""
        ids = (self.new_id(), self.new_id())
        draft = new_draft(api_id, body, now=int(self._now()), root_id=self.new_id(), model_ids=ids)
        return self._put(expand_policy(draft, self._arn(api_id)))

    def edit(self, api_id: str, change: Callable[[Draft], tuple[Draft, Shown]]) -> Shown:
        """Change a draft; returns the change's second result."""
        with self._lock:
            draft, shown = change(self._drafts[api_id])
            self._put(draft)
            return shown

    def update_api(self, api_id: str, operations: Sequence[Mapping[str, Any]]) -> Draft:
        """UpdateRestApi."""
        with self._lock:
            draft = self._drafts[api_id]
            changed = replace(draft, settings=patched_settings(draft.settings, operations))
            return self._put(expand_policy(changed, self._arn(api_id)))

    def read(self, body: bytes, query: Mapping[str, str]) -> Document:
        """The document that a request carries, after a check of its query parameters."""
        unknown = query.keys() - _PARAMETERS
        if unknown:
            raise NotBuiltError(f"the import parameter {', '.join(sorted(unknown))} is not built; leave it out")
        if query.get("mode") not in {None, "import", *_MODES}:
            raise BadRequestError(f"Invalid mode specified: {query['mode']}. Must be one of: [{', '.join(_MODES)}]")
        variables = {"AWS::AccountId": self.account, "AWS::Region": self.region, "AWS::Partition": "aws"}
        return read_document(body, variables)

    def import_new(self, api_id: str, document: Document, query: Mapping[str, str]) -> Draft:
        """ImportRestApi with a parsed document; if the document is refused, no API is left behind."""
        kind = query.get("endpointConfigurationTypes")
        endpoint = configured({"types": [kind]} if kind else {})
        body = {"name": str(document.info.get("title") or ""), "endpointConfiguration": endpoint}
        try:
            self.create(api_id, body)
            return self.put(api_id, document, {**query, "mode": "overwrite"})
        except Exception:
            self.forget(api_id)
            raise

    def put(self, api_id: str, document: Document, query: Mapping[str, str]) -> Draft:
        """PutRestApi with a parsed document."""
        with self._lock:
            overwrites = query.get("mode", "merge") == "overwrite"
            imported = Import(
                document,
                self._drafts[api_id],
                overwrites=overwrites,
                arn=self._arn(api_id),
                new_id=self.new_id,
                unknowns=self._unknowns,
            )
            return self._put(imported.apply(_prefix(document.base_path(), query.get("basepath", "ignore"))))

    def forget(self, api_id: str) -> None:
        """Drop a deleted API."""
        self._drafts.pop(api_id, None)

    def reset(self) -> None:
        """Drop every API."""
        self._drafts.clear()
        self._rng = random.Random("ids of definitions")

    def new_id(self) -> str:
        """An id in AWS's format for resources, authorizers and the like."""
        return "".join(self._rng.choices(string.ascii_lowercase + string.digits, k=_ID_LENGTH))

    def _put(self, draft: Draft) -> Draft:
        self._drafts[draft.api_id] = draft
        return draft

    def _arn(self, api_id: str) -> str:
        return f"arn:aws:execute-api:{self.region}:{self.account}:{api_id}"


def _prefix(base_path: str, mode: str) -> str:
    """The prefix for each path of a document (docs/aws.md#openapi-base-path)."""
    if mode == "prepend":
        return base_path
    if mode == "split":
        _, _, rest = base_path.removeprefix("/").partition("/")
        return f"/{rest}" if rest else ""
    if mode != "ignore":
        raise BadRequestError(f"Invalid base path mode specified: {mode}. Must be one of: [ignore, prepend, split]")
    return ""
