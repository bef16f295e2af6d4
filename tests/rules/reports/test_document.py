import json
from dataclasses import replace

import jsonschema
import pytest

from canary.rules.judging.history import to_json
from canary.rules.reports.building import report_of
from canary.rules.reports.document import ReportVersionError, read_document, to_document
from canary.rules.reports.recomputing import verdicts_again
from canary.rules.reports.schema import document_schema
from tests.builders import a_rollout
from tests.rules.reports.past import BAD, EVIDENCE, GOOD, SILENT, replayed

VALIDATOR = jsonschema.Draft202012Validator(document_schema())


def a_document(past):
    """The document as it is read from a file."""
    rollout, looks = past
    report = report_of(*replayed(past))
    return json.loads(json.dumps(to_document(report, rollout, looks, to_json(EVIDENCE.history)), allow_nan=False))


@pytest.mark.parametrize("past", [BAD, GOOD, SILENT], ids=["bad", "good", "silent"])
def test_everything_is_computed_again_from_the_document_alone(past):
    document = a_document(past)
    VALIDATOR.validate(document)
    rollout, looks = read_document(document)
    assert (rollout, looks) == replayed(past)
    assert all(one.is_same for one in verdicts_again(looks))
    again = json.loads(json.dumps(to_document(report_of(rollout, looks), rollout, past[1], document["history"])))
    assert again == document


def test_a_rollout_without_a_look_has_a_document():
    rollout = a_rollout()
    document = json.loads(json.dumps(to_document(report_of(rollout, ()), rollout, (), None)))
    VALIDATOR.validate(document)
    assert read_document(document) == (rollout, ())


def test_the_schema_is_valid_and_refuses_what_it_does_not_know():
    jsonschema.Draft202012Validator.check_schema(document_schema())
    document = a_document(BAD)
    assert not VALIDATOR.is_valid({**document, "more": 1})
    assert not VALIDATOR.is_valid({**document, "report": {**document["report"], "phase": "unheard of"}})
    assert not VALIDATOR.is_valid({key: document[key] for key in document if key != "looks"})


@pytest.mark.parametrize("key", ["version", "record_schema"])
def test_a_document_of_another_version_is_refused(key):
    with pytest.raises(ReportVersionError, match="use the version of canary that wrote it"):
        read_document({**a_document(BAD), key: 0})


def test_an_edited_count_shows():
    rollout, looks = BAD
    record = looks[-1].minutes[-1]
    edited = replace(record, counts={**record.counts, "errors": (120, 0, 1080, 5)})
    document = a_document((rollout, (*looks[:-1], replace(looks[-1], minutes=(*looks[-1].minutes[:-1], edited)))))
    assert "differs from what they recorded" in document["report"]["trust"]
    assert "the counts alone would first have said" in document["report"]["checked"]
