"""The sample service `orders` as a CDK app: its API behind the canary controller, its pipeline, its schedules.

`examples/orders` has the code that runs in Lambda; this package has the stacks around it. The controller itself belongs to
another app, which is deployed once per account and Region.
"""
