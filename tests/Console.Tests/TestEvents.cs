using System.Globalization;
using WafOperator.Console.Intake;
using WafOperator.Console.Store;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Tests;

/// <summary>Events as sidecars write them.</summary>
internal static class TestEvents
{
    public static readonly DateTimeOffset Now = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

    public static readonly TimeSpan KeepFor = TimeSpan.FromDays(30);

    /// <summary>An id that nobody had yet, as sidecars make them: time, then chance.</summary>
    public static string NewId(DateTimeOffset time) =>
        time.ToUnixTimeMilliseconds().ToString("x12", CultureInfo.InvariantCulture)
            + Guid.NewGuid().ToString("N")[..20];

    /// <summary>An attack in a parameter that was stopped.</summary>
    public static SecurityEvent Attack(
        DateTimeOffset? at = null, string ns = "shop", string client = "198.51.100.7", string path = "/search",
        string variable = "ARGS:q", string policy = "front") => new()
        {
            Id = NewId(at ?? Now),
            Time = at ?? Now,
            Namespace = ns,
            Policy = policy,
            Revision = "r1",
            Pod = "front-7d9f",
            Client = client,
            Method = "GET",
            Path = path,
            Host = "shop.example",
            Verdict = VerdictKind.Block,
            WouldHave = VerdictKind.Block,
            Reason = "Rules",
            Message = "anomaly score 15",
            StatusCode = 403,
            AnomalyScore = 15,
            Score = 0.97,
            Risk = "Critical",
            Rules =
            [
                new RuleMatch
                {
                    Id = 942100,
                    Message = "SQL Injection Attack Detected via libinjection",
                    Severity = "Critical",
                    Variable = variable,
                    Data = "1' or '1'='1",
                    Tags = ["attack-sqli", "paranoia-level/1"],
                },
                new RuleMatch { Id = 949110, Message = "Inbound Anomaly Score Exceeded", Variable =
                    "TX:ANOMALY_SCORE" },
            ],
            Models =
            [
                new ModelResult
                {
                    Model = "gate", Version = "1.2.0", Score = 0.93, Outcome = "Scored", Arm = "baseline", Family =
                        "sqli",
                    Part = "query:q", Excerpt = "1' or '1'='1", Microseconds = 40,
                },
            ],
            Coverage = new InspectionCoverage { Bytes = 300, BytesInspected = 300, Parts = 12 },
            InspectionMicroseconds = 210,
        };

    /// <summary>A request that passed, not looked at whole.</summary>
    public static SecurityEvent Passed(DateTimeOffset? at = null, string ns = "shop", string path = "/upload") =>
        Attack(at, ns, path: path) with
        {
            Verdict = VerdictKind.Allow,
            WouldHave = VerdictKind.Allow,
            Reason = "None",
            StatusCode = 200,
            AnomalyScore = 0,
            Score = 0.01,
            Risk = null,
            Message = null,
            Rules = [],
            Models = [],
            Coverage = new InspectionCoverage
            {
                IsWhole = false, Bytes = 5_000, BytesInspected = 400, Uninspected = [UninspectedReason.FileContent],
            },
        };

    public static PreparedEvent Prepared(SecurityEvent e)
    {
        var prepared = EventPreparation.Prepare(e, Now, KeepFor, out var refusal);
        return prepared ?? throw new InvalidOperationException(refusal);
    }

    public static Task<AddResult> AddAsync(this IEventStore store, params SecurityEvent[] events) =>
        store.AddAsync([.. events.Select(Prepared)], CancellationToken.None);
}
