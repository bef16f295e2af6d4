"""What both arms did, compared."""
