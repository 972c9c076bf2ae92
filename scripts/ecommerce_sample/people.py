"""Customers: who they are, where they live, that they move house and change their address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from random import Random

from ecommerce_sample.draws import DAY, below, day_of, midnight, one_of, stamp, weighted
from ecommerce_sample.span import Span

COLUMNS = (
    *("customer_id", "email", "first_name", "last_name", "phone", "address", "city", "state", "country", "zip_code"),
    *("created_at", "updated_at", "visible_from", "visible_to"),
)
FIRST_NAMES = (
    *("Ana", "Ben", "Chloé", "David", "Elena", "Femke", "Giulia", "Hannah", "Ivan", "Jorge", "Keiko", "Liam", "María"),
    *(
        "Noah",
        "Olivia",
        "Pieter",
        "Quinn",
        "Rosa",
        "Sören",
        "Tomás",
        "Ursula",
        "Victor",
        "Wendy",
        "Xavi",
        "Yara",
        "Zoë",
    ),
)
LAST_NAMES = (
    *("Abbott", "Bianchi", "Chen", "de Vries", "Evans", "Ferrari", "García", "Hughes", "Ito", "Jansen", "Klein"),
    *("López", "Müller", "Nguyen", "O'Brien", "Pérez", "Quist", "Rossi", "Smith", "Tanaka", "Ümit", "Visser"),
    *("Weber", "Young", "Zimmermann"),
)
STREETS = ("Oak Street", "Main Street", "Station Road", "Mill Lane", "Park Avenue", "Lindenweg", "Rue de la Paix")
# A country's share, the ways it is written, and its towns with state (code and name) and postal code.
COUNTRIES: dict[str, tuple[float, tuple[str, ...], tuple[tuple[str, str, str, str], ...]]] = {
    "US": (0.47, ("US", "US", "US", "USA", "USA", "United States"), (
        ("Los Angeles", "CA", "California", "90012"), ("San Francisco", "CA", "California", "94103"),
        ("New York", "NY", "New York", "10001"), ("Austin", "TX", "Texas", "73301"),
        ("Boston", "MA", "Massachusetts", "02108"), ("Seattle", "WA", "Washington", "98101"))),
    "CA": (0.10, ("CA", "CA", "Canada"), (
        ("Toronto", "ON", "Ontario", "M5H 2N2"), ("Vancouver", "BC", "British Columbia", "V6B 1A1"),
        ("Montréal", "QC", "Quebec", "H2Y 1C6"))),
    "GB": (0.12, ("GB", "UK", "United Kingdom"), (("London", "", "", "SW1A 1AA"), ("Leeds", "", "", "LS1 4AP"))),
    "DE": (0.11, ("DE", "Germany"), (("Berlin", "", "", "10115"), ("München", "", "Bayern", "80331"))),
    "FR": (0.08, ("FR", "France"), (("Paris", "", "", "75001"), ("Lyon", "", "", "69001"))),
    "ES": (0.05, ("ES", "Spain"), (("Madrid", "", "Madrid", "28001"), ("Barcelona", "", "Barcelona", "08001"))),
    "IT": (0.04, ("IT", "Italy"), (("Roma", "RM", "RM", "00118"), ("Milano", "MI", "MI", "20121"))),
    "NL": (0.025, ("NL", "Netherlands"), (("Amsterdam", "", "", "1012 JS"), ("Utrecht", "", "", "3511 AB"))),
    "JP": (0.005, ("JP",), (("Tokyo", "", "", "100-0001"),)),
}  # fmt: skip
SHARES = tuple((code, share) for code, (share, _, _) in COUNTRIES.items())
# Customers whose change time is unknown.
WITHOUT_CHANGE_TIME = (17, 117)


@dataclass(frozen=True)
class Home:
    """Where somebody lives, as it was typed, and the country that is meant."""

    code: str
    address: str
    city: str
    state: str | None
    country: str
    zip_code: str

    @property
    def fields(self) -> tuple[str, str, str | None, str, str]:
        """As columns."""
        return self.address, self.city, self.state, self.country, self.zip_code


def home(seed: int, customer: int, moves: int = 0) -> Home:
    """Where a customer lives after so many moves; people stay in their country."""
    code = weighted(Random(seed * 1_000_003 + customer), SHARES)
    random = Random((seed * 1_000_003 + customer) * 31 + moves)
    _, spellings, towns = COUNTRIES[code]
    city, state, state_name, zip_code = one_of(random, towns)
    typed = state_name if random.random() < 0.35 else state
    street = f"{1 + below(random, 980)} {one_of(random, STREETS)}"
    return Home(code, street, city, typed or None, one_of(random, spellings), zip_code)


@dataclass
class People:
    """Everybody who ever registered, and when they moved."""

    span: Span
    moved: dict[int, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._changes = self._planned()

    def home(self, customer: int, second: int) -> Home:
        """Where a customer lived then."""
        return home(self.span.seed, customer, sum(move <= second for move in self.moved.get(customer, ())))

    def known_by(self, second: int) -> int:
        """How many had registered by then; their ids count up from 1."""
        volumes, begins = self.span.volumes, self._begins
        if second >= self.span.known:
            later = (second - self.span.known) // DAY
            return volumes.customers + int(later) * self._newcomers
        return max(1, volumes.customers * (second - begins) // (self.span.known - begins))

    def rows(self) -> Iterator[tuple[object, ...]]:
        """The table's history."""
        everybody = self.span.volumes.customers + self._newcomers * (self.span.days - 1)
        for customer in range(1, everybody + 1):
            yield from self._versions(customer)

    @property
    def _begins(self) -> int:
        return midnight(self.span.begins) - 400 * DAY

    @property
    def _newcomers(self) -> int:
        """How many register on a later day; as many as change."""
        return round(self.span.volumes.daily_customers * 0.5)

    def _planned(self) -> dict[int, list[tuple[int, bool]]]:
        """The changes on the later days: customer, then when, and whether it was a move or a new e-mail address."""
        random = Random(self.span.seed + 1)
        planned: dict[int, list[tuple[int, bool]]] = {}
        for day in self.span.later_days():
            for n in range(round(self.span.volumes.daily_customers) - self._newcomers):
                # Some change twice, and then both on the days after each other.
                customer = 1 + below(random, 7) if n == 0 else 1 + below(random, self.span.volumes.customers)
                second, moves = midnight(day) + below(random, DAY), random.random() < 0.7
                if customer not in WITHOUT_CHANGE_TIME:
                    planned.setdefault(customer, []).append((second, moves))
        for customer, changes in planned.items():
            self.moved[customer] = [second for second, moves in changes if moves]
        return planned

    def _registered(self, customer: int) -> int:
        volumes, span = self.span.volumes, self.span
        random = Random(span.seed * 7_919 + customer)
        if customer > volumes.customers:
            days, _ = divmod(customer - volumes.customers - 1, self._newcomers)
            return span.known + days * DAY + below(random, DAY)
        slot = (span.known - self._begins) / volumes.customers
        return self._begins + int((customer - 1 + random.random()) * slot)

    def _versions(self, customer: int) -> Iterator[tuple[object, ...]]:
        created = self._registered(customer)
        random = Random(self.span.seed * 104_729 + customer)
        person = _person(random, customer)
        touched = created + (below(random, max(1, self.span.known - created)) if random.random() < 0.4 else 0)
        states = [(created, touched, 0, 0)]
        for second, moves in sorted(self._changes.get(customer, ())):
            _, _, moved, renamed = states[-1]
            states.append((second, second, moved + moves, renamed + (not moves)))
        states = _last_of_each_day(states)
        for n, (since, updated, moved, renamed) in enumerate(states):
            until = day_of(states[n + 1][0]) if n + 1 < len(states) else None
            yield self._row(customer, person, (created, updated, moved, renamed), _visible(self.span, since), until)

    def _row(
        self,
        customer: int,
        person: tuple[str, str, str | None],
        state: tuple[int, int, int, int],
        visible_from: date | None,
        visible_to: date | None,
    ) -> tuple[object, ...]:
        created, updated, moved, renamed = state
        first, last, phone = person
        where = home(self.span.seed, customer, moved).fields
        micros = (customer * 7_919 + updated) % 1_000_000 if visible_from else 0
        changed = None if customer in WITHOUT_CHANGE_TIME else stamp(updated, micros)
        email = _email(customer, first, last, renamed)
        return customer, email, first, last, phone, *where, stamp(created), changed, visible_from, visible_to


def _last_of_each_day(states: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """The states that somebody can see who looks at the end of each day."""
    return list({state[0] // DAY: state for state in states}.values())


def _visible(span: Span, second: int) -> date | None:
    return None if second < span.known else day_of(second)


def _person(random: Random, customer: int) -> tuple[str, str, str | None]:
    """First name, last name and telephone: unknown for three in ten, and for some an empty text."""
    phone: str | None = f"+{1 + below(random, 98)} {100 + below(random, 900)} {1_000_000 + below(random, 9_000_000)}"
    known = random.random()
    phone = None if known < 0.30 else "" if known < 0.315 else phone
    return one_of(random, FIRST_NAMES), one_of(random, LAST_NAMES), phone


def _email(customer: int, first: str, last: str, renamed: int) -> str:
    name = f"{first}.{last}".replace(" ", "").replace("'", "").lower()
    plain = name.encode("ascii", "replace").decode().replace("?", "x")
    address = f"{plain}{customer}@example.{('com', 'org', 'net')[(customer + renamed) % 3]}"
    return address.upper() if customer % 33 == 0 else address
