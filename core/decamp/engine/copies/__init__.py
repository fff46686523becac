"""A copy that a service makes when it is asked: asked for once, waited for, fetched, kept."""
