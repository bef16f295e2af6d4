import os
from collections.abc import Iterator

import hypothesis
import pytest

# Both cores are busy while tests run, so how long one example takes says nothing of the test.
hypothesis.settings.register_profile(
    "shared-machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("shared-machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--deployed",
        action="store_true",
        help="journeys run on what the synthesised templates deploy, under its roles, each of whose statements must be needed",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--deployed"):
        from tests.infra.deployed import Deployed

        config.pluginmanager.register(Deployed())


@pytest.fixture(scope="session", autouse=True)
def _no_environment_of_the_developers() -> Iterator[None]:
    """No test sees the AWS settings of whoever runs it: a wrong endpoint fails, and nothing can reach an account."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AWS_", "CANARY_", "POWERTOOLS_"))]:
            patch.delenv(name)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        yield
