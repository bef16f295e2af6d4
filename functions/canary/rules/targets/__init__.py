"""What a target is: its registration, its policy, its access log and its alarms."""
