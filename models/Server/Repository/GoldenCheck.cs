using System.Text.Json;
using WafOperator.Features;
using WafOperator.Models.Server.Batching;
using WafOperator.Models.Server.Values;
using WafOperator.OnnxRuntime;

namespace WafOperator.Models.Server.Repository;

/// <summary>
/// Runs a package's own examples (golden.jsonl: <c>value</c> in base64, <c>logit</c>) and compares the logits.
/// </summary>
internal static class GoldenCheck
{
    private const int RowsMax = 2_000;

    /// <summary>
    /// Largest difference that is allowed: what rounding costs in that number format. The manifests' own figures for
    /// INT8 are up to 0.16.
    /// </summary>
    public static double ToleranceOf(string file) => file switch
    {
        "model-int8.onnx" => 0.5,
        "model-fp16.onnx" => 0.05,
        _ => 0.01,
    };

    public static (double? Difference, string? Problem) Run(
        ReadOnlySpan<byte> jsonLines, ServedModel model, BatchLimits limits)
    {
        var rows = new ValueRows(model, limits);
        var expected = new List<double>();
        var buffer = new byte[ValueNormalizer.ValueBytesMax];
        foreach (var range in jsonLines.Split((byte)'\n'))
        {
            var line = jsonLines[range];
            if (line.IsEmpty || expected.Count >= RowsMax) continue;
            if (Read(line, buffer, rows, expected) is { } problem)
                return (0, $"golden vector {expected.Count + 1}: {problem}");
        }

        try
        {
            foreach (var part in rows.ToParts()) model.Run([part]);
        }
        catch (OrtException failure)
        {
            return (0, $"golden vectors cannot be run: {failure.Message}");
        }

        var logits = rows.Logits();
        var difference = 0.0;
        for (var i = 0; i < logits.Length; i++)
        {
            if (!float.IsFinite(logits[i])) return (0, $"golden vector {i + 1}: the logit is {logits[i]}");
            difference = Math.Max(difference, Math.Abs(logits[i] - expected[i]));
        }

        return (difference, null);
    }

    private static string? Read(ReadOnlySpan<byte> line, byte[] buffer, ValueRows rows, List<double> expected)
    {
        try
        {
            var reader = new Utf8JsonReader(line);
            using var document = JsonDocument.ParseValue(ref reader);
            var value = document.RootElement.GetProperty("value").GetBytesFromBase64();
            expected.Add(document.RootElement.GetProperty("logit").GetDouble());
            var length = ValueNormalizer.Normalize(value, buffer, out var flags);
            rows.Add(buffer.AsSpan(0, length), flags);
            return null;
        }
        catch (Exception failure) when (failure is JsonException or FormatException or KeyNotFoundException
            or InvalidOperationException)
        {
            return failure.Message;
        }
    }
}
