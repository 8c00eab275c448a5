using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using WafOperator.Protocols;
using WafOperator.Protocols.Models;
using WafOperator.Resources.Pools;
using WafOperator.Resources.Quantities;

namespace WafOperator.Pools;

/// <summary>
/// An example of a package: a value, or a whole request as sidecars send it, and the logit that every runtime must
/// reproduce.
/// </summary>
/// <param name="Value">The value, or the compact request.</param>
/// <param name="Logit">What must come out.</param>
/// <param name="Input">Name of the server's input that takes it.</param>
public sealed record GoldenVector(ReadOnlyMemory<byte> Value, double Logit, string Input = "values");

/// <summary>
/// Compares a rung's logits with the golden vectors of a package, as probabilities after the package's own calibration:
/// that is what thresholds and ensembles see (pure).
/// </summary>
public static class ScoreParity
{
    /// <summary>
    /// Vectors of a package that are sent; the rest of a longer list is not needed to see a difference.
    /// </summary>
    public const int VectorsMax = 256;

    private const string File = "golden.jsonl";

    /// <summary>The golden vectors of a package; none when it has no readable list.</summary>
    public static IReadOnlyList<GoldenVector> Read(ModelPackage package)
    {
        if (!package.Files.TryGetValue(File, out var bytes)) return [];
        var vectors = new List<GoldenVector>();
        var isWhole = package.Manifest.Kind is RequestContract.Kind;
        foreach (var line in Encoding.UTF8.GetString(bytes.Span).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (vectors.Count == VectorsMax) break;
            if (ReadLine(line, isWhole) is { } vector) vectors.Add(vector);
        }

        return vectors;
    }

    /// <summary>
    /// Largest difference in probability; infinite when the counts differ or a logit is not a number.
    /// </summary>
    public static double Deviation(
        IReadOnlyList<GoldenVector> golden, IReadOnlyList<float> logits, Calibration? calibration)
    {
        if (golden.Count != logits.Count) return double.PositiveInfinity;
        var largest = 0.0;
        for (var i = 0; i < golden.Count; i++)
        {
            if (!float.IsFinite(logits[i])) return double.PositiveInfinity;
            var difference = Probability(golden[i].Logit, calibration) - Probability(logits[i], calibration);
            largest = Math.Max(largest, Math.Abs(difference));
        }

        return largest;
    }

    /// <summary>
    /// What a comparison is about: the way a rung computes, and the packages that must agree. Another one is compared
    /// anew.
    /// </summary>
    public static string SubjectOf(AcceleratorRung rung, double maximum, IEnumerable<string> digests)
    {
        string[] way =
            [rung.Resource, $"{rung.Provider}", $"{rung.Precision}", rung.Image ?? "", DecimalText.Format(maximum)];
        var text = string.Join('\n', [.. way, .. digests.Order(StringComparer.Ordinal)]);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..32];
    }

    /// <summary>A deviation as the status has it.</summary>
    public static string Text(double deviation) => double.IsFinite(deviation)
        ? deviation.ToString("0.####", CultureInfo.InvariantCulture)
        : "1";

    private static GoldenVector? ReadLine(string line, bool isWhole)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            return new GoldenVector(
                root.GetProperty(isWhole ? "compact" : "value").GetBytesFromBase64(),
                root.GetProperty("logit").GetDouble(), isWhole ? "requests" : "values");
        }
        catch (Exception unreadable) when (unreadable is JsonException or FormatException or KeyNotFoundException
            or InvalidOperationException)
        {
            return null;
        }
    }

    private static double Probability(double logit, Calibration? calibration)
    {
        var (slope, intercept) = calibration is null ? (1, 0) : (calibration.Slope, calibration.Intercept);
        return 1 / (1 + Math.Exp(-(slope * logit + intercept)));
    }
}
