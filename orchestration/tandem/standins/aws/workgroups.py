"""Work groups: the one of the orders, `primary`, and the one that only validates."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tandem.standins.aws.rpc import Json, invalid

ENGINE_VERSION = {
    "SelectedEngineVersion": "Athena engine version 3",
    "EffectiveEngineVersion": "Athena engine version 3",
}


class WorkGroups:
    """The names that exist; each takes the output location of its caller."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = sorted(set(names))

    def operations(self) -> dict[str, Callable[[Json], Json]]:
        """The operations of the API on work groups."""
        return {
            "GetWorkGroup": lambda asked: {"WorkGroup": self._described(self._known(asked["WorkGroup"]))},
            "ListWorkGroups": lambda asked: {"WorkGroups": [_summary(name) for name in self._names]},
        }

    def output_of(self, name: str, result: Json) -> tuple[str, Json]:
        """Output location and result configuration of a statement.

        Raises InvalidRequestException for an unknown work group, or when nobody names a location.
        """
        self._known(name)
        location = result.get("OutputLocation", "")
        if not location.startswith("s3://"):
            raise invalid(
                "No output location provided. An output location is required either through the Workgroup result "
                "configuration setting or as an API input."
            )
        return location, result

    def _known(self, name: str) -> str:
        if name not in self._names:
            raise invalid(f"WorkGroup {name} is not found.")
        return name

    def _described(self, name: str) -> Json:
        configuration = {
            "ResultConfiguration": {},
            "EnforceWorkGroupConfiguration": False,
            "PublishCloudWatchMetricsEnabled": False,
            "RequesterPaysEnabled": False,
            "EngineVersion": ENGINE_VERSION,
        }
        return {**_summary(name), "Configuration": configuration}


def _summary(name: str) -> Json:
    return {"Name": name, "State": "ENABLED", "Description": "", "EngineVersion": ENGINE_VERSION, "CreationTime": 0}
