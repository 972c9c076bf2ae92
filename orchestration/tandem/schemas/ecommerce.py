"""A web shop: its PostgreSQL tables, its payments at Stripe and the files of its marketing, as typed rows.

Tables and payments are captured as changes: one row per version that some capture saw, under the logical date of the
run. The newest version of a key is the one with the latest change time, then the latest capture.
Sources of the shapes: the shop's own tables; https://docs.stripe.com/api/charges/object and .../refunds/object.
"""

from tandem.schemas.entity import Arriving, Column, Decimal, Entity, Kind, Type

SYSTEM = "ecommerce"
CLOCK = "logical date of the run that captured it"
CAPTURED = Column("partition_date", Type.DATE, "Logical date of the capture.", nullable=False)
CREATED = Column("created_at", Type.TIMESTAMP, "When the source made the row, UTC.")
UPDATED = Column("updated_at", Type.TIMESTAMP, "When this version came to be, UTC, to the millisecond.", nullable=False)
COUNTRY = "ISO 3166-1 alpha-2 code"
STATE = "two-letter code in the United States and Canada, elsewhere as it came"

CUSTOMERS = Entity(
    system=SYSTEM,
    name="customers",
    description="One row per customer and version that was captured.",
    clock=CLOCK,
    key=("customer_id", "updated_at"),
    columns=(
        Column("customer_id", Type.BIGINT, "Customer id of the shop.", nullable=False),
        Column("email", Type.STRING, "E-mail address, lower case; null when it is none."),
        Column("first_name", Type.STRING, "First name."),
        Column("last_name", Type.STRING, "Last name."),
        Column("phone", Type.STRING, "Telephone number as it was given; null for nearly a third."),
        Column("address", Type.STRING, "Street and number."),
        Column("city", Type.STRING, "Town."),
        Column("state", Type.STRING, f"State or province: {STATE}."),
        Column("country", Type.STRING, f"Country, {COUNTRY}; null when unknown."),
        Column("zip_code", Type.STRING, "Postal code."),
        CREATED,
        UPDATED,
        CAPTURED,
    ),
    arrives=(
        Arriving("customer_id", Kind.INTEGER),
        Arriving("email", Kind.TEXT),
        Arriving("first_name", Kind.TEXT),
        Arriving("last_name", Kind.TEXT),
        Arriving("phone", Kind.TEXT),
        Arriving("address", Kind.TEXT),
        Arriving("city", Kind.TEXT),
        Arriving("state", Kind.TEXT),
        Arriving("country", Kind.TEXT),
        Arriving("zip_code", Kind.TEXT),
        Arriving("created_at", Kind.TIMESTAMP),
        Arriving("updated_at", Kind.TIMESTAMP),
    ),
    changed_by="updated_at",
)

PRODUCTS = Entity(
    system=SYSTEM,
    name="products",
    description="One row per product and version that was captured.",
    clock=CLOCK,
    key=("product_id", "updated_at"),
    columns=(
        Column("product_id", Type.BIGINT, "Product id of the shop.", nullable=False),
        Column("name", Type.STRING, "Name of the product."),
        Column("category", Type.STRING, "Category."),
        Column("subcategory", Type.STRING, "Subcategory."),
        Column("price", Decimal(10, 2), "List price in US dollars.", nullable=False),
        Column("cost", Decimal(10, 2), "Cost in US dollars; null when unknown or stated as negative."),
        Column("weight_kg", Decimal(8, 2), "Weight in kilograms."),
        Column("is_active", Type.BOOLEAN, "True while it is sold."),
        CREATED,
        UPDATED,
        CAPTURED,
    ),
    arrives=(
        Arriving("product_id", Kind.INTEGER),
        Arriving("name", Kind.TEXT),
        Arriving("category", Kind.TEXT),
        Arriving("subcategory", Kind.TEXT),
        Arriving("price", Kind.NUMBER),
        Arriving("cost", Kind.NUMBER),
        Arriving("weight_kg", Kind.NUMBER),
        Arriving("is_active", Kind.BOOLEAN),
        Arriving("created_at", Kind.TIMESTAMP),
        Arriving("updated_at", Kind.TIMESTAMP),
    ),
    changed_by="updated_at",
)

ORDERS = Entity(
    system=SYSTEM,
    name="orders",
    description="One row per order and version that was captured.",
    clock=CLOCK,
    key=("order_id", "updated_at"),
    columns=(
        Column("order_id", Type.BIGINT, "Order id of the shop.", nullable=False),
        Column("customer_id", Type.BIGINT, "Who ordered.", nullable=False),
        Column("ordered_at", Type.TIMESTAMP, "When it was ordered, UTC.", nullable=False),
        Column("status", Type.STRING, "Status of the order, lower case.", nullable=False),
        Column(
            "total_amount",
            Decimal(12, 2),
            "What the customer pays, discounts taken off, in the currency of the country it ships to.",
            nullable=False,
        ),
        Column("shipping_address", Type.STRING, "Street and number it ships to."),
        Column("shipping_city", Type.STRING, "Town it ships to."),
        Column("shipping_state", Type.STRING, f"State or province it ships to: {STATE}."),
        Column("shipping_country", Type.STRING, f"Country it ships to, {COUNTRY}.", nullable=False),
        Column("shipping_zip", Type.STRING, "Postal code it ships to."),
        CREATED,
        UPDATED,
        CAPTURED,
    ),
    arrives=(
        Arriving("order_id", Kind.INTEGER),
        Arriving("customer_id", Kind.INTEGER),
        Arriving("order_date", Kind.TIMESTAMP),
        Arriving("status", Kind.TEXT),
        Arriving("total_amount", Kind.NUMBER),
        Arriving("shipping_address", Kind.TEXT),
        Arriving("shipping_city", Kind.TEXT),
        Arriving("shipping_state", Kind.TEXT),
        Arriving("shipping_country", Kind.TEXT),
        Arriving("shipping_zip", Kind.TEXT),
        Arriving("created_at", Kind.TIMESTAMP),
        Arriving("updated_at", Kind.TIMESTAMP),
    ),
    changed_by="updated_at",
)

ORDER_ITEMS = Entity(
    system=SYSTEM,
    name="order_items",
    description="One row per line of an order; lines are only ever added.",
    clock=CLOCK,
    key=("order_item_id",),
    columns=(
        Column("order_item_id", Type.BIGINT, "Id of the line.", nullable=False),
        Column("order_id", Type.BIGINT, "Order it belongs to.", nullable=False),
        Column("product_id", Type.BIGINT, "What was ordered.", nullable=False),
        Column("quantity", Type.BIGINT, "How many.", nullable=False),
        Column("unit_price", Decimal(10, 2), "Price of one before discount, in the order's currency.", nullable=False),
        Column("discount_pct", Decimal(5, 2), "Discount in percent, 0 to 100.", nullable=False),
        Column("line_total", Decimal(12, 2), "Price of the line, discount taken off.", nullable=False),
        Column("created_at", Type.TIMESTAMP, "When the line was added, UTC.", nullable=False),
        CAPTURED,
    ),
    arrives=(
        Arriving("order_item_id", Kind.INTEGER),
        Arriving("order_id", Kind.INTEGER),
        Arriving("product_id", Kind.INTEGER),
        Arriving("quantity", Kind.INTEGER),
        Arriving("unit_price", Kind.NUMBER),
        Arriving("discount_pct", Kind.NUMBER),
        Arriving("line_total", Kind.NUMBER),
        Arriving("created_at", Kind.TIMESTAMP),
    ),
    changed_by="created_at",
)

CHARGES = Entity(
    system=SYSTEM,
    name="charges",
    description="One row per charge at Stripe, as its newest page of the capture says.",
    clock=CLOCK,
    key=("charge_id",),
    columns=(
        Column("charge_id", Type.STRING, "Stripe's id, ch_….", nullable=False),
        Column("order_id", Type.BIGINT, "Order that was paid, from the charge's metadata; null when it names none."),
        Column("created_at", Type.TIMESTAMP, "When the charge was made, UTC.", nullable=False),
        Column("amount", Decimal(18, 3), "Amount in whole units of the currency.", nullable=False),
        Column("currency", Type.STRING, "ISO 4217 code, upper case.", nullable=False),
        Column("status", Type.STRING, "succeeded, pending or failed.", nullable=False),
        Column("is_paid", Type.BOOLEAN, "True when it succeeded or was authorised."),
        Column("is_captured", Type.BOOLEAN, "True when the amount was taken, not only authorised."),
        Column("is_disputed", Type.BOOLEAN, "True when the customer disputes it."),
        Column("failure_code", Type.STRING, "Why it failed, in Stripe's words."),
        Column("payment_method", Type.STRING, "Kind of payment: card, sepa_debit, …"),
        Column("card_brand", Type.STRING, "Brand of the card, when it was one."),
        CAPTURED,
    ),
    arrives=(
        Arriving("id", Kind.TEXT),
        Arriving("object", Kind.TEXT),
        Arriving("amount", Kind.INTEGER),
        Arriving("created", Kind.INTEGER),
        Arriving("currency", Kind.TEXT),
        Arriving("status", Kind.TEXT),
        Arriving("paid", Kind.BOOLEAN),
        Arriving("captured", Kind.BOOLEAN),
        Arriving("disputed", Kind.BOOLEAN),
        Arriving("failure_code", Kind.TEXT),
        Arriving("metadata", Kind.OBJECT),
        Arriving("payment_method_details", Kind.OBJECT),
    ),
    changed_by="created",
)

REFUNDS = Entity(
    system=SYSTEM,
    name="refunds",
    description="One row per refund at Stripe, as its newest page of the capture says.",
    clock=CLOCK,
    key=("refund_id",),
    columns=(
        Column("refund_id", Type.STRING, "Stripe's id, re_….", nullable=False),
        Column("charge_id", Type.STRING, "Charge that is paid back; null when it names none."),
        Column("created_at", Type.TIMESTAMP, "When the refund was made, UTC.", nullable=False),
        Column("amount", Decimal(18, 3), "Amount in whole units of the currency.", nullable=False),
        Column("currency", Type.STRING, "ISO 4217 code, upper case.", nullable=False),
        Column("status", Type.STRING, "succeeded, pending, failed, canceled, …; null when unknown."),
        Column("reason", Type.STRING, "Why it was paid back, in Stripe's words."),
        CAPTURED,
    ),
    arrives=(
        Arriving("id", Kind.TEXT),
        Arriving("object", Kind.TEXT),
        Arriving("amount", Kind.INTEGER),
        Arriving("created", Kind.INTEGER),
        Arriving("currency", Kind.TEXT),
        Arriving("charge", Kind.TEXT),
        Arriving("status", Kind.TEXT),
        Arriving("reason", Kind.TEXT),
    ),
    changed_by="created",
)

MARKETING_SPEND = Entity(
    system=SYSTEM,
    name="marketing_spend",
    description="One row per date, channel and campaign: what was spent.",
    clock=CLOCK,
    key=("spend_date", "channel", "campaign_name"),
    columns=(
        Column("spend_date", Type.DATE, "Date of the spending.", nullable=False),
        Column("channel", Type.STRING, "Channel, lower snake case: search, social, …", nullable=False),
        Column("campaign_name", Type.STRING, "Name of the campaign.", nullable=False),
        Column("spend", Decimal(12, 2), "Spent, in US dollars.", nullable=False),
        Column("impressions", Type.BIGINT, "How often it was shown."),
        Column("clicks", Type.BIGINT, "How often it was clicked."),
        CAPTURED,
    ),
    arrives=(
        Arriving("date", Kind.DATE),
        Arriving("channel", Kind.TEXT),
        Arriving("campaign_name", Kind.TEXT),
        Arriving("spend", Kind.NUMBER),
        Arriving("impressions", Kind.INTEGER),
        Arriving("clicks", Kind.INTEGER),
    ),
)

CAMPAIGN_PERFORMANCE = Entity(
    system=SYSTEM,
    name="campaign_performance",
    description="One row per date and campaign: what it is said to have brought.",
    clock=CLOCK,
    key=("performance_date", "campaign_id"),
    columns=(
        Column("performance_date", Type.DATE, "Date of the conversions.", nullable=False),
        Column("campaign_id", Type.STRING, "Id of the campaign.", nullable=False),
        Column("campaign_name", Type.STRING, "Name of the campaign."),
        Column("channel", Type.STRING, "Channel, lower snake case: search, social, …", nullable=False),
        Column("conversions", Type.BIGINT, "Orders that the campaign claims.", nullable=False),
        Column("revenue_attributed", Decimal(12, 2), "Revenue that the campaign claims, US dollars.", nullable=False),
        CAPTURED,
    ),
    arrives=(
        Arriving("date", Kind.DATE),
        Arriving("campaign_id", Kind.TEXT),
        Arriving("campaign_name", Kind.TEXT),
        Arriving("channel", Kind.TEXT),
        Arriving("conversions", Kind.INTEGER),
        Arriving("revenue_attributed", Kind.NUMBER),
    ),
)

ENTITIES = (
    CUSTOMERS,
    PRODUCTS,
    ORDERS,
    ORDER_ITEMS,
    CHARGES,
    REFUNDS,
    MARKETING_SPEND,
    CAMPAIGN_PERFORMANCE,
)
