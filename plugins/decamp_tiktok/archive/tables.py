"""Which list of the archive becomes which collection: data, not code.

Each line names the section that holds a list, the list's own key, the collection that its
entries go to, and which fields mean what. Names from all generations stand side by side,
separated by `` | ``; case is ignored, because TikTok is not consistent about it. Nothing
depends on where in the file a section lies: exports of some categories move them.

After the collection's name comes what `Collection.header` tells: a verb, and the sort of thing.
Then the fields. ``time``, ``object``, ``text`` and ``person`` make two rows equal, so each of
them must be filled by every generation that has the list. What only some generations say goes
to ``about``, to ``details`` (any other name), or, if it is not named here, to ``source``, raw.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from decamp import Collection

__all__ = [
    "CHATS",
    "DELETED_POSTS",
    "FIELDS",
    "GROUPS",
    "LISTS",
    "LIVE_LISTS",
    "LIVE_ROOMS",
    "POSTS",
    "PROFILE",
    "WATCHED",
    "ListRule",
    "Named",
    "names",
]

FIELDS = ("time", "object", "text", "person", "about")
"""An event's own fields, in the order that rows have them."""


@frozen
class Named:
    """A list or map, known by the section that holds it and by its own key."""

    sections: tuple[str, ...]
    """Lower case, as are the keys."""

    key: str


@frozen(eq=False)
class ListRule(Named):
    """How the entries of one list become events."""

    collection: Collection
    targets: Mapping[str, str]
    """Lower-case name of the source's field, to one of `FIELDS` or a name in ``details``."""


def names(text: str) -> tuple[str, ...]:
    """Split names that mean the same; in lower case."""
    return tuple(name.lower() for name in text.split(" | "))


def _list(sections: str, key: str, collection: str, did: str, **fields: str) -> ListRule:
    verb, _, sort = did.partition(" ")
    header = {"verb": verb, "type": sort} if sort else {"verb": verb}
    targets = {name: field for field, alike in fields.items() for name in names(alike)}
    return ListRule(names(sections), key.lower(), Collection("event", collection, header), targets)


# fmt: off
LISTS: tuple[ListRule, ...] = (
    # What was watched, liked, kept.
    _list("Watch History | Video Browsing History | Video Browse History", "VideoList",
          "watched", "watched video", time="Date", object="Link | VideoLink"),
    _list("Like List", "ItemFavoriteList",
          "liked", "liked video", time="Date", object="Link"),
    _list("Favorite Videos | Favourite Videos", "FavoriteVideoList",
          "favourited-videos", "favourited video", time="Date", object="Link"),
    _list("Favorite Sounds | Favourite Sounds", "FavoriteSoundList",
          "favourited-sounds", "favourited sound", time="Date", object="Link"),
    _list("Favorite Hashtags | Favourite Hashtags", "FavoriteHashtagList",
          "favourited-hashtags", "favourited hashtag", time="Date", object="Link"),
    _list("Favorite Effects | Favourite Effects", "FavoriteEffectsList",
          "favourited-effects", "favourited effect", time="Date", object="EffectLink | Link"),
    _list("Favorite Collection | Favourite Collection", "FavoriteCollectionList",
          "favourited-collections", "favourited collection", time="Date",
          object="FavoriteCollection"),
    _list("Reposts | Repost", "RepostList",
          "reposted", "reposted video", time="Date", object="Link"),

    # What was written and looked for. Only the newest exports say which post a comment is about.
    _list("Comments", "CommentsList",
          "commented", "commented video", time="Date", text="Comment",
          about="OriginalPostUrl | Original Post Link | Url"),
    _list("Searches | Search History", "SearchList",
          "searched", "searched", time="Date", text="SearchTerm"),
    _list("Share History", "ShareHistoryList",
          "shared", "shared", time="Date", object="Link", content="SharedContent",
          method="Method"),
    _list("Hashtag", "HashtagList",
          "hashtags-used", "used hashtag", text="HashtagName", about="HashtagLink"),
    _list("Location Reviews | POI Review", "ReviewsList",
          "reviewed", "reviewed place", time="Date", object="PlaceName", text="ReviewText",
          rating="Rating", status="Status", likes="Likes"),

    # People. User names only; TikTok exports no ids of others.
    _list("Follower | Follower List", "FansList",
          "followers", "followed-by", time="Date", person="UserName"),
    _list("Following | Following List", "Following",
          "following", "followed", time="Date", person="UserName"),
    _list("Block List | Block", "BlockList",
          "blocked", "blocked", time="Date", person="UserName"),
    _list("ProfileViews | Profile Views", "ProfileViewList",
          "profile-views", "viewed-by", time="Date", person="UserName"),

    # The account and its devices.
    _list("Login History", "LoginHistoryList",
          "logged-in", "logged-in", time="Date", object="IP", device_model="DeviceModel",
          device_system="DeviceSystem", network_type="NetworkType", carrier="Carrier"),
    _list("Off TikTok Activity", "OffTikTokActivityDataList",
          "off-tiktok", "tracked", time="TimeStamp", object="Source", text="Event"),
    _list("Ads Visit History", "AdsVisitHistoryList",
          "ads-visited", "visited ad", time="CreateTime", object="AdLink", title="AdTitle"),

    # Money and the shop.
    _list("SendGifts", "SendGifts",
          "gifts-sent", "sent gift", time="Date", person="UserName", amount="GiftAmount"),
    _list("BuyGifts", "BuyGifts",
          "gifts-bought", "purchased gift", time="Date", price="Price"),
    _list("Coin Purchase History", "CoinPurchaseHistoryList",
          "coins-purchased", "purchased coins", time="Date", type="Type", amount="CoinAmount"),
    _list("Product Browsing History", "ProductBrowsingHistories",
          "products-browsed", "browsed product", time="browsing_date", object="product_name",
          shop="shop_name"),
    _list("Vouchers", "Vouchers",
          "vouchers", "received voucher", time="ReceivedDate", object="VoucherId",
          name="VoucherName", voucher_text="VoucherText", cost_type="CostType", status="Status"),
    _list("Shopping Cart List | Shopping Cart", "ShoppingCart",
          "cart", "added product", time="CreateTime", object="ProductName", shop="ShopName",
          quantity="SkuCount"),

    # Being live.
    _list("Go Live History", "GoLiveList",
          "lives-hosted", "hosted live", time="LiveStartTime", object="RoomId", title="RoomTitle",
          ended="LiveEndTime", duration="LiveDuration", quality="QualitySetting"),
)

WATCHED = next(rule for rule in LISTS if rule.collection.key == "watched")

LIVE_ROOMS = _list("Watch Live History", "WatchLiveMap",
                   "live-watched", "watched live", time="WatchTime", about="Link")
"""A map keyed by room id; the id becomes the object."""

LIVE_LISTS: tuple[ListRule, ...] = (
    _list("*", "Comments",
          "live-comments", "commented live", time="CommentTime", text="CommentContent"),
    _list("*", "Questions",
          "live-questions", "asked live", time="QuestionTime", text="QuestionContent"),
)
"""Lists inside a room of `LIVE_ROOMS`; the room's id becomes the object here too."""
# fmt: on

POSTS = Named(names("Posts | Videos"), "videolist")
DELETED_POSTS = Named(names("Recently Deleted Posts | RecentlyDeletedPosts"), "postlist")
CHATS = Named(names("Direct Messages | Chat History"), "chathistory")
GROUPS = Named(names("Group Chat"), "groupchat")
PROFILE = Named(names("Profile Info | Profile Information"), "profilemap")
