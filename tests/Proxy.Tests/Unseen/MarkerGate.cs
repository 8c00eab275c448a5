using System.Text;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;

namespace WafOperator.Proxy.Tests.Unseen;

/// <summary>
/// A model that knows one text and nothing else, in the format of the released gate: whether models were shown a text
/// does not depend then on how well one learned it.
/// </summary>
internal sealed class MarkerGate : IDisposable
{
    private const string Version = "9.0.0";
    private const int Buckets = 2 << 18;
    private const int NgramBytes = 5;

    private readonly string _folder = Directory.CreateTempSubdirectory("waf-marker-").FullName;

    /// <summary>Writes the package.</summary>
    /// <param name="marker">The text in lower case, at least twelve bytes.</param>
    public MarkerGate(string marker)
    {
        var archive = Directory.EnumerateFiles(Released(), "gate-*.tar").Select(File.ReadAllBytes).Last();
        var released = ModelPackageReader.Read(archive, null, PackageLimits.Default).Package!;
        var files = released.Files.ToDictionary(file => file.Key, file => file.Value);
        files["gate.bin"] = Weights(marker);
        files.Remove("golden.jsonl");
        var package = ModelPackageWriter.Write(released.Manifest with { Version = Version }, files);
        File.WriteAllBytes(Path.Combine(_folder, $"gate-{Version}.tar"), package);
        Blob = new ModelBlob { Version = Version, Digest = ModelPackageReader.DigestOf(package) };
    }

    /// <summary>The folder that holds the package.</summary>
    public string Folder => _folder;

    /// <summary>How a policy names it.</summary>
    public ModelBlob Blob { get; }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>One window of twelve bytes; n-grams of the marker weigh, nothing else does (models/Features).</summary>
    private static byte[] Weights(string marker)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("WAFGATE3"u8);
        foreach (var field in (uint[])[18, 2, NgramBytes, 15, 1]) writer.Write(field);
        foreach (var number in (float[])[0, -10, 0]) writer.Write(number);
        writer.Write(12u);
        foreach (var number in (float[])[0.5f, -40]) writer.Write(number);
        for (var flag = 0; flag < 15; flag++) writer.Write(0f);
        var weights = new byte[Buckets];
        var text = Encoding.ASCII.GetBytes(marker);
        for (var at = 0; at + NgramBytes <= text.Length; at++)
            weights[Bucket(text.AsSpan(at, NgramBytes))] = 25;
        writer.Write(weights);
        return stream.ToArray();
    }

    private static int Bucket(ReadOnlySpan<byte> ngram)
    {
        var hash = 0x811c9dc5;
        foreach (var letter in ngram) hash = (hash ^ letter) * 0x01000193;
        return (int)(hash * 0x9e3779b1 >> 14);
    }

    private static string Released()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!Directory.Exists(Path.Combine(folder!.FullName, "models", "packages"))) folder = folder.Parent;
        return Path.Combine(folder.FullName, "models", "packages");
    }
}
