"""Who the person is, whom they know, and how they have set up the app."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from decamp_tiktok.sandbox.account import Account, Builder, each
from decamp_tiktok.sandbox.links import date, object_name
from decamp_tiktok.sandbox.people import username
from decamp_tiktok.sandbox.tree import Node, Rows

__all__ = ["BUILDERS"]

_FOUR_DAYS = 4 * 86_400


def _profile(account: Account) -> Node:
    used = account.counts.posts > 0
    profile: dict[str, Any] = {
        "PlatformInfo": [
            {
                "Description": "N/A",
                "Name": "Example User",
                "Platform": "Google",
                "Profile Photo": "",
            }
        ]
        if used
        else [],
        "bioDescription": "tides, birds, bread 🍞\nחוף הים" if used else "",
        "birthDate": "01-Jan-1990",
        "emailAddress": "user@example.com",
        "likesReceived": str(account.counts.posts * 61) if used else "None",
        # Real archives have been seen whose photo had expired before they were made.
        "profilePhoto": account.signer.image(
            object_name(account.seed, 1),
            "avatar",
            account.seed,
            expires=account.exported - _FOUR_DAYS,
        ),
        "profileVideo": "None",
        "telephoneNumber": "+1***0142" if used else "None",
        "userName": account.options.username,
    }
    if account.since("D"):
        profile |= {
            "accountRegion": account.options.region,
            "aiSelf": "N/A",
            "displayName": "Example User 🌊",
            "followerCount": _total(account, "followers", account.counts.followers),
            "followingCount": _total(account, "following", account.counts.following),
            "fundraiser": "N/A",
            "inferredGender": "None",
            "instagramLink": "",
            "lemon8Link": "",
            "youtubeLink": "https://youtube.example/@example.user" if used else "",
        }
    return profile


def _total(account: Account, name: str, pace: int) -> int:
    return account.total(account.timeline(name, pace))


def _people(name: str, count: str) -> Builder:
    def person(time: int, random: int) -> tuple[str, ...]:
        # Usernames are all there is, and not always.
        if random % 40 == 0:
            who = '"N/A"' if random % 80 else "null"
        else:
            who = f'"{username(random % 40_000)}"'
        return f'"{date(time)}"', who

    def build(account: Account) -> Rows | None:
        timeline = account.timeline(name, getattr(account.counts, count))
        return account.rows(timeline, ("Date", "UserName"), each(person), history=False)

    return build


def _profile_views(account: Account) -> Rows | None:
    return account.rows(
        account.timeline("profile-views", account.counts.profile_views),
        ("Date", "Username"),
        each(lambda time, random: (f'"{date(time)} UTC"', f'"{username(random % 40_000)}"')),
    )


def _autofill(_account: Account) -> Node:
    return {
        "PhoneNumber": "+1 555-0142",
        "Email": "user@example.com",
        "FirstName": "Example",
        "LastName": "User",
        "Address": "1 Example Street",
        "ZipCode": "N/A",
        "Unit": "N/A",
        "City": "Example Town",
        "State": "N/A",
        "Country": "N/A",
    }


def _ai_moji(_account: Account) -> Node:
    return None


def _ai_self(_account: Account) -> Node:
    return {}


def _settings(account: Account) -> Node:
    """Make the settings; words differ in case, and one key ends in a colon of its own."""
    empty: list[str] | None = [] if account.since("D") else None
    settings: dict[str, Any] = {
        "Allow DownLoad": "Off",
        "Allow Others to Find Me": "Enabled",
        "App Language": "en",
        "Content Preferences": {
            "Keyword filters for videos in Following feed": empty,
            "Keyword filters for videos in For You feed": ["spoiler", "لا شيء"],
            "Video Languages Preferences": empty,
        },
        "Family Content Preferences": {},
        "Filter Comments": "enabled",
        "Interests": "Food & Drink | Outdoor | Pets",
        "Personalized Ads": "Disabled",
        "Private Account": "Disabled",
        "Push Notification": {
            "Desktop notification": "Disabled",
            "New Comments on My Video": "Enabled",
            "New Fans": "Enabled",
            "New Likes on My Video": "On",
        },
        "Suggest your account to Facebook friends": "Off",
        "Suggest your account to contacts": "Off",
        "Suggest your account to people who open or send links to you": "On",
        "Web Language": "N/A",
        "Who Can Duet With Me": "Friends",
        "Who Can Post Comments": "Everyone",
        "Who Can Send Me Message": "Friends",
        "Who Can Stitch with your videos": "Myself",
        "Who Can View Videos I Liked": "Only me",
    }
    if account.since("C"):
        key = "Who can see your following list"
        settings[key + ("::" if account.since("D") else ":")] = "Everyone"
    if account.since("D"):
        settings |= {
            "Allow Reuse of Content": "Off",
            "Autofill contact information": "Off",
            "FamilyPairing": [{"FPAccountType": "N/A", "LinkedAccountUsername": "N/A"}],
            "ScreenTime": [{"DailyScreenTimeLimit": "60", "SleepHoursDuration": "N/A"}],
        }
    return settings


BUILDERS: Mapping[str, Builder] = {
    "profile": _profile,
    "followers": _people("followers", "followers"),
    "following": _people("following", "following"),
    "blocked": _people("blocked", "blocked"),
    "profile-views": _profile_views,
    "autofill": _autofill,
    "ai-moji": _ai_moji,
    "ai-self": _ai_self,
    "settings": _settings,
}
