"""A small service on decamp: people sign in with TikTok, and get a copy of their data."""
