"""Names by which an archive is recognised: what is known, and how old it is."""

from __future__ import annotations

from collections.abc import Mapping

from decamp_tiktok.archive.tables import (
    CHATS,
    DELETED_POSTS,
    GROUPS,
    LISTS,
    LIVE_ROOMS,
    POSTS,
    PROFILE,
    names,
)

__all__ = ["GENERATIONS", "KNOWN_FIELDS", "KNOWN_NAMES", "KNOWN_SECTIONS"]

KNOWN_FIELDS = frozenset(
    names(
        "Title | Photo | Video | Sticker | RawTime | CoverUri | ReplayUrl | TotalEarning | "
        "TotalLike | TotalView | TotalGifter | MutedList | Link | CoverImage | WhoCanView | "
        "Date | From | Content | ProfilePhoto | ProfileVideo | AiSelf | Fundraiser | BirthDate | "
        "PlatformInfo | Likes | Sound | Location | AlternateText | AddYoursText | "
        "NumberOfCollections | ContentDisclosure | AIGeneratedContent | AllowComments | "
        "AllowStitches | AllowDuets | AllowStickers | AllowSharingToStory | UserName | "
        "DisplayName | BioDescription | EmailAddress | TelephoneNumber | InferredGender | "
        "LikesReceived | FollowerCount | FollowingCount | InstagramLink | YoutubeLink | "
        "Lemon8Link | AccountRegion | Comments | Questions"
    )
)
"""Fields that we know and keep raw, always or where they say nothing. Lower case."""

KNOWN_SECTIONS = frozenset(
    name
    for named in (*LISTS, LIVE_ROOMS, POSTS, DELETED_POSTS, CHATS, GROUPS, PROFILE)
    for name in named.sections
) | frozenset(
    names(
        "Activity Summary | Ad Interests | Ads Based On Data Received From Partners | "
        "AI-Moji | AIMoji | AISelfImage | Auto Fill | Autofill | Collection | "
        "Communication History | Communication With Shops | Current Payment Information | "
        "Customer Support History | Donation | Favorite Comment | Favorite Drama | "
        "Favorite Location | Favorite Movies and TV | Favorite Playlists | Fundraiser | "
        "Go Live Settings | Income Plus Wallet Transaction | Instant Form Ads Responses | "
        "Mini Drama Watch History | Most Recent Location Data | Order Dispute History | "
        "Order History | Product Review History | Product Reviews | Purchase History | Purchases | "
        "Return and Refund History | Returns and Refunds History | Saved Address Information | "
        "Settings | Status | Stickers | Story | Tako Chat History | TikTokFavoriteItem | "
        "Transaction History | Usage Data From Third-Party Apps And Websites | "
        "Watch Live Settings"
    )
)
"""Sections that we know, whether mapped or kept raw. Lower case."""

GENERATIONS: Mapping[str, str] = {
    name: generations
    for generations, listed in {
        "AB": "Activity | Video | Videos | Chat History | Video Browsing History | "
        "Search History | Follower List | Following List | Profile Information | "
        "Purchase History | Block",
        "B": "Auto Fill | AIMoji | RecentlyDeletedPosts | Poi Review",
        "BC": "Income Plus Wallet Transactions",
        "CD": "Your Activity | Watch History | Searches | Follower | Profile Info | Post | "
        "Posts | Purchases | Autofill | AI-Moji | Recently Deleted Posts | "
        "Location Review | Location Reviews | TikTok Shop",
        "D": "Likes And Favorites | Profile And Settings | Group Chat | Story | "
        "Tako Chat History | Income+ Wallet | AISelfImage | ProfileViews | Reposts | Repost",
    }.items()
    for name in names(listed)
}
"""Keys that tell when an archive was made, and the generations that have them. Lower case."""

KNOWN_NAMES = (
    KNOWN_SECTIONS
    | GENERATIONS.keys()
    | {rule.key for rule in (*LISTS, LIVE_ROOMS, POSTS, DELETED_POSTS, CHATS, GROUPS, PROFILE)}
    | set(
        names(
            "Ads and data | App Settings | Comment | Direct Message | Income Plus Wallet | "
            "Profile | Tiktok Live | Tiktok Shopping"
        )
    )
)
"""Keys on the way to something that we know; a file without one is no export. Lower case."""
