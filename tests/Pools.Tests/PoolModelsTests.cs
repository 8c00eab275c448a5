using WafOperator.Pools;
using WafOperator.Resources;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;

namespace WafOperator.Pools.Tests;

public sealed class PoolModelsTests
{
    private static readonly Dictionary<string, string> Keys = new() { ["signing"] = "PEM" };

    private static ModelVersion Version(
        string model, string version, ModelPhase phase, string? pool = "large", int started = 0,
        ModelSignature? signature = null) => new()
    {
        Metadata = new ObjectMeta { Namespace = "shop", Name = $"{model}-{version}" },
        Spec = new ModelVersionSpec
        {
            Model = model,
            Version = version,
            Artifact = new ModelArtifact
            {
                Uri = "https://models.example/m.tar", Digest = $"sha256:{model}-{version}", Signature = signature,
            },
            Serving = new ModelServing { Mode = pool is null ? ServingMode.InSidecar : ServingMode.Pool, Pool = pool },
        },
        Status = new ModelVersionStatus { Phase = phase, PhaseStartedAt = DateTimeOffset.UnixEpoch.AddHours(started) },
    };

    private static string[] Of(params ModelVersion[] versions) =>
        [.. PoolModels.Of("large", versions, Keys)
            .Select(m => $"{m.Model} {m.Package.Version} {(m.IsRequired ? "required" : "offered")}")];

    [Fact]
    public void ServedAre_PromotedCandidateAndTheTwoBefore_RequiredFirst() => Assert.Equal(
        [
            "transformer 2.0.0 required", "transformer 3.0.0 offered", "transformer 1.1.0 offered",
            "transformer 1.0.0 offered",
        ],
        Of(Version("transformer", "3.0.0", ModelPhase.Canary),
            Version("transformer", "1.0.0", ModelPhase.Superseded, started: 1),
            Version("transformer", "0.8.0", ModelPhase.Superseded, started: 0),
            Version("transformer", "1.1.0", ModelPhase.Superseded, started: 2),
            Version("transformer", "2.0.0", ModelPhase.Promoted),
            Version("transformer", "0.9.0", ModelPhase.RolledBack),
            Version("transformer", "4.0.0", ModelPhase.Verifying)));

    [Fact]
    public void ModelsOfOtherPoolsAndOfTheSidecar_AreNotServed() => Assert.Empty(
        Of(Version("a", "1.0.0", ModelPhase.Promoted, "other"), Version("b", "1.0.0", ModelPhase.Promoted, null)));

    [Fact]
    public void ASignedPackage_TravelsWithItsKey()
    {
        var signature = new ModelSignature { Value = "sig", PublicKeySecret = "signing" };
        var model = Assert.Single(
            PoolModels.Of("large", [Version("a", "1.0.0", ModelPhase.Promoted, signature: signature)], Keys));
        Assert.Equal(("sig", "PEM"), (model.Package.Signature, model.Package.PublicKeyPem));
    }

    [Theory]
    [InlineData("large", "gate", true, "it names the pool")]
    [InlineData(null, "transformer", true, "it names a model that the pool serves")]
    [InlineData("other", "gate", false, "it names neither")]
    public void APolicyNeedsThePool(string? pool, string model, bool expected, string why)
    {
        var policy = new WafPolicy
        {
            Metadata = new ObjectMeta { Namespace = "shop", Name = "front" },
            Spec = new WafPolicySpec
            {
                Ml = new MlSpec { Pool = pool, Models = [new ModelReference { Model = model }] },
            },
        };
        var needed = PoolModels.NeededBy("large", [policy], [Version("transformer", "1.0.0", ModelPhase.Promoted)]);
        Assert.True(needed.Count == (expected ? 1 : 0), why);
    }
}
