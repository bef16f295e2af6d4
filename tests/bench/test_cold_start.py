from __future__ import annotations

import pytest

from bench.cold_start import Start, measure, modules, table
from bench.imports import Imports, packages
from bench.imports import table as imports_table


@pytest.mark.slow
def test_a_handler_is_started_beside_boto3_alone():
    alone, handler = measure(["operate_rollout"], 1)

    assert (alone.name, handler.name) == ("boto3 alone", "operate_rollout")
    assert all(start.seconds > 0 and start.megabytes > 10 for start in (alone, handler))


def test_every_module_with_a_handler_is_found():
    assert {"evaluate_canary", "guard_rollout"} <= set(modules())
    assert not {"entry", "look", "promotion", "takeover", "watch"} & set(modules())


def test_each_start_stands_beside_boto3_alone():
    assert table([Start("boto3 alone", 0.2, 50.0), Start("x", 0.3, 60.0)]).splitlines()[2:] == [
        "| boto3 alone | 200 | 1.00 | 50 | 1.00 |",
        "| x | 300 | 1.50 | 60 | 1.20 |",
    ]


def test_imports_are_counted_beside_boto3_alone():
    imports = Imports(frozenset({"json", "botocore", "botocore.session"}), {"x": frozenset({"canary.rules.judging.judge"})})

    assert imports_table(imports, frozenset({"boto3", "botocore"})).splitlines()[2:] == [
        "| boto3 alone | 2 | 1.00 | 2 |  |",
        "| the entry of all | 3 | 1.50 | 2 |  |",
        "| x | 4 | 2.00 | 2 | yes |",
    ]
    assert packages(imports.entry) == {"botocore": 2}
