"""The canary controller's code that runs in Lambda, in four packages: rules, edge, aws, tasks."""
