#!/usr/bin/env bash
# Publishes a version of each function and rolls these versions out, with the API's definition if it has changed:
#
#     release.sh TARGET FUNCTION...
#
# It needs the AWS CLI and the command canary. If nothing has changed, the rollout ends Unchanged.
set -euo pipefail
if [ $# -lt 2 ]; then
  echo "usage: release.sh TARGET FUNCTION..." >&2
  exit 2
fi
target=$1
shift
versions=()
for function in "$@"; do
  aws lambda wait function-updated-v2 --function-name "$function"
  version=$(aws lambda publish-version --function-name "$function" --query Version --output text)
  versions+=(--function "$function=$version")
done
exec canary start "$target" "${versions[@]}" --watch
