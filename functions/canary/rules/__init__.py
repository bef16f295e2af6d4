"""Every decision of the controller, as pure functions: standard library only, no clock, no network, no environment."""
