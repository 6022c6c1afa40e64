"""The pages that review a key and draw regions: beside the command line, the only other front.

A page is served on the loopback alone, to whoever holds the token in its address; it decides,
overrides, signs and regrades through the functions that the commands call.
"""
