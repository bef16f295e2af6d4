"""A survey of a target that is not registered yet, without what its registration creates: its alarms and metric filters."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from canary.rules.targets.instruments import SeenInstruments

if TYPE_CHECKING:
    from canary.rules.checks.survey import Survey


def as_registered(survey: Survey) -> Survey:
    """The survey as if the target were registered; the stage, its log and the functions stay as they were read."""
    stage = survey.stage
    if stage is None:
        return replace(survey, alarms=())
    seen = SeenInstruments(stage.log_group, stage.log_format)  # filters that were not read are no fault
    return replace(survey, alarms=(), stage=replace(stage, instruments=seen))
