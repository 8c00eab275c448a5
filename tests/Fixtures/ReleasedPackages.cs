using System.Formats.Tar;
using System.Text.Json;

namespace WafOperator.Fixtures;

/// <summary>A raw value and the logit that every runtime must compute for it.</summary>
public sealed record GoldenLogit(byte[] Value, double Logit);

/// <summary>The archives under models/packages.</summary>
public static class ReleasedPackages
{
    public static IEnumerable<string> Paths(string family) =>
        Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "packages"), $"{family}-*.tar");

    public static Dictionary<string, byte[]> Files(string path)
    {
        var files = new Dictionary<string, byte[]>();
        using var stream = File.OpenRead(path);
        using var reader = new TarReader(stream);
        while (reader.GetNextEntry() is { } entry)
        {
            using var data = new MemoryStream();
            entry.DataStream?.CopyTo(data);
            files[entry.Name] = data.ToArray();
        }

        return files;
    }

    public static IReadOnlyList<GoldenLogit> Golden(Dictionary<string, byte[]> files) =>
    [
        .. System.Text.Encoding.UTF8.GetString(files["golden.jsonl"])
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonSerializer.Deserialize<GoldenLogit>(line, JsonSerializerOptions.Web)!),
    ];
}
