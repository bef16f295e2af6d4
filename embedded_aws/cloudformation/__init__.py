"""CloudFormation on the embedded AWS: templates deployed through the same calls that anybody else would make.

`stacks` is the way in. What it takes from a template and when, is decided here; what a resource is, is decided by the
service that has it. No module of this package knows moto.
"""
