"""Tasks whose data are made by a rule: as many examples as are wanted, from a seed."""
