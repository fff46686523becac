"""Gives what is on a server its name, and makes sure that it is what was sent."""

from __future__ import annotations

from collections.abc import Callable

from decamp import Corrupted, Unavailable
from decamp.bundle import Stamp
from decamp_webdav.answers import gone, not_moved
from decamp_webdav.client import DavClient
from decamp_webdav.collections import is_empty, names_in
from decamp_webdav.multistatus import Resource

__all__ = ["arrived", "move", "remove_empty"]

_MOVED = (201, 204)
"""RFC 4918 section 9.9.4. A page in front of a server answers 200."""
_DOUBTFUL = (403, 404, 409, 412, 500)
"""What servers say if the source is gone, a folder above is, or the name is taken."""


def arrived(found: Resource | None, size: int, path: str) -> Stamp:
    """Compare what a server holds with what was sent.

    Raises:
        Corrupted: It is not there, or has another length.
    """
    if found is None or found.size != size:
        has = "it is not there" if found is None else f"it has {found.size} bytes"
        raise Corrupted(
            f"{path}: the server said that it stored {size} bytes, but {has}.",
            hint="Run the same command again; if it stays so, the server or a proxy before it "
            "loses what it is sent.",
        )
    return size, found.changed


def move(client: DavClient, url: str, to: str, *, keep: bool) -> None:
    """Give something its name.

    One whose answer was lost is never repeated before both ends were looked at: rclone removes
    what is to be replaced before it finds that the source is gone, and servers disagree about
    what they say then.

    Raises:
        FileExistsError: The name is taken.
    """
    headers = {"Destination": to, "Overwrite": "F" if keep else "T"}
    try:
        answer = client.send("MOVE", url, headers, passing=_DOUBTFUL, again=False)
    except Unavailable:
        if client.find(url) is None:
            if client.find(to) is None:
                raise
            return
        answer = client.send("MOVE", url, headers, passing=_DOUBTFUL, again=False)
    if answer.status in _MOVED:
        return
    if answer.status == 412:
        raise FileExistsError(to)
    if _is_moved(client, url, to):
        return
    above = to.rstrip("/").rpartition("/")[0] + "/"
    if client.find(above) is None:  # rclone forbids it, Apache has a fault
        raise gone(above)
    answer = client.send("MOVE", url, headers, again=False)
    if answer.status not in _MOVED and not _is_moved(client, url, to):
        raise not_moved(to)


def _is_moved(client: DavClient, url: str, to: str) -> bool:
    """Look at both ends: what is at the new name may be somebody else's."""
    return client.find(url) is None and client.find(to) is not None


def remove_empty(client: DavClient, url: str, aside: Callable[[], str]) -> set[str] | None:
    """Remove a folder that is empty, if it is there.

    WebDAV removes a folder with all that is in it, so it is moved away first: what someone else
    put into it in that moment is seen, and moved back.

    Args:
        client: Speaks to the server.
        url: Of the folder.
        aside: Gives the address of another name for it.

    Returns:
        The names of what is in it; None if it is not there any more.
    """
    found = client.listed(url)
    if found is None:
        return None
    return _take_out(client, url, aside()) if is_empty(found) else names_in(found)


def _take_out(client: DavClient, url: str, aside: str) -> set[str] | None:
    move(client, url, aside, keep=True)
    found = client.listed(aside)
    if found is not None and not is_empty(found):
        move(client, aside, url, keep=True)
        return names_in(found)
    client.send("DELETE", aside, passing=(404,))
    return None
