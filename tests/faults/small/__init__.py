"""A small AWS for many runs: it answers the controller's calls from values in this process, on virtual time.

It has no HTTP, no threads and no single requests: traffic is a rate, and the history of the settings shows what a request
could have met. Where no fault interferes, it gives the answers that the embedded AWS gave when the sample was made in it.
"""
