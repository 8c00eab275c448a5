using System.Text;
using System.Text.Json.Nodes;
using WafOperator.Protocols.Models;

namespace WafOperator.Models.Server.Tests;

/// <summary>
/// The small transformer with random weights that sidecars are tested with
/// (<c>python3 -m wafml.release_transformer --sample</c>).
/// </summary>
internal static class WholeSample
{
    public const string Name = "transformer-sample";

    private const int DigestAt = 8;

    private static readonly byte[] Bytes = File.ReadAllBytes(
        Path.Combine(ServerFixture.Packages, "..", "..", "tests", "Scoring.Tests", "Packages", $"{Name}.tar"));

    private static readonly ModelPackage Package = ModelPackageReader.Read(Bytes, null, PackageLimits.Default).Package!;

    public static ModelManifest Manifest => Package.Manifest;

    public static string Digest => Package.Digest;

    /// <summary>The package, with other files where they are named; null leaves one out.</summary>
    public static byte[] Archive(params (string File, string? Content)[] changes)
    {
        if (changes.Length == 0) return Bytes;
        var files = Package.Files.ToDictionary(f => f.Key, f => f.Value);
        foreach (var (file, content) in changes)
        {
            if (content is null) files.Remove(file);
            else files[file] = Encoding.UTF8.GetBytes(content);
        }

        return ModelPackageWriter.Write(Manifest, files);
    }

    /// <summary>A text file of the package.</summary>
    public static string Text(string file) => Encoding.UTF8.GetString(Package.Files[file].Span);

    /// <summary>Its golden requests.</summary>
    public static List<JsonNode> Golden() =>
        [.. Text("golden.jsonl").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!)];

    /// <summary>A golden request as sidecars send it, with the package's digest.</summary>
    public static byte[] BodyOf(JsonNode line)
    {
        var body = Convert.FromBase64String(line["compact"]!.GetValue<string>());
        Convert.FromHexString(Digest["sha256:".Length..]).CopyTo(body, DigestAt);
        return body;
    }
}
