"""Where AWS is read and written. The only room that knows botocore."""
