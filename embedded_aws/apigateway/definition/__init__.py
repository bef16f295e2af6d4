"""An API's definition while it is edited: what GetResources, GetAuthorizers and the like show, and what changes it.

Every change is a pure function from one draft to the next, so a refused change leaves nothing behind.
`embedded_aws.apigateway.definition.frozen` decides what a deployment keeps of a draft, and the seam which HTTP request asks
for which change.
"""
