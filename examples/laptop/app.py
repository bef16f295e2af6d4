"""The API shop as a CDK app: ``cdk deploy --app "python examples/laptop/app.py"``."""  # noqa: INP001 - a script

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import cloudformation_include as include

app = cdk.App()
stack = cdk.Stack(app, "shop")
include.CfnInclude(stack, "Shop", template_file=str(Path(__file__).with_name("template.yaml")))
app.synth()
