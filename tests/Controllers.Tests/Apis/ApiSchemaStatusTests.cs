using WafOperator.Controllers.Apis;
using WafOperator.Policies.Compilation;
using WafOperator.Protocols.Status;
using WafOperator.Resources;
using WafOperator.Resources.Policies;

namespace WafOperator.Controllers.Tests.Apis;

public sealed class ApiSchemaStatusTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

    private static readonly CompiledApi Api = new()
    {
        Name = "items", Document = "abc", Operations = ["list", "read", "drop"], Unchecked = ["/x: y"],
        UncheckedCount = 7,
    };

    [Fact]
    public void CountsOfAllSidecars_AreAdded_ByNameOfTheOperation()
    {
        var status = ApiSchemaSummary.Of(Api, [
            Report() with
            {
                Requests = 10, Operations = [3],
                Findings = [new(0, "Body", 2), new(-1, "UnknownPath", 1), new(99, "Body", 9), new(0, "Made up", 9)],
                Shadows = [new("GET /admin", 1, 0)],
            },
            Report() with
            {
                Requests = 5, Operations = [0, 0, 1], Findings = [new(0, "Body", 3)],
                Shadows = [new("GET /admin", 4, 2), new("GET /x", 9, 0)],
            },
            Report() with { Document = "older", Requests = 100, Operations = [1, 1, 1] },
        ], null);

        Assert.Equal((3, "abc", 15L, 7), (status.Operations, status.Document, status.Requests, status.UncheckedCount));
        Assert.Equal(
            [("list", ApiReason.Body, 5L), (null, ApiReason.UnknownPath, 1L)],
            status.Findings.Select(finding => (finding.Operation, finding.Reason, finding.Requests)));
        Assert.Equal(
            [("GET /admin", 5L, 2L), ("GET /x", 9L, 0L)],
            status.Shadows.Select(s => (s.Path, s.Requests, s.Answered)));
        Assert.Equal(["read"], status.Unseen);
        Assert.Equal(1, status.UnseenCount);
    }

    [Fact]
    public void OperationThatWasAskedForOnce_StaysSeen_WhileTheDocumentStays()
    {
        var first = ApiSchemaSummary.Of(Api, [Report() with { Operations = [1] }], null);
        var restarted = ApiSchemaSummary.Of(Api, [Report()], first);
        var changed = ApiSchemaSummary.Of(Api with { Document = "def" }, [], restarted);

        Assert.Equal(["read", "drop"], restarted.Unseen);
        Assert.Equal(["list", "read", "drop"], changed.Unseen);
    }

    [Fact]
    public void ListsOfTheStatus_HaveTheirBounds()
    {
        var api = Api with { Operations = [.. Enumerable.Range(0, 2000).Select(i => $"op{i}")] };
        var status = ApiSchemaSummary.Of(api, [
            Report() with
            {
                Findings = [.. Enumerable.Range(0, 2000).Select(i => new ApiFindingReport(i, "Body", 1))],
                Shadows = [.. Enumerable.Range(0, 2000).Select(i => new ApiShadowReport($"GET /{i}", 1, 1))],
            },
        ], null);

        Assert.Equal((50, 50, 500), (status.Findings.Count, status.Shadows.Count, status.Unseen.Count));
    }

    [Theory]
    [InlineData(true, null, "Accepted", "True False True")]
    [InlineData(true, FindingKind.ApiOperationNotFound, "Accepted", "True False True")]
    [InlineData(false, FindingKind.ApiDocumentInvalid, "ApiDocumentInvalid", "False True False")]
    [InlineData(false, FindingKind.ApiDocumentNotFound, "ApiDocumentNotFound", "False False False")]
    [InlineData(false, null, "PolicyNotCompiled", "False False False")]
    public void Conditions_SayWhetherItIsInForce(
        bool isCompiled, FindingKind? kind, string reason, string states)
    {
        Finding[] findings = kind is { } known
            ? [new(FindingSeverity.Warning, known, "spec.document", "words", "ApiSchema/items")] : [];
        var conditions = ApiSchemaConditions.Compute(ApiSchemaVerdict.Of("shop", findings, isCompiled), 7, Now, []);

        Assert.Equal(["Accepted", "Stalled", "Ready"], conditions.Select(condition => condition.Type));
        Assert.Equal(states, string.Join(' ', conditions.Select(condition => condition.Status)));
        Assert.All(conditions, condition => Assert.Equal(reason, condition.Reason));
        Assert.All(conditions, condition => Assert.Equal(7, condition.ObservedGeneration));
        if (kind is not null) Assert.Contains("words", conditions[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TransitionTime_ChangesOnlyWithTheStatus()
    {
        var before = ApiSchemaConditions.Compute(ApiSchemaVerdict.Of("shop", [], true), 1, Now, []);
        var after = ApiSchemaConditions.Compute(ApiSchemaVerdict.Of("shop", [], true), 2, Now.AddHours(1), before);

        Assert.All(after, condition => Assert.Equal(Now, condition.LastTransitionTime));
    }

    private static ApiSchemaReport Report() => new() { Name = "items", Document = "abc" };
}
