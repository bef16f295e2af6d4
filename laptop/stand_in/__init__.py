"""A stand-in as Lambda runs it: the code that goes into its zip. Nothing of the project imports it while it runs."""
