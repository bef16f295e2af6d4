"""A small AWS for many runs: the calls that the controller makes, answered from values in this process, on virtual time.

It has no HTTP, no threads and no requests one by one: traffic is a rate, and what a request could have met is worked out from
the history of the settings. What no fault changes it answers as the embedded AWS did when the sample was made in it.
"""
