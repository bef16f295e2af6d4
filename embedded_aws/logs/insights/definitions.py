"""Saved queries of Logs Insights: kept, listed and deleted; nothing runs them here (docs/aws.md#insights-saved).

Whether AWS refuses a log group that does not exist is not recorded; here it does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.wire.refusal import NotBuiltError, RefusalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LONGEST_NAME = 255
LONGEST_QUERY = 10_000
MOST_ON_A_PAGE = 1_000
_MILLISECONDS = 1_000


class QueryDefinitions:
    """The saved queries of the account, by id."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._kept: dict[str, dict[str, Any]] = {}
        self._made = 0

    def put(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """PutQueryDefinition: a new one without an id, else all of it anew.

        Raises:
            RefusalError: AWS refuses the request.
            NotBuiltError: it has parameters, or another language.

        """
        if request.get("parameters") or request.get("queryLanguage") not in (None, "CWLI"):
            raise NotBuiltError("saved queries with parameters or in another language are not built")
        name, text = request["name"], request["queryString"]
        if not (1 <= len(name) <= LONGEST_NAME and 1 <= len(text) <= LONGEST_QUERY):
            raise RefusalError(
                "InvalidParameterException", f"the name takes {LONGEST_NAME} characters, the query {LONGEST_QUERY}"
            )
        kept = request.get("queryDefinitionId")
        if kept:
            self._find(kept)
        else:
            self._made += 1
            kept = f"{self._made:08x}-0000-4000-9000-000000000000"
        groups = request.get("logGroupNames") or []
        self._kept[kept] = {
            "queryDefinitionId": kept,
            "queryLanguage": "CWLI",
            "name": name,
            "queryString": text,
            "lastModified": int(self._now() * _MILLISECONDS),
            "logGroupNames": [*groups],
        }
        return {"queryDefinitionId": kept}

    def describe(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """DescribeQueryDefinitions, by the beginning of their names."""
        prefix = request.get("queryDefinitionNamePrefix") or ""
        found = [one for one in self._kept.values() if one["name"].startswith(prefix)]
        if len(found) > (request.get("maxResults") or MOST_ON_A_PAGE):
            raise NotBuiltError("pages of saved queries are not built")
        return {"queryDefinitions": found}

    def delete(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """DeleteQueryDefinition.

        Raises:
            RefusalError: there is none with this id.

        """
        self._find(request["queryDefinitionId"])
        del self._kept[request["queryDefinitionId"]]
        return {"success": True}

    def _find(self, kept: str) -> None:
        if kept not in self._kept:
            raise RefusalError("ResourceNotFoundException", f"Query definition {kept} does not exist.")
