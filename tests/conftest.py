import os
import shutil
import tempfile
from functools import partial

import hypothesis
import pytest

from tests.environment import clean, has_usable_home

# Both cores are busy while tests run, so the duration of one example says nothing about the test.
hypothesis.settings.register_profile(
    "shared-machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("shared-machine")


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
