using WafOperator.Proxy.Forwarding;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Models.Pool;
using WafOperator.Proxy.Reporting;
using WafOperator.Proxy.Sync;
using WafOperator.Proxy.Telemetry;
using WafOperator.Scoring;

namespace WafOperator.Proxy.Inspection;

/// <summary>What every exchange uses and none owns.</summary>
internal sealed record InspectionServices(
    StreamForwarder Forwarder, FairBudget Budget, RequestRoom Room, SidecarMeters Meters, DecisionLog Log, EventShipper? Shipper,
    ProxyLimits Limits, TimeProvider Time, string? Pod, RequestScorer Scorer, PoolStage Pool);
