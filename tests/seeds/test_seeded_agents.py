"""Decisions, predictions, lessons and conversations of the development world agree, and rest on what was known."""

from __future__ import annotations

import ast
from hashlib import sha256
from itertools import pairwise
from math import isclose

import numpy as np
import pytest
from world_queries import one, rows

from tradingdb.database import Database

SPOT = "(SELECT id FROM instruments WHERE kind = 'spot')"


async def test_predictions_that_can_be_checked_are_and_their_error_is_that_of_the_candles(world: Database) -> None:
    predictions = await rows(
        world,
        f"""
        SELECT p.*, later.close / earlier.close - 1 AS happened, earlier.close / before.close - 1 AS last_day,
               (m.parameters->>'reversion')::float8 AS reversion
        FROM ml_predictions p JOIN ml_models m ON m.id = p.model_id
        JOIN candles before ON before.instrument_id = p.instrument_id AND before.timeframe = '1m'
             AND before.open_time = p.made_at - interval '1 day 1 minute'
        JOIN candles earlier ON earlier.instrument_id = p.instrument_id AND earlier.timeframe = '1m'
             AND earlier.open_time = p.made_at - interval '1 minute'
        LEFT JOIN candles later ON later.instrument_id = {SPOT} AND later.timeframe = '1m'
             AND later.open_time = p.target_at - interval '1 minute'
        ORDER BY p.made_at
        """,
    )
    assert len(predictions) == len(await rows(world, "SELECT 1 FROM ml_predictions")) == 8
    for prediction in predictions[:-1]:
        assert prediction["predicted_value"] == prediction["reversion"] * prediction["last_day"]
        assert prediction["actual_value"] == prediction["happened"]
        assert prediction["error"] == prediction["predicted_value"] - prediction["actual_value"]
        assert prediction["resolved_at"] == prediction["target_at"]
    newest = predictions[-1]
    assert (newest["happened"], newest["actual_value"], newest["error"], newest["resolved_at"]) == (None,) * 4


async def test_decisions_rest_only_on_what_was_known_when_they_were_made(world: Database) -> None:
    evidence = await rows(
        world,
        """
        SELECT d.decided_as_of, coalesce(i.known_at, l.known_at, p.made_at, s.fired_at, m.known_at) AS known_at
        FROM decision_evidence e JOIN trading_decisions d ON d.id = e.decision_id
        LEFT JOIN ai_insights i ON i.id = e.insight_id LEFT JOIN learning_entries l ON l.id = e.entry_id
        LEFT JOIN ml_predictions p ON p.id = e.prediction_id LEFT JOIN signals s ON s.id = e.signal_id
        LEFT JOIN semantic_memories m ON m.id = e.memory_id
        """,
    )
    assert len(evidence) > 5
    assert [piece for piece in evidence if not piece["known_at"] <= piece["decided_as_of"]] == []
    kinds = await one(
        world,
        """
        SELECT count(insight_id) AS a, count(entry_id) AS b, count(prediction_id) AS c, count(signal_id) AS d,
               count(memory_id) AS e FROM decision_evidence
        """,
    )
    assert all(kinds.values())


async def test_orders_carry_out_decisions_and_an_outcome_is_the_trade_that_came_of_it(world: Database) -> None:
    orders = await rows(
        world,
        """
        SELECT o.side, o.submitted_at, o.executed_at, o.account_id, o.trade_id, d.action, d.amount, d.decided_as_of,
               d.account_id AS decided_for, d.executed_at AS done_at, d.id AS decision_id
        FROM orders o JOIN trading_decisions d ON d.id = o.decision_id ORDER BY o.submitted_at
        """,
    )
    assert [(order["action"], order["side"]) for order in orders] == [
        ("buy", "buy"),
        ("buy", "sell"),
        ("close", "sell"),
    ]
    for order in orders:
        assert order["submitted_at"] >= order["decided_as_of"]
        assert order["account_id"] == order["decided_for"]
    assert orders[0]["done_at"] == orders[0]["executed_at"]
    outcome = await one(
        world,
        f"""
        SELECT o.*, t.pnl, t.entry_price, t.exit_time, d.status FROM decision_outcomes o
        JOIN trading_decisions d ON d.id = o.decision_id JOIN trades t ON t.id = '{orders[0]["trade_id"]}'
        WHERE o.decision_id = '{orders[0]["decision_id"]}'
        """,
    )
    assert outcome["profit_loss"] == outcome["actual_outcome"] == outcome["pnl"]
    assert (outcome["execution_price"], outcome["known_at"]) == (outcome["entry_price"], outcome["exit_time"])
    assert outcome["is_success"] == (outcome["pnl"] > 0) == (outcome["status"] == "successful")


async def test_waiting_is_judged_by_what_the_price_did_and_is_evidence_for_a_lesson(world: Database) -> None:
    waited = await rows(
        world,
        """
        SELECT o.*, e.verdict, e.known_at AS heard_at, later.close / earlier.close - 1 AS moved, d.decided_as_of
        FROM trading_decisions d JOIN decision_outcomes o ON o.decision_id = d.id
        JOIN learning_evidence e ON e.outcome_id = o.id
        JOIN candles earlier ON earlier.instrument_id = d.instrument_id AND earlier.timeframe = '1m'
             AND earlier.open_time = d.decided_as_of - interval '1 minute'
        JOIN candles later ON later.instrument_id = d.instrument_id AND later.timeframe = '1m'
             AND later.open_time = d.decided_as_of + interval '1 day' - interval '1 minute'
        WHERE d.action = 'hold'
        """,
    )
    assert len(waited) == len(await rows(world, "SELECT 1 FROM trading_decisions WHERE action = 'hold'")) == 3
    assert {piece["verdict"] for piece in waited} == {"supports", "contradicts"}
    for piece in waited:
        assert isclose(piece["actual_outcome"], piece["moved"], abs_tol=1e-8)
        assert piece["is_success"] == (abs(piece["moved"]) < 0.015) == (piece["verdict"] == "supports")
        assert (piece["heard_at"] - piece["decided_as_of"]).days == 1


async def test_each_lesson_counts_its_evidence_and_evidence_of_trades_is_the_trades(world: Database) -> None:
    trades = {
        trade["id"]: trade
        for trade in await rows(
            world, "SELECT * FROM trades WHERE outcome <> 'pending' AND mode = 'paper' AND rule_id IS NOT NULL"
        )
    }
    evidence = await rows(world, "SELECT * FROM learning_evidence")
    assert {piece["trade_id"] for piece in evidence if piece["trade_id"]} == trades.keys()
    for piece in evidence:
        if piece["trade_id"]:
            trade = trades[piece["trade_id"]]
            assert piece["verdict"] == ("supports" if trade["outcome"] == "win" else "contradicts")
            assert (piece["r_multiple"], piece["known_at"]) == (trade["pnl_r"], trade["exit_time"])
    lessons = await rows(world, "SELECT * FROM learning_entries")
    assert len(lessons) == 2
    for lesson in lessons:
        of_lesson = [piece for piece in evidence if piece["entry_id"] == lesson["id"]]
        supporting = sum(piece["verdict"] == "supports" for piece in of_lesson)
        assert lesson["validation_count"] == supporting > 0
        assert lesson["contradiction_count"] == len(of_lesson) - supporting > 0
        assert lesson["last_validated_at"] == max(piece["known_at"] for piece in of_lesson)
        assert lesson["known_at"] <= min(piece["known_at"] for piece in of_lesson)
        assert lesson["confidence"] == pytest.approx((1 + supporting) / (2 + len(of_lesson)))


async def test_a_conversation_is_a_sequence_in_which_each_message_answers_the_one_before(world: Database) -> None:
    messages = await rows(world, "SELECT * FROM conversation_messages ORDER BY session_id, sequence")
    assert [message["sequence"] for message in messages] == list(range(1, len(messages) + 1))
    assert messages[0]["parent_id"] is None
    for earlier, later in pairwise(messages):
        assert later["parent_id"] == earlier["id"]
        assert later["role"] != earlier["role"]
    for message in messages:
        assert (message["agent_id"] is not None) == (message["role"] == "assistant")


async def test_what_analyses_cost_is_what_the_calls_cost(world: Database) -> None:
    columns = "model, input_tokens, output_tokens, cost"
    paid = await rows(world, f"SELECT entry_id AS id, called_at AS at, {columns} FROM api_costs ORDER BY 1")
    analyses = await rows(world, f"SELECT id, known_at AS at, {columns} FROM ai_analyses ORDER BY 1")
    assert paid == analyses
    insights = "SELECT analysis_id AS id, recommendation, confidence FROM ai_insights ORDER BY 1"
    said = "SELECT id, signal AS recommendation, confidence FROM ai_analyses ORDER BY 1"
    assert await rows(world, insights) == await rows(world, said)


async def test_calls_are_counted_alike_by_day_by_key_and_by_agent(world: Database) -> None:
    days = await one(
        world, "SELECT agent, sum(request_count) AS n, max(last_request_at) AS last FROM api_usage GROUP BY 1"
    )
    key = await one(world, "SELECT id, call_count AS n, last_used_at AS last FROM api_keys")
    agent = await one(
        world,
        f"""
        SELECT u.request_count AS n, u.last_used_at AS last, u.api_key_id FROM user_agents u
        JOIN agents a ON a.id = u.agent_id WHERE a.agent_id = '{days["agent"]}'
        """,
    )
    assert (key["n"], key["last"]) == (agent["n"], agent["last"]) == (days["n"], days["last"])
    assert agent["api_key_id"] == key["id"]


async def test_workflows_have_versions_and_runs_that_keep_to_their_steps(world: Database) -> None:
    versions = await rows(world, "SELECT * FROM workflows ORDER BY workflow_id, version")
    assert [(workflow["version"], workflow["is_active"]) for workflow in versions] == [(1, False), (2, True)]
    runs = await rows(
        world, "SELECT e.*, w.definition FROM workflow_executions e JOIN workflows w ON w.id = e.workflow_id"
    )
    assert {run["status"] for run in runs} == {"completed", "failed"}
    for run in runs:
        assert run["total_steps"] == len(run["definition"]["steps"])
        assert (run["completed_steps"] == run["total_steps"]) == (run["status"] == "completed")
    for message in await rows(world, "SELECT * FROM agent_messages"):
        talks = f"""
            SELECT 1 FROM agent_connections WHERE first_agent_id = least('{message["sender_id"]}'::uuid,
                '{message["receiver_id"]}') AND second_agent_id = greatest('{message["sender_id"]}'::uuid,
                '{message["receiver_id"]}')
        """
        assert await rows(world, talks), "agents talk over a connection"


async def test_memories_belong_with_memories_that_are_there_and_one_context_is_in_use(world: Database) -> None:
    memories = {row["memory_key"]: row for row in await rows(world, "SELECT * FROM agent_memories")}
    assert {other for row in memories.values() for other in row["associations"]} <= memories.keys()
    contexts = await rows(world, "SELECT version, is_active FROM agent_contexts ORDER BY version")
    assert [tuple(row.values()) for row in contexts] == [(1, False), (2, True)]
    edges = await one(world, "SELECT count(*) AS n, count(retracted_at) AS retracted FROM knowledge_edges")
    assert edges["n"] > edges["retracted"] > 0


async def test_each_text_has_a_vector_of_its_own_in_one_space(world: Database) -> None:
    texts = {
        "learning_embeddings": "SELECT id, insight AS said FROM learning_entries",
        "message_embeddings": "SELECT id, content AS said FROM conversation_messages",
        "rule_embeddings": "SELECT id, name AS said FROM strategy_rules",
        "memory_embeddings": """
            SELECT id, content AS said FROM memory_fragments UNION ALL SELECT id, content FROM semantic_memories
            UNION ALL SELECT id, name FROM knowledge_entities
        """,
    }
    space = await one(world, "SELECT * FROM embedding_spaces")
    assert (space["provider"], space["status"]) == ("development", "active")
    owners = {"learning": "entry_id", "message": "message_id", "rule": "rule_id"}
    for table, query in texts.items():
        owner = owners.get(table.partition("_")[0], "coalesce(fragment_id, memory_id, entity_id)")
        vectors = {
            row["owner"]: row
            for row in await rows(
                world, f"SELECT {owner} AS owner, space_id, content_sha256, embedding::text AS vector FROM {table}"
            )
        }
        said = {row["id"]: row["said"] for row in await rows(world, query)}
        assert vectors.keys() == said.keys(), table
        for owner_id, row in vectors.items():
            assert row["content_sha256"] == sha256(said[owner_id].encode()).digest()
            vector = np.array([float(part) for part in row["vector"].strip("[]").split(",")])
            assert (row["space_id"], len(vector)) == (space["id"], space["dimensions"])
            assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-3)


async def test_configuration_has_a_history_without_gaps_and_one_value_in_force(world: Database) -> None:
    versions = await rows(world, "SELECT * FROM system_config WHERE key = 'risk.max_leverage' ORDER BY version")
    assert [row["version"] for row in versions] == [1, 2]
    assert (versions[0]["superseded_at"], versions[1]["superseded_at"]) == (versions[1]["created_at"], None)


async def test_events_are_resolved_or_still_true_and_errors_of_one_defect_look_alike(world: Database) -> None:
    events = await rows(world, "SELECT * FROM monitoring_events ORDER BY occurred_at")
    assert [event["resolved_at"] is None for event in events] == [False, True]
    missing = await one(world, "SELECT sum(missing_data_points) AS n FROM data_quality_metrics")
    assert events[1]["metric_value"] == missing["n"]
    job = await one(world, "SELECT * FROM data_ingestion_jobs WHERE status = 'failed'")
    errors = await rows(world, "SELECT * FROM error_logs")
    assert len(errors) == job["retry_count"]
    assert {error["message"] for error in errors} == {job["error_message"]}
    assert {error["context"]["job_id"] for error in errors} == {job["job_id"]}
    assert len({error["fingerprint"] for error in errors}) == 1


async def test_what_is_said_of_source_files_can_be_counted_in_them(world: Database) -> None:
    files = {row["id"]: row for row in await rows(world, "SELECT * FROM code_files")}
    for file in files.values():
        source = file["details"]["source"]
        nodes = list(ast.walk(ast.parse(source)))
        assert (file["size_bytes"], file["line_count"]) == (len(source.encode()), len(source.splitlines()))
        assert file["content_sha256"] == sha256(source.encode()).digest()
        assert file["function_count"] == sum(isinstance(node, ast.FunctionDef) for node in nodes)
        assert file["class_count"] == sum(isinstance(node, ast.ClassDef) for node in nodes)
    for metric in await rows(world, "SELECT * FROM code_metrics"):
        assert metric["value"] == files[metric["file_id"]][metric["name"]]
    issues = await rows(world, "SELECT * FROM code_issues")
    assert issues
    for issue in issues:
        file = files[issue["file_id"]]
        assert issue["file_path"] == file["path"]
        assert file["details"]["source"].splitlines()[issue["line_number"] - 1] == issue["code_snippet"]


async def test_a_task_found_the_rules_that_name_its_document(world: Database) -> None:
    found = "SELECT task_id, rule_id FROM ingestion_task_rules ORDER BY 1, 2"
    named = """
        SELECT t.id AS task_id, r.id AS rule_id FROM ingestion_tasks t
        JOIN strategy_rules r ON r.source_ref = t.source_ref AND r.source_type = t.source_type
        WHERE t.status = 'completed' ORDER BY 1, 2
    """
    assert await rows(world, found) == await rows(world, named) != []
