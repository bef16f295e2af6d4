"""EventBridge and EventBridge Scheduler: rules, schedules and deliveries."""
