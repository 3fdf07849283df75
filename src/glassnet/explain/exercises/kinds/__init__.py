"""The kinds of exercises: one file for each family. A file that is added here is found."""
