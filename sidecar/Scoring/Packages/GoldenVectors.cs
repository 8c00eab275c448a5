using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using WafOperator.Features;
using WafOperator.Http;
using WafOperator.OnnxRuntime;

namespace WafOperator.Scoring.Packages;

/// <summary>
/// Runs a package's own examples and compares what comes out (golden.jsonl): <c>value</c> in base64 and <c>logit</c>,
/// or for models of whole requests a request with <c>logit</c>, <c>uncertainty</c>, <c>family</c> and <c>type</c>.
/// </summary>
internal static class GoldenVectors
{
    private const int RowsMax = 2_000;

    /// <summary>A network that needs longer for its own examples would hold up everything that waits for it.</summary>
    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(60);

    /// <summary>Null when all agree; else what differs first.</summary>
    public static string? FirstDifference(ReadOnlySpan<byte> jsonLines, ValueModel model, double tolerance)
    {
        var row = 0;
        var started = Stopwatch.GetTimestamp();
        var buffer = new byte[ValueNormalizer.ValueBytesMax];
        foreach (var range in jsonLines.Split((byte)'\n'))
        {
            var line = jsonLines[range];
            if (line.IsEmpty || row++ >= RowsMax) continue;
            if (Stopwatch.GetElapsedTime(started) > TimeMax)
                return $"golden vector {row}: the ones before it took more than {TimeMax.TotalSeconds} s";
            try
            {
                var difference = model is RequestModel whole
                    ? Difference(line, whole, tolerance)
                    : Difference(line, model, buffer, tolerance);
                if (difference is { } wrong) return $"golden vector {row}: {wrong}";
            }
            catch (Exception failure) when (failure is JsonException or FormatException or KeyNotFoundException
                or InvalidOperationException or OrtException)
            {
                return $"golden vector {row} cannot be read: {failure.Message}";
            }
        }

        return null;
    }

    private static string? Difference(ReadOnlySpan<byte> line, RequestModel model, double tolerance)
    {
        var reader = new Utf8JsonReader(line);
        using var document = JsonDocument.ParseValue(ref reader);
        var row = document.RootElement;
        var request = new CanonicalRequest();
        RecordedRequest.Read(request, row);
        if (model.AnswerTo(request) is not { } actual) return "it has no row";
        var (logit, width) = (row.GetProperty("logit").GetDouble(), row.GetProperty("uncertainty").GetDouble());
        if (Math.Abs(actual.Logit - logit) > tolerance || Math.Abs(actual.Uncertainty - width) > tolerance)
        {
            return string.Create(CultureInfo.InvariantCulture,
                $"this build computes {actual.Logit:0.####} and a width of {actual.Uncertainty:0.####}, ")
                + string.Create(CultureInfo.InvariantCulture, $"the package says {logit:0.####} and {width:0.####}: ")
                + "it was trained with another tokenizer, or on other parts";
        }

        return Name(row, "family", model.Manifest.Families, actual.Family)
            ?? Name(row, "type", model.Manifest.Types, actual.Type);
    }

    private static string? Name(JsonElement row, string what, IReadOnlyList<string> names, int actual)
    {
        var expected = row.GetProperty(what).GetString();
        var name = actual < 0 ? null : names[actual];
        return name == expected ? null : $"this build finds the {what} {name}, the package says {expected}";
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
