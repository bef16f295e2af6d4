"""YAML with JSON's types."""

import json

from embedded_aws.wire.yaml_text import read_yaml


def test_a_date_stays_text_and_other_values_have_their_types() -> None:
    text = "{day: 2026-01-05, at: 2026-01-05T12:00:00Z, tagged: !!timestamp 2026-01-05, count: 3, is_open: true, none: null}"
    found = read_yaml(text)
    assert json.loads(json.dumps(found)) == found
    assert found == {
        "day": "2026-01-05",
        "at": "2026-01-05T12:00:00Z",
        "tagged": "2026-01-05",
        "count": 3,
        "is_open": True,
        "none": None,
    }
