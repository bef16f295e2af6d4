"""What a start would do, told before anything is changed."""
