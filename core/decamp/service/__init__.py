"""decamp as a library, for services that move data for many people.

``signin``: people sign in at a source's service through the service's own web pages.
``webhooks`` and ``notices``: what a source's service tells by itself, and what follows.
"""
