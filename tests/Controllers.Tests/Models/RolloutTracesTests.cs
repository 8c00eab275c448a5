using WafOperator.Controllers.Models;
using WafOperator.Fixtures;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources.Models;
using WafOperator.Telemetry;

namespace WafOperator.Controllers.Tests.Models;

/// <summary>A rollout as a collector sees it: one trace, whoever led meanwhile.</summary>
public sealed class RolloutTracesTests
{
    private static readonly DateTimeOffset Began = DateTimeOffset.UtcNow.AddDays(-1);

    [Fact]
    public async Task PhasesOfAVersion_AreOneTrace_AndOfAnotherVersionAnother()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        var settings = new TraceSettings { IsOn = true, Ratio = 0, Endpoint = collector.Endpoint };
        foreach (var (uid, phase, next) in new[]
        {
            ("a", ModelPhase.Shadow, ModelPhase.Canary), ("a", ModelPhase.Canary, ModelPhase.Promoted),
            ("a", ModelPhase.Promoted, ModelPhase.Promoted), ("b", ModelPhase.Shadow, ModelPhase.RolledBack),
        })
        {
            // A leader for each step.
            using var export = TraceExport.Start(settings, new Dictionary<string, string>(), RolloutTraces.Source);
            RolloutTraces.Left(Version(uid, phase), next);
            Assert.True(export!.Flush(10_000));
        }

        var traces = collector.Spans.GroupBy(span => span.TraceId).ToDictionary(
            group => group.First().Attributes["waf.model_version"], group => group.ToList(), StringComparer.Ordinal);
        Assert.Equal(["a", "b"], traces.Keys.Order());
        Assert.Equal(
            ["Shadow>Canary", "Canary>Promoted"],
            traces["a"].Select(span => $"{span.Attributes["waf.phase"]}>{span.Attributes["waf.next_phase"]}"));
        Assert.Single(traces["b"]);
    }

    private static Resource<ModelVersion> Version(string uid, ModelPhase phase) => new(
        new ObjectMeta { Name = uid, Namespace = "shop", Uid = uid },
        new ModelVersion
        {
            Spec = new ModelVersionSpec { Model = "gate", Version = "1.1.0" },
            Status = new ModelVersionStatus { Phase = phase, PhaseStartedAt = Began },
        });
}
