"""The exercises of `canary drill`: what each one expects, does and measures."""
