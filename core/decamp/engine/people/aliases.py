"""Aliases of other people's names, and where names hide in data of any shape. Pure.

An alias is an HMAC of the name under a secret (RFC 2104), so the same name has the same alias
in every run, and without the secret nobody can try out whether a name is behind it.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote

__all__ = ["GONE", "Aliases", "is_alias", "names_a_person"]

_PREFIX = "person-"
_BYTES = 10  # 80 bits, so that two of a billion names hardly meet; 16 digits of base 32

_ALIAS = re.compile(rf"{_PREFIX}[a-z2-7]{{16}}")
_GROUP = "group:"
"""Begins the key of a conversation of more than two; it meets no user name."""

_NOBODY = frozenset(("", "N/A", "None"))
"""What sources write in the place of a name where nobody is named."""

_NO_NAMES = frozenset(
    (
        *("n/a", "none", "null", "unknown", "yes", "no", "on", "off", "true", "false", "all"),
        *("enabled", "disabled", "everyone", "friends", "followers", "myself", "only me"),
        *("no one", "nobody", "default"),
    )
)
"""What is no name behind a key that looks as if it named somebody; in lower case."""

_PROFILE = re.compile(r"(^|/)(@|%40)([^/?#&\s\"'<>]+)", re.IGNORECASE)
_WHOLE_LINK = re.compile(r"(?:@|https?://)[^\s]+", re.IGNORECASE)
_QUERY = re.compile(r"([?&])([\w.-]+)=([^&#\s\"'<>]+)")
_LISTED = re.compile(r"[\w.]{3,}")
_PART = re.compile(r"(?<=[=/])[^=/?&#\s\"'<>]+")
_WORD = re.compile(rf"{_ALIAS.pattern}(?![\w.])|[\w.]+")
_LETTER = re.compile(r"[^\W\d_]")
_DATED = re.compile(r"\d{4}-\d\d")

_PERSON_KEYS = frozenset(
    (
        *("user", "users", "from", "to", "sender", "receiver", "recipient", "recipients"),
        *("author", "creator", "friend", "friends", "contact", "contacts", "follower"),
        *("followers", "following", "member", "members", "participant", "participants"),
        *("person", "handle", "mutedlist", "uniqueid", "moderator", "moderators"),
    )
)
_PERSON_ENDINGS = (
    *("user", "users", "username", "usernames", "nickname", "screenname", "friendname"),
    "contactname",
)
_TEXT_KEYS = frozenset(
    (
        *("text", "content", "message", "comment", "caption", "title", "description", "bio"),
        *("question", "answer", "review", "reviewtext", "searchterm", "commentcontent"),
        *("questioncontent", "biodescription"),
    )
)
"""Keys of free text, which is never changed."""

_PATH_KEYS = ("path", "paths")


class _Gone:
    """What is left of a value that is about another person."""


GONE: Final = _Gone()


def is_alias(name: str) -> bool:
    """Tell whether a name is an alias already, from a bundle that was written with some."""
    return _ALIAS.fullmatch(name) is not None


@lru_cache(4_096)
def names_a_person(key: str) -> bool:
    """Tell by its key whether a raw value is the name of a person."""
    bare = re.sub(r"[\W\d_]", "", key.lower())
    return (
        bare in _PERSON_KEYS
        or bare.endswith(_PERSON_ENDINGS)
        or bare.startswith("people")  # TikTok: "People you assigned to moderate your LIVE"
    )


@lru_cache(4_096)
def _is_free_text(key: str) -> bool:
    return re.sub(r"[\W\d_]", "", key.lower()) in _TEXT_KEYS


class Aliases:
    """Names that were met, and the alias of each.

    Args:
        secret: 32 random bytes.
        own: Names of the account's owner, which stay.
    """

    def __init__(self, secret: bytes, own: Iterable[str]) -> None:
        self._secret = secret
        self._own = frozenset(own)
        self._known: dict[str, str] = {name: name for name in self._own}
        self.removed = 0
        """How many pieces `raw` has left out."""
        self._odd: list[str] = []
        """Names that are no single word, so that reading words does not find them."""
        self._odd_words: re.Pattern[str] | None = None

    # --- single names --------------------------------------------------------------------

    def name(self, name: str) -> str:
        """Give the alias of a name, and know the name from now on."""
        alias = self._known.get(name)
        return self._met(name) if alias is None else alias

    def other(self, name: object) -> bool:
        """Tell whether a value is the name of another person."""
        return (
            isinstance(name, str)
            and name not in _NOBODY
            and name.removeprefix("@") not in self._own
        )

    def _met(self, name: str) -> str:
        if name in _NOBODY or is_alias(name):
            self._known[name] = name
            return name
        if name.startswith(_GROUP):  # its title has the same alias
            self._known[name] = _GROUP + self.name(name.removeprefix(_GROUP))
            return self._known[name]
        if _WORD.fullmatch(name) is not None:  # nearly all names are a word
            self._known[name] = alias = self._alias(name)
            return alias
        if _WHOLE_LINK.fullmatch(name) and _PROFILE.search(name):
            self._known[name] = self.address(name)
            return self._known[name]
        self._known[name] = self._alias(name)
        if name != name.strip():
            self.name(name.strip())
        if any(map(_says, name)):
            self._odd.append(name)
            self._odd_words = None
            if "," in name:  # a group that is called by its members
                for part in map(str.strip, name.split(",")):
                    if _LISTED.fullmatch(part):
                        self.name(part)
        return self._known[name]

    def _alias(self, name: str) -> str:
        return _PREFIX + self.digest(name)

    def digest(self, text: str) -> str:
        """Digest any text under the secret: 16 letters and digits."""
        code = hmac.digest(self._secret, text.encode("utf-8", "surrogatepass"), "sha256")
        return base64.b32encode(code[:_BYTES]).decode("ascii").lower()

    # --- names inside of texts -----------------------------------------------------------

    def address(self, text: str) -> str:
        """Replace the names in links, ``…/@alice/…?user=bob``; the text itself if none.

        What is a name is told by its place alone, never by what is known, so the same link
        becomes the same in every run.
        """
        made = text
        if "@" in text or "%40" in text:
            made = _PROFILE.sub(self._in_link, text)
        if "?" in made and "://" in made:
            made = _QUERY.sub(self._in_query, made)
        return text if made == text else made

    def _in_link(self, match: re.Match[str]) -> str:
        name = unquote(match[3])
        alias = self.name(name)
        return match[0] if alias == name else match[1] + match[2] + alias

    def _in_query(self, match: re.Match[str]) -> str:
        value = unquote(match[3])
        if not names_a_person(match[2]) or not _is_name(value):
            return match[0]
        alias = self.name(value)
        return match[0] if alias == value else f"{match[1]}{match[2]}={alias}"

    def words(self, text: str, *, numbers: bool = False) -> str:
        """Replace the names that are known, where they stand as words of their own.

        Args:
            numbers: Also a number may be a name: in keys and paths.
        """
        if self._odd:
            if self._odd_words is None:
                longest = sorted(map(re.escape, self._odd), key=len, reverse=True)
                self._odd_words = re.compile(rf"(?<!\w)(?:{'|'.join(longest)})(?!\w)")
            text = self._odd_words.sub(lambda match: self._known[match[0]], text)

        def replaced(match: re.Match[str]) -> str:
            word = match[0]
            if not numbers and word.isdigit():
                return word
            alias = self._known.get(word)
            if alias is not None:
                return alias
            core = word.strip(".")
            alias = self._known.get(core)
            return word if alias is None else word.replace(core, alias, 1)

        return _WORD.sub(replaced, text)

    def path(self, text: str, name: str) -> str:
        """Write a path that leads to what is named after a person.

        Where the name cannot be found in it, no word of the path may stay.
        """
        name = name.removeprefix(_GROUP)
        alias = self.name(name)
        if not text or alias == name:
            return text
        made = re.sub(rf"(?<![\w.]){re.escape(name)}(?!\w)", lambda match: alias, text)
        return self._alias(text) if made == text else made

    def text(self, text: str, *, free: bool = False) -> str:
        """Replace names in a raw text.

        Args:
            free: What a person wrote: only links and a name alone are replaced.
        """
        if text in self._known and not text.isdigit():
            return self._known[text]
        if "://" in text and " " not in text:
            return _PART.sub(lambda match: self._known.get(match[0], match[0]), self.address(text))
        return self.address(text) if free else self.words(self.address(text))

    # --- values of any shape -------------------------------------------------------------

    def raw(self, value: Any, *, drop: bool = False, hints: bool = True) -> Any:
        """Replace names in a value of any shape.

        Args:
            drop: Leave out what is about another person: an object that names one, and what
                stands under a name.
            hints: Take what stands under a key like ``UserName`` for a name.

        Returns:
            The value, or `GONE` if all of it is about another person.
        """
        return _Walk(self, drop=drop, hints=hints).value(value, named=False)


class _Walk:
    """Goes through one value."""

    def __init__(self, aliases: Aliases, *, drop: bool, hints: bool) -> None:
        self._aliases, self._drop, self._hints = aliases, drop, hints

    def value(self, value: Any, *, named: bool, free: bool = False) -> Any:
        if isinstance(value, str):
            return self._text(value, named=named, free=free)
        if isinstance(value, list | tuple):
            made = [self.value(inner, named=named, free=free) for inner in value]
            kept = [inner for inner in made if inner is not GONE]
            self._aliases.removed += len(made) - len(kept)
            return GONE if made and not kept else kept
        if isinstance(value, dict):
            return self._object(value)
        return value

    def _text(self, text: str, *, named: bool, free: bool) -> Any:
        if named and _is_name(text):
            return GONE if self._drop and self._aliases.other(text) else self._aliases.name(text)
        return self._aliases.text(text, free=free)

    def _object(self, value: dict[Any, Any]) -> Any:
        made: dict[str, Any] = {}
        for key, inner in value.items():
            name = str(key)
            named = self._hints and names_a_person(name)
            written = self._aliases.words(name, numbers=True)
            if name in _PATH_KEYS and isinstance(inner, str):
                kept: Any = self._aliases.words(inner, numbers=True)
            else:
                kept = self.value(inner, named=named, free=_is_free_text(name))
            if kept is GONE and isinstance(inner, str):
                return GONE
            if kept is GONE or (self._drop and written != name):
                self._aliases.removed += 1
            else:
                made[written] = kept
        return GONE if value and not made else made


def _says(character: str) -> bool:
    return character.isalnum() or not character.isascii()


def _is_name(text: str) -> bool:
    return (
        _LETTER.search(text) is not None
        and "://" not in text
        and _DATED.match(text) is None
        and text.casefold() not in _NO_NAMES
    )
