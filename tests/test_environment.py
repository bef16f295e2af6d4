import os
from pathlib import Path

import pytest

from tests.environment import SET, clean, has_usable_home


@pytest.mark.parametrize(
    "name",
    [
        *("AWS_PROFILE", "AWS_ENDPOINT_URL", "CANARY_TABLE", "LOG_LEVEL", "POWERTOOLS_LOG_LEVEL"),
        *("TERM", "COLUMNS", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE"),
        *("HTTPS_PROXY", "http_proxy"),
    ],
)
def test_what_the_developer_has_set_is_not_seen(name: str) -> None:
    assert clean({name: "x", "PATH": "/bin"}) == {"PATH": "/bin", **SET}


@pytest.mark.parametrize("name", ["PATH", "PYTHONPATH", "HOME", "TMPDIR", "TZ", "LANG", "LC_ALL"])
def test_what_programs_need_stays(name: str) -> None:
    assert clean({name: "x"}) == {name: "x", **SET}


def test_the_tests_run_in_it() -> None:
    assert os.environ == clean(os.environ)
    assert has_usable_home(os.environ)


def test_a_home_is_usable_where_it_is_a_folder_to_write_to(tmp_path: Path) -> None:
    assert has_usable_home({"HOME": str(tmp_path)})
    assert not has_usable_home({"HOME": str(tmp_path / "missing")})
    assert not has_usable_home({"HOME": ""})


def test_without_a_home_programs_ask_the_system_for_it() -> None:
    assert has_usable_home({})
