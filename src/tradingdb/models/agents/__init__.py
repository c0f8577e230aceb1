"""Who acts: the programs that trade, research and watch."""

from tradingdb.models.agents.memory import AgentContext, AgentMemory, ApiCost
from tradingdb.models.agents.messages import AgentConnection, AgentMessage, ConnectionStatus, MessageStatus
from tradingdb.models.agents.registry import Agent, AgentLog, AgentStatus, LogLevel
from tradingdb.models.agents.workflows import ExecutionStatus, Workflow, WorkflowExecution

__all__ = [
    "Agent",
    "AgentConnection",
    "AgentContext",
    "AgentLog",
    "AgentMemory",
    "AgentMessage",
    "AgentStatus",
    "ApiCost",
    "ConnectionStatus",
    "ExecutionStatus",
    "LogLevel",
    "MessageStatus",
    "Workflow",
    "WorkflowExecution",
]
