"""What one item needs: nothing, to be sent, to be brought up to date, to be listed. Pure."""
