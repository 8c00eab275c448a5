using System.Text.Json;

namespace WafOperator.Features.Tests;

/// <summary>One value with what training computes of it (models/training/wafml/golden.py).</summary>
internal sealed record GoldenValue(
    byte[] Value, byte[] Normalized, int Flags, bool Plain, int Windows, uint Ngrams, uint Tokens, int TokenCount, double Logit);

internal static class GoldenValues
{
    public static IReadOnlyList<GoldenValue> Read()
    {
        var path = Path.Combine(AppContext.BaseDirectory, "golden", "values.jsonl");
        return [.. File.ReadLines(path).Select(line => JsonSerializer.Deserialize<GoldenValue>(line, JsonSerializerOptions.Web)!)];
    }

    /// <summary>The formula of golden.synthetic_gate, as a weights file.</summary>
    public static byte[] SyntheticGate()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("WAFGATE2"u8);
        foreach (var field in new uint[] { 18, 2, 5, ValueNormalizer.FlagCount })
        {
            writer.Write(field);
        }

        writer.Write(0.03125f);
        writer.Write(-0.75f);
        for (var i = 0; i < ValueNormalizer.FlagCount; i++)
        {
            writer.Write((i - 5f) / 8f);
        }

        for (var i = 0u; i < NgramHash.Buckets; i++)
        {
            writer.Write((byte)(i * 2654435761u >> 24));
        }

        return stream.ToArray();
    }
}
