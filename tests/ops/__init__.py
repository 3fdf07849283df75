"""The primitive operations."""
