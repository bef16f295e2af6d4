"""The function that makes, for CloudFormation, what the controller owns: stages, aliases and the permissions to call them.

CloudFormation's own resource types are not used for them, because nobody has recorded whether an update of a stage's tags or
variables also writes the stage's deployment again (docs/aws.md#cloudformation-resends-stage), and because a drift-aware
change set enforces a template on everything it knows (docs/aws.md#drift-aware-change-sets). This function can move neither: it
has no call for an alias's version, and leaves a stage's deployment and canary out of every patch list.

It takes nothing away that a deployment still calls. What is left of functions that went from the template is removed later
(`leftovers`).
"""
