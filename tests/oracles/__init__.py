"""Second opinions that share no code with the library that they judge."""
