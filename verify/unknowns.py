"""Every open question about AWS: those that the embedded AWS asks, and those about what this project ships.

The embedded AWS is never asked the latter, so its registry (`embedded_aws.wire.unknowns`) does not list them.
"""

from embedded_aws.wire.unknowns import QUESTIONS as OF_THE_EMBEDDED_AWS
from embedded_aws.wire.unknowns import Question

SHIPPED = (
    Question(
        "shipped-machine",
        "does ValidateStateMachineDefinition find anything in the state machine that is shipped?",
        ("no-finding", "findings"),
    ),
    Question(
        "shipped-states",
        "do states of the shipped machine come in TestState to the next state and the variables that are meant?",
        ("as-meant", "otherwise"),
    ),
    Question(
        "shipped-packages",
        "does a function with the layer that is shipped import every module of the controller's functions?",
        ("all", "not-all"),
    ),
)
QUESTIONS = (*OF_THE_EMBEDDED_AWS, *SHIPPED)
