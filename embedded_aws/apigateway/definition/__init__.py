"""An API's definition while it is edited: what GetResources, GetAuthorizers and the like show, and what changes it.

Every change is a pure function from one draft to the next, so a refused one leaves nothing behind. What a deployment
keeps of a draft is `embedded_aws.apigateway.definition.frozen`; which HTTP request asks for which change is the seam's.
"""
