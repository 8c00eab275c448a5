using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using WafOperator.E2e.Scenarios.Environment;
using WafOperator.Protocols.Models;

namespace WafOperator.E2e.Scenarios.Rollouts;

/// <summary>A package as it is offered, with the digest that its ModelVersion names.</summary>
public sealed record CandidatePackage(string Model, string Version, byte[] Archive)
{
    public string Digest { get; init; } = ModelPackageReader.DigestOf(Archive);

    /// <summary>What a signature of it says.</summary>
    public PackageIdentity Identity => new(Model, Version, Digest);
}

/// <summary>
/// Packages that are worse than the released ones in one way each, made of them. Well formed as far as digests and
/// manifest go.
/// </summary>
public static class CandidatePackages
{
    private const int GateBiasOffset = 28;

    /// <summary>A released package, such as gate-1.0.0.</summary>
    public static ModelPackage Released(string name) =>
        ModelPackageReader.Read(File.ReadAllBytes(Repository.PathOf("models", "packages", name + ".tar")), null,
            PackageLimits.Default).Package
        ?? throw new InvalidOperationException($"models/packages/{name}.tar cannot be read");

    /// <summary>A gate whose every score is moved: down it misses attacks, up it flags harmless requests.</summary>
    public static CandidatePackage GateMovedBy(float logit, string version)
    {
        var gate = Released("gate-1.0.0");
        var weights = gate.Files["gate.bin"].ToArray();
        var bias = weights.AsSpan(GateBiasOffset);
        BinaryPrimitives.WriteSingleLittleEndian(bias, BinaryPrimitives.ReadSingleLittleEndian(bias) + logit);
        return Package(gate, version, ("gate.bin", weights));
    }

    /// <summary>The released network under another version.</summary>
    public static CandidatePackage EqualNetwork(string version)
    {
        var network = Released("payload-cnn-1.0.0");
        return Package(network, version, ("kernel.bin", network.Files["kernel.bin"].ToArray()));
    }

    /// <summary>A gate that hashes into fewer buckets than sidecars compute.</summary>
    public static CandidatePackage GateOfAnotherShape(string version)
    {
        var gate = Released("gate-1.0.0");
        var weights = gate.Files["gate.bin"].ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(weights.AsSpan(8), 17);
        return Package(gate, version, ("gate.bin", weights));
    }

    /// <summary>A network whose file does not have the input that its manifest declares.</summary>
    public static CandidatePackage NetworkOfAnotherShape(string version)
    {
        var network = Released("payload-cnn-1.0.0");
        var manifest = network.Manifest with
        {
            Inputs = [new TensorDeclaration { Name = "pixels", ElementType = "float32", Shape = [1, 3, 224, 224] }],
        };
        return Package(network, manifest, version, ("model.onnx", network.Files["model.onnx"].ToArray()));
    }

    /// <summary>The released network with needless work in front of its answer.</summary>
    public static CandidatePackage SlowNetwork(string version) =>
        Extended(version, OnnxExtension.NeedlessWork(multiplications: 6, size: 160));

    /// <summary>The released network, which fails on values of more tokens than its own corpus has.</summary>
    public static CandidatePackage CrashingNetwork(string version) =>
        Extended(version, OnnxExtension.FailureFrom(tokens: 33));

    private static CandidatePackage Extended(string version, byte[] extension)
    {
        var network = Released("payload-cnn-1.0.0");
        // Messages of protobuf merge when they are put one behind the other: the extension's nodes join the graph's.
        return Package(network, version, ("model.onnx", [.. network.Files["model.onnx"].Span, .. extension]));
    }

    private static CandidatePackage Package(
        ModelPackage released, string version, params (string Name, byte[] Data)[] changed) =>
        Package(released, released.Manifest, version, changed);

    private static CandidatePackage Package(
        ModelPackage released, ModelManifest manifest, string version, params (string Name, byte[] Data)[] changed)
    {
        var files = new Dictionary<string, ReadOnlyMemory<byte>>
        {
            ["tokenizer.json"] = released.Files["tokenizer.json"],
            ["corpus.jsonl"] = Short(released.Files["corpus.jsonl"]),
        };
        foreach (var (name, data) in changed) files[name] = data;
        return new CandidatePackage(
            manifest.Name, version, ModelPackageWriter.Write(manifest with { Version = version }, files));
    }

    /// <summary>Requests without long values: small enough for a ConfigMap, and blind to what long values do.</summary>
    private static byte[] Short(ReadOnlyMemory<byte> corpus)
    {
        var lines = Encoding.UTF8.GetString(corpus.Span).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => Length(line) < 45);
        return Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n");
    }

    private static int Length(string line)
    {
        using var row = JsonDocument.Parse(line);
        var body = row.RootElement.GetProperty("body");
        return Math.Max(row.RootElement.GetProperty("uri").GetString()!.Length,
            body.ValueKind is JsonValueKind.String ? body.GetString()!.Length : 0);
    }
}
