"""The function that manages, for CloudFormation, what the controller owns: stages, aliases and the permissions to call them.

CloudFormation's own resource types are not used for two reasons. It is not recorded whether an update of a stage's tags or
variables also writes the stage's deployment again (docs/aws.md#cloudformation-resends-stage). And a drift-aware change set
enforces the template on everything it knows (docs/aws.md#drift-aware-change-sets). This function can move neither stages nor
aliases: it has no call for an alias's version, and leaves a stage's deployment and canary out of every patch list.

It removes nothing that a deployment still calls. Leftovers of functions that left the template are removed later (`leftovers`).
"""
