"""What becomes of other people's names."""
