"""How `canary start` begins a rollout where an ordinary start may not."""
