"""The executions that `make test` runs are listed in one place, and the names are those of tests."""

import re
from pathlib import Path

from tests.executions.conftest import SAMPLE

EXECUTIONS = Path(__file__).parent / "executions"


def test_the_sample_of_the_executions_names_tests():
    texts = [file.read_text(encoding="utf-8") for file in EXECUTIONS.glob("test_*.py")]
    tests = {name for text in texts for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)}

    assert tests >= SAMPLE
    assert len(SAMPLE) < len(tests) / 2
