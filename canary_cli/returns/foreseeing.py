"""What rollback and revert will change, and what was answered, in words: by the controller's rules, from the records alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from canary.aws.locks import Lock
from canary.rules.checks.reverts import earlier_release
from canary.rules.rollouts.returns import Course, return_by
from canary.rules.rollouts.rollout import Rollout
from canary.rules.rollouts.steering import DirectVerb
from canary.rules.targets.live import Live
from canary.rules.targets.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from canary.aws.record_reads import RecordReads
    from canary.rules.checks.reverts import Earlier
    from canary.rules.rollouts.returns import Return


@dataclass(frozen=True, slots=True)
class Asked:
    """A rollback or a revert as it was given."""

    verb: DirectVerb
    target: str
    reason: str
    to: str | None = None
    on_behalf_of: str = ""

    @property
    def words(self) -> str:
        """The verb as in a sentence."""
        return "roll back" if self.verb is DirectVerb.ROLLBACK else self.verb.value

    @property
    def payload(self) -> dict[str, Any]:
        """What the function is called with; what was not given is left out."""
        more = {"reason": self.reason, "to": self.to, "on_behalf_of": self.on_behalf_of}
        return {"verb": self.verb.value, "target": self.target, **{key: value for key, value in more.items() if value}}


@dataclass(frozen=True, slots=True)
class Situation:
    """A target as a verb finds it; ``holder`` is None while it is at rest."""

    target: Target
    lock: Lock
    holder: Rollout | None
    live: Live | None


def foresee(records: RecordReads, asked: Asked, found: Situation) -> tuple[list[str], Return]:
    """What a verb will change, one line each, and the course that it takes."""
    lock = found.lock
    promoted = records.find(lock.promoted_rollout_id, lock=lock) if found.holder is None and lock.promoted_rollout_id else None
    returned = return_by(asked.verb, found.holder, promoted.rollout if promoted else None, to=asked.to)
    rollout = returned.rollout
    if rollout is None or returned.course is Course.UNCHANGED:
        return [f"nothing: {returned.reason}"], returned
    if returned.course is Course.ABORT:
        return [f"rollout {rollout.rollout_id} is {rollout.phase}: base gets all traffic, the canary is removed"], returned
    named = records.find(asked.to, lock=lock) if asked.to else None
    if returned.course is Course.REVERT_AGAIN:
        reverted = records.find(str(rollout.reverts), lock=lock)
        if reverted is None:
            return [returned.reason], returned
        rollout = reverted.rollout
    earlier = earlier_release(found.target, rollout, named.rollout if named else None)
    return [returned.reason, *_differences(found, rollout, earlier)], returned


def _differences(found: Situation, rollout: Rollout, earlier: Earlier) -> Iterator[str]:
    """The versions, the deployment and the variables before and after, as far as they differ."""
    live = found.live
    for name, version in earlier.versions.items():
        old = str(live.live[name]) if live else rollout.intent.versions.get(name)
        if old != version:
            yield f"{name} {old} -> {version}"
    old_deployment = live.stage.deployment_id if live and live.stage else rollout.intent.deployment_id
    if found.target.stage and old_deployment != earlier.deployment_id:
        yield f"deployment {old_deployment} -> {earlier.deployment_id}"
    yield from (f"variable {name} -> {value}" for name, value in earlier.variables.items())
    yield from (f"variable {name} is removed" for name in earlier.removed)


def is_to_be_asked(verb: DirectVerb, found: Situation | None, returned: Return | None) -> bool:
    """A running rollout is rolled back without asking; so is one that cannot be read, because it may be running."""
    if verb is DirectVerb.REVERT:
        return True
    return found is not None and found.holder is None and returned is not None and returned.course is Course.REVERT


def lines_of_revert(asked: Asked, answer: Mapping[str, Any], watch: str) -> Iterator[str]:
    """What is taken back, and what base will serve; ``watch``: the command that watches it."""
    said = "is accepted" if answer["answer"] == "ACCEPTED" else "changes nothing"
    yield f"{asked.target}: {asked.verb} {said}: {answer['reason']}"
    afterwards = answer["afterwards"]
    versions = [f"{name} {version}" for name, version in afterwards["functions"].items()]
    deployment = [f"deployment {afterwards['deployment']}"] if afterwards["deployment"] else []
    yield f"  takes back rollout {answer['takes_back']}; base will serve {', '.join([*versions, *deployment])}"
    yield f"  watch it: {watch}"
