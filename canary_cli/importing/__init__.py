"""What another tool is configured to do, as the target and the policy that come nearest. Pure but for `sources`."""
