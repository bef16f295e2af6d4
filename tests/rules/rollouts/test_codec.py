import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.rollouts.codec import decode, encode
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import Rollout, StepState, Tally
from canary.rules.targets.target import BusinessMetric, Metrics
from tests.builders import NEW, OVERRIDES, a_policy, a_rollout, a_target, an_intent


class Colour(enum.StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Leaf:
    weight: Decimal
    colour: Colour | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    name: str
    leaves: tuple[Leaf, ...] = ()
    by_name: Mapping[str, Leaf] = field(default_factory=dict)
    limits: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    anything: Mapping[str, Any] = field(default_factory=dict)
    ratio: float = 0.0
    is_tall: bool = False
    height: int | None = None


def through_json(kind, value):
    return decode(kind, json.loads(json.dumps(encode(value))))


weights = st.decimals(0, 100, places=2, allow_nan=False)
leaves = st.builds(Leaf, weights, st.none() | st.just(Colour.RED))
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
trees = st.builds(
    Tree,
    st.text(),
    st.lists(leaves).map(tuple),
    st.dictionaries(st.text(), leaves),
    st.dictionaries(st.text(), st.lists(st.floats(allow_nan=False)).map(tuple)),
    st.dictionaries(st.text(), scalars | st.lists(scalars) | st.dictionaries(st.text(), scalars)),
    st.floats(allow_nan=False),
    st.booleans(),
    st.none() | st.integers(),
)


@given(trees)
def test_gives_every_value_back_exactly(tree):
    assert through_json(Tree, tree) == tree


@given(weights)
def test_keeps_a_decimals_digits(weight):
    assert str(through_json(Leaf, Leaf(weight)).weight) == str(weight)


@pytest.mark.parametrize(
    "rollout",
    [
        a_rollout(),
        a_rollout(target=a_target(stage=None)),
        a_rollout(
            target=a_target(metrics=Metrics(latency_limits_ms=(250,), business=(BusinessMetric("CheckoutFailed", "Orders"),))),
            policy=a_policy("2.5", 50, early_advance=True),
            phase=Phase.TAKING_ALL,
            intent=an_intent(versions=NEW, deployment_id=None, overrides=OVERRIDES),
            step=StepState(index=1, entered="1769860800.000", baking_since=1769860830.25, judged_minutes=3, requests=180),
            shifts=(1769860800.0, 1769861730.5),
            needed=(50, 1200),
            limits_ms={"p99": (812.5, 90.0)},
            evidence={"errors": {"minutes": 3, "live": [0.1, -2.5], "assisted": None}},
            tally=Tally(10, 1, 90, 2, 400, 12, 0),
            drained_from=1.5,
        ),
    ],
    ids=["fresh", "by weights", "in the middle"],
)
def test_gives_a_rollout_back_exactly(rollout):
    assert through_json(Rollout, rollout) == rollout


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"weight": "x"}, ArithmeticError),
        ({"weight": "1", "colour": "blue"}, ValueError),
        ({}, TypeError),
        ({"new": 1}, KeyError),
    ],
)
def test_data_of_another_kind_is_an_error(data, error):
    with pytest.raises(error):
        decode(Leaf, data)
