"""The worked example of docs/how-it-decides.md is a run of the code."""

from __future__ import annotations

import re
from math import exp
from pathlib import Path

import pytest

from bench.judge.command import BENCH, RESULTS
from bench.judge.keep import DOC, DOC_BEGINS, DOC_ENDS, with_table
from canary.rules.judging import judge
from canary.rules.judging.beginning import begin_evidence
from canary.rules.judging.bets import JUMPS, PATIENT_RISES, RATIOS, RISES
from canary.rules.judging.counts import Counts
from canary.rules.judging.dispersion import SPARSE_PHI, UNPROVEN_PHI
from canary.rules.judging.families import Family
from canary.rules.judging.history import SLICE_MINUTES
from canary.rules.judging.outage import BEYOND, OUTAGE_TIMES, RISKED
from canary.rules.judging.outlook import requests_needed

TEXT = Path(DOC).read_text(encoding="utf-8")
ROW = re.compile(
    r"^\| (\d) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ?(.*?) ?\|$", re.MULTILINE
)
HISTORY = [(600, (minute * 7919 % 13) // 9) for minute in range(1440)]
ROWS = ROW.findall(TEXT)


def begun():
    return begin_evidence({"errors": HISTORY}, families={"errors": Family.ERRORS}, stakes={"errors": 1.0}, alpha=0.01)


def test_the_example_is_what_the_judge_says():
    evidence = begun()
    for minute, nc, ec, nb, eb, alone, assisted, mean, remark in ROWS:
        counts = {"errors": Counts(int(nc), int(ec), int(nb), int(eb))}
        in_change = minute == "1"
        evidence = judge.fold_shift(evidence, counts, share=0.1) if in_change else judge.fold(evidence, counts)
        assert f"{exp(evidence.log_e):.2f}" == alone
        assert f"{exp(evidence.log_e_assisted):.2f}" == assisted
        assert f"{exp(evidence.log_strength):.2f}" == mean
        assert evidence.is_condemned is ("roll back" in remark)
    assert len(ROWS) == 3


def test_the_example_begins_as_the_page_says():
    evidence = begun()
    requests, bad = (sum(column) for column in zip(*HISTORY, strict=True))
    assert bad / requests == pytest.approx(0.0005, rel=0.05)
    assert evidence.history.bases["errors"].phi == 1.0
    needed = requests_needed(evidence, metric="errors", detect=0.01, share=0.1)
    assert f"would take {needed} canary requests" in TEXT.replace("\n", " ")


def test_the_sums_of_the_example_are_right():
    nc, ec, nb, eb = (sum(int(row[k]) for row in ROWS) for k in range(1, 5))
    assert (ec, nc, eb, nb) == (3, 151, 1, 1652)
    assert f"Three bad requests of {nc} beside one of {nb:,}." in TEXT


def test_the_page_names_the_bets_as_they_are():
    assert "1.4, 2, 3, 5, 10 or 30 times" in TEXT
    assert RATIOS == (1.4, 2, 3, 5, 10, 30)
    assert "5 or 20 points" in TEXT
    assert RISES == (0.05, 0.2)
    assert "a rise of 2 or 5 points" in TEXT
    assert PATIENT_RISES == (0.02, 0.05)
    assert "1, 5, 20, 60 or 97 points" in TEXT
    assert JUMPS == (0.01, 0.05, 0.2, 0.6, 0.97)
    assert f"phi is {UNPROVEN_PHI:g}" in TEXT
    assert f"too few errors to tell, phi is {SPARSE_PHI:g}" in TEXT
    assert "each minute eighteen minutes" in TEXT
    assert SLICE_MINUTES == 18
    assert "a twentieth of each stake bets that the canary fails more than eight times as often" in TEXT.replace("\n ", "")
    assert (OUTAGE_TIMES, BEYOND, RISKED) == (3.0, 8.0, 0.05)
    assert (exp(judge.LOG_LIVE_FLOOR), judge.ASSISTED_PART) == (pytest.approx(10), 0.75)


def test_the_benchs_table_has_its_place():
    assert TEXT.count(DOC_BEGINS) == TEXT.count(DOC_ENDS) == 1
    changed = with_table(TEXT, "| a table |")
    assert "| a table |" in changed
    assert with_table(changed, "| a table |") == changed
    assert changed.partition(DOC_BEGINS)[0] == TEXT.partition(DOC_BEGINS)[0]


def test_the_benchs_table_is_that_of_the_kept_results():
    shown = TEXT.partition(DOC_BEGINS)[2].partition(DOC_ENDS)[0].strip()
    assert shown.startswith("| judge |")
    assert shown in (BENCH / RESULTS).read_text(encoding="utf-8")
