using System.Text;
using System.Text.Json;
using WafOperator.Features;
using WafOperator.Http;
using WafOperator.Protocols.Models;

namespace WafOperator.Benchmarks.Pool;

/// <summary>
/// What a cascade asks a pool about: the values of the released network's own corpus that the released gate is unsure
/// of, in the lengths that they have.
/// </summary>
internal static class UncertainValues
{
    /// <param name="packages">Folder of the released packages.</param>
    public static List<(byte[] Value, ValueFlags Flags)> Read(string packages)
    {
        var gate = Package(packages, "gate-1.1.0.tar");
        var model = GateModel.Read(gate.Files["gate.bin"].Span, out var error) ?? throw new InvalidDataException(error);
        var calibration = gate.Manifest.Calibration!;
        var (low, high) = (gate.Manifest.Thresholds["low"], gate.Manifest.Thresholds["high"]);
        var values = new List<(byte[], ValueFlags)>();
        var buffer = new byte[ValueNormalizer.ValueBytesMax];
        var request = new CanonicalRequest();
        var corpus = Encoding.UTF8.GetString(Package(packages, "payload-cnn-1.1.0.tar").Files["corpus.jsonl"].Span);
        foreach (var line in corpus.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var row = JsonDocument.Parse(line);
            Fill(request, row.RootElement);
            foreach (var part in new RequestParts(request))
            {
                if (part.Kind is PartKind.Header) continue;
                var length = ValueNormalizer.Normalize(request[part.Value], buffer, out var flags);
                var normalized = buffer.AsSpan(0, length);
                if (ValueNormalizer.IsPlain(normalized, flags)) continue;
                var logit = (calibration.Slope * model.Logit(normalized, flags)) + calibration.Intercept;
                var probability = 1 / (1 + Math.Exp(-logit));
                if (probability >= low && probability < high) values.Add((normalized.ToArray(), flags));
            }
        }

        return values;
    }

    private static ModelPackage Package(string folder, string file) => ModelPackageReader.Read(
        File.ReadAllBytes(Path.Combine(folder, file)), null, PackageLimits.Default).Package!;

    private static void Fill(CanonicalRequest request, JsonElement row)
    {
        request.Reset();
        request.Begin(Bytes(row.GetProperty("method")), Bytes(row.GetProperty("uri")), "HTTP/1.1"u8);
        foreach (var header in row.GetProperty("headers").EnumerateObject())
            request.AddHeader(Encoding.UTF8.GetBytes(header.Name), Bytes(header.Value));
        request.EndHeaders();
        if (row.GetProperty("body") is { ValueKind: JsonValueKind.String } body) request.AppendBody(Bytes(body));
        request.EndBody();
    }

    private static byte[] Bytes(JsonElement text) => Encoding.UTF8.GetBytes(text.GetString() ?? "");
}
