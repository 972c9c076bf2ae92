"""Which top-level fields the objects of a capture have, and of what kind: seen over all, not in any one of them."""

from __future__ import annotations

from collections.abc import Iterable

from tandem.extract.drift import Observed
from tandem.schemas import Entity, Kind

KINDS: dict[type, Kind] = {
    bool: Kind.BOOLEAN,
    int: Kind.INTEGER,
    float: Kind.NUMBER,
    str: Kind.TEXT,
    dict: Kind.OBJECT,
    list: Kind.LIST,
}


class Fields:
    """Takes note of objects, page by page."""

    def __init__(self, entity: Entity) -> None:
        self._declared = {field.name: field.kind for field in entity.arrives}
        self._kinds: dict[str, set[Kind]] = {}
        self.seen = 0

    def note(self, elements: Iterable[object]) -> None:
        """Look at these objects too; what is no object is passed over."""
        for element in elements:
            if isinstance(element, dict):
                self.seen += 1
                for name, value in element.items():
                    kinds = self._kinds.setdefault(name, set())
                    if value is not None:
                        kinds.add(KINDS[type(value)])

    def observed(self) -> list[Observed]:
        """Each field that some object has; of the declared kind if it is so anywhere, or null everywhere."""
        return [Observed(name, self._kind(name, kinds)) for name, kinds in self._kinds.items()]

    def _kind(self, name: str, kinds: set[Kind]) -> Kind | None:
        declared = self._declared.get(name)
        return declared if not kinds or declared in kinds else min(kinds)
