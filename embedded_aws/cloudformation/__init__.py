"""CloudFormation in the embedded AWS: deploys templates through the same API calls that any client would make.

`stacks` is the entry point. This package decides what is taken from a template and when; the service that owns a resource
decides what the resource is. No module of this package knows moto.
"""
