"""The live page: a server on loopback, its checks, its feed and the page. Where the data come from is given to it."""
