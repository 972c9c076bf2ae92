"""OpenAQ API v3 as typed rows: the register of stations and sensors, and their measurements.

Source of the shapes: https://docs.openaq.org (resources `locations` and `measurements`).
"""

from tandem.schemas.entity import Column, Entity, Type

CAPTURED = Column("partition_date", Type.DATE, "Logical date of the capture.", nullable=False)

LOCATIONS = Entity(
    system="openaq",
    name="locations",
    description="One row per station and capture of the register.",
    clock="logical date of the run that read the register",
    key=("location_id",),
    columns=(
        Column("location_id", Type.BIGINT, "Station id given by OpenAQ.", nullable=False),
        Column("location_name", Type.STRING, "Name of the station."),
        Column("locality", Type.STRING, "Town or district, where the provider states it."),
        Column("timezone", Type.STRING, "IANA time zone of the station."),
        Column("country_code", Type.STRING, "ISO 3166-1 alpha-2 code of the country."),
        Column("country_name", Type.STRING, "Name of the country."),
        Column("provider_name", Type.STRING, "Who provides the data to OpenAQ."),
        Column("owner_name", Type.STRING, "Who owns the station."),
        Column("is_mobile", Type.BOOLEAN, "True for a station that moves."),
        Column("is_monitor", Type.BOOLEAN, "True for a reference-grade monitor, false for a low-cost sensor."),
        Column("latitude", Type.DOUBLE, "Degrees north, WGS 84; null when unknown."),
        Column("longitude", Type.DOUBLE, "Degrees east, WGS 84; null when unknown."),
        Column("first_measured_utc", Type.TIMESTAMP, "First measurement OpenAQ has, UTC."),
        Column("last_measured_utc", Type.TIMESTAMP, "Last measurement OpenAQ has, UTC."),
        CAPTURED,
    ),
)

SENSORS = Entity(
    system="openaq",
    name="sensors",
    description="One row per sensor and capture of the register.",
    clock="logical date of the run that read the register",
    key=("sensor_id",),
    columns=(
        Column("sensor_id", Type.BIGINT, "Sensor id given by OpenAQ.", nullable=False),
        Column("location_id", Type.BIGINT, "Station the sensor belongs to.", nullable=False),
        Column("sensor_name", Type.STRING, "Name of the sensor: parameter and unit in one text."),
        Column("parameter", Type.STRING, "What is measured: pm25, pm10, o3, no2, so2, co, …", nullable=False),
        Column("unit", Type.STRING, "Canonical unit: µg/m³, mg/m³, ppm, ppb, …"),
        CAPTURED,
    ),
    raw="locations",
)

MEASUREMENTS = Entity(
    system="openaq",
    name="measurements",
    description="One row per sensor and period.",
    clock="UTC date of the last instant of the period",
    key=("sensor_id", "period_start_utc", "period_end_utc"),
    columns=(
        Column("sensor_id", Type.BIGINT, "Sensor that measured.", nullable=False),
        Column("parameter", Type.STRING, "What was measured: pm25, pm10, o3, no2, so2, co, …", nullable=False),
        Column("unit", Type.STRING, "Canonical unit of the value: µg/m³, mg/m³, ppm, ppb, …", nullable=False),
        Column("value", Type.DOUBLE, "Measured value in `unit`.", nullable=False),
        Column("period_start_utc", Type.TIMESTAMP, "Start of the period, UTC.", nullable=False),
        Column("period_end_utc", Type.TIMESTAMP, "End of the period, UTC.", nullable=False),
        Column("period_start_local", Type.TIMESTAMP, "Start of the period, wall clock of the station."),
        Column("period_end_local", Type.TIMESTAMP, "End of the period, wall clock of the station."),
        Column("period_label", Type.STRING, "OpenAQ's label of the period: raw, hourly, daily."),
        Column("period_seconds", Type.BIGINT, "Length of the period in seconds.", nullable=False),
        Column("has_flags", Type.BOOLEAN, "True when the provider flagged the value."),
        Column("expected_count", Type.BIGINT, "Readings expected in the period."),
        Column("observed_count", Type.BIGINT, "Readings that arrived in the period."),
        Column("latitude", Type.DOUBLE, "Degrees north of a mobile station; null when not stated."),
        Column("longitude", Type.DOUBLE, "Degrees east of a mobile station; null when not stated."),
        Column(
            "partition_date",
            Type.DATE,
            "UTC date of the last instant of the period (its end less one microsecond).",
            nullable=False,
        ),
    ),
    max_null_rates=(("period_start_local", 0.05),),
    mart="fct_measurements",
)

ENTITIES = (LOCATIONS, SENSORS, MEASUREMENTS)
