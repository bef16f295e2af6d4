"""`canary logs`: what broke, from the access log and the functions' own logs."""
