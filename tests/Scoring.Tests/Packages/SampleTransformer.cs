using WafOperator.Http;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Scoring.Ensemble;
using WafOperator.Scoring.Packages;

namespace WafOperator.Scoring.Tests.Packages;

/// <summary>
/// A small transformer with random weights (<c>python3 -m wafml.release_transformer --sample</c>): what it finds means
/// nothing, so that tests say by the manifest what its answer is worth.
/// </summary>
internal static class SampleTransformer
{
    public const string Name = "transformer-sample";

    private static readonly ModelPackage Package = Read();

    public static ModelManifest Manifest => Package.Manifest;

    public static IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Files => Package.Files;

    /// <summary>The package with another manifest or other files.</summary>
    public static byte[] Archive(
        ModelManifest? manifest = null, IReadOnlyDictionary<string, ReadOnlyMemory<byte>>? files = null) =>
        ModelPackageWriter.Write(manifest ?? Manifest, files ?? Files);

    /// <summary>A manifest with which every answer is of this probability in the cascade.</summary>
    public static ModelManifest Saying(double probability, double low = 0, double uncertain = 1_000) => Manifest with
    {
        Cascade = new CascadeCalibration
        {
            GateWeight = 0, ModelWeight = 0, Intercept = Math.Log(probability / (1 - probability)),
        },
        Thresholds = new Dictionary<string, double> { ["low"] = low, ["high"] = 1, ["uncertain"] = uncertain },
    };

    public static ModelBlob BlobOf(byte[] archive) => new()
    {
        Version = Manifest.Version, Digest = ModelPackageReader.DigestOf(archive),
    };

    /// <summary>A program of the released models and these.</summary>
    public static ScoringProgram Program(
        ReleasedModels models, Func<MlPolicy, MlPolicy> change, params byte[][] archives)
    {
        var library = new ModelLibrary(
            [new FolderPackageSource(models.Folder, PackageLimits.Default), new Held(archives)],
            new ValueModelLoader(PackageLimits.Default, reason => throw new InvalidOperationException(reason)),
            TimeProvider.System);
        var policy = models.Policy();
        policy = change(policy with
        {
            Models = [.. policy.Models, new ModelAssignment { Model = Name, Baseline = BlobOf(archives[0]) }],
        });
        library.PrepareAsync(policy, CancellationToken.None).GetAwaiter().GetResult();
        Assert.All(library.Statuses(), status => Assert.Null(status.Message));
        return ScoringProgram.Build(policy, library, null, null);
    }

    public static CanonicalRequest Form(string body)
    {
        var request = new CanonicalRequest();
        request.Begin("POST", "/orders", "HTTP/1.1");
        request.AddHeader("Host", "shop.example");
        request.AddHeader("Content-Type", "application/x-www-form-urlencoded");
        request.EndHeaders();
        request.AppendBody(System.Text.Encoding.UTF8.GetBytes(body));
        request.EndBody();
        return request;
    }

    private static ModelPackage Read()
    {
        var archive = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Packages", $"{Name}.tar"));
        var reading = ModelPackageReader.Read(archive, ModelPackageReader.DigestOf(archive), PackageLimits.Default);
        return reading.Package ?? throw new InvalidOperationException(reading.Error);
    }

    /// <summary>Packages that are held in memory.</summary>
    internal sealed class Held(byte[][] archives) : IPackageSource
    {
        public Task<ReadOnlyMemory<byte>?> FetchAsync(ModelBlob blob, CancellationToken cancellationToken) =>
            Task.FromResult(archives.Where(a => ModelPackageReader.DigestOf(a) == blob.Digest)
                .Select(a => (ReadOnlyMemory<byte>?)a).FirstOrDefault());
    }
}
