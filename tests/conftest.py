import gc
import os
import re
import shutil
import tempfile
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import hypothesis
import pytest

from tests.environment import clean, has_usable_home

# Both cores are busy while tests run, so the duration of one example says nothing about the test.
hypothesis.settings.register_profile(
    "shared-machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("shared-machine")

# Python's own thresholds take a tenth of the suite's time: each full collection scans all that moto and botocore have loaded.
gc.set_threshold(20_000, 20, 100)

ALL_SLOW = re.compile(r"^pytestmark = pytest\.mark\.slow\b", re.MULTILINE)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--deployed",
        action="store_true",
        help="run executions on what the synthesised templates deploy, under its roles; each statement must be needed",
    )


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Runs before any test module is imported, and after pytest has looked at its terminal."""
    environ = clean(os.environ)
    if not has_usable_home(os.environ):
        environ["HOME"] = tempfile.mkdtemp(prefix="home-")
        config.add_cleanup(partial(shutil.rmtree, environ["HOME"], ignore_errors=True))
    os.environ.clear()
    os.environ.update(environ)
    if config.getoption("--deployed"):
        from tests.infra.deployed import Deployed

        config.pluginmanager.register(Deployed())


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls of an embedded AWS that is already open are tried again at once: a test is no actor, it would wait in real time."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Modules whose tests are all slow are not even imported for `-m "not slow"`: most of them load the CDK."""
    if config.option.markexpr != "not slow" or collection_path.suffix != ".py":
        return None
    return True if ALL_SLOW.search(collection_path.read_text(encoding="utf-8")) else None
