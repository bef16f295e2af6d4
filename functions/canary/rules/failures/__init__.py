"""What broke: failing requests of both arms, found in the access log and in the functions' own logs."""
