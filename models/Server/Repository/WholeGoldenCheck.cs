using System.Text.Json;
using WafOperator.Models.Server.Batching;
using WafOperator.Models.Server.Values;
using WafOperator.OnnxRuntime;
using WafOperator.Protocols.Models;

namespace WafOperator.Models.Server.Repository;

/// <summary>
/// Runs the examples of a package that reads whole requests (golden.jsonl: <c>compact</c>, the request as sidecars send
/// it, in base64; <c>logit</c>, <c>uncertainty</c>, <c>family</c>, <c>type</c>) and compares every answer.
/// </summary>
internal static class WholeGoldenCheck
{
    private const int RequestsMax = 2_000;
    private const string PlainFile = "model.onnx";

    /// <summary>The largest difference, null where no example can be sent to a pool; and what is wrong first.</summary>
    public static (double? Difference, string? Problem) Run(
        ReadOnlySpan<byte> jsonLines, ServedModel model, BatchLimits limits)
    {
        double? largest = null;
        var row = 0;
        foreach (var range in jsonLines.Split((byte)'\n'))
        {
            var line = jsonLines[range];
            if (line.IsEmpty || row++ >= RequestsMax) continue;
            try
            {
                var (difference, problem) = Compare(line, model, limits);
                if (problem is not null) return (largest, $"golden vector {row}: {problem}");
                if (difference is { } found) largest = Math.Max(largest ?? 0, found);
            }
            catch (Exception failure) when (failure is JsonException or FormatException or KeyNotFoundException
                or InvalidOperationException or OrtException)
            {
                return (largest, $"golden vector {row}: {failure.Message}");
            }
        }

        return (largest, null);
    }

    private static (double? Difference, string? Problem) Compare(
        ReadOnlySpan<byte> line, ServedModel model, BatchLimits limits)
    {
        var reader = new Utf8JsonReader(line);
        using var document = JsonDocument.ParseValue(ref reader);
        var expected = document.RootElement;
        if (!expected.TryGetProperty("compact", out var compact)) return default;
        var rows = new RequestRows(model, limits);
        if (rows.Add(compact.GetBytesFromBase64(), out _) is { } malformed) return (null, malformed);
        foreach (var part in rows.ToParts()) model.Run([part]);
        var reply = rows.Replies()[0];
        var difference = Math.Max(
            Math.Abs(reply.Logit - expected.GetProperty("logit").GetDouble()),
            Math.Abs(reply.Uncertainty - expected.GetProperty("uncertainty").GetDouble()));
        // Rounded weights may find another family where two are alike.
        if (model.File is not PlainFile) return (difference, null);
        var manifest = model.Manifest;
        return (difference, Name(expected, "family", manifest.Families, reply.Family)
            ?? Name(expected, "type", manifest.Types, reply.Type));
    }

    private static string? Name(JsonElement expected, string what, IReadOnlyList<string> names, int number)
    {
        var (wanted, found) = (expected.GetProperty(what).GetString(), number < 0 ? null : names[number]);
        return found == wanted ? null : $"this build finds the {what} {found}, the package says {wanted}";
    }
}
