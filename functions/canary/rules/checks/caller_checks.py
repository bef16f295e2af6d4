"""Who may call an alias and who else calls it: the problems, the commands that solve them, and notes.

`callers` and `other_callers` read the policy; this module words what they find.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.checks.callers import ApiIdentity, Caller, find_uncovered
from canary.rules.checks.other_callers import OtherCallers, find_other_callers, is_only_about
from canary.rules.checks.resource_policy import PolicyAnswer, read_statements
from canary.rules.releases.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from canary.rules.checks.callers import Uncovered
    from canary.rules.checks.other_callers import OtherCaller
    from canary.rules.checks.resource_policy import Statement

MOST_NAMED = 5
"""A sentence names this many callers and counts the others."""

EVERY_AUTHORIZER = "authorizers/*"
ANOTHER_ID = (
    f"; the deployment may have another id for an authorizer, and only a permission for {EVERY_AUTHORIZER} covers every id"
)

FROM_LIVE = "would get the release at once"
"""What a promotion does to others who use the live alias."""

FROM_CANARY = "would get the release at once, before it is judged, and be counted among the canary's invocations"
"""What a rollout does to others who use the canary alias. These invocations are its evidence that the release ran."""

SHARE = "or set shared_live_alias: true in the target"

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
    """One alias of one function, the text of its resource policy (None without one), and the API that must call it.

    ``is_canary``: whether it is the canary alias, which nobody else may use even if the target shares its live alias.
    """

    function: str
    alias: str
    arn: str
    text: str | None
    api: ApiIdentity
    is_canary: bool = False

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
            named, effect = cut(one.name for one in certain), FROM_CANARY if self.is_canary else FROM_LIVE
            fix = f"give them an alias of their own; if they no longer call it, {self._take_out(certain)}"
            yield Problem(
                f"functions.{self.function}",
                f"alias {self.alias} is also called by {named}, which {effect}",
                fix if self.is_canary else f"{fix}; {SHARE}",
            )

    def find_sharing_notes(self) -> Iterator[str]:
        """All who call the alias besides the API, or may. Certain callers only occur if the target shares its live alias."""
        others = self.others
        if others.certain and not self.is_canary:
            named = cut(one.name for one in others.certain)
            yield f"alias {self.alias} of {self.function} is also called by {named}, which get the release with its promotion"
        if others.possible:
            named, effect = cut(one.name for one in others.possible), "get the promoted release too"
            effect = FROM_CANARY if self.is_canary else effect
            yield f"the policy of alias {self.alias} of {self.function} also lets in {named}: they {effect}"

    def _find_uncovered(self, callers: tuple[Caller, ...]) -> tuple[Uncovered, ...]:
        return find_uncovered(self.text, callers, self.api, self.arn)

    def _remedy(self, uncovered: Uncovered) -> str:
        """What lets the API in: its stage or its authorizer, and nothing else."""
        grant = self._grant(uncovered.caller)
        if not uncovered.sids:
            return f"add the permission with {grant.command}"
        denials = [one for one in read_statements(self.text) if one.sid in uncovered.sids]
        return f"its policy denies them: {' and '.join(self._lift(one, grant) for one in denials)}"

    def _lift(self, denial: Statement, grant: InvokePermission) -> str:
        """What stops a statement from keeping the API out: without it if it is about nothing else, otherwise an exception."""
        if denial.is_removable and is_only_about(denial, self.api):
            return f"remove statement {denial.sid} with {self._remove(denial.sid)}"
        return (
            f"let statement {denial.sid} spare the API, with the condition ArnNotLike aws:SourceArn '{grant.source_arn}', "
            f"and put the changed policy with {self._put}"
        )

    def _take_out(self, callers: tuple[OtherCaller, ...]) -> str:
        """What takes away the permissions of these callers and of nobody else."""
        alone = dict.fromkeys(self._remove(one.sid) for one in callers if one.is_removable)
        mixed = dict.fromkeys(one.sid for one in callers if not one.is_removable)
        ways = [f"remove their permission with {' and '.join(alone)}"] if alone else []
        if mixed:
            ways.append(
                f"take them out of the statement {cut(mixed)} and put the changed policy with {self._put} "
                "(remove-permission would take too much, or does not accept that id)"
            )
        return " and ".join(ways)

    @property
    def _put(self) -> str:
        return f"aws lambda put-resource-policy --resource-arn {self.arn} --policy file://policy.json"

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
