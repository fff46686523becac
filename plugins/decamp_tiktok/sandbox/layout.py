"""Where each list lies in each generation, and in exports limited to some categories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from attrs import frozen

from decamp_tiktok.sandbox.options import ArchiveOptions, Generation

__all__ = ["PLACES", "Path", "Place", "locate"]

Path = tuple[str, ...]
_GENERATIONS: tuple[Generation, ...] = ("A", "B", "C", "D")
_Group = Literal["profile", "video", "activity", "direct_message", "likes", "comments", "full"]


@frozen
class Place:
    """Where one list lies."""

    name: str
    group: _Group
    paths: Mapping[Generation, Path]
    siblings: Mapping[str, Any]
    """What stands next to the list."""

    def path(self, generation: Generation) -> Path | None:
        """Give the path in one generation; None if it does not have the list."""
        return self.paths.get(generation)


def _place(
    name: str, group: _Group, siblings: Mapping[str, Any] | None = None, **since: str | None
) -> Place:
    """Describe a place by the generations in which it moved; what stays is not repeated."""
    paths: dict[Generation, Path] = {}
    path: str | None = None
    for generation in _GENERATIONS:
        path = since.get(generation, path)
        if path:
            paths[generation] = tuple(path.split("/"))
    return Place(name, group, paths, siblings or {})


_APP = {"App": 1233}
_PEOPLE = {"App": 1, "IsFastLane": False}
_MOVED_SETTINGS = {
    "MostRecentModificationTimeInApp": "0",
    "MostRecentModificationTimeInWeb": "1700000000",
}

PLACES: tuple[Place, ...] = (
    # What the person did.
    _place("watched", "activity", A="Activity/Video Browsing History/VideoList",
           C="Your Activity/Watch History/VideoList"),
    _place("liked", "likes", _APP, A="Activity/Like List/ItemFavoriteList",
           C="Your Activity/Like List/ItemFavoriteList",
           D="Likes and Favorites/Like List/ItemFavoriteList"),
    _place("favourite-videos", "likes", _APP, A="Activity/Favorite Videos/FavoriteVideoList",
           C="Your Activity/Favorite Videos/FavoriteVideoList",
           D="Likes and Favorites/Favorite Videos/FavoriteVideoList"),
    _place("favourite-sounds", "likes", A="Activity/Favorite Sounds/FavoriteSoundList",
           C="Your Activity/Favorite Sounds/FavoriteSoundList",
           D="Likes and Favorites/Favorite Sounds/FavoriteSoundList"),
    _place("favourite-hashtags", "likes", A="Activity/Favorite Hashtags/FavoriteHashtagList",
           C="Your Activity/Favorite Hashtags/FavoriteHashtagList",
           D="Likes and Favorites/Favorite Hashtags/FavoriteHashtagList"),
    _place("favourite-effects", "likes", A="Activity/Favorite Effects/FavoriteEffectsList",
           C="Your Activity/Favorite Effects/FavoriteEffectsList",
           D="Likes and Favorites/Favorite Effects/FavoriteEffectsList"),
    _place("favourite-collections", "likes",
           D="Likes and Favorites/Favorite Collection/FavoriteCollectionList"),
    _place("favourites-unseen", "likes", D="Likes and Favorites"),
    _place("searches", "activity", A="Activity/Search History/SearchList",
           C="Your Activity/Searches/SearchList"),
    _place("shares", "activity", A="Activity/Share History/ShareHistoryList",
           C="Your Activity/Share History/ShareHistoryList"),
    _place("reposts", "activity", D="Your Activity/Reposts/RepostList"),
    _place("logins", "activity", A="Activity/Login History/LoginHistoryList",
           C="Your Activity/Login History/LoginHistoryList"),
    _place("devices", "activity", A="Activity/Status/Status List",
           C="Your Activity/Status/Status List"),
    _place("hashtags", "activity", A="Activity/Hashtag/HashtagList",
           C="Your Activity/Hashtag/HashtagList"),
    _place("gifts-sent", "activity", A="Activity/Purchase History/SendGifts/SendGifts",
           C="Your Activity/Purchases/SendGifts/SendGifts"),
    _place("gifts-bought", "activity", A="Activity/Purchase History/BuyGifts/BuyGifts",
           C="Your Activity/Purchases/BuyGifts/BuyGifts"),
    _place("summary", "activity", A="Activity/Activity Summary/ActivitySummaryMap",
           C="Your Activity/Activity Summary/ActivitySummaryMap"),
    _place("activity-unseen", "activity", D="Your Activity"),
    # Advertising.
    _place("ad-interests", "activity", A="Ads and data/Ad Interests/AdInterestCategories",
           D="Your Activity/Ad Interests/AdInterestCategories"),
    _place("off-tiktok", "activity",
           A="Ads and data/Off TikTok Activity/OffTikTokActivityDataList",
           D="Your Activity/Off TikTok Activity/OffTikTokActivityDataList"),
    _place("off-tiktok-again", "profile",
           D="Profile And Settings/Off TikTok Activity/OffTikTokActivityDataList"),
    _place("ads-visited", "activity", D="Your Activity/Ads Visit History/AdsVisitHistoryList"),
    _place("ad-forms", "full", A="Ads and data/Instant Form Ads Responses/ResponsesList",
           D="Your Activity/Instant Form Ads Responses/ResponsesList"),
    # What the person said.
    _place("comments", "comments", _APP, A="Comment/Comments/CommentsList"),
    _place("messages", "direct_message", A="Direct Messages/Chat History/ChatHistory",
           C="Direct Message/Direct Messages/ChatHistory"),
    _place("group-chats", "direct_message", D="Direct Message/Group Chat/GroupChat"),
    _place("tako-chats", "direct_message",
           D="Direct Message/Tako Chat History/TakoChatHistoryList"),
    _place("reviews", "comments", B="Poi Review/POI Review/ReviewsList",
           C="Location Review/Location Reviews/ReviewsList"),
    # What the person published.
    _place("posts", "video", A="Video/Videos/VideoList", C="Post/Posts/VideoList"),
    _place("deleted-posts", "video", B="Video/RecentlyDeletedPosts/PostList",
           C="Post/Recently Deleted Posts/PostList"),
    _place("stories", "video", D="Post/Story"),
    # Who the person is and knows.
    _place("profile", "profile", {"App": 1}, A="Profile/Profile Information/ProfileMap",
           C="Profile/Profile Info/ProfileMap", D="Profile And Settings/Profile Info/ProfileMap"),
    _place("autofill", "profile", B="Profile/Auto Fill", C="Profile/Autofill",
           D="Profile And Settings/Autofill"),
    _place("ai-moji", "profile", {"CreateDate": "N/A"}, B="Profile/AIMoji/AIMojiList",
           C="Profile/AI-Moji/AIMojiList", D="Profile And Settings/AI-Moji/AIMojiList"),
    _place("ai-self", "profile", D="Profile And Settings/AISelfImage"),
    _place("profile-views", "profile", D="Profile And Settings/ProfileViews/ProfileViewList"),
    _place("followers", "profile", _PEOPLE, A="Activity/Follower List/FansList",
           C="Your Activity/Follower/FansList", D="Profile And Settings/Follower/FansList"),
    _place("following", "profile", _PEOPLE, A="Activity/Following List/Following",
           C="Your Activity/Following/Following", D="Profile And Settings/Following/Following"),
    _place("blocked", "profile", {"App": 1}, A="App Settings/Block/BlockList",
           C="App Settings/Block List/BlockList", D="Profile And Settings/Block List/BlockList"),
    _place("settings", "profile", {"App": 1}, A="App Settings/Settings/SettingsMap",
           D="Profile And Settings/Settings/SettingsMap"),
    # LIVE, shop and wallet.
    _place("lives-watched", "full", A="Tiktok Live/Watch Live History/WatchLiveMap",
           D="TikTok Live/Watch Live History/WatchLiveMap"),
    _place("lives-hosted", "full", A="Tiktok Live/Go Live History/GoLiveList",
           D="TikTok Live/Go Live History/GoLiveList"),
    _place("live-settings", "full", A="Tiktok Live/Go Live Settings/SettingsMap",
           D="TikTok Live/Go Live Settings/SettingsMap"),
    _place("live-watching-settings", "full", _MOVED_SETTINGS,
           A="Tiktok Live/Watch Live Settings/WatchLiveSettingsMap",
           D="TikTok Live/Watch Live Settings/WatchLiveSettingsMap"),
    _place("orders", "full", A="Tiktok Shopping/Order History/OrderHistories",
           C="TikTok Shop/Order History/OrderHistories"),
    _place("shop-talks", "full", A="Tiktok Shopping/Communication History/CommunicationHistories",
           C="TikTok Shop/Communication With Shops/CommunicationHistories"),
    _place("products-browsed", "full",
           A="Tiktok Shopping/Product Browsing History/ProductBrowsingHistories",
           C="TikTok Shop/Product Browsing History/ProductBrowsingHistories"),
    _place("vouchers", "full", A="Tiktok Shopping/Vouchers/Vouchers",
           C="TikTok Shop/Vouchers/Vouchers"),
    _place("cart", "full", A="Tiktok Shopping/Shopping Cart List/ShoppingCart",
           C="TikTok Shop/Shopping Cart List/ShoppingCart"),
    _place("addresses", "full", A="Tiktok Shopping/Saved Address Information/SavedAddress",
           C="TikTok Shop/Saved Address Information/SavedAddress"),
    _place("shop-unseen", "full", A="Tiktok Shopping", C="TikTok Shop"),
    _place("coins", "full", D="Income+ Wallet/Coin Purchase History/CoinPurchaseHistoryList"),
    _place("transactions", "full",
           B="Income Plus Wallet Transactions/Income Plus Wallet Transaction/TransactionsList",
           C="Income Plus Wallet Transactions/Transaction History/TransactionsList",
           D="Income+ Wallet/Transaction History/TransactionsList"),
)  # fmt: skip
"""Every list, in the order in which its section is written."""

_ROOTS = {place.name: place.paths for place in PLACES}


def locate(place: Place, options: ArchiveOptions) -> Path | None:
    """Find where a list lies in this archive; None if this archive does not have it.

    An export limited to some categories leaves sections out, and puts some that belong to
    a category under that category's root.
    """
    path = place.path(options.generation)
    chosen = options.categories
    if path is None:
        return None
    if chosen is None:
        return _respelt(path, options)
    if place.group in ("likes", "comments"):
        # From 2026 on these come with the full archive only.
        if "activity" not in chosen or options.generation == "D":
            return None
        return path if place.group == "likes" else _below("watched", path, options.generation)
    if place.group not in chosen:
        return None
    if place.name in ("followers", "following") and "activity" not in chosen:
        return _below("profile", path, options.generation)
    return path


def _below(root_of: str, path: Path, generation: Generation) -> Path:
    return (_ROOTS[root_of][generation][0], *path[1:])


def _respelt(path: Path, options: ArchiveOptions) -> Path:
    # Some archives of the last generation keep the old spelling.
    if path[0] == "TikTok Live" and options.seed % 4 == 3:
        return ("Tiktok Live", *path[1:])
    return path
