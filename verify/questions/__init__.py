"""Every question, in the order in which they are asked.

Metrics come first and their list last, because it takes a quarter of an hour until a new metric is listed. The other questions
fill that time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from verify.questions.authorizers import AuthorizerCacheOfCanary
from verify.questions.definitions import ExportMatchesResources
from verify.questions.deployments import (
    DeleteCanaryDeployment,
    ListStagesByCanaryDeployment,
    StageFieldsOnExistingStage,
)
from verify.questions.documents import ExportUnusedParts, NameOfInlineModel, OverwriteKeepsIds
from verify.questions.filters import FilterDefault, FilterDelay, FilterPercentiles, FilterTimestamp
from verify.questions.log_values import ValuesOfRefusedRequest
from verify.questions.logs import CanaryLogGroup, IsCanaryOfRefusedRequest
from verify.questions.machines import SdkIntegrationErrorNames
from verify.questions.metrics import CanaryMetricDimension, MetricDelay, StageMetricsIncludeCanary
from verify.questions.packages import ShippedPackages
from verify.questions.patterns import MetricFilterPatterns
from verify.questions.permissions import SourceArnOfOpenMethod
from verify.questions.policies import QualifiedArnInPolicy
from verify.questions.promotions import (
    RemoveAbsentCanary,
    RemoveAbsentOverride,
    RemoveCanaryBesideCopy,
    ReplaceDeploymentUnderCanary,
)
from verify.questions.proofs import ShippedProof
from verify.questions.propagation import AliasPropagation, StagePropagation
from verify.questions.queries import InsightsAbsentField
from verify.questions.scores import AlarmScore
from verify.questions.shipped import ShippedMachine
from verify.questions.splits import SplitAccuracy
from verify.questions.stacks import CloudformationResendsStage
from verify.questions.states import ShippedStates
from verify.questions.texts import ClientTextInAccessLog
from verify.questions.topics import TopicPolicyCondition
from verify.questions.values import MalformedValue, MoveOrTestOperation, ReplaceWholeMap
from verify.questions.weights import AliasWeightOfOne

if TYPE_CHECKING:
    from verify.questions.question import Question

ALL: tuple[Question, ...] = (
    MetricDelay(),
    StageMetricsIncludeCanary(),
    ReplaceDeploymentUnderCanary(),
    RemoveAbsentCanary(),
    RemoveCanaryBesideCopy(),
    ReplaceWholeMap(),
    RemoveAbsentOverride(),
    DeleteCanaryDeployment(),
    StageFieldsOnExistingStage(),
    ListStagesByCanaryDeployment(),
    MalformedValue(),
    MoveOrTestOperation(),
    NameOfInlineModel(),
    OverwriteKeepsIds(),
    ExportUnusedParts(),
    ExportMatchesResources(),
    StagePropagation(),
    AliasPropagation(),
    SplitAccuracy(),
    CanaryLogGroup(),
    IsCanaryOfRefusedRequest(),
    ValuesOfRefusedRequest(),
    ClientTextInAccessLog(),
    SourceArnOfOpenMethod(),
    AuthorizerCacheOfCanary(),
    MetricFilterPatterns(),
    FilterDelay(),
    FilterTimestamp(),
    FilterDefault(),
    FilterPercentiles(),
    InsightsAbsentField(),
    AlarmScore(),
    AliasWeightOfOne(),
    TopicPolicyCondition(),
    QualifiedArnInPolicy(),
    ShippedMachine(),
    ShippedStates(),
    ShippedPackages(),
    ShippedProof(),
    CloudformationResendsStage(),
    SdkIntegrationErrorNames(),
    CanaryMetricDimension(),
)
