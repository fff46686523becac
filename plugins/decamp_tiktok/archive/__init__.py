"""Reads the file that TikTok's "Download your data" gives."""
