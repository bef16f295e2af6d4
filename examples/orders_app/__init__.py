"""The sample service `orders` as a CDK app: its API behind the canary controller, its pipeline, its schedules.

What `examples/orders` is to Lambda, this is to CloudFormation. The controller itself is another app's, deployed once in the
account and Region.
"""
