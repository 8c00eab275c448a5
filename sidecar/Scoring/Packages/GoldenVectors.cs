using System.Globalization;
using System.Text.Json;
using WafOperator.Features;

namespace WafOperator.Scoring.Packages;

/// <summary>Runs a package's own examples and compares the logits (golden.jsonl: <c>value</c> in base64, <c>logit</c>).</summary>
internal static class GoldenVectors
{
    private const int RowsMax = 2_000;

    /// <summary>Null when all agree; else what differs first.</summary>
    public static string? FirstDifference(ReadOnlySpan<byte> jsonLines, ValueModel model, double tolerance)
    {
        var row = 0;
        var buffer = new byte[ValueNormalizer.ValueBytesMax];
        foreach (var range in jsonLines.Split((byte)'\n'))
        {
            var line = jsonLines[range];
            if (line.IsEmpty || row++ >= RowsMax) continue;
            try
            {
                if (Difference(line, model, buffer, tolerance) is { } wrong) return $"golden vector {row}: {wrong}";
            }
            catch (Exception failure) when (failure is JsonException or FormatException or KeyNotFoundException or InvalidOperationException)
            {
                return $"golden vector {row} cannot be read: {failure.Message}";
            }
        }

        return null;
    }

    private static string? Difference(ReadOnlySpan<byte> line, ValueModel model, byte[] buffer, double tolerance)
    {
        var reader = new Utf8JsonReader(line);
        using var document = JsonDocument.ParseValue(ref reader);
        var value = document.RootElement.GetProperty("value").GetBytesFromBase64();
        var expected = document.RootElement.GetProperty("logit").GetDouble();
        var length = ValueNormalizer.Normalize(value, buffer, out var flags);
        var actual = model.Logit(buffer.AsSpan(0, length), flags);
        return Math.Abs(actual - expected) <= tolerance
            ? null
            : string.Create(CultureInfo.InvariantCulture,
                $"this build computes {actual:0.####}, the package says {expected:0.####}: it was trained with another tokenizer or normalisation");
    }
}
