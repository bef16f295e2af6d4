"""The questions about AWS that no record settles, and what the embedded AWS answers to each.

Where a record exists, the embedded AWS follows it. Where none does, it refuses to guess and raises `NotRecorded`, which
the HTTP layer answers with 501. A test, or someone who measured it in an account, chooses one of the plausible answers
instead. Traffic and metrics cannot be refused, because they must come out in some way, so their questions carry an
`assumed` answer. The registry is closed: a slug that is not in it is an error of the caller.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType


class NotRecorded(Exception):  # noqa: N818 (the name is what a client reads in the 501 answer)
    """A client asked for something whose answer in AWS is not recorded."""

    def __init__(self, question: "Question") -> None:
        self.slug = question.slug
        super().__init__(
            f"not recorded ({question.slug}): {question.text} choose one of {', '.join(question.answers)} "
            "in the embedded AWS's unknowns"
        )


@dataclass(frozen=True, slots=True)
class Question:
    """One fact that no record settles: its plausible answers, and the assumed one where refusing is impossible."""

    slug: str
    text: str
    answers: tuple[str, ...]
    assumed: str | None = None


QUESTIONS = (
    # Control plane: unanswered means 501.
    Question(
        "replace-deployment-under-canary",
        "does UpdateStage replace /deploymentId while the stage has a canary?",
        ("refused", "accepted"),
    ),
    Question(
        "remove-absent-canary",
        "how does UpdateStage answer remove /canarySettings on a stage without a canary?",
        ("accepted", "refused"),
    ),
    Question(
        "remove-canary-beside-copy",
        "may one patch list hold both remove /canarySettings and a copy that promotes?",
        ("accepted", "refused"),
    ),
    Question(
        "replace-whole-map",
        "what value does UpdateStage take to replace /variables or /canarySettings/stageVariableOverrides as a whole?",
        ("json", "refused"),
    ),
    Question(
        "remove-absent-override",
        "how does UpdateStage answer the removal of a stage variable override that does not exist?",
        ("accepted", "refused"),
    ),
    Question(
        "delete-canary-deployment",
        "does DeleteDeployment delete a deployment that only a canary uses?",
        ("refused", "accepted"),
    ),
    Question(
        "stage-fields-on-existing-stage",
        "what does CreateDeployment do with variables, description, cache or tracing for an existing stage?",
        ("merged", "replaced", "ignored"),
    ),
    Question(
        "list-stages-by-canary-deployment",
        "does GetStages by deployment id list a stage that uses the deployment only for its canary?",
        ("left-out", "included"),
    ),
    Question(
        "malformed-value",
        "how does UpdateStage answer a number or boolean that does not parse or is out of range?",
        ("refused", "ignored"),
    ),
    Question(
        "move-or-test-operation",
        "how does UpdateStage answer the patch operations move and test, which no path supports?",
        ("refused", "ignored"),
    ),
    Question(
        "insights-absent-field",
        "is a comparison with != or not true in Logs Insights for an event that lacks the field?",
        ("true", "not-true"),
    ),
    # Documents: an import or export must give some result, so each question carries what is assumed.
    Question(
        "name-of-inline-model",
        "what name does an import give to the model of a schema that an operation defines inline?",
        ("anew-each-time", "by-content"),
        assumed="anew-each-time",
    ),
    Question(
        "overwrite-keeps-ids",
        "do resources, authorizers and validators with an unchanged path or name keep their ids when PutRestApi overwrites?",
        ("no", "yes"),
        assumed="no",
    ),
    Question(
        "export-unused-parts",
        "does GetExport show authorizers and request validators that no method uses?",
        ("yes", "no"),
        assumed="yes",
    ),
    Question(
        "export-matches-resources",
        "does the export of a stage agree exactly with what GetResources and similar calls show of the API deployed there?",
        ("exactly", "with-differences"),
        assumed="exactly",
    ),
    # Data plane, logs and metrics: something must come out, so each question carries what is assumed.
    Question(
        "stage-propagation",
        "how long after UpdateStage may a request still see the old settings?",
        ("within-30-seconds", "at-once"),
        assumed="within-30-seconds",
    ),
    Question(
        "alias-propagation",
        "how long after UpdateAlias may a request still see the old version?",
        ("within-30-seconds", "at-once"),
        assumed="within-30-seconds",
    ),
    Question(
        "split-accuracy",
        "of 2,000 requests at 1, 10 and 50 %, half of them over kept-alive connections, which share reaches the canary, "
        "and is each drawn independently?",
        ("as-set-each", "as-set-by-connection", "within-a-third"),
        assumed="as-set-each",
    ),
    Question(
        "canary-metric-dimension",
        "under which Stage dimension does AWS/ApiGateway count canary requests separately?",
        ("none", "stage-slash-canary"),
        assumed="none",
    ),
    Question(
        "stage-metrics-include-canary",
        "do the AWS/ApiGateway metrics of a stage include its canary's requests?",
        ("yes", "no"),
        assumed="yes",
    ),
    Question(
        "canary-log-group",
        "does API Gateway create the log group <group>/Canary, or write to it only if it exists?",
        ("only-if-it-exists", "created"),
        assumed="only-if-it-exists",
    ),
    Question(
        "is-canary-of-refused-request",
        "what does $context.isCanaryRequest say, at 100 %, for a request refused before its integration?",
        ("true", "false", "absent"),
        assumed="true",
    ),
    Question(
        "values-of-refused-request",
        "what do $context.status and $context.responseLatency print for a request that is refused early or aborted?",
        ("numbers", "dash"),
        assumed="numbers",
    ),
    Question(
        "client-text-in-access-log",
        "does the access log escape quotes and backslashes in text from a client or a function?",
        ("escaped", "as-it-came"),
        assumed="escaped",
    ),
    Question(
        "source-arn-of-open-method",
        "which source ARN does API Gateway pass to Lambda for an ANY method, or for one whose path has parameters?",
        ("request-verb", "method-as-defined", "path-as-requested"),
        assumed="request-verb",
    ),
    Question(
        "authorizer-cache-of-canary",
        "do base and canary share the cached results of an authorizer?",
        ("apart", "shared"),
        assumed="apart",
    ),
    Question(
        "metric-delay",
        "how long after the end of a minute do its AWS/ApiGateway and AWS/Lambda metrics arrive?",
        ("45-seconds", "5-minutes"),
        assumed="45-seconds",
    ),
    Question(
        "metric-filter-patterns",
        "does TestMetricFilter match exactly the access-log lines that the metric filters' patterns are meant to match?",
        ("as-meant", "otherwise"),
        assumed="as-meant",
    ),
    Question(
        "filter-delay",
        "how long after the end of a minute does a metric filter's count of its access-log lines arrive?",
        ("45-seconds", "2-minutes"),
        assumed="45-seconds",
    ),
    Question(
        "filter-timestamp",
        "under which minute does a metric filter count a line that arrives later than its timestamp?",
        ("event-time", "arrival"),
        assumed="event-time",
    ),
    Question(
        "filter-default",
        "in which minutes without a match does a metric filter report its default value?",
        ("with-lines", "every-minute"),
        assumed="with-lines",
    ),
    Question(
        "filter-percentiles",
        "can p99 and TC be read from a metric filter whose value is a field of the line?",
        ("yes", "no"),
        assumed="yes",
    ),
    Question(
        "alarm-score",
        "does GetMetricData compute an alarm's score as its expression is meant, even where counts are missing?",
        ("as-meant", "otherwise"),
        assumed="as-meant",
    ),
    Question(
        "topic-policy-condition",
        "does EventBridge publish to a topic whose policy allows it under a condition?",
        ("refused", "published"),
        assumed="refused",
    ),
    # IAM: the embedded AWS checks each call on one ARN, in the form in which a policy names it.
    Question(
        "qualified-arn-in-policy",
        "does a function's unqualified ARN in an IAM policy cover its versions and aliases, or a qualified ARN the function?",
        ("apart", "unqualified-covers"),
        assumed="apart",
    ),
    Question(
        "alias-weight-of-one",
        "does UpdateAlias take 1 as the weight of an alias's additional version?",
        ("accepted", "refused"),
        assumed="accepted",
    ),
    # CloudFormation: matters only where the stage has drifted by then; unanswered, the update fails and says so.
    Question(
        "cloudformation-resends-stage",
        "does CloudFormation send DeploymentId and Variables again when another stage property changes?",
        ("no", "yes"),
    ),
    # Nothing in the embedded AWS asks this yet; SDK integrations will have to.
    Question(
        "sdk-integration-error-names",
        "what are errors of aws-sdk:apigateway integrations called in Step Functions?",
        ("ApiGateway.BadRequestException", "Apigateway.BadRequestException"),
    ),
)


class Unknowns:
    """Every open question with its present answer, chosen or not."""

    def __init__(self, answers: Mapping[str, str] | None = None) -> None:
        self._questions = {question.slug: question for question in QUESTIONS}
        self._chosen: Mapping[str, str] = MappingProxyType({})
        for slug, answer in (answers or {}).items():
            self.choose(slug, answer)

    def __iter__(self) -> Iterator[tuple[Question, str | None]]:
        """Each question with its present answer; None is a 501."""
        return ((question, self.answer(question.slug)) for question in QUESTIONS)

    def ask(self, slug: str) -> str:
        """The present answer; raises `NotRecorded` where none is chosen or assumed."""
        answer = self.answer(slug)
        if answer is None:
            raise NotRecorded(self._question(slug))
        return answer

    def answer(self, slug: str) -> str | None:
        """The present answer: the chosen one, else the assumed one, else None."""
        return self._chosen.get(slug, self._question(slug).assumed)

    def choose(self, slug: str, answer: str) -> None:
        """From now on, answer `slug` this way."""
        plausible = self._question(slug).answers
        if answer not in plausible:
            raise ValueError(f"{answer!r} is not a plausible answer to {slug}; choose one of {', '.join(plausible)}")
        self._chosen = MappingProxyType({**self._chosen, slug: answer})

    @contextmanager
    def answering(self, slug: str, answer: str) -> Iterator[None]:
        """Answer `slug` this way for the length of a with block."""
        before = self._chosen
        self.choose(slug, answer)
        try:
            yield
        finally:
            self._chosen = before

    def one_at_a_time(self) -> Iterator[tuple[str, str]]:
        """Every plausible answer of every question, one after the other, while the other questions stay as they are."""
        for question in QUESTIONS:
            for answer in question.answers:
                with self.answering(question.slug, answer):
                    yield question.slug, answer

    def reset(self) -> None:
        """Forget all chosen answers."""
        self._chosen = MappingProxyType({})

    def _question(self, slug: str) -> Question:
        try:
            return self._questions[slug]
        except KeyError:
            raise ValueError(f"{slug!r} is not in the registry of questions; add it to embedded_aws/wire/unknowns.py") from None
