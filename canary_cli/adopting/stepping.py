"""Takes one step of an adoption: written down, carried out, and written down as done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.aws.errors import AwsRefusedError
from canary_cli.adopting.carrying import carry_out, is_certain, resolve
from canary_cli.adopting.trouble import AdoptionError

if TYPE_CHECKING:
    from canary_cli.adopting.asking import Steps
    from canary_cli.adopting.carrying import Clients
    from canary_cli.adopting.journal import Journal
    from canary_cli.doctor.remedy import Remedy


def take_step(clients: Clients, journal: Journal, steps: Steps, remedy: Remedy) -> None:
    """Take it. What AWS certainly refused is not in the journal afterwards; what it may have done is.

    Raises:
        AwsRefusedError: AWS refused.
        AdoptionError: the caller may not make the call.

    """
    resolved = resolve(clients, remedy)
    journal.begin(resolved)
    try:
        carry_out(clients, resolved)
    except (AwsRefusedError, AdoptionError) as error:
        if is_certain(error):
            journal.forget(resolved)
        raise
    journal.finish(resolved)
    steps.add(resolved)
