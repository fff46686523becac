"""TikTok through its own API: Login Kit, Data Portability, webhooks."""
