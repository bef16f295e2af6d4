"""Who may call an alias and who else calls it: the problems, the commands that solve them, and notes.

`callers` and `other_callers` read the policy; this module words what they find.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.checks.callers import ApiIdentity, Caller, find_uncovered
from canary.rules.checks.other_callers import OtherCallers, find_other_callers
from canary.rules.checks.resource_policy import PolicyAnswer, read_statements
from canary.rules.releases.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from canary.rules.checks.callers import Uncovered

MOST_NAMED = 5
"""A sentence names this many callers and counts the others."""

EVERY_AUTHORIZER = "authorizers/*"
ANOTHER_ID = (
    f"; the deployment may have another id for an authorizer, and only a permission for {EVERY_AUTHORIZER} covers every id"
)

LONGEST_STATEMENT_ID = 100
ROOM_FOR_A_NUMBER = 4


@dataclass(frozen=True, slots=True)
class InvokePermission:
    """A statement that an alias's policy needs: it lets the API in with this source ARN."""

    function: str
    alias: str
    statement_id: str
    source_arn: str

    @property
    def parameters(self) -> dict[str, str]:
        """The arguments of Lambda's AddPermission."""
        return {
            "FunctionName": self.function,
            "Qualifier": self.alias,
            "StatementId": self.statement_id,
            "Principal": "apigateway.amazonaws.com",
            "Action": "lambda:InvokeFunction",
            "SourceArn": self.source_arn,
        }

    @property
    def command(self) -> str:
        """The same as a line for the AWS CLI."""
        return (
            f"aws lambda add-permission --function-name {self.function} --qualifier {self.alias} "
            f"--statement-id {self.statement_id} --principal apigateway.amazonaws.com --action lambda:InvokeFunction "
            f"--source-arn '{self.source_arn}'"
        )


@dataclass(frozen=True, slots=True)
class AliasPolicy:
    """One alias of one function, the text of its resource policy (None without one), and the API that must call it."""

    function: str
    alias: str
    arn: str
    text: str | None
    api: ApiIdentity

    @property
    def _options(self) -> str:
        return f"--function-name {self.function} --qualifier {self.alias}"

    @property
    def others(self) -> OtherCallers:
        """Who else calls it."""
        return find_other_callers(self.text, self.api, self.arn)

    def find_problems(self, callers: tuple[Caller, ...]) -> Iterator[Problem]:
        """The callers that the policy certainly keeps out, grouped into one problem per remedy."""
        by_fix: dict[str, list[str]] = {}
        for one in self._find_uncovered(callers):
            if one.answer is PolicyAnswer.DENIED:
                by_fix.setdefault(self._remedy(one), []).append(one.caller.name)
        for fix, names in by_fix.items():
            yield Problem(f"functions.{self.function}", f"the API may not invoke alias {self.alias} for {cut(names)}", fix)

    def find_grants(self, callers: tuple[Caller, ...]) -> tuple[InvokePermission, ...]:
        """The permissions that let in the callers without a permission; none for those that a statement denies."""
        bare = (one for one in self._find_uncovered(callers) if one.answer is PolicyAnswer.DENIED and not one.sids)
        return tuple(dict.fromkeys(self._grant(one.caller) for one in bare))

    def find_notes(self, callers: tuple[Caller, ...]) -> Iterator[str]:
        """The callers for which it is uncertain whether the policy keeps them out."""
        unsure = [one for one in self._find_uncovered(callers) if one.answer is PolicyAnswer.NOT_CERTAIN]
        for reason, some in (
            ("", [one for one in unsure if not one.caller.is_id_guessed]),
            (ANOTHER_ID, [one for one in unsure if one.caller.is_id_guessed]),
        ):
            if some:
                named, sids = cut(one.caller.name for one in some), dict.fromkeys(sid for one in some for sid in one.sids)
                yield (
                    f"whether the API may invoke alias {self.alias} of {self.function} for {named} is not certain: "
                    f"it depends on the statements {cut(sids)} of the alias's policy{reason}"
                )

    def find_sharing(self) -> Iterator[Problem]:
        """Those who certainly call the alias besides the API."""
        if certain := self.others.certain:
            yield Problem(
                f"functions.{self.function}",
                f"alias {self.alias} is also called by {cut(one.name for one in certain)}, which would get the release at once",
                "give them an alias of their own; if nothing calls it any more, remove the permission with "
                f"{self._remove(certain[0].sid)}; or set shared_live_alias: true in the target",
            )

    def find_sharing_notes(self) -> Iterator[str]:
        """All who call the alias besides the API, or may; certain callers only occur if the target shares its live alias."""
        others = self.others
        if others.certain:
            named = cut(one.name for one in others.certain)
            yield f"alias {self.alias} of {self.function} is also called by {named}, which get the release with its promotion"
        if others.possible:
            named = cut(one.name for one in others.possible)
            yield f"the policy of alias {self.alias} of {self.function} also lets in {named}: they get the promoted release too"

    def _find_uncovered(self, callers: tuple[Caller, ...]) -> tuple[Uncovered, ...]:
        return find_uncovered(self.text, callers, self.api, self.arn)

    def _remedy(self, uncovered: Uncovered) -> str:
        """The command that lets the API in: its stage or its authorizer, and nothing else."""
        if uncovered.sids:
            return f"its policy denies them: remove that statement with {self._remove(uncovered.sids[0])}"
        return f"add the permission with {self._grant(uncovered.caller).command}"

    def _grant(self, caller: Caller) -> InvokePermission:
        authorizer = EVERY_AUTHORIZER if caller.is_id_guessed else caller.presents
        source_arn = self.api.arn(authorizer if caller.is_authorizer else f"{self.api.stage_name}/*/*")
        return InvokePermission(self.function, self.alias, self._free_id(source_arn), source_arn)

    def _remove(self, sid: str) -> str:
        return f"aws lambda remove-permission {self._options} --statement-id {sid}"

    def _free_id(self, source_arn: str) -> str:
        """A statement id that names the caller and that the policy does not have yet."""
        taken = {statement.sid for statement in read_statements(self.text)}
        words = re.findall(r"[A-Za-z0-9_-]+", source_arn.rsplit(":", maxsplit=1)[-1])
        wanted = "-".join(["canary", *words])[: LONGEST_STATEMENT_ID - ROOM_FOR_A_NUMBER]
        numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
        return next(one for one in (wanted, *numbered) if one not in taken)


def cut(names: Iterable[str]) -> str:
    """The names in one sentence: the first few, and a count of the others."""
    listed = list(names)
    shown = listed if len(listed) <= MOST_NAMED else [*listed[:MOST_NAMED], f"{len(listed) - MOST_NAMED} more"]
    return ", ".join(shown)
