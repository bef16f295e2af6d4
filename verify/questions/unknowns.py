"""Every open question about AWS: those that the embedded AWS asks, and those about what this project ships.

The embedded AWS is never asked the latter, so its registry (`embedded_aws.wire.unknowns`) does not list them.
"""

from embedded_aws.wire.unknowns import QUESTIONS as OF_THE_EMBEDDED_AWS
from embedded_aws.wire.unknowns import Question

SHIPPED = (
    Question(
        "shipped-machine",
        "does ValidateStateMachineDefinition report anything about the shipped state machine?",
        ("no-finding", "findings"),
    ),
    Question(
        "shipped-states",
        "do states of the shipped machine reach the expected next state and variables in TestState?",
        ("as-meant", "otherwise"),
    ),
    Question(
        "shipped-packages",
        "can a function with the shipped layer import every module of the controller's functions?",
        ("all", "not-all"),
    ),
    Question(
        "shipped-proof",
        "does STS of the Region name who signed a request with a further signed header, and refuse it with any other header?",
        ("as-meant", "otherwise"),
        assumed="as-meant",
    ),
)
QUESTIONS = (*OF_THE_EMBEDDED_AWS, *SHIPPED)
