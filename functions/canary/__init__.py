"""The canary controller's code that runs in Lambda, in four rooms: rules, edge, aws, tasks."""
