# Written by `python -m tradingdb.schemas.stubs` from the models: change those, and write it anew.
# ruff: noqa: A002 - a column may be named like a builtin, and so its keyword is

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, overload
from uuid import UUID

from tradingdb.core.timeframe import Timeframe
from tradingdb.core.types import Encrypted
from tradingdb.models import (
    AccountStatus,
    Agent,
    AgentConnection,
    AgentContext,
    AgentLog,
    AgentMemory,
    AgentMessage,
    AgentStatus,
    AggregatedMarketData,
    AiAnalysis,
    AiInsight,
    ApiCost,
    ApiCredential,
    ApiKey,
    ApiUsage,
    AuditEntry,
    AuditResult,
    BacktestConfig,
    BacktestConfigInstrument,
    BacktestConfigRule,
    BacktestEquity,
    BacktestResult,
    BacktestRun,
    BacktestStatus,
    Base,
    BreakoutDirection,
    BreakoutEvent,
    CacheEntry,
    Candle,
    CandleBlock,
    CashBalance,
    CashMovement,
    CashMovementKind,
    CodeFile,
    CodeIssue,
    CodeMetric,
    ComponentStatus,
    ConnectionStatus,
    ConversationMessage,
    ConversationSession,
    CostBasis,
    DataIngestionJob,
    DataQualityMetrics,
    Dataset,
    DecisionEvidence,
    DecisionOutcome,
    DecisionStatus,
    DistanceMetric,
    EmbeddingSpace,
    EncryptionKey,
    ErrorLog,
    EvidenceRole,
    ExecutionStatus,
    ExitReason,
    FactorDefinition,
    FactorValue,
    FeatureCache,
    Fill,
    FundingRate,
    HeldLot,
    HistoricalDataCache,
    IngestionTask,
    IngestionTaskRule,
    Instrument,
    InstrumentKind,
    InstrumentStatus,
    IssueSeverity,
    IssueState,
    JobStatus,
    KnowledgeEdge,
    KnowledgeEntity,
    LearningEmbedding,
    LearningEntry,
    LearningEvidence,
    LearningStatus,
    Liquidity,
    LogLevel,
    MacroData,
    MarketData,
    MarketDataSource,
    MarketTrade,
    MemoryEmbedding,
    MemoryFragment,
    MessageEmbedding,
    MessageRole,
    MessageStatus,
    MetricKind,
    MlModel,
    MlPrediction,
    ModelStage,
    MonitoringEvent,
    OnchainData,
    OptionKind,
    Order,
    OrderEvent,
    OrderEventKind,
    OrderSide,
    OrderStatus,
    OrderType,
    OutboxConsumer,
    OutboxEvent,
    PerformanceMetrics,
    PortfolioHolding,
    PortfolioSnapshot,
    Position,
    PositionCheckpoint,
    PositionSide,
    PriceZone,
    QuarantinedCandle,
    ReconciliationRecord,
    RiskParameters,
    RuleEmbedding,
    RuleSource,
    SemanticMemory,
    SentimentData,
    SeriesCoverage,
    Severity,
    Signal,
    SignalDirection,
    SignalStatus,
    SpaceStatus,
    Strategy,
    StrategyRule,
    StrategyStatus,
    SystemConfig,
    SystemHealth,
    SystemMetric,
    TakerSide,
    TimeframeInfo,
    TimeInForce,
    TokenPurpose,
    Trade,
    TradeDirection,
    TradeExit,
    TradeOutcome,
    TradingAccount,
    TradingDecision,
    TradingMode,
    User,
    UserAgent,
    UserPreference,
    UserRole,
    UserSession,
    UserStatus,
    UserToken,
    Venue,
    VenueKind,
    Verdict,
    Watchlist,
    WatchlistItem,
    Workflow,
    WorkflowExecution,
    ZoneKind,
)
from tradingdb.models.trading.reconciliations import RecordedDifference
from tradingdb.schemas.contract import CreateContract, ReadContract, UpdateContract
from tradingdb.schemas.derive import Contracts

__all__ = [
    "AgentConnectionCreate",
    "AgentConnectionRead",
    "AgentConnectionUpdate",
    "AgentContextCreate",
    "AgentContextRead",
    "AgentContextUpdate",
    "AgentCreate",
    "AgentLogCreate",
    "AgentLogRead",
    "AgentLogUpdate",
    "AgentMemoryCreate",
    "AgentMemoryRead",
    "AgentMemoryUpdate",
    "AgentMessageCreate",
    "AgentMessageRead",
    "AgentMessageUpdate",
    "AgentRead",
    "AgentUpdate",
    "AggregatedMarketDataCreate",
    "AggregatedMarketDataRead",
    "AggregatedMarketDataUpdate",
    "AiAnalysisCreate",
    "AiAnalysisRead",
    "AiAnalysisUpdate",
    "AiInsightCreate",
    "AiInsightRead",
    "AiInsightUpdate",
    "ApiCostCreate",
    "ApiCostRead",
    "ApiCostUpdate",
    "ApiCredentialCreate",
    "ApiCredentialRead",
    "ApiCredentialUpdate",
    "ApiKeyCreate",
    "ApiKeyRead",
    "ApiKeyUpdate",
    "ApiUsageCreate",
    "ApiUsageRead",
    "ApiUsageUpdate",
    "AuditEntryCreate",
    "AuditEntryRead",
    "BacktestConfigCreate",
    "BacktestConfigInstrumentCreate",
    "BacktestConfigInstrumentRead",
    "BacktestConfigRead",
    "BacktestConfigRuleCreate",
    "BacktestConfigRuleRead",
    "BacktestConfigUpdate",
    "BacktestEquityCreate",
    "BacktestEquityRead",
    "BacktestEquityUpdate",
    "BacktestResultCreate",
    "BacktestResultRead",
    "BacktestResultUpdate",
    "BacktestRunCreate",
    "BacktestRunRead",
    "BacktestRunUpdate",
    "BreakoutEventCreate",
    "BreakoutEventRead",
    "BreakoutEventUpdate",
    "CacheEntryCreate",
    "CacheEntryRead",
    "CacheEntryUpdate",
    "CandleBlockRead",
    "CandleCreate",
    "CandleRead",
    "CandleUpdate",
    "CashBalanceCreate",
    "CashBalanceRead",
    "CashBalanceUpdate",
    "CashMovementCreate",
    "CashMovementRead",
    "CodeFileCreate",
    "CodeFileRead",
    "CodeFileUpdate",
    "CodeIssueCreate",
    "CodeIssueRead",
    "CodeIssueUpdate",
    "CodeMetricCreate",
    "CodeMetricRead",
    "CodeMetricUpdate",
    "Contracts",
    "ConversationMessageCreate",
    "ConversationMessageRead",
    "ConversationMessageUpdate",
    "ConversationSessionCreate",
    "ConversationSessionRead",
    "ConversationSessionUpdate",
    "CreateContract",
    "DataIngestionJobCreate",
    "DataIngestionJobRead",
    "DataIngestionJobUpdate",
    "DataQualityMetricsCreate",
    "DataQualityMetricsRead",
    "DataQualityMetricsUpdate",
    "DatasetCreate",
    "DatasetRead",
    "DatasetUpdate",
    "DecisionEvidenceCreate",
    "DecisionEvidenceRead",
    "DecisionEvidenceUpdate",
    "DecisionOutcomeCreate",
    "DecisionOutcomeRead",
    "DecisionOutcomeUpdate",
    "EmbeddingSpaceCreate",
    "EmbeddingSpaceRead",
    "EmbeddingSpaceUpdate",
    "EncryptionKeyCreate",
    "EncryptionKeyRead",
    "EncryptionKeyUpdate",
    "ErrorLogCreate",
    "ErrorLogRead",
    "ErrorLogUpdate",
    "FactorDefinitionCreate",
    "FactorDefinitionRead",
    "FactorDefinitionUpdate",
    "FactorValueCreate",
    "FactorValueRead",
    "FactorValueUpdate",
    "FeatureCacheCreate",
    "FeatureCacheRead",
    "FeatureCacheUpdate",
    "FillCreate",
    "FillRead",
    "FillUpdate",
    "FundingRateCreate",
    "FundingRateRead",
    "FundingRateUpdate",
    "HistoricalDataCacheCreate",
    "HistoricalDataCacheRead",
    "HistoricalDataCacheUpdate",
    "IngestionTaskCreate",
    "IngestionTaskRead",
    "IngestionTaskRuleCreate",
    "IngestionTaskRuleRead",
    "IngestionTaskUpdate",
    "InstrumentCreate",
    "InstrumentRead",
    "InstrumentUpdate",
    "KnowledgeEdgeCreate",
    "KnowledgeEdgeRead",
    "KnowledgeEdgeUpdate",
    "KnowledgeEntityCreate",
    "KnowledgeEntityRead",
    "KnowledgeEntityUpdate",
    "LearningEmbeddingCreate",
    "LearningEmbeddingRead",
    "LearningEmbeddingUpdate",
    "LearningEntryCreate",
    "LearningEntryRead",
    "LearningEntryUpdate",
    "LearningEvidenceCreate",
    "LearningEvidenceRead",
    "MacroDataCreate",
    "MacroDataRead",
    "MacroDataUpdate",
    "MarketDataCreate",
    "MarketDataRead",
    "MarketDataSourceCreate",
    "MarketDataSourceRead",
    "MarketDataSourceUpdate",
    "MarketDataUpdate",
    "MarketTradeCreate",
    "MarketTradeRead",
    "MarketTradeUpdate",
    "MemoryEmbeddingCreate",
    "MemoryEmbeddingRead",
    "MemoryEmbeddingUpdate",
    "MemoryFragmentCreate",
    "MemoryFragmentRead",
    "MemoryFragmentUpdate",
    "MessageEmbeddingCreate",
    "MessageEmbeddingRead",
    "MessageEmbeddingUpdate",
    "MlModelCreate",
    "MlModelRead",
    "MlModelUpdate",
    "MlPredictionCreate",
    "MlPredictionRead",
    "MlPredictionUpdate",
    "MonitoringEventCreate",
    "MonitoringEventRead",
    "MonitoringEventUpdate",
    "OnchainDataCreate",
    "OnchainDataRead",
    "OnchainDataUpdate",
    "OrderCreate",
    "OrderEventCreate",
    "OrderEventRead",
    "OrderRead",
    "OrderUpdate",
    "OutboxConsumerCreate",
    "OutboxConsumerRead",
    "OutboxConsumerUpdate",
    "OutboxEventCreate",
    "OutboxEventRead",
    "OutboxEventUpdate",
    "PerformanceMetricsCreate",
    "PerformanceMetricsRead",
    "PerformanceMetricsUpdate",
    "PortfolioHoldingCreate",
    "PortfolioHoldingRead",
    "PortfolioHoldingUpdate",
    "PortfolioSnapshotCreate",
    "PortfolioSnapshotRead",
    "PortfolioSnapshotUpdate",
    "PositionCheckpointCreate",
    "PositionCheckpointRead",
    "PositionCheckpointUpdate",
    "PositionCreate",
    "PositionRead",
    "PositionUpdate",
    "PriceZoneCreate",
    "PriceZoneRead",
    "PriceZoneUpdate",
    "QuarantinedCandleCreate",
    "QuarantinedCandleRead",
    "QuarantinedCandleUpdate",
    "ReadContract",
    "ReconciliationRecordCreate",
    "ReconciliationRecordRead",
    "ReconciliationRecordUpdate",
    "RuleEmbeddingCreate",
    "RuleEmbeddingRead",
    "RuleEmbeddingUpdate",
    "SemanticMemoryCreate",
    "SemanticMemoryRead",
    "SemanticMemoryUpdate",
    "SentimentDataCreate",
    "SentimentDataRead",
    "SentimentDataUpdate",
    "SeriesCoverageRead",
    "SignalCreate",
    "SignalRead",
    "SignalUpdate",
    "StrategyCreate",
    "StrategyRead",
    "StrategyRuleCreate",
    "StrategyRuleRead",
    "StrategyRuleUpdate",
    "StrategyUpdate",
    "SystemConfigCreate",
    "SystemConfigRead",
    "SystemConfigUpdate",
    "SystemHealthCreate",
    "SystemHealthRead",
    "SystemHealthUpdate",
    "SystemMetricCreate",
    "SystemMetricRead",
    "SystemMetricUpdate",
    "TimeframeInfoRead",
    "TradeCreate",
    "TradeExitCreate",
    "TradeExitRead",
    "TradeExitUpdate",
    "TradeRead",
    "TradeUpdate",
    "TradingAccountCreate",
    "TradingAccountRead",
    "TradingAccountUpdate",
    "TradingDecisionCreate",
    "TradingDecisionRead",
    "TradingDecisionUpdate",
    "UpdateContract",
    "UserAgentCreate",
    "UserAgentRead",
    "UserAgentUpdate",
    "UserCreate",
    "UserPreferenceCreate",
    "UserPreferenceRead",
    "UserPreferenceUpdate",
    "UserRead",
    "UserSessionCreate",
    "UserSessionRead",
    "UserSessionUpdate",
    "UserTokenCreate",
    "UserTokenRead",
    "UserTokenUpdate",
    "UserUpdate",
    "VenueCreate",
    "VenueRead",
    "VenueUpdate",
    "WatchlistCreate",
    "WatchlistItemCreate",
    "WatchlistItemRead",
    "WatchlistItemUpdate",
    "WatchlistRead",
    "WatchlistUpdate",
    "WorkflowCreate",
    "WorkflowExecutionCreate",
    "WorkflowExecutionRead",
    "WorkflowExecutionUpdate",
    "WorkflowRead",
    "WorkflowUpdate",
    "contracts",
]

class AgentCreate(CreateContract):
    id: UUID | None
    agent_id: str
    agent_type: str
    name: str | None
    description: str | None
    user_id: UUID | None
    capabilities: list[str] | None
    configuration: dict[str, Any] | None
    status: AgentStatus | None
    wallet_address: str | None
    api_key_hash: bytes | None
    last_heartbeat_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        agent_id: str,
        agent_type: str,
        name: str | None = ...,
        description: str | None = ...,
        user_id: UUID | None = ...,
        capabilities: list[str] = ...,
        configuration: dict[str, Any] = ...,
        status: AgentStatus = ...,
        wallet_address: str | None = ...,
        api_key_hash: bytes | None = ...,
        last_heartbeat_at: datetime | None = ...,
    ) -> None: ...
    def to_row(self) -> Agent: ...

class AgentUpdate(UpdateContract):
    agent_id: str | None
    agent_type: str | None
    name: str | None
    description: str | None
    user_id: UUID | None
    capabilities: list[str] | None
    configuration: dict[str, Any] | None
    status: AgentStatus | None
    wallet_address: str | None
    api_key_hash: bytes | None
    last_heartbeat_at: datetime | None
    def __init__(
        self,
        *,
        agent_id: str = ...,
        agent_type: str = ...,
        name: str | None = ...,
        description: str | None = ...,
        user_id: UUID | None = ...,
        capabilities: list[str] = ...,
        configuration: dict[str, Any] = ...,
        status: AgentStatus = ...,
        wallet_address: str | None = ...,
        api_key_hash: bytes | None = ...,
        last_heartbeat_at: datetime | None = ...,
    ) -> None: ...
    def apply(self, row: Agent) -> None: ...

class AgentRead(ReadContract):
    id: UUID
    agent_id: str
    agent_type: str
    name: str | None
    description: str | None
    user_id: UUID | None
    capabilities: list[str]
    configuration: dict[str, Any]
    status: AgentStatus
    wallet_address: str | None
    last_heartbeat_at: datetime | None
    created_at: datetime
    updated_at: datetime

class AgentConnectionCreate(CreateContract):
    id: UUID | None
    first_agent_id: UUID
    second_agent_id: UUID
    protocol: str
    connection_id: str | None
    status: ConnectionStatus | None
    established_at: datetime | None
    last_used_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        first_agent_id: UUID,
        second_agent_id: UUID,
        protocol: str,
        connection_id: str | None = ...,
        status: ConnectionStatus = ...,
        established_at: datetime = ...,
        last_used_at: datetime | None = ...,
    ) -> None: ...
    def to_row(self) -> AgentConnection: ...

class AgentConnectionUpdate(UpdateContract):
    first_agent_id: UUID | None
    second_agent_id: UUID | None
    protocol: str | None
    connection_id: str | None
    status: ConnectionStatus | None
    established_at: datetime | None
    last_used_at: datetime | None
    def __init__(
        self,
        *,
        first_agent_id: UUID = ...,
        second_agent_id: UUID = ...,
        protocol: str = ...,
        connection_id: str | None = ...,
        status: ConnectionStatus = ...,
        established_at: datetime = ...,
        last_used_at: datetime | None = ...,
    ) -> None: ...
    def apply(self, row: AgentConnection) -> None: ...

class AgentConnectionRead(ReadContract):
    id: UUID
    first_agent_id: UUID
    second_agent_id: UUID
    protocol: str
    connection_id: str | None
    status: ConnectionStatus
    established_at: datetime
    last_used_at: datetime | None
    updated_at: datetime

class AgentContextCreate(CreateContract):
    id: UUID | None
    agent_id: UUID
    user_id: UUID | None
    session_key: str | None
    context_type: str
    version: int | None
    data: dict[str, Any] | None
    is_active: bool | None
    expires_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        agent_id: UUID,
        user_id: UUID | None = ...,
        session_key: str = ...,
        context_type: str,
        version: int = ...,
        data: dict[str, Any] = ...,
        is_active: bool = ...,
        expires_at: datetime | None = ...,
    ) -> None: ...
    def to_row(self) -> AgentContext: ...

class AgentContextUpdate(UpdateContract):
    agent_id: UUID | None
    user_id: UUID | None
    session_key: str | None
    context_type: str | None
    version: int | None
    data: dict[str, Any] | None
    is_active: bool | None
    expires_at: datetime | None
    def __init__(
        self,
        *,
        agent_id: UUID = ...,
        user_id: UUID | None = ...,
        session_key: str = ...,
        context_type: str = ...,
        version: int = ...,
        data: dict[str, Any] = ...,
        is_active: bool = ...,
        expires_at: datetime | None = ...,
    ) -> None: ...
    def apply(self, row: AgentContext) -> None: ...

class AgentContextRead(ReadContract):
    id: UUID
    agent_id: UUID
    user_id: UUID | None
    session_key: str
    context_type: str
    version: int
    data: dict[str, Any]
    is_active: bool
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime

class AgentLogCreate(CreateContract):
    agent: str
    logged_at: datetime
    entry_id: UUID | None
    level: LogLevel
    message: str
    context: dict[str, Any] | None
    traceback: str | None
    def __init__(
        self,
        *,
        agent: str,
        logged_at: datetime,
        entry_id: UUID = ...,
        level: LogLevel,
        message: str,
        context: dict[str, Any] | None = ...,
        traceback: str | None = ...,
    ) -> None: ...
    def to_row(self) -> AgentLog: ...

class AgentLogUpdate(UpdateContract):
    level: LogLevel | None
    message: str | None
    context: dict[str, Any] | None
    traceback: str | None
    def __init__(
        self,
        *,
        level: LogLevel = ...,
        message: str = ...,
        context: dict[str, Any] | None = ...,
        traceback: str | None = ...,
    ) -> None: ...
    def apply(self, row: AgentLog) -> None: ...

class AgentLogRead(ReadContract):
    agent: str
    logged_at: datetime
    entry_id: UUID
    level: LogLevel
    message: str
    context: dict[str, Any] | None
    traceback: str | None

class AgentMemoryCreate(CreateContract):
    id: UUID | None
    agent_id: UUID
    user_id: UUID | None
    memory_key: str
    value: Any
    memory_type: str | None
    importance: float | None
    decay_rate: float | None
    strength: float | None
    associations: list[str] | None
    context: dict[str, Any] | None
    details: dict[str, Any] | None
    access_count: int | None
    last_accessed_at: datetime | None
    expires_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        agent_id: UUID,
        user_id: UUID | None = ...,
        memory_key: str,
        value: Any,
        memory_type: str = ...,
        importance: float = ...,
        decay_rate: float = ...,
        strength: float = ...,
        associations: list[str] = ...,
        context: dict[str, Any] = ...,
        details: dict[str, Any] = ...,
        access_count: int = ...,
        last_accessed_at: datetime | None = ...,
        expires_at: datetime | None = ...,
    ) -> None: ...
    def to_row(self) -> AgentMemory: ...

class AgentMemoryUpdate(UpdateContract):
    agent_id: UUID | None
    user_id: UUID | None
    memory_key: str | None
    value: Any
    memory_type: str | None
    importance: float | None
    decay_rate: float | None
    strength: float | None
    associations: list[str] | None
    context: dict[str, Any] | None
    details: dict[str, Any] | None
    access_count: int | None
    last_accessed_at: datetime | None
    expires_at: datetime | None
    def __init__(
        self,
        *,
        agent_id: UUID = ...,
        user_id: UUID | None = ...,
        memory_key: str = ...,
        value: Any = ...,
        memory_type: str = ...,
        importance: float = ...,
        decay_rate: float = ...,
        strength: float = ...,
        associations: list[str] = ...,
        context: dict[str, Any] = ...,
        details: dict[str, Any] = ...,
        access_count: int = ...,
        last_accessed_at: datetime | None = ...,
        expires_at: datetime | None = ...,
    ) -> None: ...
    def apply(self, row: AgentMemory) -> None: ...

class AgentMemoryRead(ReadContract):
    id: UUID
    agent_id: UUID
    user_id: UUID | None
    memory_key: str
    value: Any
    memory_type: str
    importance: float
    decay_rate: float
    strength: float
    associations: list[str]
    context: dict[str, Any]
    details: dict[str, Any]
    access_count: int
    last_accessed_at: datetime | None
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime

class AgentMessageCreate(CreateContract):
    id: UUID | None
    message_id: str
    sender_id: UUID
    receiver_id: UUID
    workflow_execution_id: UUID | None
    message_type: str
    payload: dict[str, Any] | None
    workflow_context: dict[str, Any] | None
    priority: int | None
    correlation_id: str | None
    status: MessageStatus | None
    sent_at: datetime | None
    available_at: datetime | None
    claimed_by: str | None
    claimed_until: datetime | None
    attempts: int | None
    max_attempts: int | None
    delivered_at: datetime | None
    read_at: datetime | None
    processed_at: datetime | None
    expires_at: datetime | None
    error_message: str | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        message_id: str,
        sender_id: UUID,
        receiver_id: UUID,
        workflow_execution_id: UUID | None = ...,
        message_type: str,
        payload: dict[str, Any] = ...,
        workflow_context: dict[str, Any] = ...,
        priority: int = ...,
        correlation_id: str | None = ...,
        status: MessageStatus = ...,
        sent_at: datetime = ...,
        available_at: datetime = ...,
        claimed_by: str | None = ...,
        claimed_until: datetime | None = ...,
        attempts: int = ...,
        max_attempts: int = ...,
        delivered_at: datetime | None = ...,
        read_at: datetime | None = ...,
        processed_at: datetime | None = ...,
        expires_at: datetime | None = ...,
        error_message: str | None = ...,
    ) -> None: ...
    def to_row(self) -> AgentMessage: ...

class AgentMessageUpdate(UpdateContract):
    message_id: str | None
    sender_id: UUID | None
    receiver_id: UUID | None
    workflow_execution_id: UUID | None
    message_type: str | None
    payload: dict[str, Any] | None
    workflow_context: dict[str, Any] | None
    priority: int | None
    correlation_id: str | None
    status: MessageStatus | None
    sent_at: datetime | None
    available_at: datetime | None
    claimed_by: str | None
    claimed_until: datetime | None
    attempts: int | None
    max_attempts: int | None
    delivered_at: datetime | None
    read_at: datetime | None
    processed_at: datetime | None
    expires_at: datetime | None
    error_message: str | None
    def __init__(
        self,
        *,
        message_id: str = ...,
        sender_id: UUID = ...,
        receiver_id: UUID = ...,
        workflow_execution_id: UUID | None = ...,
        message_type: str = ...,
        payload: dict[str, Any] = ...,
        workflow_context: dict[str, Any] = ...,
        priority: int = ...,
        correlation_id: str | None = ...,
        status: MessageStatus = ...,
        sent_at: datetime = ...,
        available_at: datetime = ...,
        claimed_by: str | None = ...,
        claimed_until: datetime | None = ...,
        attempts: int = ...,
        max_attempts: int = ...,
        delivered_at: datetime | None = ...,
        read_at: datetime | None = ...,
        processed_at: datetime | None = ...,
        expires_at: datetime | None = ...,
        error_message: str | None = ...,
    ) -> None: ...
    def apply(self, row: AgentMessage) -> None: ...

class AgentMessageRead(ReadContract):
    id: UUID
    message_id: str
    sender_id: UUID
    receiver_id: UUID
    workflow_execution_id: UUID | None
    message_type: str
    payload: dict[str, Any]
    workflow_context: dict[str, Any]
    priority: int
    correlation_id: str | None
    status: MessageStatus
    sent_at: datetime
    available_at: datetime
    claimed_by: str | None
    claimed_until: datetime | None
    attempts: int
    max_attempts: int
    delivered_at: datetime | None
    read_at: datetime | None
    processed_at: datetime | None
    expires_at: datetime | None
    error_message: str | None
    created_at: datetime
    updated_at: datetime

class AggregatedMarketDataCreate(CreateContract):
    instrument_id: int
    network: str | None
    observed_at: datetime
    average_price: float
    median_price: float | None
    min_price: float | None
    max_price: float | None
    std_dev: float | None
    volume_24h: float | None
    sources_count: int | None
    payload: dict[str, Any] | None
    def __init__(
        self,
        *,
        instrument_id: int,
        network: str = ...,
        observed_at: datetime,
        average_price: float,
        median_price: float | None = ...,
        min_price: float | None = ...,
        max_price: float | None = ...,
        std_dev: float | None = ...,
        volume_24h: float | None = ...,
        sources_count: int = ...,
        payload: dict[str, Any] = ...,
    ) -> None: ...
    def to_row(self) -> AggregatedMarketData: ...

class AggregatedMarketDataUpdate(UpdateContract):
    average_price: float | None
    median_price: float | None
    min_price: float | None
    max_price: float | None
    std_dev: float | None
    volume_24h: float | None
    sources_count: int | None
    payload: dict[str, Any] | None
    def __init__(
        self,
        *,
        average_price: float = ...,
        median_price: float | None = ...,
        min_price: float | None = ...,
        max_price: float | None = ...,
        std_dev: float | None = ...,
        volume_24h: float | None = ...,
        sources_count: int = ...,
        payload: dict[str, Any] = ...,
    ) -> None: ...
    def apply(self, row: AggregatedMarketData) -> None: ...

class AggregatedMarketDataRead(ReadContract):
    instrument_id: int
    network: str
    observed_at: datetime
    average_price: float
    median_price: float | None
    min_price: float | None
    max_price: float | None
    std_dev: float | None
    volume_24h: float | None
    sources_count: int
    payload: dict[str, Any]

class AiAnalysisCreate(CreateContract):
    id: UUID | None
    user_id: UUID | None
    agent_id: UUID | None
    instrument_id: int
    model: str
    analysis_type: str
    prompt_sha256: bytes | None
    signal: str | None
    confidence: float | None
    analysis: str
    raw_response: str | None
    input_tokens: int | None
    output_tokens: int | None
    cost: Decimal | None
    known_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        user_id: UUID | None = ...,
        agent_id: UUID | None = ...,
        instrument_id: int,
        model: str,
        analysis_type: str,
        prompt_sha256: bytes | None = ...,
        signal: str | None = ...,
        confidence: float | None = ...,
        analysis: str,
        raw_response: str | None = ...,
        input_tokens: int | None = ...,
        output_tokens: int | None = ...,
        cost: int | Decimal | None = ...,
        known_at: datetime = ...,
    ) -> None: ...
    def to_row(self) -> AiAnalysis: ...

class AiAnalysisUpdate(UpdateContract):
    user_id: UUID | None
    agent_id: UUID | None
    instrument_id: int | None
    model: str | None
    analysis_type: str | None
    prompt_sha256: bytes | None
    signal: str | None
    confidence: float | None
    analysis: str | None
    raw_response: str | None
    input_tokens: int | None
    output_tokens: int | None
    cost: Decimal | None
    known_at: datetime | None
    def __init__(
        self,
        *,
        user_id: UUID | None = ...,
        agent_id: UUID | None = ...,
        instrument_id: int = ...,
        model: str = ...,
        analysis_type: str = ...,
        prompt_sha256: bytes | None = ...,
        signal: str | None = ...,
        confidence: float | None = ...,
        analysis: str = ...,
        raw_response: str | None = ...,
        input_tokens: int | None = ...,
        output_tokens: int | None = ...,
        cost: int | Decimal | None = ...,
        known_at: datetime = ...,
    ) -> None: ...
    def apply(self, row: AiAnalysis) -> None: ...

class AiAnalysisRead(ReadContract):
    id: UUID
    user_id: UUID | None
    agent_id: UUID | None
    instrument_id: int
    model: str
    analysis_type: str
    prompt_sha256: bytes | None
    signal: str | None
    confidence: float | None
    analysis: str
    raw_response: str | None
    input_tokens: int | None
    output_tokens: int | None
    cost: Decimal | None
    known_at: datetime
    created_at: datetime

class AiInsightCreate(CreateContract):
    id: UUID | None
    user_id: UUID | None
    analysis_id: UUID | None
    instrument_id: int | None
    insight_type: str
    recommendation: str
    confidence: float | None
    score: float | None
    risk_level: str | None
    reasoning: str | None
    source: str | None
    raw_response: str | None
    session_key: str | None
    known_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        user_id: UUID | None = ...,
        analysis_id: UUID | None = ...,
        instrument_id: int | None = ...,
        insight_type: str,
        recommendation: str,
        confidence: float | None = ...,
        score: float | None = ...,
        risk_level: str | None = ...,
        reasoning: str | None = ...,
        source: str | None = ...,
        raw_response: str | None = ...,
        session_key: str | None = ...,
        known_at: datetime = ...,
    ) -> None: ...
    def to_row(self) -> AiInsight: ...

class AiInsightUpdate(UpdateContract):
    user_id: UUID | None
    analysis_id: UUID | None
    instrument_id: int | None
    insight_type: str | None
    recommendation: str | None
    confidence: float | None
    score: float | None
    risk_level: str | None
    reasoning: str | None
    source: str | None
    raw_response: str | None
    session_key: str | None
    known_at: datetime | None
    def __init__(
        self,
        *,
        user_id: UUID | None = ...,
        analysis_id: UUID | None = ...,
        instrument_id: int | None = ...,
        insight_type: str = ...,
        recommendation: str = ...,
        confidence: float | None = ...,
        score: float | None = ...,
        risk_level: str | None = ...,
        reasoning: str | None = ...,
        source: str | None = ...,
        raw_response: str | None = ...,
        session_key: str | None = ...,
        known_at: datetime = ...,
    ) -> None: ...
    def apply(self, row: AiInsight) -> None: ...

class AiInsightRead(ReadContract):
    id: UUID
    user_id: UUID | None
    analysis_id: UUID | None
    instrument_id: int | None
    insight_type: str
    recommendation: str
    confidence: float | None
    score: float | None
    risk_level: str | None
    reasoning: str | None
    source: str | None
    raw_response: str | None
    session_key: str | None
    known_at: datetime
    created_at: datetime

class ApiCostCreate(CreateContract):
    agent: str
    called_at: datetime
    entry_id: UUID | None
    service: str
    operation: str | None
    model: str | None
    input_tokens: int | None
    output_tokens: int | None
    cost: Decimal
    currency: str | None
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        agent: str,
        called_at: datetime,
        entry_id: UUID = ...,
        service: str,
        operation: str | None = ...,
        model: str | None = ...,
        input_tokens: int | None = ...,
        output_tokens: int | None = ...,
        cost: int | Decimal,
        currency: str = ...,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def to_row(self) -> ApiCost: ...

class ApiCostUpdate(UpdateContract):
    service: str | None
    operation: str | None
    model: str | None
    input_tokens: int | None
    output_tokens: int | None
    cost: Decimal | None
    currency: str | None
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        service: str = ...,
        operation: str | None = ...,
        model: str | None = ...,
        input_tokens: int | None = ...,
        output_tokens: int | None = ...,
        cost: int | Decimal = ...,
        currency: str = ...,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def apply(self, row: ApiCost) -> None: ...

class ApiCostRead(ReadContract):
    agent: str
    called_at: datetime
    entry_id: UUID
    service: str
    operation: str | None
    model: str | None
    input_tokens: int | None
    output_tokens: int | None
    cost: Decimal
    currency: str
    details: dict[str, Any]

class ApiCredentialCreate(CreateContract):
    id: UUID | None
    user_id: UUID | None
    service: str
    label: str | None
    venue_id: int | None
    encryption_key_id: UUID
    api_key_encrypted: Encrypted
    api_secret_encrypted: Encrypted | None
    passphrase_encrypted: Encrypted | None
    api_key_fingerprint: bytes | None
    api_secret_fingerprint: bytes | None
    permissions: list[str] | None
    rate_limits: dict[str, Any] | None
    is_active: bool | None
    is_testnet: bool | None
    last_rotated_at: datetime | None
    last_used_at: datetime | None
    expires_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        user_id: UUID | None = ...,
        service: str,
        label: str = ...,
        venue_id: int | None = ...,
        encryption_key_id: UUID,
        api_key_encrypted: Encrypted,
        api_secret_encrypted: Encrypted | None = ...,
        passphrase_encrypted: Encrypted | None = ...,
        api_key_fingerprint: bytes | None = ...,
        api_secret_fingerprint: bytes | None = ...,
        permissions: list[str] = ...,
        rate_limits: dict[str, Any] = ...,
        is_active: bool = ...,
        is_testnet: bool = ...,
        last_rotated_at: datetime | None = ...,
        last_used_at: datetime | None = ...,
        expires_at: datetime | None = ...,
    ) -> None: ...
    def to_row(self) -> ApiCredential: ...

class ApiCredentialUpdate(UpdateContract):
    user_id: UUID | None
    service: str | None
    label: str | None
    venue_id: int | None
    encryption_key_id: UUID | None
    api_key_encrypted: Encrypted | None
    api_secret_encrypted: Encrypted | None
    passphrase_encrypted: Encrypted | None
    api_key_fingerprint: bytes | None
    api_secret_fingerprint: bytes | None
    permissions: list[str] | None
    rate_limits: dict[str, Any] | None
    is_active: bool | None
    is_testnet: bool | None
    last_rotated_at: datetime | None
    last_used_at: datetime | None
    expires_at: datetime | None
    def __init__(
        self,
        *,
        user_id: UUID | None = ...,
        service: str = ...,
        label: str = ...,
        venue_id: int | None = ...,
        encryption_key_id: UUID = ...,
        api_key_encrypted: Encrypted = ...,
        api_secret_encrypted: Encrypted | None = ...,
        passphrase_encrypted: Encrypted | None = ...,
        api_key_fingerprint: bytes | None = ...,
        api_secret_fingerprint: bytes | None = ...,
        permissions: list[str] = ...,
        rate_limits: dict[str, Any] = ...,
        is_active: bool = ...,
        is_testnet: bool = ...,
        last_rotated_at: datetime | None = ...,
        last_used_at: datetime | None = ...,
        expires_at: datetime | None = ...,
    ) -> None: ...
    def apply(self, row: ApiCredential) -> None: ...

class ApiCredentialRead(ReadContract):
    id: UUID
    user_id: UUID | None
    service: str
    label: str
    venue_id: int | None
    encryption_key_id: UUID
    permissions: list[str]
    rate_limits: dict[str, Any]
    is_active: bool
    is_testnet: bool
    last_rotated_at: datetime | None
    last_used_at: datetime | None
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime

class ApiKeyCreate(CreateContract):
    id: UUID | None
    user_id: UUID
    name: str | None
    prefix: str
    key_hash: bytes
    scopes: list[str] | None
    rate_limit: int | None
    call_count: int | None
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        user_id: UUID,
        name: str | None = ...,
        prefix: str,
        key_hash: bytes,
        scopes: list[str] = ...,
        rate_limit: int | None = ...,
        call_count: int = ...,
        expires_at: datetime | None = ...,
        last_used_at: datetime | None = ...,
        revoked_at: datetime | None = ...,
    ) -> None: ...
    def to_row(self) -> ApiKey: ...

class ApiKeyUpdate(UpdateContract):
    user_id: UUID | None
    name: str | None
    prefix: str | None
    key_hash: bytes | None
    scopes: list[str] | None
    rate_limit: int | None
    call_count: int | None
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    def __init__(
        self,
        *,
        user_id: UUID = ...,
        name: str | None = ...,
        prefix: str = ...,
        key_hash: bytes = ...,
        scopes: list[str] = ...,
        rate_limit: int | None = ...,
        call_count: int = ...,
        expires_at: datetime | None = ...,
        last_used_at: datetime | None = ...,
        revoked_at: datetime | None = ...,
    ) -> None: ...
    def apply(self, row: ApiKey) -> None: ...

class ApiKeyRead(ReadContract):
    id: UUID
    user_id: UUID
    name: str | None
    prefix: str
    scopes: list[str]
    rate_limit: int | None
    call_count: int
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime

class ApiUsageCreate(CreateContract):
    user_id: UUID
    agent: str | None
    endpoint: str
    day: datetime
    request_count: int | None
    last_request_at: datetime
    def __init__(
        self,
        *,
        user_id: UUID,
        agent: str = ...,
        endpoint: str,
        day: datetime,
        request_count: int = ...,
        last_request_at: datetime,
    ) -> None: ...
    def to_row(self) -> ApiUsage: ...

class ApiUsageUpdate(UpdateContract):
    request_count: int | None
    last_request_at: datetime | None
    def __init__(
        self,
        *,
        request_count: int = ...,
        last_request_at: datetime = ...,
    ) -> None: ...
    def apply(self, row: ApiUsage) -> None: ...

class ApiUsageRead(ReadContract):
    user_id: UUID
    agent: str
    endpoint: str
    day: datetime
    request_count: int
    last_request_at: datetime

class AuditEntryCreate(CreateContract):
    occurred_at: datetime
    entry_id: UUID | None
    user_id: UUID | None
    account_id: UUID | None
    action: str
    table_name: str | None
    row_key: str | None
    old_values: dict[str, Any] | None
    new_values: dict[str, Any] | None
    ip_address: str | None
    user_agent: str | None
    result: AuditResult | None
    error_message: str | None
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        occurred_at: datetime,
        entry_id: UUID = ...,
        user_id: UUID | None = ...,
        account_id: UUID | None = ...,
        action: str,
        table_name: str | None = ...,
        row_key: str | None = ...,
        old_values: dict[str, Any] | None = ...,
        new_values: dict[str, Any] | None = ...,
        ip_address: str | None = ...,
        user_agent: str | None = ...,
        result: AuditResult = ...,
        error_message: str | None = ...,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def to_row(self) -> AuditEntry: ...

class AuditEntryRead(ReadContract):
    occurred_at: datetime
    entry_id: UUID
    user_id: UUID | None
    account_id: UUID | None
    action: str
    table_name: str | None
    row_key: str | None
    old_values: dict[str, Any] | None
    new_values: dict[str, Any] | None
    ip_address: str | None
    user_agent: str | None
    result: AuditResult
    error_message: str | None
    details: dict[str, Any]

class BacktestConfigCreate(CreateContract):
    id: UUID | None
    user_id: UUID | None
    strategy_id: UUID | None
    name: str
    start_at: datetime
    end_at: datetime
    initial_balance: Decimal
    currency: str
    timeframes: list[str] | None
    risk_per_trade: Decimal | None
    max_concurrent_positions: int | None
    leverage: Decimal | None
    fee_rate: Decimal | None
    slippage: Decimal | None
    limits: dict[str, Any] | None
    parameters: dict[str, Any] | None
    content_sha256: bytes
    def __init__(
        self,
        *,
        id: UUID = ...,
        user_id: UUID | None = ...,
        strategy_id: UUID | None = ...,
        name: str,
        start_at: datetime,
        end_at: datetime,
        initial_balance: int | Decimal,
        currency: str,
        timeframes: list[str] = ...,
        risk_per_trade: int | Decimal | None = ...,
        max_concurrent_positions: int | None = ...,
        leverage: int | Decimal = ...,
        fee_rate: int | Decimal = ...,
        slippage: int | Decimal = ...,
        limits: dict[str, Any] = ...,
        parameters: dict[str, Any] = ...,
        content_sha256: bytes,
    ) -> None: ...
    def to_row(self) -> BacktestConfig: ...

class BacktestConfigUpdate(UpdateContract):
    user_id: UUID | None
    strategy_id: UUID | None
    name: str | None
    start_at: datetime | None
    end_at: datetime | None
    initial_balance: Decimal | None
    currency: str | None
    timeframes: list[str] | None
    risk_per_trade: Decimal | None
    max_concurrent_positions: int | None
    leverage: Decimal | None
    fee_rate: Decimal | None
    slippage: Decimal | None
    limits: dict[str, Any] | None
    parameters: dict[str, Any] | None
    content_sha256: bytes | None
    def __init__(
        self,
        *,
        user_id: UUID | None = ...,
        strategy_id: UUID | None = ...,
        name: str = ...,
        start_at: datetime = ...,
        end_at: datetime = ...,
        initial_balance: int | Decimal = ...,
        currency: str = ...,
        timeframes: list[str] = ...,
        risk_per_trade: int | Decimal | None = ...,
        max_concurrent_positions: int | None = ...,
        leverage: int | Decimal = ...,
        fee_rate: int | Decimal = ...,
        slippage: int | Decimal = ...,
        limits: dict[str, Any] = ...,
        parameters: dict[str, Any] = ...,
        content_sha256: bytes = ...,
    ) -> None: ...
    def apply(self, row: BacktestConfig) -> None: ...

class BacktestConfigRead(ReadContract):
    id: UUID
    user_id: UUID | None
    strategy_id: UUID | None
    name: str
    start_at: datetime
    end_at: datetime
    initial_balance: Decimal
    currency: str
    timeframes: list[str]
    risk_per_trade: Decimal | None
    max_concurrent_positions: int | None
    leverage: Decimal
    fee_rate: Decimal
    slippage: Decimal
    limits: dict[str, Any]
    parameters: dict[str, Any]
    content_sha256: bytes
    created_at: datetime
    updated_at: datetime

class BacktestConfigInstrumentCreate(CreateContract):
    config_id: UUID
    instrument_id: int
    def __init__(
        self,
        *,
        config_id: UUID,
        instrument_id: int,
    ) -> None: ...
    def to_row(self) -> BacktestConfigInstrument: ...

class BacktestConfigInstrumentRead(ReadContract):
    config_id: UUID
    instrument_id: int

class BacktestConfigRuleCreate(CreateContract):
    config_id: UUID
    rule_id: UUID
    def __init__(
        self,
        *,
        config_id: UUID,
        rule_id: UUID,
    ) -> None: ...
    def to_row(self) -> BacktestConfigRule: ...

class BacktestConfigRuleRead(ReadContract):
    config_id: UUID
    rule_id: UUID

class BacktestEquityCreate(CreateContract):
    run_id: UUID
    at: datetime
    equity: Decimal
    drawdown: float | None
    def __init__(
        self,
        *,
        run_id: UUID,
        at: datetime,
        equity: int | Decimal,
        drawdown: float | None = ...,
    ) -> None: ...
    def to_row(self) -> BacktestEquity: ...

class BacktestEquityUpdate(UpdateContract):
    equity: Decimal | None
    drawdown: float | None
    def __init__(
        self,
        *,
        equity: int | Decimal = ...,
        drawdown: float | None = ...,
    ) -> None: ...
    def apply(self, row: BacktestEquity) -> None: ...

class BacktestEquityRead(ReadContract):
    run_id: UUID
    at: datetime
    equity: Decimal
    drawdown: float | None

class BacktestResultCreate(CreateContract):
    run_id: UUID
    user_id: UUID | None
    total_trades: int | None
    winning_trades: int | None
    losing_trades: int | None
    win_rate: float | None
    total_return: float | None
    max_drawdown: float | None
    max_drawdown_amount: Decimal | None
    profit_factor: float | None
    sharpe_ratio: float | None
    sortino_ratio: float | None
    calmar_ratio: float | None
    average_r: float | None
    best_r: float | None
    worst_r: float | None
    longest_win_streak: int | None
    longest_loss_streak: int | None
    final_balance: Decimal
    net_profit: Decimal | None
    figures: dict[str, Any] | None
    def __init__(
        self,
        *,
        run_id: UUID,
        user_id: UUID | None = ...,
        total_trades: int = ...,
        winning_trades: int = ...,
        losing_trades: int = ...,
        win_rate: float | None = ...,
        total_return: float | None = ...,
        max_drawdown: float | None = ...,
        max_drawdown_amount: int | Decimal | None = ...,
        profit_factor: float | None = ...,
        sharpe_ratio: float | None = ...,
        sortino_ratio: float | None = ...,
        calmar_ratio: float | None = ...,
        average_r: float | None = ...,
        best_r: float | None = ...,
        worst_r: float | None = ...,
        longest_win_streak: int | None = ...,
        longest_loss_streak: int | None = ...,
        final_balance: int | Decimal,
        net_profit: int | Decimal | None = ...,
        figures: dict[str, Any] = ...,
    ) -> None: ...
    def to_row(self) -> BacktestResult: ...

class BacktestResultUpdate(UpdateContract):
    user_id: UUID | None
    total_trades: int | None
    winning_trades: int | None
    losing_trades: int | None
    win_rate: float | None
    total_return: float | None
    max_drawdown: float | None
    max_drawdown_amount: Decimal | None
    profit_factor: float | None
    sharpe_ratio: float | None
    sortino_ratio: float | None
    calmar_ratio: float | None
    average_r: float | None
    best_r: float | None
    worst_r: float | None
    longest_win_streak: int | None
    longest_loss_streak: int | None
    final_balance: Decimal | None
    net_profit: Decimal | None
    figures: dict[str, Any] | None
    def __init__(
        self,
        *,
        user_id: UUID | None = ...,
        total_trades: int = ...,
        winning_trades: int = ...,
        losing_trades: int = ...,
        win_rate: float | None = ...,
        total_return: float | None = ...,
        max_drawdown: float | None = ...,
        max_drawdown_amount: int | Decimal | None = ...,
        profit_factor: float | None = ...,
        sharpe_ratio: float | None = ...,
        sortino_ratio: float | None = ...,
        calmar_ratio: float | None = ...,
        average_r: float | None = ...,
        best_r: float | None = ...,
        worst_r: float | None = ...,
        longest_win_streak: int | None = ...,
        longest_loss_streak: int | None = ...,
        final_balance: int | Decimal = ...,
        net_profit: int | Decimal | None = ...,
        figures: dict[str, Any] = ...,
    ) -> None: ...
    def apply(self, row: BacktestResult) -> None: ...

class BacktestResultRead(ReadContract):
    run_id: UUID
    user_id: UUID | None
    total_trades: int
    winning_trades: int
    losing_trades: int
    win_rate: float | None
    total_return: float | None
    max_drawdown: float | None
    max_drawdown_amount: Decimal | None
    profit_factor: float | None
    sharpe_ratio: float | None
    sortino_ratio: float | None
    calmar_ratio: float | None
    average_r: float | None
    best_r: float | None
    worst_r: float | None
    longest_win_streak: int | None
    longest_loss_streak: int | None
    final_balance: Decimal
    net_profit: Decimal | None
    figures: dict[str, Any]
    created_at: datetime
    updated_at: datetime

class BacktestRunCreate(CreateContract):
    id: UUID | None
    config_id: UUID
    user_id: UUID | None
    strategy_id: UUID | None
    status: BacktestStatus | None
    code_version: str | None
    engine: str | None
    seed: int | None
    started_at: datetime | None
    completed_at: datetime | None
    error_message: str | None
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        config_id: UUID,
        user_id: UUID | None = ...,
        strategy_id: UUID | None = ...,
        status: BacktestStatus = ...,
        code_version: str | None = ...,
        engine: str | None = ...,
        seed: int | None = ...,
        started_at: datetime | None = ...,
        completed_at: datetime | None = ...,
        error_message: str | None = ...,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def to_row(self) -> BacktestRun: ...

class BacktestRunUpdate(UpdateContract):
    config_id: UUID | None
    user_id: UUID | None
    strategy_id: UUID | None
    status: BacktestStatus | None
    code_version: str | None
    engine: str | None
    seed: int | None
    started_at: datetime | None
    completed_at: datetime | None
    error_message: str | None
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        config_id: UUID = ...,
        user_id: UUID | None = ...,
        strategy_id: UUID | None = ...,
        status: BacktestStatus = ...,
        code_version: str | None = ...,
        engine: str | None = ...,
        seed: int | None = ...,
        started_at: datetime | None = ...,
        completed_at: datetime | None = ...,
        error_message: str | None = ...,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def apply(self, row: BacktestRun) -> None: ...

class BacktestRunRead(ReadContract):
    id: UUID
    config_id: UUID
    user_id: UUID | None
    strategy_id: UUID | None
    status: BacktestStatus
    code_version: str | None
    engine: str | None
    seed: int | None
    started_at: datetime | None
    completed_at: datetime | None
    error_message: str | None
    details: dict[str, Any]
    created_at: datetime
    updated_at: datetime

class BreakoutEventCreate(CreateContract):
    id: UUID | None
    instrument_id: int
    zone_id: UUID | None
    direction: BreakoutDirection
    price: Decimal
    volume: Decimal | None
    is_confirmed: bool | None
    occurred_at: datetime
    def __init__(
        self,
        *,
        id: UUID = ...,
        instrument_id: int,
        zone_id: UUID | None = ...,
        direction: BreakoutDirection,
        price: int | Decimal,
        volume: int | Decimal | None = ...,
        is_confirmed: bool = ...,
        occurred_at: datetime,
    ) -> None: ...
    def to_row(self) -> BreakoutEvent: ...

class BreakoutEventUpdate(UpdateContract):
    instrument_id: int | None
    zone_id: UUID | None
    direction: BreakoutDirection | None
    price: Decimal | None
    volume: Decimal | None
    is_confirmed: bool | None
    occurred_at: datetime | None
    def __init__(
        self,
        *,
        instrument_id: int = ...,
        zone_id: UUID | None = ...,
        direction: BreakoutDirection = ...,
        price: int | Decimal = ...,
        volume: int | Decimal | None = ...,
        is_confirmed: bool = ...,
        occurred_at: datetime = ...,
    ) -> None: ...
    def apply(self, row: BreakoutEvent) -> None: ...

class BreakoutEventRead(ReadContract):
    id: UUID
    instrument_id: int
    zone_id: UUID | None
    direction: BreakoutDirection
    price: Decimal
    volume: Decimal | None
    is_confirmed: bool
    occurred_at: datetime
    created_at: datetime
    updated_at: datetime

class CacheEntryCreate(CreateContract):
    cache_key: str
    cache_type: str | None
    value: Any
    expires_at: datetime
    hit_count: int | None
    last_hit_at: datetime | None
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        cache_key: str,
        cache_type: str = ...,
        value: Any,
        expires_at: datetime,
        hit_count: int = ...,
        last_hit_at: datetime | None = ...,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def to_row(self) -> CacheEntry: ...

class CacheEntryUpdate(UpdateContract):
    cache_type: str | None
    value: Any
    expires_at: datetime | None
    hit_count: int | None
    last_hit_at: datetime | None
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        cache_type: str = ...,
        value: Any = ...,
        expires_at: datetime = ...,
        hit_count: int = ...,
        last_hit_at: datetime | None = ...,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def apply(self, row: CacheEntry) -> None: ...

class CacheEntryRead(ReadContract):
    cache_key: str
    cache_type: str
    value: Any
    expires_at: datetime
    hit_count: int
    last_hit_at: datetime | None
    details: dict[str, Any]
    created_at: datetime
    updated_at: datetime

class CandleCreate(CreateContract):
    instrument_id: int
    timeframe: str
    open_time: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float | None
    quote_volume: float | None
    trade_count: int | None
    taker_buy_volume: float | None
    large_trade_volume: float | None
    quality_score: float | None
    is_closed: bool | None
    is_synthetic: bool | None
    source: str | None
    def __init__(
        self,
        *,
        instrument_id: int,
        timeframe: str,
        open_time: datetime,
        open: float,
        high: float,
        low: float,
        close: float,
        volume: float | None = ...,
        quote_volume: float | None = ...,
        trade_count: int | None = ...,
        taker_buy_volume: float | None = ...,
        large_trade_volume: float | None = ...,
        quality_score: float | None = ...,
        is_closed: bool = ...,
        is_synthetic: bool = ...,
        source: str | None = ...,
    ) -> None: ...
    def to_row(self) -> Candle: ...

class CandleUpdate(UpdateContract):
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: float | None
    quote_volume: float | None
    trade_count: int | None
    taker_buy_volume: float | None
    large_trade_volume: float | None
    quality_score: float | None
    is_closed: bool | None
    is_synthetic: bool | None
    source: str | None
    def __init__(
        self,
        *,
        open: float = ...,
        high: float = ...,
        low: float = ...,
        close: float = ...,
        volume: float | None = ...,
        quote_volume: float | None = ...,
        trade_count: int | None = ...,
        taker_buy_volume: float | None = ...,
        large_trade_volume: float | None = ...,
        quality_score: float | None = ...,
        is_closed: bool = ...,
        is_synthetic: bool = ...,
        source: str | None = ...,
    ) -> None: ...
    def apply(self, row: Candle) -> None: ...

class CandleRead(ReadContract):
    instrument_id: int
    timeframe: str
    open_time: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float | None
    quote_volume: float | None
    trade_count: int | None
    taker_buy_volume: float | None
    large_trade_volume: float | None
    quality_score: float | None
    is_closed: bool
    is_synthetic: bool
    source: str | None

class CandleBlockRead(ReadContract):
    instrument_id: int
    timeframe: str
    month: datetime
    format: int
    row_count: int
    first_open_time: datetime
    step_seconds: int | None
    open_time: bytes | None
    open: bytes
    high: bytes
    low: bytes
    close: bytes
    volume: bytes | None
    quote_volume: bytes | None
    trade_count: bytes | None
    taker_buy_volume: bytes | None
    is_synthetic: bytes | None
    content_sha256: bytes
    sealed_at: datetime

class CashBalanceCreate(CreateContract):
    account_id: UUID
    currency: str
    amount: Decimal
    movement_count: int | None
    def __init__(
        self,
        *,
        account_id: UUID,
        currency: str,
        amount: int | Decimal,
        movement_count: int = ...,
    ) -> None: ...
    def to_row(self) -> CashBalance: ...

class CashBalanceUpdate(UpdateContract):
    amount: Decimal | None
    movement_count: int | None
    def __init__(
        self,
        *,
        amount: int | Decimal = ...,
        movement_count: int = ...,
    ) -> None: ...
    def apply(self, row: CashBalance) -> None: ...

class CashBalanceRead(ReadContract):
    account_id: UUID
    currency: str
    amount: Decimal
    movement_count: int
    updated_at: datetime

class CashMovementCreate(CreateContract):
    id: UUID | None
    account_id: UUID
    dedupe_key: str
    kind: CashMovementKind
    amount: Decimal
    currency: str
    occurred_at: datetime
    instrument_id: int | None
    fill_id: UUID | None
    note: str | None
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        account_id: UUID,
        dedupe_key: str,
        kind: CashMovementKind,
        amount: int | Decimal,
        currency: str,
        occurred_at: datetime,
        instrument_id: int | None = ...,
        fill_id: UUID | None = ...,
        note: str | None = ...,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def to_row(self) -> CashMovement: ...

class CashMovementRead(ReadContract):
    id: UUID
    account_id: UUID
    dedupe_key: str
    kind: CashMovementKind
    amount: Decimal
    currency: str
    occurred_at: datetime
    instrument_id: int | None
    fill_id: UUID | None
    note: str | None
    details: dict[str, Any]
    created_at: datetime

class CodeFileCreate(CreateContract):
    id: UUID | None
    path: str
    file_name: str | None
    file_type: str | None
    language: str | None
    module_name: str | None
    size_bytes: int | None
    line_count: int | None
    class_count: int | None
    function_count: int | None
    facts_count: int | None
    complexity: float | None
    test_coverage: float | None
    content_sha256: bytes | None
    dependencies: list[str] | None
    details: dict[str, Any] | None
    modified_at: datetime | None
    analyzed_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        path: str,
        file_name: str | None = ...,
        file_type: str | None = ...,
        language: str | None = ...,
        module_name: str | None = ...,
        size_bytes: int | None = ...,
        line_count: int | None = ...,
        class_count: int | None = ...,
        function_count: int | None = ...,
        facts_count: int = ...,
        complexity: float | None = ...,
        test_coverage: float | None = ...,
        content_sha256: bytes | None = ...,
        dependencies: list[str] = ...,
        details: dict[str, Any] = ...,
        modified_at: datetime | None = ...,
        analyzed_at: datetime = ...,
    ) -> None: ...
    def to_row(self) -> CodeFile: ...

class CodeFileUpdate(UpdateContract):
    path: str | None
    file_name: str | None
    file_type: str | None
    language: str | None
    module_name: str | None
    size_bytes: int | None
    line_count: int | None
    class_count: int | None
    function_count: int | None
    facts_count: int | None
    complexity: float | None
    test_coverage: float | None
    content_sha256: bytes | None
    dependencies: list[str] | None
    details: dict[str, Any] | None
    modified_at: datetime | None
    analyzed_at: datetime | None
    def __init__(
        self,
        *,
        path: str = ...,
        file_name: str | None = ...,
        file_type: str | None = ...,
        language: str | None = ...,
        module_name: str | None = ...,
        size_bytes: int | None = ...,
        line_count: int | None = ...,
        class_count: int | None = ...,
        function_count: int | None = ...,
        facts_count: int = ...,
        complexity: float | None = ...,
        test_coverage: float | None = ...,
        content_sha256: bytes | None = ...,
        dependencies: list[str] = ...,
        details: dict[str, Any] = ...,
        modified_at: datetime | None = ...,
        analyzed_at: datetime = ...,
    ) -> None: ...
    def apply(self, row: CodeFile) -> None: ...

class CodeFileRead(ReadContract):
    id: UUID
    path: str
    file_name: str | None
    file_type: str | None
    language: str | None
    module_name: str | None
    size_bytes: int | None
    line_count: int | None
    class_count: int | None
    function_count: int | None
    facts_count: int
    complexity: float | None
    test_coverage: float | None
    content_sha256: bytes | None
    dependencies: list[str]
    details: dict[str, Any]
    modified_at: datetime | None
    analyzed_at: datetime

class CodeIssueCreate(CreateContract):
    id: UUID | None
    issue_id: str | None
    file_id: UUID | None
    file_path: str | None
    line_number: int | None
    issue_type: str
    severity: IssueSeverity
    state: IssueState | None
    priority: str | None
    title: str | None
    description: str | None
    code_snippet: str | None
    suggested_fix: str | None
    is_auto_fixable: bool | None
    fix_status: str | None
    assigned_to: str | None
    labels: list[str] | None
    details: dict[str, Any] | None
    fixed_at: datetime | None
    resolved_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        issue_id: str | None = ...,
        file_id: UUID | None = ...,
        file_path: str | None = ...,
        line_number: int | None = ...,
        issue_type: str,
        severity: IssueSeverity,
        state: IssueState = ...,
        priority: str = ...,
        title: str | None = ...,
        description: str | None = ...,
        code_snippet: str | None = ...,
        suggested_fix: str | None = ...,
        is_auto_fixable: bool = ...,
        fix_status: str = ...,
        assigned_to: str | None = ...,
        labels: list[str] = ...,
        details: dict[str, Any] = ...,
        fixed_at: datetime | None = ...,
        resolved_at: datetime | None = ...,
    ) -> None: ...
    def to_row(self) -> CodeIssue: ...

class CodeIssueUpdate(UpdateContract):
    issue_id: str | None
    file_id: UUID | None
    file_path: str | None
    line_number: int | None
    issue_type: str | None
    severity: IssueSeverity | None
    state: IssueState | None
    priority: str | None
    title: str | None
    description: str | None
    code_snippet: str | None
    suggested_fix: str | None
    is_auto_fixable: bool | None
    fix_status: str | None
    assigned_to: str | None
    labels: list[str] | None
    details: dict[str, Any] | None
    fixed_at: datetime | None
    resolved_at: datetime | None
    def __init__(
        self,
        *,
        issue_id: str | None = ...,
        file_id: UUID | None = ...,
        file_path: str | None = ...,
        line_number: int | None = ...,
        issue_type: str = ...,
        severity: IssueSeverity = ...,
        state: IssueState = ...,
        priority: str = ...,
        title: str | None = ...,
        description: str | None = ...,
        code_snippet: str | None = ...,
        suggested_fix: str | None = ...,
        is_auto_fixable: bool = ...,
        fix_status: str = ...,
        assigned_to: str | None = ...,
        labels: list[str] = ...,
        details: dict[str, Any] = ...,
        fixed_at: datetime | None = ...,
        resolved_at: datetime | None = ...,
    ) -> None: ...
    def apply(self, row: CodeIssue) -> None: ...

class CodeIssueRead(ReadContract):
    id: UUID
    issue_id: str | None
    file_id: UUID | None
    file_path: str | None
    line_number: int | None
    issue_type: str
    severity: IssueSeverity
    state: IssueState
    priority: str
    title: str | None
    description: str | None
    code_snippet: str | None
    suggested_fix: str | None
    is_auto_fixable: bool
    fix_status: str
    assigned_to: str | None
    labels: list[str]
    details: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    fixed_at: datetime | None
    resolved_at: datetime | None

class CodeMetricCreate(CreateContract):
    id: UUID | None
    file_id: UUID
    metric_type: str
    name: str
    value: float
    baseline_value: float | None
    threshold_value: float | None
    status: str | None
    details: dict[str, Any] | None
    measured_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        file_id: UUID,
        metric_type: str,
        name: str,
        value: float,
        baseline_value: float | None = ...,
        threshold_value: float | None = ...,
        status: str = ...,
        details: dict[str, Any] = ...,
        measured_at: datetime = ...,
    ) -> None: ...
    def to_row(self) -> CodeMetric: ...

class CodeMetricUpdate(UpdateContract):
    file_id: UUID | None
    metric_type: str | None
    name: str | None
    value: float | None
    baseline_value: float | None
    threshold_value: float | None
    status: str | None
    details: dict[str, Any] | None
    measured_at: datetime | None
    def __init__(
        self,
        *,
        file_id: UUID = ...,
        metric_type: str = ...,
        name: str = ...,
        value: float = ...,
        baseline_value: float | None = ...,
        threshold_value: float | None = ...,
        status: str = ...,
        details: dict[str, Any] = ...,
        measured_at: datetime = ...,
    ) -> None: ...
    def apply(self, row: CodeMetric) -> None: ...

class CodeMetricRead(ReadContract):
    id: UUID
    file_id: UUID
    metric_type: str
    name: str
    value: float
    baseline_value: float | None
    threshold_value: float | None
    status: str
    details: dict[str, Any]
    measured_at: datetime

class ConversationMessageCreate(CreateContract):
    id: UUID | None
    session_id: UUID
    sequence: int
    user_id: UUID
    agent_id: UUID | None
    parent_id: UUID | None
    role: MessageRole
    message_type: str | None
    content: str
    intent: str | None
    entities: dict[str, Any] | None
    sentiment: float | None
    confidence: float | None
    importance: float | None
    token_count: int | None
    context_before: dict[str, Any] | None
    context_after: dict[str, Any] | None
    actions: list[Any] | None
    feedback: str | None
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        session_id: UUID,
        sequence: int,
        user_id: UUID,
        agent_id: UUID | None = ...,
        parent_id: UUID | None = ...,
        role: MessageRole,
        message_type: str | None = ...,
        content: str,
        intent: str | None = ...,
        entities: dict[str, Any] = ...,
        sentiment: float | None = ...,
        confidence: float | None = ...,
        importance: float = ...,
        token_count: int | None = ...,
        context_before: dict[str, Any] | None = ...,
        context_after: dict[str, Any] | None = ...,
        actions: list[Any] = ...,
        feedback: str | None = ...,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def to_row(self) -> ConversationMessage: ...

class ConversationMessageUpdate(UpdateContract):
    session_id: UUID | None
    sequence: int | None
    user_id: UUID | None
    agent_id: UUID | None
    parent_id: UUID | None
    role: MessageRole | None
    message_type: str | None
    content: str | None
    intent: str | None
    entities: dict[str, Any] | None
    sentiment: float | None
    confidence: float | None
    importance: float | None
    token_count: int | None
    context_before: dict[str, Any] | None
    context_after: dict[str, Any] | None
    actions: list[Any] | None
    feedback: str | None
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        session_id: UUID = ...,
        sequence: int = ...,
        user_id: UUID = ...,
        agent_id: UUID | None = ...,
        parent_id: UUID | None = ...,
        role: MessageRole = ...,
        message_type: str | None = ...,
        content: str = ...,
        intent: str | None = ...,
        entities: dict[str, Any] = ...,
        sentiment: float | None = ...,
        confidence: float | None = ...,
        importance: float = ...,
        token_count: int | None = ...,
        context_before: dict[str, Any] | None = ...,
        context_after: dict[str, Any] | None = ...,
        actions: list[Any] = ...,
        feedback: str | None = ...,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def apply(self, row: ConversationMessage) -> None: ...

class ConversationMessageRead(ReadContract):
    id: UUID
    session_id: UUID
    sequence: int
    user_id: UUID
    agent_id: UUID | None
    parent_id: UUID | None
    role: MessageRole
    message_type: str | None
    content: str
    intent: str | None
    entities: dict[str, Any]
    sentiment: float | None
    confidence: float | None
    importance: float
    token_count: int | None
    context_before: dict[str, Any] | None
    context_after: dict[str, Any] | None
    actions: list[Any]
    feedback: str | None
    details: dict[str, Any]
    created_at: datetime

class ConversationSessionCreate(CreateContract):
    id: UUID | None
    session_key: str
    user_id: UUID
    agent_id: UUID | None
    agent_type: str | None
    title: str | None
    summary: str | None
    preferences: dict[str, Any] | None
    is_active: bool | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        session_key: str,
        user_id: UUID,
        agent_id: UUID | None = ...,
        agent_type: str | None = ...,
        title: str | None = ...,
        summary: str | None = ...,
        preferences: dict[str, Any] = ...,
        is_active: bool = ...,
    ) -> None: ...
    def to_row(self) -> ConversationSession: ...

class ConversationSessionUpdate(UpdateContract):
    session_key: str | None
    user_id: UUID | None
    agent_id: UUID | None
    agent_type: str | None
    title: str | None
    summary: str | None
    preferences: dict[str, Any] | None
    is_active: bool | None
    def __init__(
        self,
        *,
        session_key: str = ...,
        user_id: UUID = ...,
        agent_id: UUID | None = ...,
        agent_type: str | None = ...,
        title: str | None = ...,
        summary: str | None = ...,
        preferences: dict[str, Any] = ...,
        is_active: bool = ...,
    ) -> None: ...
    def apply(self, row: ConversationSession) -> None: ...

class ConversationSessionRead(ReadContract):
    id: UUID
    session_key: str
    user_id: UUID
    agent_id: UUID | None
    agent_type: str | None
    title: str | None
    summary: str | None
    preferences: dict[str, Any]
    is_active: bool
    created_at: datetime
    updated_at: datetime

class DataIngestionJobCreate(CreateContract):
    id: UUID | None
    job_id: str
    job_type: str
    instrument_id: int | None
    source: str
    timeframe: str | None
    range_start: datetime | None
    range_end: datetime | None
    factors_requested: list[str] | None
    status: JobStatus | None
    progress: float | None
    records_total: int | None
    records_processed: int | None
    records_inserted: int | None
    records_updated: int | None
    validation_failures: int | None
    quality_issues: int | None
    priority: int | None
    claimed_by: str | None
    claimed_until: datetime | None
    retry_count: int | None
    max_retries: int | None
    started_at: datetime | None
    completed_at: datetime | None
    estimated_completion_at: datetime | None
    error_message: str | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        job_id: str,
        job_type: str,
        instrument_id: int | None = ...,
        source: str,
        timeframe: str | None = ...,
        range_start: datetime | None = ...,
        range_end: datetime | None = ...,
        factors_requested: list[str] = ...,
        status: JobStatus = ...,
        progress: float = ...,
        records_total: int | None = ...,
        records_processed: int = ...,
        records_inserted: int = ...,
        records_updated: int = ...,
        validation_failures: int = ...,
        quality_issues: int = ...,
        priority: int = ...,
        claimed_by: str | None = ...,
        claimed_until: datetime | None = ...,
        retry_count: int = ...,
        max_retries: int = ...,
        started_at: datetime | None = ...,
        completed_at: datetime | None = ...,
        estimated_completion_at: datetime | None = ...,
        error_message: str | None = ...,
    ) -> None: ...
    def to_row(self) -> DataIngestionJob: ...

class DataIngestionJobUpdate(UpdateContract):
    job_id: str | None
    job_type: str | None
    instrument_id: int | None
    source: str | None
    timeframe: str | None
    range_start: datetime | None
    range_end: datetime | None
    factors_requested: list[str] | None
    status: JobStatus | None
    progress: float | None
    records_total: int | None
    records_processed: int | None
    records_inserted: int | None
    records_updated: int | None
    validation_failures: int | None
    quality_issues: int | None
    priority: int | None
    claimed_by: str | None
    claimed_until: datetime | None
    retry_count: int | None
    max_retries: int | None
    started_at: datetime | None
    completed_at: datetime | None
    estimated_completion_at: datetime | None
    error_message: str | None
    def __init__(
        self,
        *,
        job_id: str = ...,
        job_type: str = ...,
        instrument_id: int | None = ...,
        source: str = ...,
        timeframe: str | None = ...,
        range_start: datetime | None = ...,
        range_end: datetime | None = ...,
        factors_requested: list[str] = ...,
        status: JobStatus = ...,
        progress: float = ...,
        records_total: int | None = ...,
        records_processed: int = ...,
        records_inserted: int = ...,
        records_updated: int = ...,
        validation_failures: int = ...,
        quality_issues: int = ...,
        priority: int = ...,
        claimed_by: str | None = ...,
        claimed_until: datetime | None = ...,
        retry_count: int = ...,
        max_retries: int = ...,
        started_at: datetime | None = ...,
        completed_at: datetime | None = ...,
        estimated_completion_at: datetime | None = ...,
        error_message: str | None = ...,
    ) -> None: ...
    def apply(self, row: DataIngestionJob) -> None: ...

class DataIngestionJobRead(ReadContract):
    id: UUID
    job_id: str
    job_type: str
    instrument_id: int | None
    source: str
    timeframe: str | None
    range_start: datetime | None
    range_end: datetime | None
    factors_requested: list[str]
    status: JobStatus
    progress: float
    records_total: int | None
    records_processed: int
    records_inserted: int
    records_updated: int
    validation_failures: int
    quality_issues: int
    priority: int
    claimed_by: str | None
    claimed_until: datetime | None
    retry_count: int
    max_retries: int
    started_at: datetime | None
    completed_at: datetime | None
    estimated_completion_at: datetime | None
    error_message: str | None
    created_at: datetime
    updated_at: datetime

class DataQualityMetricsCreate(CreateContract):
    instrument_id: int
    source: str
    factor: str | None
    measured_at: datetime
    completeness_score: float | None
    accuracy_score: float | None
    consistency_score: float | None
    timeliness_score: float | None
    overall_quality_score: float | None
    missing_data_points: int | None
    outlier_count: int | None
    validation_failures: int | None
    cross_source_deviation: float | None
    staleness_minutes: float | None
    failed_rules: list[Any] | None
    recommendations: list[Any] | None
    details: dict[str, Any] | None
    is_alerting: bool | None
    alert_sent: bool | None
    def __init__(
        self,
        *,
        instrument_id: int,
        source: str,
        factor: str = ...,
        measured_at: datetime,
        completeness_score: float | None = ...,
        accuracy_score: float | None = ...,
        consistency_score: float | None = ...,
        timeliness_score: float | None = ...,
        overall_quality_score: float | None = ...,
        missing_data_points: int | None = ...,
        outlier_count: int | None = ...,
        validation_failures: int | None = ...,
        cross_source_deviation: float | None = ...,
        staleness_minutes: float | None = ...,
        failed_rules: list[Any] = ...,
        recommendations: list[Any] = ...,
        details: dict[str, Any] = ...,
        is_alerting: bool = ...,
        alert_sent: bool = ...,
    ) -> None: ...
    def to_row(self) -> DataQualityMetrics: ...

class DataQualityMetricsUpdate(UpdateContract):
    completeness_score: float | None
    accuracy_score: float | None
    consistency_score: float | None
    timeliness_score: float | None
    overall_quality_score: float | None
    missing_data_points: int | None
    outlier_count: int | None
    validation_failures: int | None
    cross_source_deviation: float | None
    staleness_minutes: float | None
    failed_rules: list[Any] | None
    recommendations: list[Any] | None
    details: dict[str, Any] | None
    is_alerting: bool | None
    alert_sent: bool | None
    def __init__(
        self,
        *,
        completeness_score: float | None = ...,
        accuracy_score: float | None = ...,
        consistency_score: float | None = ...,
        timeliness_score: float | None = ...,
        overall_quality_score: float | None = ...,
        missing_data_points: int | None = ...,
        outlier_count: int | None = ...,
        validation_failures: int | None = ...,
        cross_source_deviation: float | None = ...,
        staleness_minutes: float | None = ...,
        failed_rules: list[Any] = ...,
        recommendations: list[Any] = ...,
        details: dict[str, Any] = ...,
        is_alerting: bool = ...,
        alert_sent: bool = ...,
    ) -> None: ...
    def apply(self, row: DataQualityMetrics) -> None: ...

class DataQualityMetricsRead(ReadContract):
    instrument_id: int
    source: str
    factor: str
    measured_at: datetime
    completeness_score: float | None
    accuracy_score: float | None
    consistency_score: float | None
    timeliness_score: float | None
    overall_quality_score: float | None
    missing_data_points: int | None
    outlier_count: int | None
    validation_failures: int | None
    cross_source_deviation: float | None
    staleness_minutes: float | None
    failed_rules: list[Any]
    recommendations: list[Any]
    details: dict[str, Any]
    is_alerting: bool
    alert_sent: bool
    created_at: datetime

class DatasetCreate(CreateContract):
    id: UUID | None
    user_id: UUID | None
    name: str
    description: str | None
    uri: str
    file_format: str | None
    content_sha256: bytes | None
    size_bytes: int | None
    row_count: int | None
    range_start: datetime | None
    range_end: datetime | None
    details: dict[str, Any] | None
    added_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        user_id: UUID | None = ...,
        name: str,
        description: str | None = ...,
        uri: str,
        file_format: str | None = ...,
        content_sha256: bytes | None = ...,
        size_bytes: int | None = ...,
        row_count: int | None = ...,
        range_start: datetime | None = ...,
        range_end: datetime | None = ...,
        details: dict[str, Any] = ...,
        added_at: datetime = ...,
    ) -> None: ...
    def to_row(self) -> Dataset: ...

class DatasetUpdate(UpdateContract):
    user_id: UUID | None
    name: str | None
    description: str | None
    uri: str | None
    file_format: str | None
    content_sha256: bytes | None
    size_bytes: int | None
    row_count: int | None
    range_start: datetime | None
    range_end: datetime | None
    details: dict[str, Any] | None
    added_at: datetime | None
    def __init__(
        self,
        *,
        user_id: UUID | None = ...,
        name: str = ...,
        description: str | None = ...,
        uri: str = ...,
        file_format: str | None = ...,
        content_sha256: bytes | None = ...,
        size_bytes: int | None = ...,
        row_count: int | None = ...,
        range_start: datetime | None = ...,
        range_end: datetime | None = ...,
        details: dict[str, Any] = ...,
        added_at: datetime = ...,
    ) -> None: ...
    def apply(self, row: Dataset) -> None: ...

class DatasetRead(ReadContract):
    id: UUID
    user_id: UUID | None
    name: str
    description: str | None
    uri: str
    file_format: str | None
    content_sha256: bytes | None
    size_bytes: int | None
    row_count: int | None
    range_start: datetime | None
    range_end: datetime | None
    details: dict[str, Any]
    added_at: datetime
    updated_at: datetime

class DecisionEvidenceCreate(CreateContract):
    id: UUID | None
    decision_id: UUID
    user_id: UUID | None
    insight_id: UUID | None
    entry_id: UUID | None
    prediction_id: UUID | None
    signal_id: UUID | None
    memory_id: UUID | None
    role: EvidenceRole | None
    weight: Decimal | None
    note: str | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        decision_id: UUID,
        user_id: UUID | None = ...,
        insight_id: UUID | None = ...,
        entry_id: UUID | None = ...,
        prediction_id: UUID | None = ...,
        signal_id: UUID | None = ...,
        memory_id: UUID | None = ...,
        role: EvidenceRole = ...,
        weight: int | Decimal = ...,
        note: str | None = ...,
    ) -> None: ...
    def to_row(self) -> DecisionEvidence: ...

class DecisionEvidenceUpdate(UpdateContract):
    decision_id: UUID | None
    user_id: UUID | None
    insight_id: UUID | None
    entry_id: UUID | None
    prediction_id: UUID | None
    signal_id: UUID | None
    memory_id: UUID | None
    role: EvidenceRole | None
    weight: Decimal | None
    note: str | None
    def __init__(
        self,
        *,
        decision_id: UUID = ...,
        user_id: UUID | None = ...,
        insight_id: UUID | None = ...,
        entry_id: UUID | None = ...,
        prediction_id: UUID | None = ...,
        signal_id: UUID | None = ...,
        memory_id: UUID | None = ...,
        role: EvidenceRole = ...,
        weight: int | Decimal = ...,
        note: str | None = ...,
    ) -> None: ...
    def apply(self, row: DecisionEvidence) -> None: ...

class DecisionEvidenceRead(ReadContract):
    id: UUID
    decision_id: UUID
    user_id: UUID | None
    insight_id: UUID | None
    entry_id: UUID | None
    prediction_id: UUID | None
    signal_id: UUID | None
    memory_id: UUID | None
    role: EvidenceRole
    weight: Decimal
    note: str | None
    created_at: datetime

class DecisionOutcomeCreate(CreateContract):
    id: UUID | None
    decision_id: UUID
    user_id: UUID | None
    horizon: str | None
    outcome_type: str
    expected_outcome: Decimal | None
    actual_outcome: Decimal | None
    profit_loss: Decimal | None
    execution_price: Decimal | None
    executed_at: datetime | None
    market_conditions: dict[str, Any] | None
    is_success: bool | None
    lessons_learned: str | None
    known_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        decision_id: UUID,
        user_id: UUID | None = ...,
        horizon: str = ...,
        outcome_type: str,
        expected_outcome: int | Decimal | None = ...,
        actual_outcome: int | Decimal | None = ...,
        profit_loss: int | Decimal | None = ...,
        execution_price: int | Decimal | None = ...,
        executed_at: datetime | None = ...,
        market_conditions: dict[str, Any] = ...,
        is_success: bool | None = ...,
        lessons_learned: str | None = ...,
        known_at: datetime = ...,
    ) -> None: ...
    def to_row(self) -> DecisionOutcome: ...

class DecisionOutcomeUpdate(UpdateContract):
    decision_id: UUID | None
    user_id: UUID | None
    horizon: str | None
    outcome_type: str | None
    expected_outcome: Decimal | None
    actual_outcome: Decimal | None
    profit_loss: Decimal | None
    execution_price: Decimal | None
    executed_at: datetime | None
    market_conditions: dict[str, Any] | None
    is_success: bool | None
    lessons_learned: str | None
    known_at: datetime | None
    def __init__(
        self,
        *,
        decision_id: UUID = ...,
        user_id: UUID | None = ...,
        horizon: str = ...,
        outcome_type: str = ...,
        expected_outcome: int | Decimal | None = ...,
        actual_outcome: int | Decimal | None = ...,
        profit_loss: int | Decimal | None = ...,
        execution_price: int | Decimal | None = ...,
        executed_at: datetime | None = ...,
        market_conditions: dict[str, Any] = ...,
        is_success: bool | None = ...,
        lessons_learned: str | None = ...,
        known_at: datetime = ...,
    ) -> None: ...
    def apply(self, row: DecisionOutcome) -> None: ...

class DecisionOutcomeRead(ReadContract):
    id: UUID
    decision_id: UUID
    user_id: UUID | None
    horizon: str
    outcome_type: str
    expected_outcome: Decimal | None
    actual_outcome: Decimal | None
    profit_loss: Decimal | None
    execution_price: Decimal | None
    executed_at: datetime | None
    market_conditions: dict[str, Any]
    is_success: bool | None
    lessons_learned: str | None
    known_at: datetime
    created_at: datetime

class EmbeddingSpaceCreate(CreateContract):
    name: str
    provider: str
    model: str
    revision: str | None
    dimensions: int
    metric: DistanceMetric | None
    status: SpaceStatus | None
    trained_until: datetime | None
    def __init__(
        self,
        *,
        name: str,
        provider: str,
        model: str,
        revision: str = ...,
        dimensions: int,
        metric: DistanceMetric = ...,
        status: SpaceStatus = ...,
        trained_until: datetime | None = ...,
    ) -> None: ...
    def to_row(self) -> EmbeddingSpace: ...

class EmbeddingSpaceUpdate(UpdateContract):
    name: str | None
    provider: str | None
    model: str | None
    revision: str | None
    dimensions: int | None
    metric: DistanceMetric | None
    status: SpaceStatus | None
    trained_until: datetime | None
    def __init__(
        self,
        *,
        name: str = ...,
        provider: str = ...,
        model: str = ...,
        revision: str = ...,
        dimensions: int = ...,
        metric: DistanceMetric = ...,
        status: SpaceStatus = ...,
        trained_until: datetime | None = ...,
    ) -> None: ...
    def apply(self, row: EmbeddingSpace) -> None: ...

class EmbeddingSpaceRead(ReadContract):
    id: int
    name: str
    provider: str
    model: str
    revision: str
    dimensions: int
    metric: DistanceMetric
    status: SpaceStatus
    trained_until: datetime | None
    created_at: datetime
    updated_at: datetime

class EncryptionKeyCreate(CreateContract):
    id: UUID | None
    key_id: str
    purpose: str | None
    algorithm: str
    salt: bytes | None
    is_active: bool | None
    expires_at: datetime | None
    retired_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        key_id: str,
        purpose: str = ...,
        algorithm: str,
        salt: bytes | None = ...,
        is_active: bool = ...,
        expires_at: datetime | None = ...,
        retired_at: datetime | None = ...,
    ) -> None: ...
    def to_row(self) -> EncryptionKey: ...

class EncryptionKeyUpdate(UpdateContract):
    key_id: str | None
    purpose: str | None
    algorithm: str | None
    salt: bytes | None
    is_active: bool | None
    expires_at: datetime | None
    retired_at: datetime | None
    def __init__(
        self,
        *,
        key_id: str = ...,
        purpose: str = ...,
        algorithm: str = ...,
        salt: bytes | None = ...,
        is_active: bool = ...,
        expires_at: datetime | None = ...,
        retired_at: datetime | None = ...,
    ) -> None: ...
    def apply(self, row: EncryptionKey) -> None: ...

class EncryptionKeyRead(ReadContract):
    id: UUID
    key_id: str
    purpose: str
    algorithm: str
    is_active: bool
    created_at: datetime
    expires_at: datetime | None
    retired_at: datetime | None

class ErrorLogCreate(CreateContract):
    occurred_at: datetime
    error_id: UUID | None
    fingerprint: bytes | None
    error_type: str
    message: str | None
    severity: Severity | None
    stack_trace: str | None
    component: str | None
    service: str | None
    environment: str | None
    function_name: str | None
    file_path: str | None
    line_number: int | None
    user_id: UUID | None
    session_key: str | None
    request: dict[str, Any] | None
    context: dict[str, Any] | None
    retry_count: int | None
    resolved_at: datetime | None
    resolution: str | None
    def __init__(
        self,
        *,
        occurred_at: datetime,
        error_id: UUID = ...,
        fingerprint: bytes | None = ...,
        error_type: str,
        message: str | None = ...,
        severity: Severity = ...,
        stack_trace: str | None = ...,
        component: str | None = ...,
        service: str | None = ...,
        environment: str | None = ...,
        function_name: str | None = ...,
        file_path: str | None = ...,
        line_number: int | None = ...,
        user_id: UUID | None = ...,
        session_key: str | None = ...,
        request: dict[str, Any] | None = ...,
        context: dict[str, Any] | None = ...,
        retry_count: int = ...,
        resolved_at: datetime | None = ...,
        resolution: str | None = ...,
    ) -> None: ...
    def to_row(self) -> ErrorLog: ...

class ErrorLogUpdate(UpdateContract):
    fingerprint: bytes | None
    error_type: str | None
    message: str | None
    severity: Severity | None
    stack_trace: str | None
    component: str | None
    service: str | None
    environment: str | None
    function_name: str | None
    file_path: str | None
    line_number: int | None
    user_id: UUID | None
    session_key: str | None
    request: dict[str, Any] | None
    context: dict[str, Any] | None
    retry_count: int | None
    resolved_at: datetime | None
    resolution: str | None
    def __init__(
        self,
        *,
        fingerprint: bytes | None = ...,
        error_type: str = ...,
        message: str | None = ...,
        severity: Severity = ...,
        stack_trace: str | None = ...,
        component: str | None = ...,
        service: str | None = ...,
        environment: str | None = ...,
        function_name: str | None = ...,
        file_path: str | None = ...,
        line_number: int | None = ...,
        user_id: UUID | None = ...,
        session_key: str | None = ...,
        request: dict[str, Any] | None = ...,
        context: dict[str, Any] | None = ...,
        retry_count: int = ...,
        resolved_at: datetime | None = ...,
        resolution: str | None = ...,
    ) -> None: ...
    def apply(self, row: ErrorLog) -> None: ...

class ErrorLogRead(ReadContract):
    occurred_at: datetime
    error_id: UUID
    fingerprint: bytes | None
    error_type: str
    message: str | None
    severity: Severity
    stack_trace: str | None
    component: str | None
    service: str | None
    environment: str | None
    function_name: str | None
    file_path: str | None
    line_number: int | None
    user_id: UUID | None
    session_key: str | None
    request: dict[str, Any] | None
    context: dict[str, Any] | None
    retry_count: int
    resolved_at: datetime | None
    resolution: str | None

class FactorDefinitionCreate(CreateContract):
    name: str
    category: str
    description: str | None
    formula: str | None
    dependencies: list[str] | None
    lookback_hours: float | None
    update_frequency_minutes: int | None
    min_value: float | None
    max_value: float | None
    is_active: bool | None
    def __init__(
        self,
        *,
        name: str,
        category: str,
        description: str | None = ...,
        formula: str | None = ...,
        dependencies: list[str] = ...,
        lookback_hours: float | None = ...,
        update_frequency_minutes: int = ...,
        min_value: float | None = ...,
        max_value: float | None = ...,
        is_active: bool = ...,
    ) -> None: ...
    def to_row(self) -> FactorDefinition: ...

class FactorDefinitionUpdate(UpdateContract):
    name: str | None
    category: str | None
    description: str | None
    formula: str | None
    dependencies: list[str] | None
    lookback_hours: float | None
    update_frequency_minutes: int | None
    min_value: float | None
    max_value: float | None
    is_active: bool | None
    def __init__(
        self,
        *,
        name: str = ...,
        category: str = ...,
        description: str | None = ...,
        formula: str | None = ...,
        dependencies: list[str] = ...,
        lookback_hours: float | None = ...,
        update_frequency_minutes: int = ...,
        min_value: float | None = ...,
        max_value: float | None = ...,
        is_active: bool = ...,
    ) -> None: ...
    def apply(self, row: FactorDefinition) -> None: ...

class FactorDefinitionRead(ReadContract):
    id: int
    name: str
    category: str
    description: str | None
    formula: str | None
    dependencies: list[str]
    lookback_hours: float | None
    update_frequency_minutes: int
    min_value: float | None
    max_value: float | None
    is_active: bool
    created_at: datetime
    updated_at: datetime

class FactorValueCreate(CreateContract):
    factor_id: int
    instrument_id: int
    observed_at: datetime
    value: float
    quality_score: float | None
    confidence: float | None
    staleness_seconds: int | None
    calculation_method: str | None
    calculation_version: str | None
    input_data_points: int | None
    lookback_hours: float | None
    passed_validation: bool | None
    validation_errors: list[Any] | None
    outlier_degree: float | None
    source_sha256: bytes | None
    known_at: datetime | None
    def __init__(
        self,
        *,
        factor_id: int,
        instrument_id: int,
        observed_at: datetime,
        value: float,
        quality_score: float = ...,
        confidence: float = ...,
        staleness_seconds: int = ...,
        calculation_method: str | None = ...,
        calculation_version: str = ...,
        input_data_points: int | None = ...,
        lookback_hours: float | None = ...,
        passed_validation: bool = ...,
        validation_errors: list[Any] = ...,
        outlier_degree: float | None = ...,
        source_sha256: bytes | None = ...,
        known_at: datetime = ...,
    ) -> None: ...
    def to_row(self) -> FactorValue: ...

class FactorValueUpdate(UpdateContract):
    value: float | None
    quality_score: float | None
    confidence: float | None
    staleness_seconds: int | None
    calculation_method: str | None
    calculation_version: str | None
    input_data_points: int | None
    lookback_hours: float | None
    passed_validation: bool | None
    validation_errors: list[Any] | None
    outlier_degree: float | None
    source_sha256: bytes | None
    known_at: datetime | None
    def __init__(
        self,
        *,
        value: float = ...,
        quality_score: float = ...,
        confidence: float = ...,
        staleness_seconds: int = ...,
        calculation_method: str | None = ...,
        calculation_version: str = ...,
        input_data_points: int | None = ...,
        lookback_hours: float | None = ...,
        passed_validation: bool = ...,
        validation_errors: list[Any] = ...,
        outlier_degree: float | None = ...,
        source_sha256: bytes | None = ...,
        known_at: datetime = ...,
    ) -> None: ...
    def apply(self, row: FactorValue) -> None: ...

class FactorValueRead(ReadContract):
    factor_id: int
    instrument_id: int
    observed_at: datetime
    value: float
    quality_score: float
    confidence: float
    staleness_seconds: int
    calculation_method: str | None
    calculation_version: str
    input_data_points: int | None
    lookback_hours: float | None
    passed_validation: bool
    validation_errors: list[Any]
    outlier_degree: float | None
    source_sha256: bytes | None
    known_at: datetime
    updated_at: datetime

class FeatureCacheCreate(CreateContract):
    cache_key: str
    instrument_id: int
    feature_name: str
    value: float | None
    vector: list[float] | None
    calculation_time_ms: float | None
    data_version: str | None
    computed_at: datetime | None
    expires_at: datetime
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        cache_key: str,
        instrument_id: int,
        feature_name: str,
        value: float | None = ...,
        vector: list[float] | None = ...,
        calculation_time_ms: float | None = ...,
        data_version: str | None = ...,
        computed_at: datetime = ...,
        expires_at: datetime,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def to_row(self) -> FeatureCache: ...

class FeatureCacheUpdate(UpdateContract):
    instrument_id: int | None
    feature_name: str | None
    value: float | None
    vector: list[float] | None
    calculation_time_ms: float | None
    data_version: str | None
    computed_at: datetime | None
    expires_at: datetime | None
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        instrument_id: int = ...,
        feature_name: str = ...,
        value: float | None = ...,
        vector: list[float] | None = ...,
        calculation_time_ms: float | None = ...,
        data_version: str | None = ...,
        computed_at: datetime = ...,
        expires_at: datetime = ...,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def apply(self, row: FeatureCache) -> None: ...

class FeatureCacheRead(ReadContract):
    cache_key: str
    instrument_id: int
    feature_name: str
    value: float | None
    vector: list[float] | None
    calculation_time_ms: float | None
    data_version: str | None
    computed_at: datetime
    expires_at: datetime
    details: dict[str, Any]
    created_at: datetime

class FillCreate(CreateContract):
    id: UUID | None
    account_id: UUID
    instrument_id: int
    venue_trade_id: str
    sequence: int | None
    order_id: UUID | None
    venue_order_id: str | None
    client_order_id: str | None
    side: OrderSide
    position_side: PositionSide | None
    quantity: Decimal
    price: Decimal
    fee: Decimal | None
    fee_currency: str | None
    liquidity: Liquidity | None
    bid_price: Decimal | None
    ask_price: Decimal | None
    mark_price: Decimal | None
    executed_at: datetime
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        account_id: UUID,
        instrument_id: int,
        venue_trade_id: str,
        sequence: int = ...,
        order_id: UUID | None = ...,
        venue_order_id: str | None = ...,
        client_order_id: str | None = ...,
        side: OrderSide,
        position_side: PositionSide = ...,
        quantity: int | Decimal,
        price: int | Decimal,
        fee: int | Decimal = ...,
        fee_currency: str | None = ...,
        liquidity: Liquidity | None = ...,
        bid_price: int | Decimal | None = ...,
        ask_price: int | Decimal | None = ...,
        mark_price: int | Decimal | None = ...,
        executed_at: datetime,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def to_row(self) -> Fill: ...

class FillUpdate(UpdateContract):
    account_id: UUID | None
    instrument_id: int | None
    venue_trade_id: str | None
    sequence: int | None
    order_id: UUID | None
    venue_order_id: str | None
    client_order_id: str | None
    side: OrderSide | None
    position_side: PositionSide | None
    quantity: Decimal | None
    price: Decimal | None
    fee: Decimal | None
    fee_currency: str | None
    liquidity: Liquidity | None
    bid_price: Decimal | None
    ask_price: Decimal | None
    mark_price: Decimal | None
    executed_at: datetime | None
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        account_id: UUID = ...,
        instrument_id: int = ...,
        venue_trade_id: str = ...,
        sequence: int = ...,
        order_id: UUID | None = ...,
        venue_order_id: str | None = ...,
        client_order_id: str | None = ...,
        side: OrderSide = ...,
        position_side: PositionSide = ...,
        quantity: int | Decimal = ...,
        price: int | Decimal = ...,
        fee: int | Decimal = ...,
        fee_currency: str | None = ...,
        liquidity: Liquidity | None = ...,
        bid_price: int | Decimal | None = ...,
        ask_price: int | Decimal | None = ...,
        mark_price: int | Decimal | None = ...,
        executed_at: datetime = ...,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def apply(self, row: Fill) -> None: ...

class FillRead(ReadContract):
    id: UUID
    account_id: UUID
    instrument_id: int
    venue_trade_id: str
    sequence: int
    order_id: UUID | None
    venue_order_id: str | None
    client_order_id: str | None
    side: OrderSide
    position_side: PositionSide
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str | None
    liquidity: Liquidity | None
    bid_price: Decimal | None
    ask_price: Decimal | None
    mark_price: Decimal | None
    executed_at: datetime
    details: dict[str, Any]
    created_at: datetime

class FundingRateCreate(CreateContract):
    instrument_id: int
    funding_time: datetime
    rate: Decimal
    next_funding_time: datetime | None
    mark_price: Decimal | None
    index_price: Decimal | None
    source: str | None
    def __init__(
        self,
        *,
        instrument_id: int,
        funding_time: datetime,
        rate: int | Decimal,
        next_funding_time: datetime | None = ...,
        mark_price: int | Decimal | None = ...,
        index_price: int | Decimal | None = ...,
        source: str | None = ...,
    ) -> None: ...
    def to_row(self) -> FundingRate: ...

class FundingRateUpdate(UpdateContract):
    rate: Decimal | None
    next_funding_time: datetime | None
    mark_price: Decimal | None
    index_price: Decimal | None
    source: str | None
    def __init__(
        self,
        *,
        rate: int | Decimal = ...,
        next_funding_time: datetime | None = ...,
        mark_price: int | Decimal | None = ...,
        index_price: int | Decimal | None = ...,
        source: str | None = ...,
    ) -> None: ...
    def apply(self, row: FundingRate) -> None: ...

class FundingRateRead(ReadContract):
    instrument_id: int
    funding_time: datetime
    rate: Decimal
    next_funding_time: datetime | None
    mark_price: Decimal | None
    index_price: Decimal | None
    source: str | None

class HistoricalDataCacheCreate(CreateContract):
    query_sha256: bytes
    source: str
    series: str | None
    instrument_id: int | None
    data_type: str
    frequency: str | None
    range_start: datetime | None
    range_end: datetime | None
    query: dict[str, Any] | None
    result: Any
    result_count: int | None
    compression_ratio: float | None
    query_time_ms: float | None
    access_count: int | None
    expires_at: datetime
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        query_sha256: bytes,
        source: str,
        series: str | None = ...,
        instrument_id: int | None = ...,
        data_type: str,
        frequency: str | None = ...,
        range_start: datetime | None = ...,
        range_end: datetime | None = ...,
        query: dict[str, Any] = ...,
        result: Any,
        result_count: int | None = ...,
        compression_ratio: float | None = ...,
        query_time_ms: float | None = ...,
        access_count: int = ...,
        expires_at: datetime,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def to_row(self) -> HistoricalDataCache: ...

class HistoricalDataCacheUpdate(UpdateContract):
    source: str | None
    series: str | None
    instrument_id: int | None
    data_type: str | None
    frequency: str | None
    range_start: datetime | None
    range_end: datetime | None
    query: dict[str, Any] | None
    result: Any
    result_count: int | None
    compression_ratio: float | None
    query_time_ms: float | None
    access_count: int | None
    expires_at: datetime | None
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        source: str = ...,
        series: str | None = ...,
        instrument_id: int | None = ...,
        data_type: str = ...,
        frequency: str | None = ...,
        range_start: datetime | None = ...,
        range_end: datetime | None = ...,
        query: dict[str, Any] = ...,
        result: Any = ...,
        result_count: int | None = ...,
        compression_ratio: float | None = ...,
        query_time_ms: float | None = ...,
        access_count: int = ...,
        expires_at: datetime = ...,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def apply(self, row: HistoricalDataCache) -> None: ...

class HistoricalDataCacheRead(ReadContract):
    query_sha256: bytes
    source: str
    series: str | None
    instrument_id: int | None
    data_type: str
    frequency: str | None
    range_start: datetime | None
    range_end: datetime | None
    query: dict[str, Any]
    result: Any
    result_count: int | None
    compression_ratio: float | None
    query_time_ms: float | None
    access_count: int
    expires_at: datetime
    details: dict[str, Any]
    created_at: datetime

class IngestionTaskCreate(CreateContract):
    id: UUID | None
    user_id: UUID | None
    source_type: str
    source_ref: str
    strategy_name: str | None
    tags: list[str] | None
    extract_frames: bool | None
    status: JobStatus | None
    error_message: str | None
    started_at: datetime | None
    completed_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        user_id: UUID | None = ...,
        source_type: str,
        source_ref: str,
        strategy_name: str | None = ...,
        tags: list[str] = ...,
        extract_frames: bool = ...,
        status: JobStatus = ...,
        error_message: str | None = ...,
        started_at: datetime | None = ...,
        completed_at: datetime | None = ...,
    ) -> None: ...
    def to_row(self) -> IngestionTask: ...

class IngestionTaskUpdate(UpdateContract):
    user_id: UUID | None
    source_type: str | None
    source_ref: str | None
    strategy_name: str | None
    tags: list[str] | None
    extract_frames: bool | None
    status: JobStatus | None
    error_message: str | None
    started_at: datetime | None
    completed_at: datetime | None
    def __init__(
        self,
        *,
        user_id: UUID | None = ...,
        source_type: str = ...,
        source_ref: str = ...,
        strategy_name: str | None = ...,
        tags: list[str] = ...,
        extract_frames: bool = ...,
        status: JobStatus = ...,
        error_message: str | None = ...,
        started_at: datetime | None = ...,
        completed_at: datetime | None = ...,
    ) -> None: ...
    def apply(self, row: IngestionTask) -> None: ...

class IngestionTaskRead(ReadContract):
    id: UUID
    user_id: UUID | None
    source_type: str
    source_ref: str
    strategy_name: str | None
    tags: list[str]
    extract_frames: bool
    status: JobStatus
    error_message: str | None
    started_at: datetime | None
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime

class IngestionTaskRuleCreate(CreateContract):
    task_id: UUID
    rule_id: UUID
    def __init__(
        self,
        *,
        task_id: UUID,
        rule_id: UUID,
    ) -> None: ...
    def to_row(self) -> IngestionTaskRule: ...

class IngestionTaskRuleRead(ReadContract):
    task_id: UUID
    rule_id: UUID

class InstrumentCreate(CreateContract):
    venue_id: int
    symbol: str
    native_symbol: str | None
    kind: InstrumentKind | None
    base_currency: str | None
    quote_currency: str | None
    settle_currency: str | None
    price_tick: Decimal | None
    quantity_step: Decimal | None
    min_quantity: Decimal | None
    max_quantity: Decimal | None
    min_notional: Decimal | None
    contract_size: Decimal | None
    is_inverse: bool | None
    strike_price: Decimal | None
    option_kind: OptionKind | None
    expires_at: datetime | None
    network: str | None
    contract_address: str | None
    status: InstrumentStatus | None
    listed_at: datetime | None
    delisted_at: datetime | None
    venue_info: dict[str, Any] | None
    def __init__(
        self,
        *,
        venue_id: int,
        symbol: str,
        native_symbol: str | None = ...,
        kind: InstrumentKind = ...,
        base_currency: str | None = ...,
        quote_currency: str | None = ...,
        settle_currency: str | None = ...,
        price_tick: int | Decimal | None = ...,
        quantity_step: int | Decimal | None = ...,
        min_quantity: int | Decimal | None = ...,
        max_quantity: int | Decimal | None = ...,
        min_notional: int | Decimal | None = ...,
        contract_size: int | Decimal = ...,
        is_inverse: bool = ...,
        strike_price: int | Decimal | None = ...,
        option_kind: OptionKind | None = ...,
        expires_at: datetime | None = ...,
        network: str | None = ...,
        contract_address: str | None = ...,
        status: InstrumentStatus = ...,
        listed_at: datetime | None = ...,
        delisted_at: datetime | None = ...,
        venue_info: dict[str, Any] = ...,
    ) -> None: ...
    def to_row(self) -> Instrument: ...

class InstrumentUpdate(UpdateContract):
    venue_id: int | None
    symbol: str | None
    native_symbol: str | None
    kind: InstrumentKind | None
    base_currency: str | None
    quote_currency: str | None
    settle_currency: str | None
    price_tick: Decimal | None
    quantity_step: Decimal | None
    min_quantity: Decimal | None
    max_quantity: Decimal | None
    min_notional: Decimal | None
    contract_size: Decimal | None
    is_inverse: bool | None
    strike_price: Decimal | None
    option_kind: OptionKind | None
    expires_at: datetime | None
    network: str | None
    contract_address: str | None
    status: InstrumentStatus | None
    listed_at: datetime | None
    delisted_at: datetime | None
    venue_info: dict[str, Any] | None
    def __init__(
        self,
        *,
        venue_id: int = ...,
        symbol: str = ...,
        native_symbol: str | None = ...,
        kind: InstrumentKind = ...,
        base_currency: str | None = ...,
        quote_currency: str | None = ...,
        settle_currency: str | None = ...,
        price_tick: int | Decimal | None = ...,
        quantity_step: int | Decimal | None = ...,
        min_quantity: int | Decimal | None = ...,
        max_quantity: int | Decimal | None = ...,
        min_notional: int | Decimal | None = ...,
        contract_size: int | Decimal = ...,
        is_inverse: bool = ...,
        strike_price: int | Decimal | None = ...,
        option_kind: OptionKind | None = ...,
        expires_at: datetime | None = ...,
        network: str | None = ...,
        contract_address: str | None = ...,
        status: InstrumentStatus = ...,
        listed_at: datetime | None = ...,
        delisted_at: datetime | None = ...,
        venue_info: dict[str, Any] = ...,
    ) -> None: ...
    def apply(self, row: Instrument) -> None: ...

class InstrumentRead(ReadContract):
    id: int
    venue_id: int
    symbol: str
    native_symbol: str | None
    kind: InstrumentKind
    base_currency: str | None
    quote_currency: str | None
    settle_currency: str | None
    price_tick: Decimal | None
    quantity_step: Decimal | None
    min_quantity: Decimal | None
    max_quantity: Decimal | None
    min_notional: Decimal | None
    contract_size: Decimal
    is_inverse: bool
    strike_price: Decimal | None
    option_kind: OptionKind | None
    expires_at: datetime | None
    network: str | None
    contract_address: str | None
    status: InstrumentStatus
    listed_at: datetime | None
    delisted_at: datetime | None
    venue_info: dict[str, Any]
    created_at: datetime
    updated_at: datetime

class KnowledgeEdgeCreate(CreateContract):
    id: UUID | None
    subject_id: UUID
    relation: str
    object_id: UUID
    strength: float | None
    confidence: float | None
    evidence: dict[str, Any] | None
    source: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    known_at: datetime | None
    retracted_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        subject_id: UUID,
        relation: str,
        object_id: UUID,
        strength: float = ...,
        confidence: float = ...,
        evidence: dict[str, Any] = ...,
        source: str | None = ...,
        valid_from: datetime | None = ...,
        valid_until: datetime | None = ...,
        known_at: datetime = ...,
        retracted_at: datetime | None = ...,
    ) -> None: ...
    def to_row(self) -> KnowledgeEdge: ...

class KnowledgeEdgeUpdate(UpdateContract):
    subject_id: UUID | None
    relation: str | None
    object_id: UUID | None
    strength: float | None
    confidence: float | None
    evidence: dict[str, Any] | None
    source: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    known_at: datetime | None
    retracted_at: datetime | None
    def __init__(
        self,
        *,
        subject_id: UUID = ...,
        relation: str = ...,
        object_id: UUID = ...,
        strength: float = ...,
        confidence: float = ...,
        evidence: dict[str, Any] = ...,
        source: str | None = ...,
        valid_from: datetime | None = ...,
        valid_until: datetime | None = ...,
        known_at: datetime = ...,
        retracted_at: datetime | None = ...,
    ) -> None: ...
    def apply(self, row: KnowledgeEdge) -> None: ...

class KnowledgeEdgeRead(ReadContract):
    id: UUID
    subject_id: UUID
    relation: str
    object_id: UUID
    strength: float
    confidence: float
    evidence: dict[str, Any]
    source: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    known_at: datetime
    retracted_at: datetime | None
    created_at: datetime
    updated_at: datetime

class KnowledgeEntityCreate(CreateContract):
    id: UUID | None
    entity_type: str
    entity_key: str
    name: str | None
    properties: dict[str, Any] | None
    source: str | None
    confidence: float | None
    is_validated: bool | None
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        entity_type: str,
        entity_key: str,
        name: str | None = ...,
        properties: dict[str, Any] = ...,
        source: str | None = ...,
        confidence: float = ...,
        is_validated: bool = ...,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def to_row(self) -> KnowledgeEntity: ...

class KnowledgeEntityUpdate(UpdateContract):
    entity_type: str | None
    entity_key: str | None
    name: str | None
    properties: dict[str, Any] | None
    source: str | None
    confidence: float | None
    is_validated: bool | None
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        entity_type: str = ...,
        entity_key: str = ...,
        name: str | None = ...,
        properties: dict[str, Any] = ...,
        source: str | None = ...,
        confidence: float = ...,
        is_validated: bool = ...,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def apply(self, row: KnowledgeEntity) -> None: ...

class KnowledgeEntityRead(ReadContract):
    id: UUID
    entity_type: str
    entity_key: str
    name: str | None
    properties: dict[str, Any]
    source: str | None
    confidence: float
    is_validated: bool
    details: dict[str, Any]
    created_at: datetime
    updated_at: datetime

class LearningEmbeddingCreate(CreateContract):
    space_id: int
    entry_id: UUID
    chunk: int | None
    user_id: UUID | None
    known_at: datetime
    content_sha256: bytes
    embedding: list[float]
    def __init__(
        self,
        *,
        space_id: int,
        entry_id: UUID,
        chunk: int = ...,
        user_id: UUID | None = ...,
        known_at: datetime,
        content_sha256: bytes,
        embedding: list[float],
    ) -> None: ...
    def to_row(self) -> LearningEmbedding: ...

class LearningEmbeddingUpdate(UpdateContract):
    user_id: UUID | None
    known_at: datetime | None
    content_sha256: bytes | None
    embedding: list[float] | None
    def __init__(
        self,
        *,
        user_id: UUID | None = ...,
        known_at: datetime = ...,
        content_sha256: bytes = ...,
        embedding: list[float] = ...,
    ) -> None: ...
    def apply(self, row: LearningEmbedding) -> None: ...

class LearningEmbeddingRead(ReadContract):
    space_id: int
    entry_id: UUID
    chunk: int
    user_id: UUID | None
    known_at: datetime
    content_sha256: bytes
    embedding: list[float]
    created_at: datetime

class LearningEntryCreate(CreateContract):
    id: UUID | None
    user_id: UUID | None
    rule_id: UUID | None
    insight: str
    pattern: str | None
    impact_type: str
    market_conditions: dict[str, Any] | None
    timeframes: list[str] | None
    tags: list[str] | None
    notes: str | None
    prior: float | None
    confidence: float | None
    validation_count: int | None
    contradiction_count: int | None
    last_validated_at: datetime | None
    status: LearningStatus | None
    known_at: datetime | None
    retracted_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        user_id: UUID | None = ...,
        rule_id: UUID | None = ...,
        insight: str,
        pattern: str | None = ...,
        impact_type: str,
        market_conditions: dict[str, Any] = ...,
        timeframes: list[str] = ...,
        tags: list[str] = ...,
        notes: str | None = ...,
        prior: float = ...,
        confidence: float = ...,
        validation_count: int = ...,
        contradiction_count: int = ...,
        last_validated_at: datetime | None = ...,
        status: LearningStatus = ...,
        known_at: datetime = ...,
        retracted_at: datetime | None = ...,
    ) -> None: ...
    def to_row(self) -> LearningEntry: ...

class LearningEntryUpdate(UpdateContract):
    user_id: UUID | None
    rule_id: UUID | None
    insight: str | None
    pattern: str | None
    impact_type: str | None
    market_conditions: dict[str, Any] | None
    timeframes: list[str] | None
    tags: list[str] | None
    notes: str | None
    prior: float | None
    confidence: float | None
    validation_count: int | None
    contradiction_count: int | None
    last_validated_at: datetime | None
    status: LearningStatus | None
    known_at: datetime | None
    retracted_at: datetime | None
    def __init__(
        self,
        *,
        user_id: UUID | None = ...,
        rule_id: UUID | None = ...,
        insight: str = ...,
        pattern: str | None = ...,
        impact_type: str = ...,
        market_conditions: dict[str, Any] = ...,
        timeframes: list[str] = ...,
        tags: list[str] = ...,
        notes: str | None = ...,
        prior: float = ...,
        confidence: float = ...,
        validation_count: int = ...,
        contradiction_count: int = ...,
        last_validated_at: datetime | None = ...,
        status: LearningStatus = ...,
        known_at: datetime = ...,
        retracted_at: datetime | None = ...,
    ) -> None: ...
    def apply(self, row: LearningEntry) -> None: ...

class LearningEntryRead(ReadContract):
    id: UUID
    user_id: UUID | None
    rule_id: UUID | None
    insight: str
    pattern: str | None
    impact_type: str
    market_conditions: dict[str, Any]
    timeframes: list[str]
    tags: list[str]
    notes: str | None
    prior: float
    confidence: float
    validation_count: int
    contradiction_count: int
    last_validated_at: datetime | None
    status: LearningStatus
    known_at: datetime
    retracted_at: datetime | None
    created_at: datetime
    updated_at: datetime

class LearningEvidenceCreate(CreateContract):
    id: UUID | None
    entry_id: UUID
    user_id: UUID | None
    trade_id: UUID | None
    outcome_id: UUID | None
    verdict: Verdict
    weight: Decimal | None
    r_multiple: Decimal | None
    note: str | None
    known_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        entry_id: UUID,
        user_id: UUID | None = ...,
        trade_id: UUID | None = ...,
        outcome_id: UUID | None = ...,
        verdict: Verdict,
        weight: int | Decimal = ...,
        r_multiple: int | Decimal | None = ...,
        note: str | None = ...,
        known_at: datetime = ...,
    ) -> None: ...
    def to_row(self) -> LearningEvidence: ...

class LearningEvidenceRead(ReadContract):
    id: UUID
    entry_id: UUID
    user_id: UUID | None
    trade_id: UUID | None
    outcome_id: UUID | None
    verdict: Verdict
    weight: Decimal
    r_multiple: Decimal | None
    note: str | None
    known_at: datetime
    created_at: datetime

class MacroDataCreate(CreateContract):
    instrument_id: int
    source: str | None
    observed_at: datetime
    spy_correlation: float | None
    dxy_correlation: float | None
    gold_correlation: float | None
    vix_correlation: float | None
    correlation_window_days: int | None
    us_10y_yield: float | None
    yield_curve_2y10y: float | None
    real_rates: float | None
    cpi_yoy: float | None
    unemployment_rate: float | None
    gdp_growth: float | None
    fed_funds_rate: float | None
    money_supply_m2_growth: float | None
    data_quality: float | None
    def __init__(
        self,
        *,
        instrument_id: int,
        source: str = ...,
        observed_at: datetime,
        spy_correlation: float | None = ...,
        dxy_correlation: float | None = ...,
        gold_correlation: float | None = ...,
        vix_correlation: float | None = ...,
        correlation_window_days: int = ...,
        us_10y_yield: float | None = ...,
        yield_curve_2y10y: float | None = ...,
        real_rates: float | None = ...,
        cpi_yoy: float | None = ...,
        unemployment_rate: float | None = ...,
        gdp_growth: float | None = ...,
        fed_funds_rate: float | None = ...,
        money_supply_m2_growth: float | None = ...,
        data_quality: float = ...,
    ) -> None: ...
    def to_row(self) -> MacroData: ...

class MacroDataUpdate(UpdateContract):
    spy_correlation: float | None
    dxy_correlation: float | None
    gold_correlation: float | None
    vix_correlation: float | None
    correlation_window_days: int | None
    us_10y_yield: float | None
    yield_curve_2y10y: float | None
    real_rates: float | None
    cpi_yoy: float | None
    unemployment_rate: float | None
    gdp_growth: float | None
    fed_funds_rate: float | None
    money_supply_m2_growth: float | None
    data_quality: float | None
    def __init__(
        self,
        *,
        spy_correlation: float | None = ...,
        dxy_correlation: float | None = ...,
        gold_correlation: float | None = ...,
        vix_correlation: float | None = ...,
        correlation_window_days: int = ...,
        us_10y_yield: float | None = ...,
        yield_curve_2y10y: float | None = ...,
        real_rates: float | None = ...,
        cpi_yoy: float | None = ...,
        unemployment_rate: float | None = ...,
        gdp_growth: float | None = ...,
        fed_funds_rate: float | None = ...,
        money_supply_m2_growth: float | None = ...,
        data_quality: float = ...,
    ) -> None: ...
    def apply(self, row: MacroData) -> None: ...

class MacroDataRead(ReadContract):
    instrument_id: int
    source: str
    observed_at: datetime
    spy_correlation: float | None
    dxy_correlation: float | None
    gold_correlation: float | None
    vix_correlation: float | None
    correlation_window_days: int
    us_10y_yield: float | None
    yield_curve_2y10y: float | None
    real_rates: float | None
    cpi_yoy: float | None
    unemployment_rate: float | None
    gdp_growth: float | None
    fed_funds_rate: float | None
    money_supply_m2_growth: float | None
    data_quality: float

class MarketDataCreate(CreateContract):
    instrument_id: int
    data_type: str | None
    source: str
    observed_at: datetime
    price: float | None
    bid_price: float | None
    ask_price: float | None
    bid_size: float | None
    ask_size: float | None
    spread: float | None
    volume_24h: float | None
    high_24h: float | None
    low_24h: float | None
    change_24h: float | None
    change_percent_24h: float | None
    market_cap: float | None
    liquidity: float | None
    confidence: float | None
    validation_flags: dict[str, Any] | None
    payload: dict[str, Any] | None
    fetched_at: datetime | None
    def __init__(
        self,
        *,
        instrument_id: int,
        data_type: str = ...,
        source: str,
        observed_at: datetime,
        price: float | None = ...,
        bid_price: float | None = ...,
        ask_price: float | None = ...,
        bid_size: float | None = ...,
        ask_size: float | None = ...,
        spread: float | None = ...,
        volume_24h: float | None = ...,
        high_24h: float | None = ...,
        low_24h: float | None = ...,
        change_24h: float | None = ...,
        change_percent_24h: float | None = ...,
        market_cap: float | None = ...,
        liquidity: float | None = ...,
        confidence: float | None = ...,
        validation_flags: dict[str, Any] = ...,
        payload: dict[str, Any] = ...,
        fetched_at: datetime = ...,
    ) -> None: ...
    def to_row(self) -> MarketData: ...

class MarketDataUpdate(UpdateContract):
    price: float | None
    bid_price: float | None
    ask_price: float | None
    bid_size: float | None
    ask_size: float | None
    spread: float | None
    volume_24h: float | None
    high_24h: float | None
    low_24h: float | None
    change_24h: float | None
    change_percent_24h: float | None
    market_cap: float | None
    liquidity: float | None
    confidence: float | None
    validation_flags: dict[str, Any] | None
    payload: dict[str, Any] | None
    fetched_at: datetime | None
    def __init__(
        self,
        *,
        price: float | None = ...,
        bid_price: float | None = ...,
        ask_price: float | None = ...,
        bid_size: float | None = ...,
        ask_size: float | None = ...,
        spread: float | None = ...,
        volume_24h: float | None = ...,
        high_24h: float | None = ...,
        low_24h: float | None = ...,
        change_24h: float | None = ...,
        change_percent_24h: float | None = ...,
        market_cap: float | None = ...,
        liquidity: float | None = ...,
        confidence: float | None = ...,
        validation_flags: dict[str, Any] = ...,
        payload: dict[str, Any] = ...,
        fetched_at: datetime = ...,
    ) -> None: ...
    def apply(self, row: MarketData) -> None: ...

class MarketDataRead(ReadContract):
    instrument_id: int
    data_type: str
    source: str
    observed_at: datetime
    price: float | None
    bid_price: float | None
    ask_price: float | None
    bid_size: float | None
    ask_size: float | None
    spread: float | None
    volume_24h: float | None
    high_24h: float | None
    low_24h: float | None
    change_24h: float | None
    change_percent_24h: float | None
    market_cap: float | None
    liquidity: float | None
    confidence: float | None
    validation_flags: dict[str, Any]
    payload: dict[str, Any]
    fetched_at: datetime

class MarketDataSourceCreate(CreateContract):
    instrument_id: int
    source: str
    data_type: str | None
    observed_at: datetime
    price: float | None
    volume_24h: float | None
    market_cap: float | None
    liquidity: float | None
    change_1h: float | None
    change_24h: float | None
    change_7d: float | None
    def __init__(
        self,
        *,
        instrument_id: int,
        source: str,
        data_type: str = ...,
        observed_at: datetime,
        price: float | None = ...,
        volume_24h: float | None = ...,
        market_cap: float | None = ...,
        liquidity: float | None = ...,
        change_1h: float | None = ...,
        change_24h: float | None = ...,
        change_7d: float | None = ...,
    ) -> None: ...
    def to_row(self) -> MarketDataSource: ...

class MarketDataSourceUpdate(UpdateContract):
    price: float | None
    volume_24h: float | None
    market_cap: float | None
    liquidity: float | None
    change_1h: float | None
    change_24h: float | None
    change_7d: float | None
    def __init__(
        self,
        *,
        price: float | None = ...,
        volume_24h: float | None = ...,
        market_cap: float | None = ...,
        liquidity: float | None = ...,
        change_1h: float | None = ...,
        change_24h: float | None = ...,
        change_7d: float | None = ...,
    ) -> None: ...
    def apply(self, row: MarketDataSource) -> None: ...

class MarketDataSourceRead(ReadContract):
    instrument_id: int
    source: str
    data_type: str
    observed_at: datetime
    price: float | None
    volume_24h: float | None
    market_cap: float | None
    liquidity: float | None
    change_1h: float | None
    change_24h: float | None
    change_7d: float | None

class MarketTradeCreate(CreateContract):
    instrument_id: int
    traded_at: datetime
    venue_trade_id: str
    price: float
    quantity: float
    taker_side: TakerSide | None
    is_block: bool | None
    source: str | None
    def __init__(
        self,
        *,
        instrument_id: int,
        traded_at: datetime,
        venue_trade_id: str,
        price: float,
        quantity: float,
        taker_side: TakerSide | None = ...,
        is_block: bool = ...,
        source: str | None = ...,
    ) -> None: ...
    def to_row(self) -> MarketTrade: ...

class MarketTradeUpdate(UpdateContract):
    price: float | None
    quantity: float | None
    taker_side: TakerSide | None
    is_block: bool | None
    source: str | None
    def __init__(
        self,
        *,
        price: float = ...,
        quantity: float = ...,
        taker_side: TakerSide | None = ...,
        is_block: bool = ...,
        source: str | None = ...,
    ) -> None: ...
    def apply(self, row: MarketTrade) -> None: ...

class MarketTradeRead(ReadContract):
    instrument_id: int
    traded_at: datetime
    venue_trade_id: str
    price: float
    quantity: float
    taker_side: TakerSide | None
    is_block: bool
    source: str | None

class MemoryEmbeddingCreate(CreateContract):
    space_id: int
    id: UUID | None
    fragment_id: UUID | None
    memory_id: UUID | None
    entity_id: UUID | None
    chunk: int | None
    user_id: UUID | None
    known_at: datetime
    content_sha256: bytes
    embedding: list[float]
    def __init__(
        self,
        *,
        space_id: int,
        id: UUID = ...,
        fragment_id: UUID | None = ...,
        memory_id: UUID | None = ...,
        entity_id: UUID | None = ...,
        chunk: int = ...,
        user_id: UUID | None = ...,
        known_at: datetime,
        content_sha256: bytes,
        embedding: list[float],
    ) -> None: ...
    def to_row(self) -> MemoryEmbedding: ...

class MemoryEmbeddingUpdate(UpdateContract):
    fragment_id: UUID | None
    memory_id: UUID | None
    entity_id: UUID | None
    chunk: int | None
    user_id: UUID | None
    known_at: datetime | None
    content_sha256: bytes | None
    embedding: list[float] | None
    def __init__(
        self,
        *,
        fragment_id: UUID | None = ...,
        memory_id: UUID | None = ...,
        entity_id: UUID | None = ...,
        chunk: int = ...,
        user_id: UUID | None = ...,
        known_at: datetime = ...,
        content_sha256: bytes = ...,
        embedding: list[float] = ...,
    ) -> None: ...
    def apply(self, row: MemoryEmbedding) -> None: ...

class MemoryEmbeddingRead(ReadContract):
    space_id: int
    id: UUID
    fragment_id: UUID | None
    memory_id: UUID | None
    entity_id: UUID | None
    chunk: int
    user_id: UUID | None
    known_at: datetime
    content_sha256: bytes
    embedding: list[float]
    created_at: datetime

class MemoryFragmentCreate(CreateContract):
    id: UUID | None
    user_id: UUID
    fragment_type: str
    content: str
    context: dict[str, Any] | None
    relevance: float | None
    access_count: int | None
    last_accessed_at: datetime | None
    expires_at: datetime | None
    known_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        user_id: UUID,
        fragment_type: str,
        content: str,
        context: dict[str, Any] = ...,
        relevance: float = ...,
        access_count: int = ...,
        last_accessed_at: datetime | None = ...,
        expires_at: datetime | None = ...,
        known_at: datetime = ...,
    ) -> None: ...
    def to_row(self) -> MemoryFragment: ...

class MemoryFragmentUpdate(UpdateContract):
    user_id: UUID | None
    fragment_type: str | None
    content: str | None
    context: dict[str, Any] | None
    relevance: float | None
    access_count: int | None
    last_accessed_at: datetime | None
    expires_at: datetime | None
    known_at: datetime | None
    def __init__(
        self,
        *,
        user_id: UUID = ...,
        fragment_type: str = ...,
        content: str = ...,
        context: dict[str, Any] = ...,
        relevance: float = ...,
        access_count: int = ...,
        last_accessed_at: datetime | None = ...,
        expires_at: datetime | None = ...,
        known_at: datetime = ...,
    ) -> None: ...
    def apply(self, row: MemoryFragment) -> None: ...

class MemoryFragmentRead(ReadContract):
    id: UUID
    user_id: UUID
    fragment_type: str
    content: str
    context: dict[str, Any]
    relevance: float
    access_count: int
    last_accessed_at: datetime | None
    expires_at: datetime | None
    known_at: datetime
    created_at: datetime

class MessageEmbeddingCreate(CreateContract):
    space_id: int
    message_id: UUID
    chunk: int | None
    user_id: UUID
    known_at: datetime
    content_sha256: bytes
    embedding: list[float]
    def __init__(
        self,
        *,
        space_id: int,
        message_id: UUID,
        chunk: int = ...,
        user_id: UUID,
        known_at: datetime,
        content_sha256: bytes,
        embedding: list[float],
    ) -> None: ...
    def to_row(self) -> MessageEmbedding: ...

class MessageEmbeddingUpdate(UpdateContract):
    user_id: UUID | None
    known_at: datetime | None
    content_sha256: bytes | None
    embedding: list[float] | None
    def __init__(
        self,
        *,
        user_id: UUID = ...,
        known_at: datetime = ...,
        content_sha256: bytes = ...,
        embedding: list[float] = ...,
    ) -> None: ...
    def apply(self, row: MessageEmbedding) -> None: ...

class MessageEmbeddingRead(ReadContract):
    space_id: int
    message_id: UUID
    chunk: int
    user_id: UUID
    known_at: datetime
    content_sha256: bytes
    embedding: list[float]
    created_at: datetime

class MlModelCreate(CreateContract):
    id: UUID | None
    name: str
    version: str
    model_type: str
    algorithm: str | None
    parameters: dict[str, Any] | None
    training_metrics: dict[str, Any] | None
    validation_metrics: dict[str, Any] | None
    dataset_id: UUID | None
    artifact_path: str | None
    artifact_url: str | None
    artifact_sha256: bytes | None
    trained_until: datetime | None
    stage: ModelStage | None
    deployed_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        name: str,
        version: str,
        model_type: str,
        algorithm: str | None = ...,
        parameters: dict[str, Any] = ...,
        training_metrics: dict[str, Any] = ...,
        validation_metrics: dict[str, Any] = ...,
        dataset_id: UUID | None = ...,
        artifact_path: str | None = ...,
        artifact_url: str | None = ...,
        artifact_sha256: bytes | None = ...,
        trained_until: datetime | None = ...,
        stage: ModelStage = ...,
        deployed_at: datetime | None = ...,
    ) -> None: ...
    def to_row(self) -> MlModel: ...

class MlModelUpdate(UpdateContract):
    name: str | None
    version: str | None
    model_type: str | None
    algorithm: str | None
    parameters: dict[str, Any] | None
    training_metrics: dict[str, Any] | None
    validation_metrics: dict[str, Any] | None
    dataset_id: UUID | None
    artifact_path: str | None
    artifact_url: str | None
    artifact_sha256: bytes | None
    trained_until: datetime | None
    stage: ModelStage | None
    deployed_at: datetime | None
    def __init__(
        self,
        *,
        name: str = ...,
        version: str = ...,
        model_type: str = ...,
        algorithm: str | None = ...,
        parameters: dict[str, Any] = ...,
        training_metrics: dict[str, Any] = ...,
        validation_metrics: dict[str, Any] = ...,
        dataset_id: UUID | None = ...,
        artifact_path: str | None = ...,
        artifact_url: str | None = ...,
        artifact_sha256: bytes | None = ...,
        trained_until: datetime | None = ...,
        stage: ModelStage = ...,
        deployed_at: datetime | None = ...,
    ) -> None: ...
    def apply(self, row: MlModel) -> None: ...

class MlModelRead(ReadContract):
    id: UUID
    name: str
    version: str
    model_type: str
    algorithm: str | None
    parameters: dict[str, Any]
    training_metrics: dict[str, Any]
    validation_metrics: dict[str, Any]
    dataset_id: UUID | None
    artifact_path: str | None
    artifact_url: str | None
    artifact_sha256: bytes | None
    trained_until: datetime | None
    stage: ModelStage
    deployed_at: datetime | None
    created_at: datetime
    updated_at: datetime

class MlPredictionCreate(CreateContract):
    id: UUID | None
    model_id: UUID
    user_id: UUID | None
    instrument_id: int
    prediction_type: str
    horizon: str | None
    made_at: datetime | None
    target_at: datetime | None
    predicted_value: float | None
    probability: float | None
    lower_value: float | None
    upper_value: float | None
    confidence: float | None
    features: dict[str, Any] | None
    session_key: str | None
    actual_value: float | None
    error: float | None
    accuracy: float | None
    resolved_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        model_id: UUID,
        user_id: UUID | None = ...,
        instrument_id: int,
        prediction_type: str,
        horizon: str | None = ...,
        made_at: datetime = ...,
        target_at: datetime | None = ...,
        predicted_value: float | None = ...,
        probability: float | None = ...,
        lower_value: float | None = ...,
        upper_value: float | None = ...,
        confidence: float | None = ...,
        features: dict[str, Any] = ...,
        session_key: str | None = ...,
        actual_value: float | None = ...,
        error: float | None = ...,
        accuracy: float | None = ...,
        resolved_at: datetime | None = ...,
    ) -> None: ...
    def to_row(self) -> MlPrediction: ...

class MlPredictionUpdate(UpdateContract):
    model_id: UUID | None
    user_id: UUID | None
    instrument_id: int | None
    prediction_type: str | None
    horizon: str | None
    made_at: datetime | None
    target_at: datetime | None
    predicted_value: float | None
    probability: float | None
    lower_value: float | None
    upper_value: float | None
    confidence: float | None
    features: dict[str, Any] | None
    session_key: str | None
    actual_value: float | None
    error: float | None
    accuracy: float | None
    resolved_at: datetime | None
    def __init__(
        self,
        *,
        model_id: UUID = ...,
        user_id: UUID | None = ...,
        instrument_id: int = ...,
        prediction_type: str = ...,
        horizon: str | None = ...,
        made_at: datetime = ...,
        target_at: datetime | None = ...,
        predicted_value: float | None = ...,
        probability: float | None = ...,
        lower_value: float | None = ...,
        upper_value: float | None = ...,
        confidence: float | None = ...,
        features: dict[str, Any] = ...,
        session_key: str | None = ...,
        actual_value: float | None = ...,
        error: float | None = ...,
        accuracy: float | None = ...,
        resolved_at: datetime | None = ...,
    ) -> None: ...
    def apply(self, row: MlPrediction) -> None: ...

class MlPredictionRead(ReadContract):
    id: UUID
    model_id: UUID
    user_id: UUID | None
    instrument_id: int
    prediction_type: str
    horizon: str | None
    made_at: datetime
    target_at: datetime | None
    predicted_value: float | None
    probability: float | None
    lower_value: float | None
    upper_value: float | None
    confidence: float | None
    features: dict[str, Any]
    session_key: str | None
    actual_value: float | None
    error: float | None
    accuracy: float | None
    resolved_at: datetime | None
    created_at: datetime

class MonitoringEventCreate(CreateContract):
    id: UUID | None
    event_type: str
    component: str
    severity: Severity
    title: str
    message: str | None
    metric_value: float | None
    threshold_value: float | None
    action_taken: str | None
    details: dict[str, Any] | None
    occurred_at: datetime | None
    resolved_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        event_type: str,
        component: str,
        severity: Severity,
        title: str,
        message: str | None = ...,
        metric_value: float | None = ...,
        threshold_value: float | None = ...,
        action_taken: str | None = ...,
        details: dict[str, Any] = ...,
        occurred_at: datetime = ...,
        resolved_at: datetime | None = ...,
    ) -> None: ...
    def to_row(self) -> MonitoringEvent: ...

class MonitoringEventUpdate(UpdateContract):
    event_type: str | None
    component: str | None
    severity: Severity | None
    title: str | None
    message: str | None
    metric_value: float | None
    threshold_value: float | None
    action_taken: str | None
    details: dict[str, Any] | None
    occurred_at: datetime | None
    resolved_at: datetime | None
    def __init__(
        self,
        *,
        event_type: str = ...,
        component: str = ...,
        severity: Severity = ...,
        title: str = ...,
        message: str | None = ...,
        metric_value: float | None = ...,
        threshold_value: float | None = ...,
        action_taken: str | None = ...,
        details: dict[str, Any] = ...,
        occurred_at: datetime = ...,
        resolved_at: datetime | None = ...,
    ) -> None: ...
    def apply(self, row: MonitoringEvent) -> None: ...

class MonitoringEventRead(ReadContract):
    id: UUID
    event_type: str
    component: str
    severity: Severity
    title: str
    message: str | None
    metric_value: float | None
    threshold_value: float | None
    action_taken: str | None
    details: dict[str, Any]
    occurred_at: datetime
    resolved_at: datetime | None
    created_at: datetime

class OnchainDataCreate(CreateContract):
    instrument_id: int
    source: str
    observed_at: datetime
    active_addresses: int | None
    transaction_count: int | None
    transaction_volume_native: float | None
    transaction_volume_usd: float | None
    hash_rate: float | None
    exchange_inflow: float | None
    exchange_outflow: float | None
    exchange_balance: float | None
    whale_transactions: int | None
    whale_volume_usd: float | None
    network_difficulty: float | None
    block_time_avg: float | None
    mempool_size: int | None
    gas_price_avg: float | None
    total_value_locked: float | None
    staking_ratio: float | None
    data_completeness: float | None
    def __init__(
        self,
        *,
        instrument_id: int,
        source: str,
        observed_at: datetime,
        active_addresses: int | None = ...,
        transaction_count: int | None = ...,
        transaction_volume_native: float | None = ...,
        transaction_volume_usd: float | None = ...,
        hash_rate: float | None = ...,
        exchange_inflow: float | None = ...,
        exchange_outflow: float | None = ...,
        exchange_balance: float | None = ...,
        whale_transactions: int | None = ...,
        whale_volume_usd: float | None = ...,
        network_difficulty: float | None = ...,
        block_time_avg: float | None = ...,
        mempool_size: int | None = ...,
        gas_price_avg: float | None = ...,
        total_value_locked: float | None = ...,
        staking_ratio: float | None = ...,
        data_completeness: float = ...,
    ) -> None: ...
    def to_row(self) -> OnchainData: ...

class OnchainDataUpdate(UpdateContract):
    active_addresses: int | None
    transaction_count: int | None
    transaction_volume_native: float | None
    transaction_volume_usd: float | None
    hash_rate: float | None
    exchange_inflow: float | None
    exchange_outflow: float | None
    exchange_balance: float | None
    whale_transactions: int | None
    whale_volume_usd: float | None
    network_difficulty: float | None
    block_time_avg: float | None
    mempool_size: int | None
    gas_price_avg: float | None
    total_value_locked: float | None
    staking_ratio: float | None
    data_completeness: float | None
    def __init__(
        self,
        *,
        active_addresses: int | None = ...,
        transaction_count: int | None = ...,
        transaction_volume_native: float | None = ...,
        transaction_volume_usd: float | None = ...,
        hash_rate: float | None = ...,
        exchange_inflow: float | None = ...,
        exchange_outflow: float | None = ...,
        exchange_balance: float | None = ...,
        whale_transactions: int | None = ...,
        whale_volume_usd: float | None = ...,
        network_difficulty: float | None = ...,
        block_time_avg: float | None = ...,
        mempool_size: int | None = ...,
        gas_price_avg: float | None = ...,
        total_value_locked: float | None = ...,
        staking_ratio: float | None = ...,
        data_completeness: float = ...,
    ) -> None: ...
    def apply(self, row: OnchainData) -> None: ...

class OnchainDataRead(ReadContract):
    instrument_id: int
    source: str
    observed_at: datetime
    active_addresses: int | None
    transaction_count: int | None
    transaction_volume_native: float | None
    transaction_volume_usd: float | None
    hash_rate: float | None
    exchange_inflow: float | None
    exchange_outflow: float | None
    exchange_balance: float | None
    whale_transactions: int | None
    whale_volume_usd: float | None
    network_difficulty: float | None
    block_time_avg: float | None
    mempool_size: int | None
    gas_price_avg: float | None
    total_value_locked: float | None
    staking_ratio: float | None
    data_completeness: float
    updated_at: datetime

class OrderCreate(CreateContract):
    id: UUID | None
    account_id: UUID
    instrument_id: int
    strategy_id: UUID | None
    signal_id: UUID | None
    decision_id: UUID | None
    trade_id: UUID | None
    client_order_id: str
    venue_order_id: str | None
    side: OrderSide
    position_side: PositionSide | None
    order_type: OrderType
    time_in_force: TimeInForce | None
    quantity: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    trailing_offset: Decimal | None
    filled_quantity: Decimal | None
    filled_value: Decimal | None
    average_price: Decimal | None
    fee: Decimal | None
    fee_currency: str | None
    reduce_only: bool | None
    post_only: bool | None
    status: OrderStatus | None
    venue_status: OrderStatus | None
    status_reason: str | None
    submitted_at: datetime | None
    expires_at: datetime | None
    executed_at: datetime | None
    cancelled_at: datetime | None
    last_event_at: datetime | None
    last_event_sequence: int | None
    amended_at: datetime | None
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        account_id: UUID,
        instrument_id: int,
        strategy_id: UUID | None = ...,
        signal_id: UUID | None = ...,
        decision_id: UUID | None = ...,
        trade_id: UUID | None = ...,
        client_order_id: str,
        venue_order_id: str | None = ...,
        side: OrderSide,
        position_side: PositionSide = ...,
        order_type: OrderType,
        time_in_force: TimeInForce = ...,
        quantity: int | Decimal,
        limit_price: int | Decimal | None = ...,
        stop_price: int | Decimal | None = ...,
        trailing_offset: int | Decimal | None = ...,
        filled_quantity: int | Decimal = ...,
        filled_value: int | Decimal = ...,
        average_price: int | Decimal | None = ...,
        fee: int | Decimal | None = ...,
        fee_currency: str | None = ...,
        reduce_only: bool = ...,
        post_only: bool = ...,
        status: OrderStatus = ...,
        venue_status: OrderStatus | None = ...,
        status_reason: str | None = ...,
        submitted_at: datetime | None = ...,
        expires_at: datetime | None = ...,
        executed_at: datetime | None = ...,
        cancelled_at: datetime | None = ...,
        last_event_at: datetime | None = ...,
        last_event_sequence: int | None = ...,
        amended_at: datetime | None = ...,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def to_row(self) -> Order: ...

class OrderUpdate(UpdateContract):
    account_id: UUID | None
    instrument_id: int | None
    strategy_id: UUID | None
    signal_id: UUID | None
    decision_id: UUID | None
    trade_id: UUID | None
    client_order_id: str | None
    venue_order_id: str | None
    side: OrderSide | None
    position_side: PositionSide | None
    order_type: OrderType | None
    time_in_force: TimeInForce | None
    quantity: Decimal | None
    limit_price: Decimal | None
    stop_price: Decimal | None
    trailing_offset: Decimal | None
    filled_quantity: Decimal | None
    filled_value: Decimal | None
    average_price: Decimal | None
    fee: Decimal | None
    fee_currency: str | None
    reduce_only: bool | None
    post_only: bool | None
    status: OrderStatus | None
    venue_status: OrderStatus | None
    status_reason: str | None
    submitted_at: datetime | None
    expires_at: datetime | None
    executed_at: datetime | None
    cancelled_at: datetime | None
    last_event_at: datetime | None
    last_event_sequence: int | None
    amended_at: datetime | None
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        account_id: UUID = ...,
        instrument_id: int = ...,
        strategy_id: UUID | None = ...,
        signal_id: UUID | None = ...,
        decision_id: UUID | None = ...,
        trade_id: UUID | None = ...,
        client_order_id: str = ...,
        venue_order_id: str | None = ...,
        side: OrderSide = ...,
        position_side: PositionSide = ...,
        order_type: OrderType = ...,
        time_in_force: TimeInForce = ...,
        quantity: int | Decimal = ...,
        limit_price: int | Decimal | None = ...,
        stop_price: int | Decimal | None = ...,
        trailing_offset: int | Decimal | None = ...,
        filled_quantity: int | Decimal = ...,
        filled_value: int | Decimal = ...,
        average_price: int | Decimal | None = ...,
        fee: int | Decimal | None = ...,
        fee_currency: str | None = ...,
        reduce_only: bool = ...,
        post_only: bool = ...,
        status: OrderStatus = ...,
        venue_status: OrderStatus | None = ...,
        status_reason: str | None = ...,
        submitted_at: datetime | None = ...,
        expires_at: datetime | None = ...,
        executed_at: datetime | None = ...,
        cancelled_at: datetime | None = ...,
        last_event_at: datetime | None = ...,
        last_event_sequence: int | None = ...,
        amended_at: datetime | None = ...,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def apply(self, row: Order) -> None: ...

class OrderRead(ReadContract):
    id: UUID
    account_id: UUID
    instrument_id: int
    strategy_id: UUID | None
    signal_id: UUID | None
    decision_id: UUID | None
    trade_id: UUID | None
    client_order_id: str
    venue_order_id: str | None
    side: OrderSide
    position_side: PositionSide
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    trailing_offset: Decimal | None
    filled_quantity: Decimal
    remaining_quantity: Decimal
    filled_value: Decimal
    average_price: Decimal | None
    fee: Decimal | None
    fee_currency: str | None
    reduce_only: bool
    post_only: bool
    status: OrderStatus
    venue_status: OrderStatus | None
    status_reason: str | None
    submitted_at: datetime | None
    expires_at: datetime | None
    executed_at: datetime | None
    cancelled_at: datetime | None
    last_event_at: datetime | None
    last_event_sequence: int | None
    amended_at: datetime | None
    details: dict[str, Any]
    created_at: datetime
    updated_at: datetime

class OrderEventCreate(CreateContract):
    order_id: UUID
    dedupe_key: str
    account_id: UUID
    kind: OrderEventKind
    occurred_at: datetime
    sequence: int | None
    received_at: datetime | None
    quantity: Decimal | None
    limit_price: Decimal | None
    stop_price: Decimal | None
    reason: str | None
    payload: dict[str, Any] | None
    def __init__(
        self,
        *,
        order_id: UUID,
        dedupe_key: str,
        account_id: UUID,
        kind: OrderEventKind,
        occurred_at: datetime,
        sequence: int | None = ...,
        received_at: datetime = ...,
        quantity: int | Decimal | None = ...,
        limit_price: int | Decimal | None = ...,
        stop_price: int | Decimal | None = ...,
        reason: str | None = ...,
        payload: dict[str, Any] = ...,
    ) -> None: ...
    def to_row(self) -> OrderEvent: ...

class OrderEventRead(ReadContract):
    order_id: UUID
    dedupe_key: str
    account_id: UUID
    kind: OrderEventKind
    occurred_at: datetime
    sequence: int | None
    received_at: datetime
    quantity: Decimal | None
    limit_price: Decimal | None
    stop_price: Decimal | None
    reason: str | None
    payload: dict[str, Any]

class OutboxConsumerCreate(CreateContract):
    name: str
    transaction_id: int
    last_id: int
    def __init__(
        self,
        *,
        name: str,
        transaction_id: int,
        last_id: int,
    ) -> None: ...
    def to_row(self) -> OutboxConsumer: ...

class OutboxConsumerUpdate(UpdateContract):
    transaction_id: int | None
    last_id: int | None
    def __init__(
        self,
        *,
        transaction_id: int = ...,
        last_id: int = ...,
    ) -> None: ...
    def apply(self, row: OutboxConsumer) -> None: ...

class OutboxConsumerRead(ReadContract):
    name: str
    transaction_id: int
    last_id: int
    updated_at: datetime

class OutboxEventCreate(CreateContract):
    topic: str
    entity: str
    entity_key: str
    account_id: UUID | None
    payload: dict[str, Any] | None
    occurred_at: datetime | None
    def __init__(
        self,
        *,
        topic: str,
        entity: str,
        entity_key: str,
        account_id: UUID | None = ...,
        payload: dict[str, Any] = ...,
        occurred_at: datetime = ...,
    ) -> None: ...
    def to_row(self) -> OutboxEvent: ...

class OutboxEventUpdate(UpdateContract):
    topic: str | None
    entity: str | None
    entity_key: str | None
    account_id: UUID | None
    payload: dict[str, Any] | None
    occurred_at: datetime | None
    def __init__(
        self,
        *,
        topic: str = ...,
        entity: str = ...,
        entity_key: str = ...,
        account_id: UUID | None = ...,
        payload: dict[str, Any] = ...,
        occurred_at: datetime = ...,
    ) -> None: ...
    def apply(self, row: OutboxEvent) -> None: ...

class OutboxEventRead(ReadContract):
    id: int
    transaction_id: int
    topic: str
    entity: str
    entity_key: str
    account_id: UUID | None
    payload: dict[str, Any]
    occurred_at: datetime

class PerformanceMetricsCreate(CreateContract):
    id: UUID | None
    user_id: UUID | None
    strategy_id: UUID | None
    agent_id: UUID | None
    account_id: UUID | None
    instrument_id: int | None
    mode: TradingMode
    period_start: datetime
    period_end: datetime
    total_return: float | None
    annual_return: float | None
    volatility: float | None
    sharpe_ratio: float | None
    sortino_ratio: float | None
    calmar_ratio: float | None
    max_drawdown: float | None
    win_rate: float | None
    profit_factor: float | None
    expectancy: float | None
    total_trades: int | None
    winning_trades: int | None
    losing_trades: int | None
    net_profit: Decimal | None
    average_win: Decimal | None
    average_loss: Decimal | None
    currency: str | None
    figures: dict[str, Any] | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        user_id: UUID | None = ...,
        strategy_id: UUID | None = ...,
        agent_id: UUID | None = ...,
        account_id: UUID | None = ...,
        instrument_id: int | None = ...,
        mode: TradingMode,
        period_start: datetime,
        period_end: datetime,
        total_return: float | None = ...,
        annual_return: float | None = ...,
        volatility: float | None = ...,
        sharpe_ratio: float | None = ...,
        sortino_ratio: float | None = ...,
        calmar_ratio: float | None = ...,
        max_drawdown: float | None = ...,
        win_rate: float | None = ...,
        profit_factor: float | None = ...,
        expectancy: float | None = ...,
        total_trades: int = ...,
        winning_trades: int = ...,
        losing_trades: int = ...,
        net_profit: int | Decimal | None = ...,
        average_win: int | Decimal | None = ...,
        average_loss: int | Decimal | None = ...,
        currency: str | None = ...,
        figures: dict[str, Any] = ...,
    ) -> None: ...
    def to_row(self) -> PerformanceMetrics: ...

class PerformanceMetricsUpdate(UpdateContract):
    user_id: UUID | None
    strategy_id: UUID | None
    agent_id: UUID | None
    account_id: UUID | None
    instrument_id: int | None
    mode: TradingMode | None
    period_start: datetime | None
    period_end: datetime | None
    total_return: float | None
    annual_return: float | None
    volatility: float | None
    sharpe_ratio: float | None
    sortino_ratio: float | None
    calmar_ratio: float | None
    max_drawdown: float | None
    win_rate: float | None
    profit_factor: float | None
    expectancy: float | None
    total_trades: int | None
    winning_trades: int | None
    losing_trades: int | None
    net_profit: Decimal | None
    average_win: Decimal | None
    average_loss: Decimal | None
    currency: str | None
    figures: dict[str, Any] | None
    def __init__(
        self,
        *,
        user_id: UUID | None = ...,
        strategy_id: UUID | None = ...,
        agent_id: UUID | None = ...,
        account_id: UUID | None = ...,
        instrument_id: int | None = ...,
        mode: TradingMode = ...,
        period_start: datetime = ...,
        period_end: datetime = ...,
        total_return: float | None = ...,
        annual_return: float | None = ...,
        volatility: float | None = ...,
        sharpe_ratio: float | None = ...,
        sortino_ratio: float | None = ...,
        calmar_ratio: float | None = ...,
        max_drawdown: float | None = ...,
        win_rate: float | None = ...,
        profit_factor: float | None = ...,
        expectancy: float | None = ...,
        total_trades: int = ...,
        winning_trades: int = ...,
        losing_trades: int = ...,
        net_profit: int | Decimal | None = ...,
        average_win: int | Decimal | None = ...,
        average_loss: int | Decimal | None = ...,
        currency: str | None = ...,
        figures: dict[str, Any] = ...,
    ) -> None: ...
    def apply(self, row: PerformanceMetrics) -> None: ...

class PerformanceMetricsRead(ReadContract):
    id: UUID
    user_id: UUID | None
    strategy_id: UUID | None
    agent_id: UUID | None
    account_id: UUID | None
    instrument_id: int | None
    mode: TradingMode
    period_start: datetime
    period_end: datetime
    total_return: float | None
    annual_return: float | None
    volatility: float | None
    sharpe_ratio: float | None
    sortino_ratio: float | None
    calmar_ratio: float | None
    max_drawdown: float | None
    win_rate: float | None
    profit_factor: float | None
    expectancy: float | None
    total_trades: int
    winning_trades: int
    losing_trades: int
    net_profit: Decimal | None
    average_win: Decimal | None
    average_loss: Decimal | None
    currency: str | None
    figures: dict[str, Any]
    created_at: datetime
    updated_at: datetime

class PortfolioHoldingCreate(CreateContract):
    account_id: UUID
    asset: str
    instrument_id: int | None
    quantity: Decimal
    available: Decimal | None
    average_price: Decimal | None
    current_price: Decimal | None
    market_value: Decimal | None
    cost_basis: Decimal | None
    unrealized_pnl: Decimal | None
    realized_pnl: Decimal | None
    currency: str | None
    valued_at: datetime
    def __init__(
        self,
        *,
        account_id: UUID,
        asset: str,
        instrument_id: int | None = ...,
        quantity: int | Decimal,
        available: int | Decimal | None = ...,
        average_price: int | Decimal | None = ...,
        current_price: int | Decimal | None = ...,
        market_value: int | Decimal | None = ...,
        cost_basis: int | Decimal | None = ...,
        unrealized_pnl: int | Decimal | None = ...,
        realized_pnl: int | Decimal | None = ...,
        currency: str | None = ...,
        valued_at: datetime,
    ) -> None: ...
    def to_row(self) -> PortfolioHolding: ...

class PortfolioHoldingUpdate(UpdateContract):
    instrument_id: int | None
    quantity: Decimal | None
    available: Decimal | None
    average_price: Decimal | None
    current_price: Decimal | None
    market_value: Decimal | None
    cost_basis: Decimal | None
    unrealized_pnl: Decimal | None
    realized_pnl: Decimal | None
    currency: str | None
    valued_at: datetime | None
    def __init__(
        self,
        *,
        instrument_id: int | None = ...,
        quantity: int | Decimal = ...,
        available: int | Decimal | None = ...,
        average_price: int | Decimal | None = ...,
        current_price: int | Decimal | None = ...,
        market_value: int | Decimal | None = ...,
        cost_basis: int | Decimal | None = ...,
        unrealized_pnl: int | Decimal | None = ...,
        realized_pnl: int | Decimal | None = ...,
        currency: str | None = ...,
        valued_at: datetime = ...,
    ) -> None: ...
    def apply(self, row: PortfolioHolding) -> None: ...

class PortfolioHoldingRead(ReadContract):
    account_id: UUID
    asset: str
    instrument_id: int | None
    quantity: Decimal
    available: Decimal | None
    average_price: Decimal | None
    current_price: Decimal | None
    market_value: Decimal | None
    cost_basis: Decimal | None
    unrealized_pnl: Decimal | None
    realized_pnl: Decimal | None
    currency: str | None
    valued_at: datetime
    updated_at: datetime

class PortfolioSnapshotCreate(CreateContract):
    account_id: UUID
    taken_at: datetime
    currency: str
    cash: Decimal
    positions_value: Decimal
    equity: Decimal
    realized_pnl: Decimal | None
    unrealized_pnl: Decimal | None
    drawdown: float | None
    holdings: dict[str, Any] | None
    source: str | None
    def __init__(
        self,
        *,
        account_id: UUID,
        taken_at: datetime,
        currency: str,
        cash: int | Decimal,
        positions_value: int | Decimal,
        equity: int | Decimal,
        realized_pnl: int | Decimal | None = ...,
        unrealized_pnl: int | Decimal | None = ...,
        drawdown: float | None = ...,
        holdings: dict[str, Any] = ...,
        source: str | None = ...,
    ) -> None: ...
    def to_row(self) -> PortfolioSnapshot: ...

class PortfolioSnapshotUpdate(UpdateContract):
    currency: str | None
    cash: Decimal | None
    positions_value: Decimal | None
    equity: Decimal | None
    realized_pnl: Decimal | None
    unrealized_pnl: Decimal | None
    drawdown: float | None
    holdings: dict[str, Any] | None
    source: str | None
    def __init__(
        self,
        *,
        currency: str = ...,
        cash: int | Decimal = ...,
        positions_value: int | Decimal = ...,
        equity: int | Decimal = ...,
        realized_pnl: int | Decimal | None = ...,
        unrealized_pnl: int | Decimal | None = ...,
        drawdown: float | None = ...,
        holdings: dict[str, Any] = ...,
        source: str | None = ...,
    ) -> None: ...
    def apply(self, row: PortfolioSnapshot) -> None: ...

class PortfolioSnapshotRead(ReadContract):
    account_id: UUID
    taken_at: datetime
    currency: str
    cash: Decimal
    positions_value: Decimal
    equity: Decimal
    realized_pnl: Decimal | None
    unrealized_pnl: Decimal | None
    drawdown: float | None
    holdings: dict[str, Any]
    source: str | None

class PositionCreate(CreateContract):
    account_id: UUID
    instrument_id: int
    side: PositionSide
    quantity: Decimal
    average_entry_price: Decimal | None
    realized_pnl: Decimal | None
    fees: Decimal | None
    other_fees: dict[str, Decimal] | None
    funding: Decimal | None
    mark_price: Decimal | None
    marked_at: datetime | None
    unrealized_pnl: Decimal | None
    leverage: Decimal | None
    margin_used: Decimal | None
    liquidation_price: Decimal | None
    stop_price: Decimal | None
    target_price: Decimal | None
    opened_at: datetime | None
    last_fill_at: datetime | None
    last_fill_place: str | None
    lots: list[HeldLot] | None
    def __init__(
        self,
        *,
        account_id: UUID,
        instrument_id: int,
        side: PositionSide,
        quantity: int | Decimal,
        average_entry_price: int | Decimal | None = ...,
        realized_pnl: int | Decimal = ...,
        fees: int | Decimal = ...,
        other_fees: dict[str, Decimal] = ...,
        funding: int | Decimal = ...,
        mark_price: int | Decimal | None = ...,
        marked_at: datetime | None = ...,
        unrealized_pnl: int | Decimal | None = ...,
        leverage: int | Decimal | None = ...,
        margin_used: int | Decimal | None = ...,
        liquidation_price: int | Decimal | None = ...,
        stop_price: int | Decimal | None = ...,
        target_price: int | Decimal | None = ...,
        opened_at: datetime | None = ...,
        last_fill_at: datetime | None = ...,
        last_fill_place: str | None = ...,
        lots: list[HeldLot] | None = ...,
    ) -> None: ...
    def to_row(self) -> Position: ...

class PositionUpdate(UpdateContract):
    quantity: Decimal | None
    average_entry_price: Decimal | None
    realized_pnl: Decimal | None
    fees: Decimal | None
    other_fees: dict[str, Decimal] | None
    funding: Decimal | None
    mark_price: Decimal | None
    marked_at: datetime | None
    unrealized_pnl: Decimal | None
    leverage: Decimal | None
    margin_used: Decimal | None
    liquidation_price: Decimal | None
    stop_price: Decimal | None
    target_price: Decimal | None
    opened_at: datetime | None
    last_fill_at: datetime | None
    last_fill_place: str | None
    lots: list[HeldLot] | None
    def __init__(
        self,
        *,
        quantity: int | Decimal = ...,
        average_entry_price: int | Decimal | None = ...,
        realized_pnl: int | Decimal = ...,
        fees: int | Decimal = ...,
        other_fees: dict[str, Decimal] = ...,
        funding: int | Decimal = ...,
        mark_price: int | Decimal | None = ...,
        marked_at: datetime | None = ...,
        unrealized_pnl: int | Decimal | None = ...,
        leverage: int | Decimal | None = ...,
        margin_used: int | Decimal | None = ...,
        liquidation_price: int | Decimal | None = ...,
        stop_price: int | Decimal | None = ...,
        target_price: int | Decimal | None = ...,
        opened_at: datetime | None = ...,
        last_fill_at: datetime | None = ...,
        last_fill_place: str | None = ...,
        lots: list[HeldLot] | None = ...,
    ) -> None: ...
    def apply(self, row: Position) -> None: ...

class PositionRead(ReadContract):
    account_id: UUID
    instrument_id: int
    side: PositionSide
    quantity: Decimal
    average_entry_price: Decimal | None
    realized_pnl: Decimal
    fees: Decimal
    other_fees: dict[str, Decimal]
    funding: Decimal
    mark_price: Decimal | None
    marked_at: datetime | None
    unrealized_pnl: Decimal | None
    leverage: Decimal | None
    margin_used: Decimal | None
    liquidation_price: Decimal | None
    stop_price: Decimal | None
    target_price: Decimal | None
    opened_at: datetime | None
    last_fill_at: datetime | None
    last_fill_place: str | None
    lots: list[HeldLot] | None
    created_at: datetime
    updated_at: datetime

class PositionCheckpointCreate(CreateContract):
    account_id: UUID
    instrument_id: int
    side: PositionSide
    last_fill_at: datetime
    last_fill_place: str
    quantity: Decimal
    average_entry_price: Decimal | None
    realized_pnl: Decimal
    fees: Decimal
    other_fees: dict[str, Decimal]
    opened_at: datetime | None
    lots: list[HeldLot] | None
    def __init__(
        self,
        *,
        account_id: UUID,
        instrument_id: int,
        side: PositionSide,
        last_fill_at: datetime,
        last_fill_place: str,
        quantity: int | Decimal,
        average_entry_price: int | Decimal | None = ...,
        realized_pnl: int | Decimal,
        fees: int | Decimal,
        other_fees: dict[str, Decimal],
        opened_at: datetime | None = ...,
        lots: list[HeldLot] | None = ...,
    ) -> None: ...
    def to_row(self) -> PositionCheckpoint: ...

class PositionCheckpointUpdate(UpdateContract):
    last_fill_place: str | None
    quantity: Decimal | None
    average_entry_price: Decimal | None
    realized_pnl: Decimal | None
    fees: Decimal | None
    other_fees: dict[str, Decimal] | None
    opened_at: datetime | None
    lots: list[HeldLot] | None
    def __init__(
        self,
        *,
        last_fill_place: str = ...,
        quantity: int | Decimal = ...,
        average_entry_price: int | Decimal | None = ...,
        realized_pnl: int | Decimal = ...,
        fees: int | Decimal = ...,
        other_fees: dict[str, Decimal] = ...,
        opened_at: datetime | None = ...,
        lots: list[HeldLot] | None = ...,
    ) -> None: ...
    def apply(self, row: PositionCheckpoint) -> None: ...

class PositionCheckpointRead(ReadContract):
    account_id: UUID
    instrument_id: int
    side: PositionSide
    last_fill_at: datetime
    last_fill_place: str
    quantity: Decimal
    average_entry_price: Decimal | None
    realized_pnl: Decimal
    fees: Decimal
    other_fees: dict[str, Decimal]
    opened_at: datetime | None
    lots: list[HeldLot] | None

class PriceZoneCreate(CreateContract):
    id: UUID | None
    instrument_id: int
    timeframe: str | None
    kind: ZoneKind
    price: Decimal
    lower_price: Decimal | None
    upper_price: Decimal | None
    volume: Decimal | None
    strength: float | None
    detected_at: datetime | None
    broken_at: datetime | None
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        instrument_id: int,
        timeframe: str | None = ...,
        kind: ZoneKind,
        price: int | Decimal,
        lower_price: int | Decimal | None = ...,
        upper_price: int | Decimal | None = ...,
        volume: int | Decimal | None = ...,
        strength: float | None = ...,
        detected_at: datetime = ...,
        broken_at: datetime | None = ...,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def to_row(self) -> PriceZone: ...

class PriceZoneUpdate(UpdateContract):
    instrument_id: int | None
    timeframe: str | None
    kind: ZoneKind | None
    price: Decimal | None
    lower_price: Decimal | None
    upper_price: Decimal | None
    volume: Decimal | None
    strength: float | None
    detected_at: datetime | None
    broken_at: datetime | None
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        instrument_id: int = ...,
        timeframe: str | None = ...,
        kind: ZoneKind = ...,
        price: int | Decimal = ...,
        lower_price: int | Decimal | None = ...,
        upper_price: int | Decimal | None = ...,
        volume: int | Decimal | None = ...,
        strength: float | None = ...,
        detected_at: datetime = ...,
        broken_at: datetime | None = ...,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def apply(self, row: PriceZone) -> None: ...

class PriceZoneRead(ReadContract):
    id: UUID
    instrument_id: int
    timeframe: str | None
    kind: ZoneKind
    price: Decimal
    lower_price: Decimal | None
    upper_price: Decimal | None
    volume: Decimal | None
    strength: float | None
    detected_at: datetime
    broken_at: datetime | None
    details: dict[str, Any]
    created_at: datetime
    updated_at: datetime

class QuarantinedCandleCreate(CreateContract):
    id: UUID | None
    instrument_id: int
    timeframe: str
    source: str | None
    row_number: int
    reason: str
    values: dict[str, Any] | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        instrument_id: int,
        timeframe: str,
        source: str | None = ...,
        row_number: int,
        reason: str,
        values: dict[str, Any] = ...,
    ) -> None: ...
    def to_row(self) -> QuarantinedCandle: ...

class QuarantinedCandleUpdate(UpdateContract):
    instrument_id: int | None
    timeframe: str | None
    source: str | None
    row_number: int | None
    reason: str | None
    values: dict[str, Any] | None
    def __init__(
        self,
        *,
        instrument_id: int = ...,
        timeframe: str = ...,
        source: str | None = ...,
        row_number: int = ...,
        reason: str = ...,
        values: dict[str, Any] = ...,
    ) -> None: ...
    def apply(self, row: QuarantinedCandle) -> None: ...

class QuarantinedCandleRead(ReadContract):
    id: UUID
    instrument_id: int
    timeframe: str
    source: str | None
    row_number: int
    reason: str
    values: dict[str, Any]
    created_at: datetime

class ReconciliationRecordCreate(CreateContract):
    account_id: UUID
    taken_at: datetime
    difference_count: int | None
    unexplained_count: int | None
    differences: list[RecordedDifference] | None
    applied_at: datetime | None
    def __init__(
        self,
        *,
        account_id: UUID,
        taken_at: datetime,
        difference_count: int = ...,
        unexplained_count: int = ...,
        differences: list[RecordedDifference] = ...,
        applied_at: datetime | None = ...,
    ) -> None: ...
    def to_row(self) -> ReconciliationRecord: ...

class ReconciliationRecordUpdate(UpdateContract):
    difference_count: int | None
    unexplained_count: int | None
    differences: list[RecordedDifference] | None
    applied_at: datetime | None
    def __init__(
        self,
        *,
        difference_count: int = ...,
        unexplained_count: int = ...,
        differences: list[RecordedDifference] = ...,
        applied_at: datetime | None = ...,
    ) -> None: ...
    def apply(self, row: ReconciliationRecord) -> None: ...

class ReconciliationRecordRead(ReadContract):
    account_id: UUID
    taken_at: datetime
    difference_count: int
    unexplained_count: int
    differences: list[RecordedDifference]
    applied_at: datetime | None
    created_at: datetime
    updated_at: datetime

class RuleEmbeddingCreate(CreateContract):
    space_id: int
    rule_id: UUID
    chunk: int | None
    user_id: UUID | None
    known_at: datetime
    content_sha256: bytes
    embedding: list[float]
    def __init__(
        self,
        *,
        space_id: int,
        rule_id: UUID,
        chunk: int = ...,
        user_id: UUID | None = ...,
        known_at: datetime,
        content_sha256: bytes,
        embedding: list[float],
    ) -> None: ...
    def to_row(self) -> RuleEmbedding: ...

class RuleEmbeddingUpdate(UpdateContract):
    user_id: UUID | None
    known_at: datetime | None
    content_sha256: bytes | None
    embedding: list[float] | None
    def __init__(
        self,
        *,
        user_id: UUID | None = ...,
        known_at: datetime = ...,
        content_sha256: bytes = ...,
        embedding: list[float] = ...,
    ) -> None: ...
    def apply(self, row: RuleEmbedding) -> None: ...

class RuleEmbeddingRead(ReadContract):
    space_id: int
    rule_id: UUID
    chunk: int
    user_id: UUID | None
    known_at: datetime
    content_sha256: bytes
    embedding: list[float]
    created_at: datetime

class SemanticMemoryCreate(CreateContract):
    id: UUID | None
    user_id: UUID | None
    memory_type: str
    content: str
    keywords: list[str] | None
    symbols: list[str] | None
    confidence: float | None
    reinforcement_count: int | None
    last_reinforced_at: datetime | None
    known_at: datetime | None
    retracted_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        user_id: UUID | None = ...,
        memory_type: str,
        content: str,
        keywords: list[str] = ...,
        symbols: list[str] = ...,
        confidence: float = ...,
        reinforcement_count: int = ...,
        last_reinforced_at: datetime | None = ...,
        known_at: datetime = ...,
        retracted_at: datetime | None = ...,
    ) -> None: ...
    def to_row(self) -> SemanticMemory: ...

class SemanticMemoryUpdate(UpdateContract):
    user_id: UUID | None
    memory_type: str | None
    content: str | None
    keywords: list[str] | None
    symbols: list[str] | None
    confidence: float | None
    reinforcement_count: int | None
    last_reinforced_at: datetime | None
    known_at: datetime | None
    retracted_at: datetime | None
    def __init__(
        self,
        *,
        user_id: UUID | None = ...,
        memory_type: str = ...,
        content: str = ...,
        keywords: list[str] = ...,
        symbols: list[str] = ...,
        confidence: float = ...,
        reinforcement_count: int = ...,
        last_reinforced_at: datetime | None = ...,
        known_at: datetime = ...,
        retracted_at: datetime | None = ...,
    ) -> None: ...
    def apply(self, row: SemanticMemory) -> None: ...

class SemanticMemoryRead(ReadContract):
    id: UUID
    user_id: UUID | None
    memory_type: str
    content: str
    keywords: list[str]
    symbols: list[str]
    confidence: float
    reinforcement_count: int
    last_reinforced_at: datetime | None
    known_at: datetime
    retracted_at: datetime | None
    created_at: datetime
    updated_at: datetime

class SentimentDataCreate(CreateContract):
    instrument_id: int
    source: str
    observed_at: datetime
    social_volume: int | None
    social_sentiment: float | None
    social_dominance: float | None
    twitter_mentions: int | None
    twitter_sentiment: float | None
    reddit_mentions: int | None
    reddit_sentiment: float | None
    telegram_mentions: int | None
    fear_greed_index: int | None
    market_sentiment: str | None
    sample_size: int | None
    confidence_score: float | None
    def __init__(
        self,
        *,
        instrument_id: int,
        source: str,
        observed_at: datetime,
        social_volume: int | None = ...,
        social_sentiment: float | None = ...,
        social_dominance: float | None = ...,
        twitter_mentions: int | None = ...,
        twitter_sentiment: float | None = ...,
        reddit_mentions: int | None = ...,
        reddit_sentiment: float | None = ...,
        telegram_mentions: int | None = ...,
        fear_greed_index: int | None = ...,
        market_sentiment: str | None = ...,
        sample_size: int | None = ...,
        confidence_score: float | None = ...,
    ) -> None: ...
    def to_row(self) -> SentimentData: ...

class SentimentDataUpdate(UpdateContract):
    social_volume: int | None
    social_sentiment: float | None
    social_dominance: float | None
    twitter_mentions: int | None
    twitter_sentiment: float | None
    reddit_mentions: int | None
    reddit_sentiment: float | None
    telegram_mentions: int | None
    fear_greed_index: int | None
    market_sentiment: str | None
    sample_size: int | None
    confidence_score: float | None
    def __init__(
        self,
        *,
        social_volume: int | None = ...,
        social_sentiment: float | None = ...,
        social_dominance: float | None = ...,
        twitter_mentions: int | None = ...,
        twitter_sentiment: float | None = ...,
        reddit_mentions: int | None = ...,
        reddit_sentiment: float | None = ...,
        telegram_mentions: int | None = ...,
        fear_greed_index: int | None = ...,
        market_sentiment: str | None = ...,
        sample_size: int | None = ...,
        confidence_score: float | None = ...,
    ) -> None: ...
    def apply(self, row: SentimentData) -> None: ...

class SentimentDataRead(ReadContract):
    instrument_id: int
    source: str
    observed_at: datetime
    social_volume: int | None
    social_sentiment: float | None
    social_dominance: float | None
    twitter_mentions: int | None
    twitter_sentiment: float | None
    reddit_mentions: int | None
    reddit_sentiment: float | None
    telegram_mentions: int | None
    fear_greed_index: int | None
    market_sentiment: str | None
    sample_size: int | None
    confidence_score: float | None

class SeriesCoverageRead(ReadContract):
    instrument_id: int
    timeframe: str
    first_open_time: datetime
    last_open_time: datetime
    candle_count: int
    source: str | None
    is_syncing: bool
    last_synced_at: datetime | None
    sync_error: str | None
    updated_at: datetime

class SignalCreate(CreateContract):
    id: UUID | None
    user_id: UUID | None
    strategy_id: UUID | None
    rule_id: UUID | None
    instrument_id: int
    timeframe: str | None
    kind: str
    direction: SignalDirection
    strength: float | None
    confidence: float | None
    entry_price: Decimal | None
    stop_price: Decimal | None
    target_prices: list[Decimal] | None
    indicators: dict[str, Any] | None
    patterns: list[Any] | None
    context: dict[str, Any] | None
    reasoning: str | None
    source: str | None
    status: SignalStatus | None
    fired_at: datetime
    expires_at: datetime | None
    triggered_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        user_id: UUID | None = ...,
        strategy_id: UUID | None = ...,
        rule_id: UUID | None = ...,
        instrument_id: int,
        timeframe: str | None = ...,
        kind: str,
        direction: SignalDirection,
        strength: float | None = ...,
        confidence: float | None = ...,
        entry_price: int | Decimal | None = ...,
        stop_price: int | Decimal | None = ...,
        target_prices: list[Decimal] = ...,
        indicators: dict[str, Any] = ...,
        patterns: list[Any] = ...,
        context: dict[str, Any] = ...,
        reasoning: str | None = ...,
        source: str | None = ...,
        status: SignalStatus = ...,
        fired_at: datetime,
        expires_at: datetime | None = ...,
        triggered_at: datetime | None = ...,
    ) -> None: ...
    def to_row(self) -> Signal: ...

class SignalUpdate(UpdateContract):
    user_id: UUID | None
    strategy_id: UUID | None
    rule_id: UUID | None
    instrument_id: int | None
    timeframe: str | None
    kind: str | None
    direction: SignalDirection | None
    strength: float | None
    confidence: float | None
    entry_price: Decimal | None
    stop_price: Decimal | None
    target_prices: list[Decimal] | None
    indicators: dict[str, Any] | None
    patterns: list[Any] | None
    context: dict[str, Any] | None
    reasoning: str | None
    source: str | None
    status: SignalStatus | None
    fired_at: datetime | None
    expires_at: datetime | None
    triggered_at: datetime | None
    def __init__(
        self,
        *,
        user_id: UUID | None = ...,
        strategy_id: UUID | None = ...,
        rule_id: UUID | None = ...,
        instrument_id: int = ...,
        timeframe: str | None = ...,
        kind: str = ...,
        direction: SignalDirection = ...,
        strength: float | None = ...,
        confidence: float | None = ...,
        entry_price: int | Decimal | None = ...,
        stop_price: int | Decimal | None = ...,
        target_prices: list[Decimal] = ...,
        indicators: dict[str, Any] = ...,
        patterns: list[Any] = ...,
        context: dict[str, Any] = ...,
        reasoning: str | None = ...,
        source: str | None = ...,
        status: SignalStatus = ...,
        fired_at: datetime = ...,
        expires_at: datetime | None = ...,
        triggered_at: datetime | None = ...,
    ) -> None: ...
    def apply(self, row: Signal) -> None: ...

class SignalRead(ReadContract):
    id: UUID
    user_id: UUID | None
    strategy_id: UUID | None
    rule_id: UUID | None
    instrument_id: int
    timeframe: str | None
    kind: str
    direction: SignalDirection
    strength: float | None
    confidence: float | None
    entry_price: Decimal | None
    stop_price: Decimal | None
    target_prices: list[Decimal]
    indicators: dict[str, Any]
    patterns: list[Any]
    context: dict[str, Any]
    reasoning: str | None
    source: str | None
    status: SignalStatus
    fired_at: datetime
    expires_at: datetime | None
    triggered_at: datetime | None
    created_at: datetime
    updated_at: datetime

class StrategyCreate(CreateContract):
    id: UUID | None
    user_id: UUID | None
    agent_id: UUID | None
    name: str
    description: str | None
    kind: str | None
    symbols: list[str] | None
    timeframes: list[str] | None
    parameters: dict[str, Any] | None
    entry_conditions: list[Any] | None
    exit_conditions: list[Any] | None
    allocation: dict[str, Decimal] | None
    risk_profile: str | None
    risk_limits: RiskParameters | None
    monitoring: dict[str, Any] | None
    confidence: float | None
    reasoning: str | None
    status: StrategyStatus | None
    approved_at: datetime | None
    approved_by: UUID | None
    version: int | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        user_id: UUID | None = ...,
        agent_id: UUID | None = ...,
        name: str,
        description: str | None = ...,
        kind: str | None = ...,
        symbols: list[str] = ...,
        timeframes: list[str] = ...,
        parameters: dict[str, Any] = ...,
        entry_conditions: list[Any] = ...,
        exit_conditions: list[Any] = ...,
        allocation: dict[str, Decimal] = ...,
        risk_profile: str | None = ...,
        risk_limits: RiskParameters = ...,
        monitoring: dict[str, Any] = ...,
        confidence: float | None = ...,
        reasoning: str | None = ...,
        status: StrategyStatus = ...,
        approved_at: datetime | None = ...,
        approved_by: UUID | None = ...,
        version: int = ...,
    ) -> None: ...
    def to_row(self) -> Strategy: ...

class StrategyUpdate(UpdateContract):
    user_id: UUID | None
    agent_id: UUID | None
    name: str | None
    description: str | None
    kind: str | None
    symbols: list[str] | None
    timeframes: list[str] | None
    parameters: dict[str, Any] | None
    entry_conditions: list[Any] | None
    exit_conditions: list[Any] | None
    allocation: dict[str, Decimal] | None
    risk_profile: str | None
    risk_limits: RiskParameters | None
    monitoring: dict[str, Any] | None
    confidence: float | None
    reasoning: str | None
    status: StrategyStatus | None
    approved_at: datetime | None
    approved_by: UUID | None
    version: int | None
    def __init__(
        self,
        *,
        user_id: UUID | None = ...,
        agent_id: UUID | None = ...,
        name: str = ...,
        description: str | None = ...,
        kind: str | None = ...,
        symbols: list[str] = ...,
        timeframes: list[str] = ...,
        parameters: dict[str, Any] = ...,
        entry_conditions: list[Any] = ...,
        exit_conditions: list[Any] = ...,
        allocation: dict[str, Decimal] = ...,
        risk_profile: str | None = ...,
        risk_limits: RiskParameters = ...,
        monitoring: dict[str, Any] = ...,
        confidence: float | None = ...,
        reasoning: str | None = ...,
        status: StrategyStatus = ...,
        approved_at: datetime | None = ...,
        approved_by: UUID | None = ...,
        version: int = ...,
    ) -> None: ...
    def apply(self, row: Strategy) -> None: ...

class StrategyRead(ReadContract):
    id: UUID
    user_id: UUID | None
    agent_id: UUID | None
    name: str
    description: str | None
    kind: str | None
    symbols: list[str]
    timeframes: list[str]
    parameters: dict[str, Any]
    entry_conditions: list[Any]
    exit_conditions: list[Any]
    allocation: dict[str, Decimal]
    risk_profile: str | None
    risk_limits: RiskParameters
    monitoring: dict[str, Any]
    confidence: float | None
    reasoning: str | None
    status: StrategyStatus
    approved_at: datetime | None
    approved_by: UUID | None
    version: int
    created_at: datetime
    updated_at: datetime

class StrategyRuleCreate(CreateContract):
    id: UUID | None
    user_id: UUID | None
    strategy_id: UUID | None
    name: str
    description: str | None
    source_type: RuleSource | None
    source_ref: str | None
    source_timestamp: float | None
    source_page_number: int | None
    entry_type: str
    conditions: list[Any] | None
    confluence_required: list[Any] | None
    risk_params: RiskParameters | None
    confidence: float | None
    trade_count: int | None
    win_rate: float | None
    avg_r_multiple: Decimal | None
    tags: list[str] | None
    notes: str | None
    is_enabled: bool | None
    last_used_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        user_id: UUID | None = ...,
        strategy_id: UUID | None = ...,
        name: str,
        description: str | None = ...,
        source_type: RuleSource = ...,
        source_ref: str = ...,
        source_timestamp: float | None = ...,
        source_page_number: int | None = ...,
        entry_type: str,
        conditions: list[Any] = ...,
        confluence_required: list[Any] = ...,
        risk_params: RiskParameters = ...,
        confidence: float = ...,
        trade_count: int = ...,
        win_rate: float | None = ...,
        avg_r_multiple: int | Decimal | None = ...,
        tags: list[str] = ...,
        notes: str | None = ...,
        is_enabled: bool = ...,
        last_used_at: datetime | None = ...,
    ) -> None: ...
    def to_row(self) -> StrategyRule: ...

class StrategyRuleUpdate(UpdateContract):
    user_id: UUID | None
    strategy_id: UUID | None
    name: str | None
    description: str | None
    source_type: RuleSource | None
    source_ref: str | None
    source_timestamp: float | None
    source_page_number: int | None
    entry_type: str | None
    conditions: list[Any] | None
    confluence_required: list[Any] | None
    risk_params: RiskParameters | None
    confidence: float | None
    trade_count: int | None
    win_rate: float | None
    avg_r_multiple: Decimal | None
    tags: list[str] | None
    notes: str | None
    is_enabled: bool | None
    last_used_at: datetime | None
    def __init__(
        self,
        *,
        user_id: UUID | None = ...,
        strategy_id: UUID | None = ...,
        name: str = ...,
        description: str | None = ...,
        source_type: RuleSource = ...,
        source_ref: str = ...,
        source_timestamp: float | None = ...,
        source_page_number: int | None = ...,
        entry_type: str = ...,
        conditions: list[Any] = ...,
        confluence_required: list[Any] = ...,
        risk_params: RiskParameters = ...,
        confidence: float = ...,
        trade_count: int = ...,
        win_rate: float | None = ...,
        avg_r_multiple: int | Decimal | None = ...,
        tags: list[str] = ...,
        notes: str | None = ...,
        is_enabled: bool = ...,
        last_used_at: datetime | None = ...,
    ) -> None: ...
    def apply(self, row: StrategyRule) -> None: ...

class StrategyRuleRead(ReadContract):
    id: UUID
    user_id: UUID | None
    strategy_id: UUID | None
    name: str
    description: str | None
    source_type: RuleSource
    source_ref: str
    source_timestamp: float | None
    source_page_number: int | None
    entry_type: str
    conditions: list[Any]
    confluence_required: list[Any]
    risk_params: RiskParameters
    confidence: float
    trade_count: int
    win_rate: float | None
    avg_r_multiple: Decimal | None
    tags: list[str]
    notes: str | None
    is_enabled: bool
    last_used_at: datetime | None
    created_at: datetime
    updated_at: datetime

class SystemConfigCreate(CreateContract):
    key: str
    version: int | None
    value: Any
    description: str | None
    updated_by: UUID | None
    updated_by_name: str | None
    superseded_at: datetime | None
    def __init__(
        self,
        *,
        key: str,
        version: int = ...,
        value: Any,
        description: str | None = ...,
        updated_by: UUID | None = ...,
        updated_by_name: str | None = ...,
        superseded_at: datetime | None = ...,
    ) -> None: ...
    def to_row(self) -> SystemConfig: ...

class SystemConfigUpdate(UpdateContract):
    value: Any
    description: str | None
    updated_by: UUID | None
    updated_by_name: str | None
    superseded_at: datetime | None
    def __init__(
        self,
        *,
        value: Any = ...,
        description: str | None = ...,
        updated_by: UUID | None = ...,
        updated_by_name: str | None = ...,
        superseded_at: datetime | None = ...,
    ) -> None: ...
    def apply(self, row: SystemConfig) -> None: ...

class SystemConfigRead(ReadContract):
    key: str
    version: int
    value: Any
    description: str | None
    updated_by: UUID | None
    updated_by_name: str | None
    created_at: datetime
    superseded_at: datetime | None

class SystemHealthCreate(CreateContract):
    component: str
    checked_at: datetime
    status: ComponentStatus
    latency_ms: float | None
    response_time_ms: float | None
    network_latency_ms: float | None
    uptime_seconds: int | None
    cpu_percent: float | None
    memory_percent: float | None
    memory_mb: float | None
    disk_percent: float | None
    active_connections: int | None
    queue_depth: int | None
    error_count: int | None
    error_rate: float | None
    last_error: str | None
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        component: str,
        checked_at: datetime,
        status: ComponentStatus,
        latency_ms: float | None = ...,
        response_time_ms: float | None = ...,
        network_latency_ms: float | None = ...,
        uptime_seconds: int | None = ...,
        cpu_percent: float | None = ...,
        memory_percent: float | None = ...,
        memory_mb: float | None = ...,
        disk_percent: float | None = ...,
        active_connections: int | None = ...,
        queue_depth: int | None = ...,
        error_count: int = ...,
        error_rate: float | None = ...,
        last_error: str | None = ...,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def to_row(self) -> SystemHealth: ...

class SystemHealthUpdate(UpdateContract):
    status: ComponentStatus | None
    latency_ms: float | None
    response_time_ms: float | None
    network_latency_ms: float | None
    uptime_seconds: int | None
    cpu_percent: float | None
    memory_percent: float | None
    memory_mb: float | None
    disk_percent: float | None
    active_connections: int | None
    queue_depth: int | None
    error_count: int | None
    error_rate: float | None
    last_error: str | None
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        status: ComponentStatus = ...,
        latency_ms: float | None = ...,
        response_time_ms: float | None = ...,
        network_latency_ms: float | None = ...,
        uptime_seconds: int | None = ...,
        cpu_percent: float | None = ...,
        memory_percent: float | None = ...,
        memory_mb: float | None = ...,
        disk_percent: float | None = ...,
        active_connections: int | None = ...,
        queue_depth: int | None = ...,
        error_count: int = ...,
        error_rate: float | None = ...,
        last_error: str | None = ...,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def apply(self, row: SystemHealth) -> None: ...

class SystemHealthRead(ReadContract):
    component: str
    checked_at: datetime
    status: ComponentStatus
    latency_ms: float | None
    response_time_ms: float | None
    network_latency_ms: float | None
    uptime_seconds: int | None
    cpu_percent: float | None
    memory_percent: float | None
    memory_mb: float | None
    disk_percent: float | None
    active_connections: int | None
    queue_depth: int | None
    error_count: int
    error_rate: float | None
    last_error: str | None
    details: dict[str, Any]

class SystemMetricCreate(CreateContract):
    metric: str
    measured_at: datetime
    entry_id: UUID | None
    kind: MetricKind | None
    value: float
    unit: str | None
    component: str | None
    service: str | None
    environment: str | None
    tags: dict[str, Any] | None
    def __init__(
        self,
        *,
        metric: str,
        measured_at: datetime,
        entry_id: UUID = ...,
        kind: MetricKind = ...,
        value: float,
        unit: str | None = ...,
        component: str | None = ...,
        service: str | None = ...,
        environment: str | None = ...,
        tags: dict[str, Any] = ...,
    ) -> None: ...
    def to_row(self) -> SystemMetric: ...

class SystemMetricUpdate(UpdateContract):
    kind: MetricKind | None
    value: float | None
    unit: str | None
    component: str | None
    service: str | None
    environment: str | None
    tags: dict[str, Any] | None
    def __init__(
        self,
        *,
        kind: MetricKind = ...,
        value: float = ...,
        unit: str | None = ...,
        component: str | None = ...,
        service: str | None = ...,
        environment: str | None = ...,
        tags: dict[str, Any] = ...,
    ) -> None: ...
    def apply(self, row: SystemMetric) -> None: ...

class SystemMetricRead(ReadContract):
    metric: str
    measured_at: datetime
    entry_id: UUID
    kind: MetricKind
    value: float
    unit: str | None
    component: str | None
    service: str | None
    environment: str | None
    tags: dict[str, Any]

class TimeframeInfoRead(ReadContract):
    code: Timeframe
    duration: timedelta
    position: int

class TradeCreate(CreateContract):
    id: UUID | None
    account_id: UUID | None
    user_id: UUID | None
    mode: TradingMode
    backtest_run_id: UUID | None
    instrument_id: int
    strategy_id: UUID | None
    rule_id: UUID | None
    signal_id: UUID | None
    dedupe_key: str | None
    direction: TradeDirection
    quantity: Decimal
    entry_price: Decimal
    entry_time: datetime
    exit_price: Decimal | None
    exit_time: datetime | None
    exit_reason: ExitReason | None
    outcome: TradeOutcome | None
    initial_stop: Decimal | None
    current_stop: Decimal | None
    target_prices: list[Decimal] | None
    pnl: Decimal | None
    pnl_percent: Decimal | None
    pnl_r: Decimal | None
    fees: Decimal | None
    funding: Decimal | None
    leverage: Decimal | None
    margin: Decimal | None
    max_adverse_price: Decimal | None
    max_favorable_price: Decimal | None
    reasoning: str | None
    context: dict[str, Any] | None
    confidence: float | None
    confluence_score: float | None
    setup_type: str | None
    market_phase: str | None
    indicator: str | None
    tags: list[str] | None
    notes: str | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        account_id: UUID | None = ...,
        user_id: UUID | None = ...,
        mode: TradingMode,
        backtest_run_id: UUID | None = ...,
        instrument_id: int,
        strategy_id: UUID | None = ...,
        rule_id: UUID | None = ...,
        signal_id: UUID | None = ...,
        dedupe_key: str | None = ...,
        direction: TradeDirection,
        quantity: int | Decimal,
        entry_price: int | Decimal,
        entry_time: datetime,
        exit_price: int | Decimal | None = ...,
        exit_time: datetime | None = ...,
        exit_reason: ExitReason | None = ...,
        outcome: TradeOutcome = ...,
        initial_stop: int | Decimal | None = ...,
        current_stop: int | Decimal | None = ...,
        target_prices: list[Decimal] = ...,
        pnl: int | Decimal | None = ...,
        pnl_percent: int | Decimal | None = ...,
        pnl_r: int | Decimal | None = ...,
        fees: int | Decimal = ...,
        funding: int | Decimal = ...,
        leverage: int | Decimal | None = ...,
        margin: int | Decimal | None = ...,
        max_adverse_price: int | Decimal | None = ...,
        max_favorable_price: int | Decimal | None = ...,
        reasoning: str | None = ...,
        context: dict[str, Any] = ...,
        confidence: float | None = ...,
        confluence_score: float | None = ...,
        setup_type: str | None = ...,
        market_phase: str | None = ...,
        indicator: str | None = ...,
        tags: list[str] = ...,
        notes: str | None = ...,
    ) -> None: ...
    def to_row(self) -> Trade: ...

class TradeUpdate(UpdateContract):
    account_id: UUID | None
    user_id: UUID | None
    mode: TradingMode | None
    backtest_run_id: UUID | None
    instrument_id: int | None
    strategy_id: UUID | None
    rule_id: UUID | None
    signal_id: UUID | None
    dedupe_key: str | None
    direction: TradeDirection | None
    quantity: Decimal | None
    entry_price: Decimal | None
    entry_time: datetime | None
    exit_price: Decimal | None
    exit_time: datetime | None
    exit_reason: ExitReason | None
    outcome: TradeOutcome | None
    initial_stop: Decimal | None
    current_stop: Decimal | None
    target_prices: list[Decimal] | None
    pnl: Decimal | None
    pnl_percent: Decimal | None
    pnl_r: Decimal | None
    fees: Decimal | None
    funding: Decimal | None
    leverage: Decimal | None
    margin: Decimal | None
    max_adverse_price: Decimal | None
    max_favorable_price: Decimal | None
    reasoning: str | None
    context: dict[str, Any] | None
    confidence: float | None
    confluence_score: float | None
    setup_type: str | None
    market_phase: str | None
    indicator: str | None
    tags: list[str] | None
    notes: str | None
    def __init__(
        self,
        *,
        account_id: UUID | None = ...,
        user_id: UUID | None = ...,
        mode: TradingMode = ...,
        backtest_run_id: UUID | None = ...,
        instrument_id: int = ...,
        strategy_id: UUID | None = ...,
        rule_id: UUID | None = ...,
        signal_id: UUID | None = ...,
        dedupe_key: str | None = ...,
        direction: TradeDirection = ...,
        quantity: int | Decimal = ...,
        entry_price: int | Decimal = ...,
        entry_time: datetime = ...,
        exit_price: int | Decimal | None = ...,
        exit_time: datetime | None = ...,
        exit_reason: ExitReason | None = ...,
        outcome: TradeOutcome = ...,
        initial_stop: int | Decimal | None = ...,
        current_stop: int | Decimal | None = ...,
        target_prices: list[Decimal] = ...,
        pnl: int | Decimal | None = ...,
        pnl_percent: int | Decimal | None = ...,
        pnl_r: int | Decimal | None = ...,
        fees: int | Decimal = ...,
        funding: int | Decimal = ...,
        leverage: int | Decimal | None = ...,
        margin: int | Decimal | None = ...,
        max_adverse_price: int | Decimal | None = ...,
        max_favorable_price: int | Decimal | None = ...,
        reasoning: str | None = ...,
        context: dict[str, Any] = ...,
        confidence: float | None = ...,
        confluence_score: float | None = ...,
        setup_type: str | None = ...,
        market_phase: str | None = ...,
        indicator: str | None = ...,
        tags: list[str] = ...,
        notes: str | None = ...,
    ) -> None: ...
    def apply(self, row: Trade) -> None: ...

class TradeRead(ReadContract):
    id: UUID
    account_id: UUID | None
    user_id: UUID | None
    mode: TradingMode
    backtest_run_id: UUID | None
    instrument_id: int
    strategy_id: UUID | None
    rule_id: UUID | None
    signal_id: UUID | None
    dedupe_key: str | None
    direction: TradeDirection
    quantity: Decimal
    entry_price: Decimal
    entry_time: datetime
    exit_price: Decimal | None
    exit_time: datetime | None
    exit_reason: ExitReason | None
    outcome: TradeOutcome
    initial_stop: Decimal | None
    current_stop: Decimal | None
    target_prices: list[Decimal]
    pnl: Decimal | None
    pnl_percent: Decimal | None
    pnl_r: Decimal | None
    fees: Decimal
    funding: Decimal
    leverage: Decimal | None
    margin: Decimal | None
    max_adverse_price: Decimal | None
    max_favorable_price: Decimal | None
    reasoning: str | None
    context: dict[str, Any]
    confidence: float | None
    confluence_score: float | None
    setup_type: str | None
    market_phase: str | None
    indicator: str | None
    tags: list[str]
    notes: str | None
    created_at: datetime
    updated_at: datetime

class TradeExitCreate(CreateContract):
    trade_id: UUID
    sequence: int
    account_id: UUID | None
    fill_id: UUID | None
    quantity: Decimal
    price: Decimal
    exit_time: datetime
    reason: ExitReason | None
    pnl: Decimal | None
    pnl_r: Decimal | None
    fees: Decimal | None
    def __init__(
        self,
        *,
        trade_id: UUID,
        sequence: int,
        account_id: UUID | None = ...,
        fill_id: UUID | None = ...,
        quantity: int | Decimal,
        price: int | Decimal,
        exit_time: datetime,
        reason: ExitReason | None = ...,
        pnl: int | Decimal | None = ...,
        pnl_r: int | Decimal | None = ...,
        fees: int | Decimal = ...,
    ) -> None: ...
    def to_row(self) -> TradeExit: ...

class TradeExitUpdate(UpdateContract):
    account_id: UUID | None
    fill_id: UUID | None
    quantity: Decimal | None
    price: Decimal | None
    exit_time: datetime | None
    reason: ExitReason | None
    pnl: Decimal | None
    pnl_r: Decimal | None
    fees: Decimal | None
    def __init__(
        self,
        *,
        account_id: UUID | None = ...,
        fill_id: UUID | None = ...,
        quantity: int | Decimal = ...,
        price: int | Decimal = ...,
        exit_time: datetime = ...,
        reason: ExitReason | None = ...,
        pnl: int | Decimal | None = ...,
        pnl_r: int | Decimal | None = ...,
        fees: int | Decimal = ...,
    ) -> None: ...
    def apply(self, row: TradeExit) -> None: ...

class TradeExitRead(ReadContract):
    trade_id: UUID
    sequence: int
    account_id: UUID | None
    fill_id: UUID | None
    quantity: Decimal
    price: Decimal
    exit_time: datetime
    reason: ExitReason | None
    pnl: Decimal | None
    pnl_r: Decimal | None
    fees: Decimal
    created_at: datetime

class TradingAccountCreate(CreateContract):
    id: UUID | None
    user_id: UUID
    venue_id: int
    label: str
    mode: TradingMode
    base_currency: str
    cost_basis: CostBasis | None
    venue_account_id: str | None
    status: AccountStatus | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        user_id: UUID,
        venue_id: int,
        label: str,
        mode: TradingMode,
        base_currency: str,
        cost_basis: CostBasis = ...,
        venue_account_id: str | None = ...,
        status: AccountStatus = ...,
    ) -> None: ...
    def to_row(self) -> TradingAccount: ...

class TradingAccountUpdate(UpdateContract):
    user_id: UUID | None
    venue_id: int | None
    label: str | None
    mode: TradingMode | None
    base_currency: str | None
    cost_basis: CostBasis | None
    venue_account_id: str | None
    status: AccountStatus | None
    def __init__(
        self,
        *,
        user_id: UUID = ...,
        venue_id: int = ...,
        label: str = ...,
        mode: TradingMode = ...,
        base_currency: str = ...,
        cost_basis: CostBasis = ...,
        venue_account_id: str | None = ...,
        status: AccountStatus = ...,
    ) -> None: ...
    def apply(self, row: TradingAccount) -> None: ...

class TradingAccountRead(ReadContract):
    id: UUID
    user_id: UUID
    venue_id: int
    label: str
    mode: TradingMode
    base_currency: str
    cost_basis: CostBasis
    venue_account_id: str | None
    status: AccountStatus
    created_at: datetime
    updated_at: datetime

class TradingDecisionCreate(CreateContract):
    id: UUID | None
    user_id: UUID | None
    account_id: UUID | None
    agent_id: UUID | None
    strategy_id: UUID | None
    instrument_id: int
    parent_insight_id: UUID | None
    decision_type: str
    action: str
    amount: Decimal | None
    price: Decimal | None
    confidence: float | None
    expected_value: Decimal | None
    risk_score: float | None
    reasoning: str | None
    algorithm: str | None
    model: str | None
    model_trained_until: datetime | None
    session_key: str | None
    status: DecisionStatus | None
    decided_as_of: datetime | None
    executed_at: datetime | None
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        user_id: UUID | None = ...,
        account_id: UUID | None = ...,
        agent_id: UUID | None = ...,
        strategy_id: UUID | None = ...,
        instrument_id: int,
        parent_insight_id: UUID | None = ...,
        decision_type: str,
        action: str,
        amount: int | Decimal | None = ...,
        price: int | Decimal | None = ...,
        confidence: float | None = ...,
        expected_value: int | Decimal | None = ...,
        risk_score: float | None = ...,
        reasoning: str | None = ...,
        algorithm: str | None = ...,
        model: str | None = ...,
        model_trained_until: datetime | None = ...,
        session_key: str | None = ...,
        status: DecisionStatus = ...,
        decided_as_of: datetime = ...,
        executed_at: datetime | None = ...,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def to_row(self) -> TradingDecision: ...

class TradingDecisionUpdate(UpdateContract):
    user_id: UUID | None
    account_id: UUID | None
    agent_id: UUID | None
    strategy_id: UUID | None
    instrument_id: int | None
    parent_insight_id: UUID | None
    decision_type: str | None
    action: str | None
    amount: Decimal | None
    price: Decimal | None
    confidence: float | None
    expected_value: Decimal | None
    risk_score: float | None
    reasoning: str | None
    algorithm: str | None
    model: str | None
    model_trained_until: datetime | None
    session_key: str | None
    status: DecisionStatus | None
    decided_as_of: datetime | None
    executed_at: datetime | None
    details: dict[str, Any] | None
    def __init__(
        self,
        *,
        user_id: UUID | None = ...,
        account_id: UUID | None = ...,
        agent_id: UUID | None = ...,
        strategy_id: UUID | None = ...,
        instrument_id: int = ...,
        parent_insight_id: UUID | None = ...,
        decision_type: str = ...,
        action: str = ...,
        amount: int | Decimal | None = ...,
        price: int | Decimal | None = ...,
        confidence: float | None = ...,
        expected_value: int | Decimal | None = ...,
        risk_score: float | None = ...,
        reasoning: str | None = ...,
        algorithm: str | None = ...,
        model: str | None = ...,
        model_trained_until: datetime | None = ...,
        session_key: str | None = ...,
        status: DecisionStatus = ...,
        decided_as_of: datetime = ...,
        executed_at: datetime | None = ...,
        details: dict[str, Any] = ...,
    ) -> None: ...
    def apply(self, row: TradingDecision) -> None: ...

class TradingDecisionRead(ReadContract):
    id: UUID
    user_id: UUID | None
    account_id: UUID | None
    agent_id: UUID | None
    strategy_id: UUID | None
    instrument_id: int
    parent_insight_id: UUID | None
    decision_type: str
    action: str
    amount: Decimal | None
    price: Decimal | None
    confidence: float | None
    expected_value: Decimal | None
    risk_score: float | None
    reasoning: str | None
    algorithm: str | None
    model: str | None
    model_trained_until: datetime | None
    session_key: str | None
    status: DecisionStatus
    decided_as_of: datetime
    executed_at: datetime | None
    details: dict[str, Any]
    created_at: datetime
    updated_at: datetime

class UserCreate(CreateContract):
    id: UUID | None
    email: str
    username: str | None
    password_hash: str | None
    wallet_address: str | None
    first_name: str | None
    last_name: str | None
    avatar_url: str | None
    phone: str | None
    role: UserRole | None
    status: UserStatus | None
    locale: str | None
    time_zone: str | None
    subscription_tier: str | None
    is_active: bool | None
    is_verified: bool | None
    two_factor_enabled: bool | None
    two_factor_secret: Encrypted | None
    login_attempts: int | None
    locked_until: datetime | None
    last_login_at: datetime | None
    deleted_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        email: str,
        username: str | None = ...,
        password_hash: str | None = ...,
        wallet_address: str | None = ...,
        first_name: str | None = ...,
        last_name: str | None = ...,
        avatar_url: str | None = ...,
        phone: str | None = ...,
        role: UserRole = ...,
        status: UserStatus = ...,
        locale: str = ...,
        time_zone: str = ...,
        subscription_tier: str = ...,
        is_active: bool = ...,
        is_verified: bool = ...,
        two_factor_enabled: bool = ...,
        two_factor_secret: Encrypted | None = ...,
        login_attempts: int = ...,
        locked_until: datetime | None = ...,
        last_login_at: datetime | None = ...,
        deleted_at: datetime | None = ...,
    ) -> None: ...
    def to_row(self) -> User: ...

class UserUpdate(UpdateContract):
    email: str | None
    username: str | None
    password_hash: str | None
    wallet_address: str | None
    first_name: str | None
    last_name: str | None
    avatar_url: str | None
    phone: str | None
    role: UserRole | None
    status: UserStatus | None
    locale: str | None
    time_zone: str | None
    subscription_tier: str | None
    is_active: bool | None
    is_verified: bool | None
    two_factor_enabled: bool | None
    two_factor_secret: Encrypted | None
    login_attempts: int | None
    locked_until: datetime | None
    last_login_at: datetime | None
    deleted_at: datetime | None
    def __init__(
        self,
        *,
        email: str = ...,
        username: str | None = ...,
        password_hash: str | None = ...,
        wallet_address: str | None = ...,
        first_name: str | None = ...,
        last_name: str | None = ...,
        avatar_url: str | None = ...,
        phone: str | None = ...,
        role: UserRole = ...,
        status: UserStatus = ...,
        locale: str = ...,
        time_zone: str = ...,
        subscription_tier: str = ...,
        is_active: bool = ...,
        is_verified: bool = ...,
        two_factor_enabled: bool = ...,
        two_factor_secret: Encrypted | None = ...,
        login_attempts: int = ...,
        locked_until: datetime | None = ...,
        last_login_at: datetime | None = ...,
        deleted_at: datetime | None = ...,
    ) -> None: ...
    def apply(self, row: User) -> None: ...

class UserRead(ReadContract):
    id: UUID
    email: str
    username: str | None
    wallet_address: str | None
    first_name: str | None
    last_name: str | None
    avatar_url: str | None
    phone: str | None
    role: UserRole
    status: UserStatus
    locale: str
    time_zone: str
    subscription_tier: str
    is_active: bool
    is_verified: bool
    two_factor_enabled: bool
    login_attempts: int
    locked_until: datetime | None
    last_login_at: datetime | None
    deleted_at: datetime | None
    created_at: datetime
    updated_at: datetime

class UserAgentCreate(CreateContract):
    id: UUID | None
    user_id: UUID
    agent_id: UUID
    api_key_id: UUID | None
    name: str
    description: str | None
    risk_profile: str | None
    supported_blockchains: list[str] | None
    supported_dexs: list[str] | None
    is_active: bool | None
    request_count: int | None
    data_submissions: int | None
    last_used_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        user_id: UUID,
        agent_id: UUID,
        api_key_id: UUID | None = ...,
        name: str,
        description: str | None = ...,
        risk_profile: str = ...,
        supported_blockchains: list[str] = ...,
        supported_dexs: list[str] = ...,
        is_active: bool = ...,
        request_count: int = ...,
        data_submissions: int = ...,
        last_used_at: datetime | None = ...,
    ) -> None: ...
    def to_row(self) -> UserAgent: ...

class UserAgentUpdate(UpdateContract):
    user_id: UUID | None
    agent_id: UUID | None
    api_key_id: UUID | None
    name: str | None
    description: str | None
    risk_profile: str | None
    supported_blockchains: list[str] | None
    supported_dexs: list[str] | None
    is_active: bool | None
    request_count: int | None
    data_submissions: int | None
    last_used_at: datetime | None
    def __init__(
        self,
        *,
        user_id: UUID = ...,
        agent_id: UUID = ...,
        api_key_id: UUID | None = ...,
        name: str = ...,
        description: str | None = ...,
        risk_profile: str = ...,
        supported_blockchains: list[str] = ...,
        supported_dexs: list[str] = ...,
        is_active: bool = ...,
        request_count: int = ...,
        data_submissions: int = ...,
        last_used_at: datetime | None = ...,
    ) -> None: ...
    def apply(self, row: UserAgent) -> None: ...

class UserAgentRead(ReadContract):
    id: UUID
    user_id: UUID
    agent_id: UUID
    api_key_id: UUID | None
    name: str
    description: str | None
    risk_profile: str
    supported_blockchains: list[str]
    supported_dexs: list[str]
    is_active: bool
    request_count: int
    data_submissions: int
    last_used_at: datetime | None
    created_at: datetime
    updated_at: datetime

class UserPreferenceCreate(CreateContract):
    id: UUID | None
    user_id: UUID
    key: str
    value: Any
    def __init__(
        self,
        *,
        id: UUID = ...,
        user_id: UUID,
        key: str,
        value: Any,
    ) -> None: ...
    def to_row(self) -> UserPreference: ...

class UserPreferenceUpdate(UpdateContract):
    user_id: UUID | None
    key: str | None
    value: Any
    def __init__(
        self,
        *,
        user_id: UUID = ...,
        key: str = ...,
        value: Any = ...,
    ) -> None: ...
    def apply(self, row: UserPreference) -> None: ...

class UserPreferenceRead(ReadContract):
    id: UUID
    user_id: UUID
    key: str
    value: Any
    created_at: datetime
    updated_at: datetime

class UserSessionCreate(CreateContract):
    id: UUID | None
    user_id: UUID
    token_hash: bytes
    expires_at: datetime
    last_active_at: datetime | None
    revoked_at: datetime | None
    ip_address: str | None
    user_agent: str | None
    device_info: str | None
    location: str | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        user_id: UUID,
        token_hash: bytes,
        expires_at: datetime,
        last_active_at: datetime | None = ...,
        revoked_at: datetime | None = ...,
        ip_address: str | None = ...,
        user_agent: str | None = ...,
        device_info: str | None = ...,
        location: str | None = ...,
    ) -> None: ...
    def to_row(self) -> UserSession: ...

class UserSessionUpdate(UpdateContract):
    user_id: UUID | None
    token_hash: bytes | None
    expires_at: datetime | None
    last_active_at: datetime | None
    revoked_at: datetime | None
    ip_address: str | None
    user_agent: str | None
    device_info: str | None
    location: str | None
    def __init__(
        self,
        *,
        user_id: UUID = ...,
        token_hash: bytes = ...,
        expires_at: datetime = ...,
        last_active_at: datetime | None = ...,
        revoked_at: datetime | None = ...,
        ip_address: str | None = ...,
        user_agent: str | None = ...,
        device_info: str | None = ...,
        location: str | None = ...,
    ) -> None: ...
    def apply(self, row: UserSession) -> None: ...

class UserSessionRead(ReadContract):
    id: UUID
    user_id: UUID
    expires_at: datetime
    last_active_at: datetime | None
    revoked_at: datetime | None
    ip_address: str | None
    user_agent: str | None
    device_info: str | None
    location: str | None
    created_at: datetime

class UserTokenCreate(CreateContract):
    id: UUID | None
    user_id: UUID
    purpose: TokenPurpose
    token_hash: bytes
    expires_at: datetime
    used_at: datetime | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        user_id: UUID,
        purpose: TokenPurpose,
        token_hash: bytes,
        expires_at: datetime,
        used_at: datetime | None = ...,
    ) -> None: ...
    def to_row(self) -> UserToken: ...

class UserTokenUpdate(UpdateContract):
    user_id: UUID | None
    purpose: TokenPurpose | None
    token_hash: bytes | None
    expires_at: datetime | None
    used_at: datetime | None
    def __init__(
        self,
        *,
        user_id: UUID = ...,
        purpose: TokenPurpose = ...,
        token_hash: bytes = ...,
        expires_at: datetime = ...,
        used_at: datetime | None = ...,
    ) -> None: ...
    def apply(self, row: UserToken) -> None: ...

class UserTokenRead(ReadContract):
    id: UUID
    user_id: UUID
    purpose: TokenPurpose
    expires_at: datetime
    used_at: datetime | None
    created_at: datetime

class VenueCreate(CreateContract):
    code: str
    name: str
    kind: VenueKind
    website: str | None
    is_active: bool | None
    def __init__(
        self,
        *,
        code: str,
        name: str,
        kind: VenueKind,
        website: str | None = ...,
        is_active: bool = ...,
    ) -> None: ...
    def to_row(self) -> Venue: ...

class VenueUpdate(UpdateContract):
    code: str | None
    name: str | None
    kind: VenueKind | None
    website: str | None
    is_active: bool | None
    def __init__(
        self,
        *,
        code: str = ...,
        name: str = ...,
        kind: VenueKind = ...,
        website: str | None = ...,
        is_active: bool = ...,
    ) -> None: ...
    def apply(self, row: Venue) -> None: ...

class VenueRead(ReadContract):
    id: int
    code: str
    name: str
    kind: VenueKind
    website: str | None
    is_active: bool
    created_at: datetime
    updated_at: datetime

class WatchlistCreate(CreateContract):
    id: UUID | None
    user_id: UUID
    name: str
    description: str | None
    is_default: bool | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        user_id: UUID,
        name: str,
        description: str | None = ...,
        is_default: bool = ...,
    ) -> None: ...
    def to_row(self) -> Watchlist: ...

class WatchlistUpdate(UpdateContract):
    user_id: UUID | None
    name: str | None
    description: str | None
    is_default: bool | None
    def __init__(
        self,
        *,
        user_id: UUID = ...,
        name: str = ...,
        description: str | None = ...,
        is_default: bool = ...,
    ) -> None: ...
    def apply(self, row: Watchlist) -> None: ...

class WatchlistRead(ReadContract):
    id: UUID
    user_id: UUID
    name: str
    description: str | None
    is_default: bool
    created_at: datetime
    updated_at: datetime

class WatchlistItemCreate(CreateContract):
    watchlist_id: UUID
    instrument_id: int
    user_id: UUID
    position: int | None
    notes: str | None
    alert_price: Decimal | None
    added_at: datetime | None
    def __init__(
        self,
        *,
        watchlist_id: UUID,
        instrument_id: int,
        user_id: UUID,
        position: int = ...,
        notes: str | None = ...,
        alert_price: int | Decimal | None = ...,
        added_at: datetime = ...,
    ) -> None: ...
    def to_row(self) -> WatchlistItem: ...

class WatchlistItemUpdate(UpdateContract):
    user_id: UUID | None
    position: int | None
    notes: str | None
    alert_price: Decimal | None
    added_at: datetime | None
    def __init__(
        self,
        *,
        user_id: UUID = ...,
        position: int = ...,
        notes: str | None = ...,
        alert_price: int | Decimal | None = ...,
        added_at: datetime = ...,
    ) -> None: ...
    def apply(self, row: WatchlistItem) -> None: ...

class WatchlistItemRead(ReadContract):
    watchlist_id: UUID
    instrument_id: int
    user_id: UUID
    position: int
    notes: str | None
    alert_price: Decimal | None
    added_at: datetime

class WorkflowCreate(CreateContract):
    id: UUID | None
    user_id: UUID | None
    workflow_id: str
    version: int | None
    name: str
    description: str | None
    definition: dict[str, Any] | None
    is_active: bool | None
    created_by: str | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        user_id: UUID | None = ...,
        workflow_id: str,
        version: int = ...,
        name: str,
        description: str | None = ...,
        definition: dict[str, Any] = ...,
        is_active: bool = ...,
        created_by: str | None = ...,
    ) -> None: ...
    def to_row(self) -> Workflow: ...

class WorkflowUpdate(UpdateContract):
    user_id: UUID | None
    workflow_id: str | None
    version: int | None
    name: str | None
    description: str | None
    definition: dict[str, Any] | None
    is_active: bool | None
    created_by: str | None
    def __init__(
        self,
        *,
        user_id: UUID | None = ...,
        workflow_id: str = ...,
        version: int = ...,
        name: str = ...,
        description: str | None = ...,
        definition: dict[str, Any] = ...,
        is_active: bool = ...,
        created_by: str | None = ...,
    ) -> None: ...
    def apply(self, row: Workflow) -> None: ...

class WorkflowRead(ReadContract):
    id: UUID
    user_id: UUID | None
    workflow_id: str
    version: int
    name: str
    description: str | None
    definition: dict[str, Any]
    is_active: bool
    created_by: str | None
    created_at: datetime
    updated_at: datetime

class WorkflowExecutionCreate(CreateContract):
    id: UUID | None
    execution_id: str
    workflow_id: UUID
    user_id: UUID | None
    status: ExecutionStatus | None
    current_step: str | None
    total_steps: int | None
    completed_steps: int | None
    step_states: dict[str, Any] | None
    input: dict[str, Any] | None
    result: dict[str, Any] | None
    error_message: str | None
    attempts: int | None
    claimed_by: str | None
    claimed_until: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    created_by: str | None
    def __init__(
        self,
        *,
        id: UUID = ...,
        execution_id: str,
        workflow_id: UUID,
        user_id: UUID | None = ...,
        status: ExecutionStatus = ...,
        current_step: str | None = ...,
        total_steps: int | None = ...,
        completed_steps: int = ...,
        step_states: dict[str, Any] = ...,
        input: dict[str, Any] = ...,
        result: dict[str, Any] = ...,
        error_message: str | None = ...,
        attempts: int = ...,
        claimed_by: str | None = ...,
        claimed_until: datetime | None = ...,
        started_at: datetime | None = ...,
        completed_at: datetime | None = ...,
        created_by: str | None = ...,
    ) -> None: ...
    def to_row(self) -> WorkflowExecution: ...

class WorkflowExecutionUpdate(UpdateContract):
    execution_id: str | None
    workflow_id: UUID | None
    user_id: UUID | None
    status: ExecutionStatus | None
    current_step: str | None
    total_steps: int | None
    completed_steps: int | None
    step_states: dict[str, Any] | None
    input: dict[str, Any] | None
    result: dict[str, Any] | None
    error_message: str | None
    attempts: int | None
    claimed_by: str | None
    claimed_until: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    created_by: str | None
    def __init__(
        self,
        *,
        execution_id: str = ...,
        workflow_id: UUID = ...,
        user_id: UUID | None = ...,
        status: ExecutionStatus = ...,
        current_step: str | None = ...,
        total_steps: int | None = ...,
        completed_steps: int = ...,
        step_states: dict[str, Any] = ...,
        input: dict[str, Any] = ...,
        result: dict[str, Any] = ...,
        error_message: str | None = ...,
        attempts: int = ...,
        claimed_by: str | None = ...,
        claimed_until: datetime | None = ...,
        started_at: datetime | None = ...,
        completed_at: datetime | None = ...,
        created_by: str | None = ...,
    ) -> None: ...
    def apply(self, row: WorkflowExecution) -> None: ...

class WorkflowExecutionRead(ReadContract):
    id: UUID
    execution_id: str
    workflow_id: UUID
    user_id: UUID | None
    status: ExecutionStatus
    current_step: str | None
    total_steps: int | None
    completed_steps: int
    step_states: dict[str, Any]
    input: dict[str, Any]
    result: dict[str, Any]
    error_message: str | None
    attempts: int
    claimed_by: str | None
    claimed_until: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    created_by: str | None
    created_at: datetime
    updated_at: datetime

@overload
def contracts(
    model: type[Agent],
) -> Contracts[type[AgentCreate], type[AgentUpdate], type[AgentRead]]: ...
@overload
def contracts(
    model: type[AgentConnection],
) -> Contracts[type[AgentConnectionCreate], type[AgentConnectionUpdate], type[AgentConnectionRead]]: ...
@overload
def contracts(
    model: type[AgentContext],
) -> Contracts[type[AgentContextCreate], type[AgentContextUpdate], type[AgentContextRead]]: ...
@overload
def contracts(
    model: type[AgentLog],
) -> Contracts[type[AgentLogCreate], type[AgentLogUpdate], type[AgentLogRead]]: ...
@overload
def contracts(
    model: type[AgentMemory],
) -> Contracts[type[AgentMemoryCreate], type[AgentMemoryUpdate], type[AgentMemoryRead]]: ...
@overload
def contracts(
    model: type[AgentMessage],
) -> Contracts[type[AgentMessageCreate], type[AgentMessageUpdate], type[AgentMessageRead]]: ...
@overload
def contracts(
    model: type[AggregatedMarketData],
) -> Contracts[type[AggregatedMarketDataCreate], type[AggregatedMarketDataUpdate], type[AggregatedMarketDataRead]]: ...
@overload
def contracts(
    model: type[AiAnalysis],
) -> Contracts[type[AiAnalysisCreate], type[AiAnalysisUpdate], type[AiAnalysisRead]]: ...
@overload
def contracts(
    model: type[AiInsight],
) -> Contracts[type[AiInsightCreate], type[AiInsightUpdate], type[AiInsightRead]]: ...
@overload
def contracts(
    model: type[ApiCost],
) -> Contracts[type[ApiCostCreate], type[ApiCostUpdate], type[ApiCostRead]]: ...
@overload
def contracts(
    model: type[ApiCredential],
) -> Contracts[type[ApiCredentialCreate], type[ApiCredentialUpdate], type[ApiCredentialRead]]: ...
@overload
def contracts(
    model: type[ApiKey],
) -> Contracts[type[ApiKeyCreate], type[ApiKeyUpdate], type[ApiKeyRead]]: ...
@overload
def contracts(
    model: type[ApiUsage],
) -> Contracts[type[ApiUsageCreate], type[ApiUsageUpdate], type[ApiUsageRead]]: ...
@overload
def contracts(
    model: type[AuditEntry],
) -> Contracts[type[AuditEntryCreate], None, type[AuditEntryRead]]: ...
@overload
def contracts(
    model: type[BacktestConfig],
) -> Contracts[type[BacktestConfigCreate], type[BacktestConfigUpdate], type[BacktestConfigRead]]: ...
@overload
def contracts(
    model: type[BacktestConfigInstrument],
) -> Contracts[type[BacktestConfigInstrumentCreate], None, type[BacktestConfigInstrumentRead]]: ...
@overload
def contracts(
    model: type[BacktestConfigRule],
) -> Contracts[type[BacktestConfigRuleCreate], None, type[BacktestConfigRuleRead]]: ...
@overload
def contracts(
    model: type[BacktestEquity],
) -> Contracts[type[BacktestEquityCreate], type[BacktestEquityUpdate], type[BacktestEquityRead]]: ...
@overload
def contracts(
    model: type[BacktestResult],
) -> Contracts[type[BacktestResultCreate], type[BacktestResultUpdate], type[BacktestResultRead]]: ...
@overload
def contracts(
    model: type[BacktestRun],
) -> Contracts[type[BacktestRunCreate], type[BacktestRunUpdate], type[BacktestRunRead]]: ...
@overload
def contracts(
    model: type[BreakoutEvent],
) -> Contracts[type[BreakoutEventCreate], type[BreakoutEventUpdate], type[BreakoutEventRead]]: ...
@overload
def contracts(
    model: type[CacheEntry],
) -> Contracts[type[CacheEntryCreate], type[CacheEntryUpdate], type[CacheEntryRead]]: ...
@overload
def contracts(
    model: type[Candle],
) -> Contracts[type[CandleCreate], type[CandleUpdate], type[CandleRead]]: ...
@overload
def contracts(
    model: type[CandleBlock],
) -> Contracts[None, None, type[CandleBlockRead]]: ...
@overload
def contracts(
    model: type[CashBalance],
) -> Contracts[type[CashBalanceCreate], type[CashBalanceUpdate], type[CashBalanceRead]]: ...
@overload
def contracts(
    model: type[CashMovement],
) -> Contracts[type[CashMovementCreate], None, type[CashMovementRead]]: ...
@overload
def contracts(
    model: type[CodeFile],
) -> Contracts[type[CodeFileCreate], type[CodeFileUpdate], type[CodeFileRead]]: ...
@overload
def contracts(
    model: type[CodeIssue],
) -> Contracts[type[CodeIssueCreate], type[CodeIssueUpdate], type[CodeIssueRead]]: ...
@overload
def contracts(
    model: type[CodeMetric],
) -> Contracts[type[CodeMetricCreate], type[CodeMetricUpdate], type[CodeMetricRead]]: ...
@overload
def contracts(
    model: type[ConversationMessage],
) -> Contracts[type[ConversationMessageCreate], type[ConversationMessageUpdate], type[ConversationMessageRead]]: ...
@overload
def contracts(
    model: type[ConversationSession],
) -> Contracts[type[ConversationSessionCreate], type[ConversationSessionUpdate], type[ConversationSessionRead]]: ...
@overload
def contracts(
    model: type[DataIngestionJob],
) -> Contracts[type[DataIngestionJobCreate], type[DataIngestionJobUpdate], type[DataIngestionJobRead]]: ...
@overload
def contracts(
    model: type[DataQualityMetrics],
) -> Contracts[type[DataQualityMetricsCreate], type[DataQualityMetricsUpdate], type[DataQualityMetricsRead]]: ...
@overload
def contracts(
    model: type[Dataset],
) -> Contracts[type[DatasetCreate], type[DatasetUpdate], type[DatasetRead]]: ...
@overload
def contracts(
    model: type[DecisionEvidence],
) -> Contracts[type[DecisionEvidenceCreate], type[DecisionEvidenceUpdate], type[DecisionEvidenceRead]]: ...
@overload
def contracts(
    model: type[DecisionOutcome],
) -> Contracts[type[DecisionOutcomeCreate], type[DecisionOutcomeUpdate], type[DecisionOutcomeRead]]: ...
@overload
def contracts(
    model: type[EmbeddingSpace],
) -> Contracts[type[EmbeddingSpaceCreate], type[EmbeddingSpaceUpdate], type[EmbeddingSpaceRead]]: ...
@overload
def contracts(
    model: type[EncryptionKey],
) -> Contracts[type[EncryptionKeyCreate], type[EncryptionKeyUpdate], type[EncryptionKeyRead]]: ...
@overload
def contracts(
    model: type[ErrorLog],
) -> Contracts[type[ErrorLogCreate], type[ErrorLogUpdate], type[ErrorLogRead]]: ...
@overload
def contracts(
    model: type[FactorDefinition],
) -> Contracts[type[FactorDefinitionCreate], type[FactorDefinitionUpdate], type[FactorDefinitionRead]]: ...
@overload
def contracts(
    model: type[FactorValue],
) -> Contracts[type[FactorValueCreate], type[FactorValueUpdate], type[FactorValueRead]]: ...
@overload
def contracts(
    model: type[FeatureCache],
) -> Contracts[type[FeatureCacheCreate], type[FeatureCacheUpdate], type[FeatureCacheRead]]: ...
@overload
def contracts(
    model: type[Fill],
) -> Contracts[type[FillCreate], type[FillUpdate], type[FillRead]]: ...
@overload
def contracts(
    model: type[FundingRate],
) -> Contracts[type[FundingRateCreate], type[FundingRateUpdate], type[FundingRateRead]]: ...
@overload
def contracts(
    model: type[HistoricalDataCache],
) -> Contracts[type[HistoricalDataCacheCreate], type[HistoricalDataCacheUpdate], type[HistoricalDataCacheRead]]: ...
@overload
def contracts(
    model: type[IngestionTask],
) -> Contracts[type[IngestionTaskCreate], type[IngestionTaskUpdate], type[IngestionTaskRead]]: ...
@overload
def contracts(
    model: type[IngestionTaskRule],
) -> Contracts[type[IngestionTaskRuleCreate], None, type[IngestionTaskRuleRead]]: ...
@overload
def contracts(
    model: type[Instrument],
) -> Contracts[type[InstrumentCreate], type[InstrumentUpdate], type[InstrumentRead]]: ...
@overload
def contracts(
    model: type[KnowledgeEdge],
) -> Contracts[type[KnowledgeEdgeCreate], type[KnowledgeEdgeUpdate], type[KnowledgeEdgeRead]]: ...
@overload
def contracts(
    model: type[KnowledgeEntity],
) -> Contracts[type[KnowledgeEntityCreate], type[KnowledgeEntityUpdate], type[KnowledgeEntityRead]]: ...
@overload
def contracts(
    model: type[LearningEmbedding],
) -> Contracts[type[LearningEmbeddingCreate], type[LearningEmbeddingUpdate], type[LearningEmbeddingRead]]: ...
@overload
def contracts(
    model: type[LearningEntry],
) -> Contracts[type[LearningEntryCreate], type[LearningEntryUpdate], type[LearningEntryRead]]: ...
@overload
def contracts(
    model: type[LearningEvidence],
) -> Contracts[type[LearningEvidenceCreate], None, type[LearningEvidenceRead]]: ...
@overload
def contracts(
    model: type[MacroData],
) -> Contracts[type[MacroDataCreate], type[MacroDataUpdate], type[MacroDataRead]]: ...
@overload
def contracts(
    model: type[MarketData],
) -> Contracts[type[MarketDataCreate], type[MarketDataUpdate], type[MarketDataRead]]: ...
@overload
def contracts(
    model: type[MarketDataSource],
) -> Contracts[type[MarketDataSourceCreate], type[MarketDataSourceUpdate], type[MarketDataSourceRead]]: ...
@overload
def contracts(
    model: type[MarketTrade],
) -> Contracts[type[MarketTradeCreate], type[MarketTradeUpdate], type[MarketTradeRead]]: ...
@overload
def contracts(
    model: type[MemoryEmbedding],
) -> Contracts[type[MemoryEmbeddingCreate], type[MemoryEmbeddingUpdate], type[MemoryEmbeddingRead]]: ...
@overload
def contracts(
    model: type[MemoryFragment],
) -> Contracts[type[MemoryFragmentCreate], type[MemoryFragmentUpdate], type[MemoryFragmentRead]]: ...
@overload
def contracts(
    model: type[MessageEmbedding],
) -> Contracts[type[MessageEmbeddingCreate], type[MessageEmbeddingUpdate], type[MessageEmbeddingRead]]: ...
@overload
def contracts(
    model: type[MlModel],
) -> Contracts[type[MlModelCreate], type[MlModelUpdate], type[MlModelRead]]: ...
@overload
def contracts(
    model: type[MlPrediction],
) -> Contracts[type[MlPredictionCreate], type[MlPredictionUpdate], type[MlPredictionRead]]: ...
@overload
def contracts(
    model: type[MonitoringEvent],
) -> Contracts[type[MonitoringEventCreate], type[MonitoringEventUpdate], type[MonitoringEventRead]]: ...
@overload
def contracts(
    model: type[OnchainData],
) -> Contracts[type[OnchainDataCreate], type[OnchainDataUpdate], type[OnchainDataRead]]: ...
@overload
def contracts(
    model: type[Order],
) -> Contracts[type[OrderCreate], type[OrderUpdate], type[OrderRead]]: ...
@overload
def contracts(
    model: type[OrderEvent],
) -> Contracts[type[OrderEventCreate], None, type[OrderEventRead]]: ...
@overload
def contracts(
    model: type[OutboxConsumer],
) -> Contracts[type[OutboxConsumerCreate], type[OutboxConsumerUpdate], type[OutboxConsumerRead]]: ...
@overload
def contracts(
    model: type[OutboxEvent],
) -> Contracts[type[OutboxEventCreate], type[OutboxEventUpdate], type[OutboxEventRead]]: ...
@overload
def contracts(
    model: type[PerformanceMetrics],
) -> Contracts[type[PerformanceMetricsCreate], type[PerformanceMetricsUpdate], type[PerformanceMetricsRead]]: ...
@overload
def contracts(
    model: type[PortfolioHolding],
) -> Contracts[type[PortfolioHoldingCreate], type[PortfolioHoldingUpdate], type[PortfolioHoldingRead]]: ...
@overload
def contracts(
    model: type[PortfolioSnapshot],
) -> Contracts[type[PortfolioSnapshotCreate], type[PortfolioSnapshotUpdate], type[PortfolioSnapshotRead]]: ...
@overload
def contracts(
    model: type[Position],
) -> Contracts[type[PositionCreate], type[PositionUpdate], type[PositionRead]]: ...
@overload
def contracts(
    model: type[PositionCheckpoint],
) -> Contracts[type[PositionCheckpointCreate], type[PositionCheckpointUpdate], type[PositionCheckpointRead]]: ...
@overload
def contracts(
    model: type[PriceZone],
) -> Contracts[type[PriceZoneCreate], type[PriceZoneUpdate], type[PriceZoneRead]]: ...
@overload
def contracts(
    model: type[QuarantinedCandle],
) -> Contracts[type[QuarantinedCandleCreate], type[QuarantinedCandleUpdate], type[QuarantinedCandleRead]]: ...
@overload
def contracts(
    model: type[ReconciliationRecord],
) -> Contracts[type[ReconciliationRecordCreate], type[ReconciliationRecordUpdate], type[ReconciliationRecordRead]]: ...
@overload
def contracts(
    model: type[RuleEmbedding],
) -> Contracts[type[RuleEmbeddingCreate], type[RuleEmbeddingUpdate], type[RuleEmbeddingRead]]: ...
@overload
def contracts(
    model: type[SemanticMemory],
) -> Contracts[type[SemanticMemoryCreate], type[SemanticMemoryUpdate], type[SemanticMemoryRead]]: ...
@overload
def contracts(
    model: type[SentimentData],
) -> Contracts[type[SentimentDataCreate], type[SentimentDataUpdate], type[SentimentDataRead]]: ...
@overload
def contracts(
    model: type[SeriesCoverage],
) -> Contracts[None, None, type[SeriesCoverageRead]]: ...
@overload
def contracts(
    model: type[Signal],
) -> Contracts[type[SignalCreate], type[SignalUpdate], type[SignalRead]]: ...
@overload
def contracts(
    model: type[Strategy],
) -> Contracts[type[StrategyCreate], type[StrategyUpdate], type[StrategyRead]]: ...
@overload
def contracts(
    model: type[StrategyRule],
) -> Contracts[type[StrategyRuleCreate], type[StrategyRuleUpdate], type[StrategyRuleRead]]: ...
@overload
def contracts(
    model: type[SystemConfig],
) -> Contracts[type[SystemConfigCreate], type[SystemConfigUpdate], type[SystemConfigRead]]: ...
@overload
def contracts(
    model: type[SystemHealth],
) -> Contracts[type[SystemHealthCreate], type[SystemHealthUpdate], type[SystemHealthRead]]: ...
@overload
def contracts(
    model: type[SystemMetric],
) -> Contracts[type[SystemMetricCreate], type[SystemMetricUpdate], type[SystemMetricRead]]: ...
@overload
def contracts(
    model: type[TimeframeInfo],
) -> Contracts[None, None, type[TimeframeInfoRead]]: ...
@overload
def contracts(
    model: type[Trade],
) -> Contracts[type[TradeCreate], type[TradeUpdate], type[TradeRead]]: ...
@overload
def contracts(
    model: type[TradeExit],
) -> Contracts[type[TradeExitCreate], type[TradeExitUpdate], type[TradeExitRead]]: ...
@overload
def contracts(
    model: type[TradingAccount],
) -> Contracts[type[TradingAccountCreate], type[TradingAccountUpdate], type[TradingAccountRead]]: ...
@overload
def contracts(
    model: type[TradingDecision],
) -> Contracts[type[TradingDecisionCreate], type[TradingDecisionUpdate], type[TradingDecisionRead]]: ...
@overload
def contracts(
    model: type[User],
) -> Contracts[type[UserCreate], type[UserUpdate], type[UserRead]]: ...
@overload
def contracts(
    model: type[UserAgent],
) -> Contracts[type[UserAgentCreate], type[UserAgentUpdate], type[UserAgentRead]]: ...
@overload
def contracts(
    model: type[UserPreference],
) -> Contracts[type[UserPreferenceCreate], type[UserPreferenceUpdate], type[UserPreferenceRead]]: ...
@overload
def contracts(
    model: type[UserSession],
) -> Contracts[type[UserSessionCreate], type[UserSessionUpdate], type[UserSessionRead]]: ...
@overload
def contracts(
    model: type[UserToken],
) -> Contracts[type[UserTokenCreate], type[UserTokenUpdate], type[UserTokenRead]]: ...
@overload
def contracts(
    model: type[Venue],
) -> Contracts[type[VenueCreate], type[VenueUpdate], type[VenueRead]]: ...
@overload
def contracts(
    model: type[Watchlist],
) -> Contracts[type[WatchlistCreate], type[WatchlistUpdate], type[WatchlistRead]]: ...
@overload
def contracts(
    model: type[WatchlistItem],
) -> Contracts[type[WatchlistItemCreate], type[WatchlistItemUpdate], type[WatchlistItemRead]]: ...
@overload
def contracts(
    model: type[Workflow],
) -> Contracts[type[WorkflowCreate], type[WorkflowUpdate], type[WorkflowRead]]: ...
@overload
def contracts(
    model: type[WorkflowExecution],
) -> Contracts[type[WorkflowExecutionCreate], type[WorkflowExecutionUpdate], type[WorkflowExecutionRead]]: ...
@overload
def contracts(
    model: type[Base],
) -> Contracts[Any, Any, Any]: ...
