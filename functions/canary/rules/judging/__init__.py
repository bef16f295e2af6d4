"""The judge: it turns counts into evidence, and evidence into the finding that the canary is worse or not."""
