"""Calculations worked by hand, as documents: the numbers are those that a person writes down."""
