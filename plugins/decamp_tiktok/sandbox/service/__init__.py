"""A simulated TikTok: Login Kit, the Data Portability API, webhooks, media, and its pages.

Needs the extra ``sandbox`` (starlette and uvicorn).
"""

from decamp_tiktok.sandbox.service.apps import App
from decamp_tiktok.sandbox.service.behaviour import Behaviour, Switch, switches
from decamp_tiktok.sandbox.service.faults import ServiceFault
from decamp_tiktok.sandbox.service.options import SandboxOptions, example_app
from decamp_tiktok.sandbox.service.refusals import Misconfigured
from decamp_tiktok.sandbox.service.server import SandboxServer
from decamp_tiktok.sandbox.service.users import USERS, User

__all__ = [
    "USERS",
    "App",
    "Behaviour",
    "Misconfigured",
    "SandboxOptions",
    "SandboxServer",
    "ServiceFault",
    "Switch",
    "User",
    "example_app",
    "switches",
]
