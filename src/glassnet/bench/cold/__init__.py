"""Whole processes: small programs that learn the digits, one a system, as people write them.

Each is run as `python FILE DIGITS.npz` and prints its accuracy on the test part.
"""
