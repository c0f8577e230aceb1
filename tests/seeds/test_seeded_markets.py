"""What the development world says about its markets equals its candles, and what it says about its data is true."""

from __future__ import annotations

from itertools import groupby
from statistics import fmean, median, pstdev

import pytest
from world_queries import one, rows

from tradingdb.database import Database

SPOT = "(SELECT id FROM instruments WHERE kind = 'spot')"
DAY = (
    "c.instrument_id = x.instrument_id AND c.timeframe = '1m' "
    "AND c.open_time >= {at} - interval '1 day' AND c.open_time < {at}"
)
"""Which candles `c` lie in the day before an instant."""


def close_at(at: str) -> str:
    """What the spot's minute candle that ends at an instant closed at."""
    return f"""(SELECT close FROM candles WHERE instrument_id = {SPOT} AND timeframe = '1m'
                AND open_time = {at} - interval '1 minute')"""


async def test_coverage_is_what_candles_there_are_and_all_are_marked_as_synthetic(world: Database) -> None:
    covered = await rows(
        world,
        """
        SELECT instrument_id, timeframe, first_open_time, last_open_time, candle_count, source FROM series_coverage
        ORDER BY 1, 2
        """,
    )
    there = await rows(
        world,
        """
        SELECT instrument_id, timeframe, min(open_time) AS first_open_time, max(open_time) AS last_open_time,
               count(*) AS candle_count, max(source) AS source
        FROM candles GROUP BY 1, 2 ORDER BY 1, 2
        """,
    )
    assert covered == there
    assert len(there) == 2
    assert await rows(world, "SELECT DISTINCT is_synthetic FROM candles") == [{"is_synthetic": True}]


async def test_the_candles_of_the_perpetual_are_those_of_the_spot_market_by_hours(world: Database) -> None:
    made = await rows(
        world,
        f"""
        SELECT date_trunc('hour', open_time) AS open_time, max(high) AS high, min(low) AS low,
               (array_agg(open ORDER BY open_time))[1] AS open, (array_agg(close ORDER BY open_time DESC))[1] AS close
        FROM candles WHERE instrument_id = {SPOT} GROUP BY 1 ORDER BY 1
        """,
    )
    there = await rows(
        world, "SELECT open_time, high, low, open, close FROM candles WHERE timeframe = '1h' ORDER BY open_time"
    )
    missing = [candle for candle in made if candle not in there]
    assert [candle for candle in made if candle in there] == there
    assert [candle["open_time"].hour for candle in missing] == [3, 4, 5]


async def test_what_is_said_of_the_quality_is_what_the_coverage_says(world: Database) -> None:
    measured = await rows(
        world,
        """
        SELECT q.completeness_score, q.missing_data_points, q.is_alerting, q.staleness_minutes,
               s.candle_count AS there,
               extract(epoch FROM timestamptz '2025-01-15 00:00Z' - timestamptz '2025-01-01 00:00Z')
                   / extract(epoch FROM t.duration) AS expected,
               q.measured_at = s.last_open_time + t.duration AS is_fresh
        FROM data_quality_metrics q
        JOIN series_coverage s USING (instrument_id) JOIN timeframes t ON t.code = s.timeframe
        WHERE q.factor = '' ORDER BY there
        """,
    )
    assert [row["missing_data_points"] for row in measured] == [3, 0]
    for row in measured:
        assert row["missing_data_points"] == row["expected"] - row["there"]
        assert row["completeness_score"] == pytest.approx(row["there"] / float(row["expected"]))
        assert row["is_alerting"] == (row["missing_data_points"] > 0)
        assert (row["is_fresh"], row["staleness_minutes"]) == (True, 0)
    of_factor = await one(
        world,
        """
        SELECT (details->>'there')::int AS said, (SELECT count(*) FROM factor_values v
            JOIN factor_definitions d ON d.id = v.factor_id WHERE d.name = q.factor) AS there
        FROM data_quality_metrics q WHERE factor <> ''
        """,
    )
    assert of_factor["said"] == of_factor["there"]


async def test_jobs_counted_the_candles_that_they_loaded(world: Database) -> None:
    jobs = await rows(
        world,
        """
        SELECT j.records_total, j.records_processed, j.records_inserted, j.quality_issues, s.candle_count
        FROM data_ingestion_jobs j JOIN series_coverage s USING (instrument_id, timeframe)
        WHERE j.status = 'completed' ORDER BY s.candle_count
        """,
    )
    assert len(jobs) == 2
    for job in jobs:
        assert job["records_total"] == job["records_processed"] == job["records_inserted"] == job["candle_count"]
    assert [job["quality_issues"] for job in jobs] == [1, 0]
    inside = """
        SELECT count(*) AS n FROM candles c JOIN data_ingestion_jobs j USING (instrument_id, timeframe)
        WHERE j.status = 'failed' AND c.open_time >= j.range_start AND c.open_time < j.range_end
    """
    assert (await one(world, inside))["n"] == 0, "the job that failed brought nothing"
    metrics = await rows(world, "SELECT value FROM system_metrics ORDER BY 1")
    assert [row["value"] for row in metrics] == [job["candle_count"] for job in jobs]


async def test_factors_are_what_the_candles_give(world: Database) -> None:
    at = "x.observed_at"
    values = await rows(
        world,
        f"""
        SELECT d.name, x.value, {close_at(at)} / {close_at(f"{at} - interval '1 day'")} - 1 AS return_24h,
               (SELECT sum(volume) FROM candles c WHERE {DAY.format(at=at)}) AS volume_24h,
               (SELECT stddev_samp(step) * sqrt(1440) FROM (
                    SELECT ln(c.close) - ln(lag(c.close) OVER (ORDER BY c.open_time)) AS step
                    FROM candles c WHERE {DAY.format(at=at)}) AS steps) AS volatility_24h
        FROM factor_values x JOIN factor_definitions d ON d.id = x.factor_id
        WHERE x.observed_at > '2025-01-02 00:00Z'
        """,
    )
    assert {row["name"] for row in values} == {"return_24h", "volume_24h", "volatility_24h"}
    for row in values:
        if row["name"] == "return_24h":
            assert row["value"] == row["return_24h"]
        assert row["value"] == pytest.approx(row[row["name"]], rel=1e-9)


async def test_tickers_are_what_the_candles_of_the_day_say(world: Database) -> None:
    at = "x.observed_at"
    tickers = await rows(
        world,
        f"""
        SELECT x.*, {close_at(at)} AS close, {close_at(f"{at} - interval '1 day'")} AS before,
               day.high, day.low, day.volume
        FROM market_data x CROSS JOIN LATERAL (
            SELECT max(high) AS high, min(low) AS low, sum(volume) AS volume FROM candles c WHERE {DAY.format(at=at)}
        ) AS day
        """,
    )
    assert len(tickers) == 24
    for row in tickers:
        assert (row["price"], row["high_24h"], row["low_24h"]) == (row["close"], row["high"], row["low"])
        assert row["volume_24h"] == pytest.approx(row["volume"])
        assert row["change_24h"] == row["price"] - row["before"]
        assert row["change_percent_24h"] == pytest.approx(100 * (row["price"] / row["before"] - 1))
        assert row["bid_price"] < row["price"] < row["ask_price"]
        assert row["spread"] == pytest.approx(row["ask_price"] - row["bid_price"])


async def test_an_aggregate_is_that_of_its_sources(world: Database) -> None:
    sources = await rows(world, "SELECT * FROM market_data_sources ORDER BY observed_at")
    told = {at: list(same) for at, same in groupby(sources, key=lambda source: source["observed_at"])}
    aggregates = {row["observed_at"]: row for row in await rows(world, "SELECT * FROM aggregated_market_data")}
    assert told.keys() == aggregates.keys()
    for at, row in aggregates.items():
        prices = [source["price"] for source in told[at]]
        assert (row["min_price"], row["max_price"], row["sources_count"]) == (min(prices), max(prices), len(prices))
        assert row["average_price"] == pytest.approx(fmean(prices))
        assert row["median_price"] == pytest.approx(median(prices))
        assert row["std_dev"] == pytest.approx(pstdev(prices))
        assert row["volume_24h"] == pytest.approx(sum(source["volume_24h"] for source in told[at]))


async def test_market_trades_make_the_candle_that_they_lie_in(world: Database) -> None:
    strangers = """
        SELECT c.open_time FROM candles c JOIN (
            SELECT instrument_id, date_trunc('minute', traded_at) AS open_time, max(price) AS high, min(price) AS low,
                   (array_agg(price ORDER BY traded_at))[1] AS open,
                   (array_agg(price ORDER BY traded_at DESC))[1] AS close, sum(quantity) AS volume
            FROM market_trades GROUP BY 1, 2
        ) AS t USING (instrument_id, open_time)
        WHERE c.timeframe = '1m' AND ((c.open, c.high, c.low, c.close) = (t.open, t.high, t.low, t.close))
              AND abs(c.volume - t.volume) < 1e-9
    """
    assert len(await rows(world, strangers)) == 3
    assert len(await rows(world, "SELECT 1 FROM market_trades")) == 12


async def test_zones_are_the_ends_of_the_fourth_day_and_were_left_at_the_first_close_beyond(world: Database) -> None:
    day = await one(
        world, f"SELECT max(high) AS supply, min(low) AS demand FROM candles WHERE instrument_id = {SPOT} "
        "AND open_time >= '2025-01-04 00:00Z' AND open_time < '2025-01-05 00:00Z'"
    )  # fmt: skip
    zones = await rows(
        world,
        """
        SELECT z.*, b.price AS left_at_price, b.occurred_at, b.direction, b.volume AS left_with
        FROM price_zones z JOIN breakout_events b ON b.zone_id = z.id
        """,
    )
    assert len(zones) == 2
    for zone in zones:
        sign, up = (">", "up") if zone["kind"] == "supply" else ("<", "down")
        assert float(zone["price"]) == day[zone["kind"]]
        assert zone["lower_price"] <= zone["price"] <= zone["upper_price"]
        first = await one(
            world,
            f"""
            SELECT close, volume, open_time + interval '1 minute' AS at FROM candles
            WHERE instrument_id = {SPOT} AND open_time >= '2025-01-05 00:00Z' AND close {sign} {zone["price"]}
            ORDER BY open_time LIMIT 1
            """,
        )
        assert (float(zone["left_at_price"]), float(zone["left_with"])) == (first["close"], first["volume"])
        assert zone["occurred_at"] == zone["broken_at"] == first["at"]
        assert zone["direction"] == up


async def test_a_data_set_has_the_rows_that_it_says(world: Database) -> None:
    said = await one(
        world,
        f"""
        SELECT row_count, (SELECT count(*) FROM candles WHERE instrument_id = {SPOT} AND timeframe = '1m'
            AND open_time >= range_start AND open_time < range_end) AS there
        FROM datasets
        """,
    )
    assert said["row_count"] == said["there"] > 0


async def test_cached_values_are_those_that_they_were_computed_from(world: Database) -> None:
    price = await one(world, "SELECT (value #>> '{}')::float8 AS value FROM cache_entries")
    newest = await one(world, "SELECT price FROM market_data ORDER BY observed_at DESC LIMIT 1")
    assert price["value"] == newest["price"]
    feature = await one(
        world,
        """
        SELECT c.value, v.value AS factor FROM feature_cache c
        JOIN factor_definitions d ON d.name = c.feature_name
        JOIN factor_values v ON v.factor_id = d.id AND v.observed_at = c.computed_at
        """,
    )
    assert feature["value"] == feature["factor"]
    answers = await rows(
        world,
        f"""
        SELECT (point->>'close')::float8 AS said, {close_at("(point->>'at')::timestamptz")} AS there, result_count
        FROM historical_data_cache, jsonb_array_elements(result) AS point
        """,
    )
    assert len(answers) == answers[0]["result_count"] == 14
    assert all(answer["said"] == answer["there"] for answer in answers)
