"""Edits by others around the stage and the aliases: what each task says about them and what the next pass does.

Data only. `tests/tasks/test_account_edits.py` makes the edits on the embedded AWS, `docs/edits-by-others.md` shows the table.
"""

from dataclasses import dataclass

GOES_ON = "continues"
HELD = "the step is held; the rollout rolls back after `max_blind_seconds`"
WAITS = "the drain cannot be proven; the rollout rolls back at the drain's limit"
BACK = "`RolledBack`"
REMOVED = "the canary is removed at once; `NeedsOperator` until it can be read again, then `RolledBack`"
KEPT = "`NeedsOperator`; nothing is moved, because base has no traffic or is promoted"
GONE = "`NeedsOperator`: nothing is left to make safe"


@dataclass(frozen=True)
class Answer:
    """What the rollout says (a part of it) and what follows."""

    said: str
    follows: str


NOTHING = Answer("", GOES_ON)


@dataclass(frozen=True)
class AccountEdit:
    """One edit, and what follows while the canary has a step's weight, while it has all traffic, and while base moves."""

    name: str
    shifting: Answer
    taking_all: Answer
    moving_base: Answer = NOTHING

    def at(self, moment: str) -> Answer:
        return {"shifting": self.shifting, "taking_all": self.taking_all, "moving_base": self.moving_base}[moment]


LOG = "the stage writes its access log to nowhere"
FILTER = "is gone; deploy the target again"
ALARM = "alarm orders-payment-failures no longer exists"
LIVE = "get-alias --function-name orders-read --name live`: ResourceNotFoundException"
CANARY = "get-alias --function-name orders-read --name canary`: ResourceNotFoundException"
STAGE = "NotFoundException: Invalid stage identifier specified"

ACCOUNT_EDITS = (
    AccountEdit("the stage's access log is removed", Answer(LOG, HELD), Answer(LOG, WAITS)),
    AccountEdit("a metric filter is deleted", Answer(FILTER, HELD), Answer(FILTER, WAITS)),
    AccountEdit("an alarm is deleted", Answer(ALARM, HELD), Answer(ALARM, BACK)),
    AccountEdit("an alarm fires", Answer("is firing", BACK), Answer("is firing", BACK)),
    AccountEdit("a live alias is deleted", Answer(LIVE, REMOVED), Answer(LIVE, REMOVED), Answer(LIVE, KEPT)),
    AccountEdit("a canary alias is deleted", Answer(CANARY, REMOVED), Answer(CANARY, REMOVED), Answer(CANARY, KEPT)),
    AccountEdit("a function is deleted", Answer(LIVE, REMOVED), Answer(LIVE, REMOVED), Answer(LIVE, KEPT)),
    AccountEdit("the stage is deleted", Answer(STAGE, GONE), Answer(STAGE, GONE), Answer(STAGE, GONE)),
    AccountEdit("the target's parameter is deleted", NOTHING, NOTHING),
    AccountEdit("the target's parameter can no longer be read", NOTHING, NOTHING),
    AccountEdit("the target's parameter names another stage", NOTHING, NOTHING),
)


def account_table() -> str:
    """This chapter of the page."""
    rows = [
        f"| {edit.name} | {' | '.join(_cell(edit.at(moment)) for moment in ('shifting', 'taking_all', 'moving_base'))} |\n"
        for edit in ACCOUNT_EDITS
    ]
    head = "| edit | shifting and parked | taking_all | moving_base |\n|---|---|---|---|\n"
    said = (
        "Looks see edits around the stage and the aliases and name them; passes do not see them. A rollout uses the\n"
        "target in its record, whatever happens to the parameter. Lambda does not delete a version that an alias points\n"
        "at. Whether API Gateway deletes a canary's deployment is [not\n"
        "recorded](aws.md#delete-canary-deployment).\n\n"
    )
    return f"\n## Around the target\n\n{said}{head}{''.join(rows)}"


def _cell(answer: Answer) -> str:
    said = answer.said.replace("`", "")
    return f'"{said}": {answer.follows}' if said else answer.follows
