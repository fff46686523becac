"""Money and advertising: gifts, coins, shop, wallet, ads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from decamp_tiktok.sandbox.account import Account, Builder, each
from decamp_tiktok.sandbox.links import date
from decamp_tiktok.sandbox.people import username
from decamp_tiktok.sandbox.tree import Entries, Node, Rows

__all__ = ["BUILDERS"]


def _gifts_sent(account: Account) -> Rows | None:
    return account.rows(
        account.timeline("gifts-sent", account.counts.gifts),
        ("Date", "GiftAmount", "UserName"),
        each(
            lambda time, random: (
                f'"{date(time)}"',
                f'"{random % 90 + 1}"',
                f'"{username(random % 5_000)}"',
            )
        ),
    )


def _gifts_bought(account: Account) -> Rows | None:
    return account.rows(
        account.timeline("gifts-bought", account.counts.gifts),
        ("Date", "Price"),
        each(lambda time, random: (f'"{date(time)}"', f'"{random % 20}.{random % 100:02} EUR"')),
    )


def _coins(account: Account) -> Rows | None:
    return account.rows(
        account.timeline("coins", account.counts.coins),
        ("Date", "Type", "CoinAmount"),
        each(lambda time, random: (f'"{date(time)}"', '"Recharge"', str(random % 9 * 50 + 20))),
    )


def _off_tiktok(name: str) -> Builder:
    def build(account: Account) -> Rows | None:
        # Generation D has this list twice, so both follow the same timeline.
        return account.rows(
            account.timeline("off-tiktok", account.counts.off_tiktok),
            ("TimeStamp", "Source", "Event"),
            each(
                lambda time, random: (
                    f'"{date(time)}"',
                    f'"shop{random % 40}.example"',
                    '"View Content"' if random & 64 else '"Add to Cart"',
                )
            ),
            name=name,
        )

    return build


def _ads_visited(account: Account) -> Rows | None:
    return account.rows(
        account.timeline("ads-visited", account.counts.ads),
        ("CreateTime", "AdTitle", "AdLink"),
        each(
            lambda time, random: (
                f'"{date(time)}"',
                account.texts[random % 30],
                f'"https://ads.example/click?campaign={random % 10**9}&ttclid=E.C.P.{random:x}"',
            )
        ),
    )


def _ad_interests(account: Account) -> str:
    return "Food & Drink | Outdoor | Pets" if account.counts.ads else ""


def _ad_forms(_account: Account) -> Node:
    return None


def _shop_list(
    name: str, keys: tuple[str, ...], make: Callable[[int, int], tuple[str, ...]]
) -> Builder:
    def build(account: Account) -> Rows | None:
        return account.rows(account.timeline(name, account.counts.shop), keys, each(make))

    return build


def _orders(account: Account) -> Node:
    """Make the orders: a map by order number, not a list."""

    def order(time: int, random: int) -> tuple[str, Any]:
        return f"57{random % 10**16:016}", {
            "order_date": date(time),
            "total_price": f"{random % 90}.90 EUR",
            "order_status": "COMPLETED",
            "receiver_name": "E***",
            "masked_phone_number": "+1***0142",
            "products": [{"product_name": "Enamel mug", "sku": "blue", "quantity": 1}],
        }

    return _mapped(account, "orders", order)


def _shop_talks(account: Account) -> Node:
    """Make the talks with shops: a map by shop."""

    def talk(time: int, random: int) -> tuple[str, Any]:
        return f"Example Pottery {random % 10_000}", [
            {
                "send_time": date(time),
                "shop_name": f"Example Pottery {random % 10_000}",
                "direction": "send",
                "content": 'is the "blue" one back?',
            }
        ]

    return _mapped(account, "shop-talks", talk)


def _mapped(account: Account, name: str, make: Callable[[int, int], tuple[str, Any]]) -> Node:
    timeline = account.timeline(name, account.counts.shop)
    stop = account.total(timeline)

    def members() -> Iterator[tuple[str, Node]]:
        for times, randoms in timeline.batches(0, stop):
            # Two shops may draw the same name; a JSON object has each name once.
            yield from dict(map(make, times, randoms)).items()

    return Entries(name, members()) if stop else None


def _shop_unseen(account: Account) -> Node:
    """Give the sections that nobody has seen filled; their names changed with generation C."""
    if not account.since("C"):
        return {
            "Current Payment Information": {"PayCard": None},
            "Customer Support History": {"CustomerSupportHistories": None},
            "Order Dispute History": {"OrderDisputeHistories": None},
            "Product Review History": {"ProductReviewHistories": None},
            "Return and Refund History": {"ReturnAndRefundHistories": None},
        }
    return {
        "Current Payment Information": {"PayCard": None},
        "Customer Support History": {"CustomerSupportHistories": None},
        "Order Dispute History": {"OrderDisputeHistories": None},
        "Product Reviews": {"ProductReviewHistories": None},
        "Returns and Refunds History": {"ReturnAndRefundHistories": None},
        "TikTokFavoriteItem": {"TikTokFavoriteItemResult": {"TikTokFavoriteItemList": None}},
    }


def _browsed(time: int, random: int) -> tuple[str, ...]:
    return f'"{date(time)}"', f'"Example Pottery {random % 9}"', '"Mug, 0.3 l, \\"blue\\""'


def _voucher(time: int, random: int) -> tuple[str, ...]:
    return f'"{date(time)}"', f'"{random}"', '"SHOP"', '"Welcome"', '"5 % off"', '"EXPIRED"'


def _carted(time: int, random: int) -> tuple[str, ...]:
    return f'"{date(time)}"', '"Example Pottery"', '"Bowl"', f'"{random % 3 + 1}"'


def _address(_time: int, random: int) -> tuple[str, ...]:
    return '"E***"', '"+1***0142"', f'"{random % 90} Example Street, Example Town"'


def _transaction(time: int, random: int) -> tuple[str, ...]:
    return f'"{date(time)}"', '"Withdrawal"', '"EUR"', f'"{random % 50}.00"', f'"{random}"'


BUILDERS: Mapping[str, Builder] = {
    "gifts-sent": _gifts_sent,
    "gifts-bought": _gifts_bought,
    "coins": _coins,
    "off-tiktok": _off_tiktok("off-tiktok"),
    "off-tiktok-again": _off_tiktok("off-tiktok-again"),
    "ads-visited": _ads_visited,
    "ad-interests": _ad_interests,
    "ad-forms": _ad_forms,
    "orders": _orders,
    "shop-talks": _shop_talks,
    "shop-unseen": _shop_unseen,
    "products-browsed": _shop_list(
        "products-browsed", ("browsing_date", "shop_name", "product_name"), _browsed
    ),
    "vouchers": _shop_list(
        "vouchers",
        ("ReceivedDate", "VoucherId", "CostType", "VoucherName", "VoucherText", "Status"),
        _voucher,
    ),
    "cart": _shop_list("cart", ("CreateTime", "ShopName", "ProductName", "SkuCount"), _carted),
    # The missing letter is TikTok's.
    "addresses": _shop_list(
        "addresses", ("receiver_name", "masked_phone_number", "adress_info"), _address
    ),
    "transactions": _shop_list(
        "transactions", ("Date", "Type", "Currency", "Amount", "TransactionId"), _transaction
    ),
}
