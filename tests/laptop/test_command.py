from pathlib import Path

import pytest

from canary_cli.exits import CommandError, ExitCode
from canary_cli.output import Output
from canary_cli.trying.answers import Trial, TriedRollout
from canary_cli.trying.asked import Asked
from demo.watcher import EndlessRolloutError
from laptop import command

ASKED = Asked(Path("openapi.yaml"))


def a_trial(*problems):
    rollout = TriedRollout("a-good", "good", "Promoted", "Promoted", "no worse", 60.0, None, problems)
    return Trial("openapi.yaml", "a", "1", "OpenAPI 3.0.1", 1, 0, (), (), "reports/a.yaml", (), "GET /a", (rollout,), 9.0)


@pytest.mark.parametrize(("trial", "code"), [(a_trial(), ExitCode.DONE), (a_trial("the stage has a canary"), ExitCode.FAILED)])
def test_it_ends_with_0_only_if_both_rollouts_ended_as_they_must(trial, code, monkeypatch):
    monkeypatch.setattr(command, "try_definition", lambda *_: trial)
    assert command.run(Output(is_json=False), ASKED) == code


@pytest.mark.parametrize(
    ("error", "code"), [(EndlessRolloutError("it runs for more than a day"), "Endless"), (KeyboardInterrupt(), "Interrupted")]
)
def test_a_trial_that_does_not_end_is_an_error_with_a_fix(error, code, monkeypatch):
    def fail(*_):
        raise error

    monkeypatch.setattr(command, "try_definition", fail)
    with pytest.raises(CommandError) as told:
        command.run(Output(is_json=False), ASKED)
    assert (told.value.code, told.value.exit_code) == (code, ExitCode.FAILED)
    assert told.value.fix
