using System.Text.Json;

namespace WafOperator.Features.Tests;

/// <summary>One value with what training computes of it (models/training/wafml/golden.py).</summary>
internal sealed record GoldenValue(
    byte[] Value, byte[] Normalized, int Flags, bool Plain, int Windows, uint Ngrams, uint Tokens, int TokenCount,
    double[][] Places);

/// <summary>A long value, as a piece and how often it is repeated, with what training computes of it.</summary>
internal sealed record LongGoldenValue(
    byte[] Piece, int Times, int Length, uint Normalized, int Flags, int Unread, double[][] Places)
{
    public byte[] Value => [.. Enumerable.Repeat(Piece, Times).SelectMany(piece => piece)];
}

internal static class GoldenValues
{
    public static IReadOnlyList<GoldenValue> Read() => Lines<GoldenValue>("values.jsonl");

    public static IReadOnlyList<LongGoldenValue> ReadLong() => Lines<LongGoldenValue>("long.jsonl");

    private static List<T> Lines<T>(string file) =>
    [
        .. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "golden", file))
            .Select(line => JsonSerializer.Deserialize<T>(line, JsonSerializerOptions.Web)!),
    ];

    /// <summary>The formula of golden.synthetic_gate, as a weights file.</summary>
    public static byte[] SyntheticGate()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("WAFGATE3"u8);
        foreach (var field in new uint[] { 18, 2, 5, ValueNormalizer.FlagCount, 8 })
        {
            writer.Write(field);
        }

        writer.Write(0.03125f);
        writer.Write(-0.75f);
        writer.Write(0.0625f);
        uint[] lengths = [12, 16, 24, 40, 64, 104, 168, 240];
        for (var i = 0; i < lengths.Length; i++)
        {
            writer.Write(lengths[i]);
            writer.Write((float)(0.03125 / Math.Sqrt(7.0 * lengths[i])));
            writer.Write((i - 2f) / 4f);
        }

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
