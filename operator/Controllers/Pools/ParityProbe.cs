using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Objects;
using WafOperator.Outside;
using WafOperator.Pools;
using WafOperator.Protocols.Inference;
using WafOperator.Protocols.Models;
using WafOperator.Resources.Pools;

namespace WafOperator.Controllers.Pools;

/// <summary>Reads verified packages from where they are kept.</summary>
public interface IPackageReader
{
    /// <summary>The package of a digest, or null when it is not here.</summary>
    Task<ModelPackage?> ReadAsync(string digest, CancellationToken cancellationToken);
}

/// <summary>
/// Sends the golden vectors of the required packages to one server of a rung, by the same API as clients, and compares
/// the answers. Runs on the leader, once for each rung and set of packages.
/// </summary>
public sealed class ParityProbe(
    OutsideHttp http, IPackageReader packages, PoolObserverOptions options, PoolKeys keys, TimeProvider time)
{
    private const int VectorsPerCall = 64;
    private static readonly TimeSpan CallTimeMax = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Outcome for a rung, or null when it cannot be known yet: the server does not answer, or a package is not here.
    /// </summary>
    /// <param name="pool">The pool.</param>
    /// <param name="rung">Number of the rung.</param>
    /// <param name="subject">What is compared (<c>ScoreParity.SubjectOf</c>).</param>
    /// <param name="address">Address of a ready pod of the rung.</param>
    /// <param name="models">Packages that must agree.</param>
    /// <param name="maximum">Largest difference in probability.</param>
    /// <param name="cancellationToken">Ends the calls.</param>
    public async Task<RungParity?> CompareAsync(
        NamespacedName pool, int rung, string subject, string address, IReadOnlyList<PoolModel> models, double maximum,
        CancellationToken cancellationToken)
    {
        var access = PoolAccess.Of(keys.Of(pool));
        double worst = 0;
        var (count, guilty) = (0, "");
        foreach (var model in models)
        {
            if (await packages.ReadAsync(model.Package.Digest, cancellationToken) is not { } package) return null;
            var golden = ScoreParity.Read(package);
            if (golden.Count == 0) continue;
            if (await LogitsAsync(address, model, golden, access, cancellationToken) is not { } logits) return null;
            var deviation = ScoreParity.Deviation(golden, logits, package.Manifest.Calibration);
            count += golden.Count;
            if (deviation <= worst) continue;
            (worst, guilty) = (deviation, $"{model.Model} {model.Package.Version}");
        }

        var passed = worst <= maximum;
        return new RungParity
        {
            Rung = rung,
            Subject = subject,
            Passed = passed,
            Deviation = count == 0 ? null : ScoreParity.Text(worst),
            Vectors = count,
            Message = count == 0 ? "no package has golden vectors"
                : passed ? $"{count} golden vectors differ by at most {ScoreParity.Text(worst)}"
                : string.Create(CultureInfo.InvariantCulture,
                    $"{guilty} differs by {ScoreParity.Text(worst)} from its golden vectors; allowed is {maximum}"),
        };
    }

    private async Task<List<float>?> LogitsAsync(
        string address, PoolModel model, IReadOnlyList<GoldenVector> golden, PoolAccess? access,
        CancellationToken cancellationToken)
    {
        var host = address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address;
        var uri = new Uri(
            $"http://{host}:{options.Port}{InferenceProtocol.InferPath(model.Model, model.Package.Version)}");
        var logits = new List<float>(golden.Count);
        foreach (var part in golden.Chunk(VectorsPerCall))
        {
            if (await AskAsync(uri, part, access, cancellationToken) is not { } answer) return null;
            logits.AddRange(answer);
        }

        return logits;
    }

    private async Task<List<float>?> AskAsync(
        Uri uri, GoldenVector[] values, PoolAccess? access, CancellationToken cancellationToken)
    {
        var answer = await http.ReadAsync(Call(uri, values, access), cancellationToken);
        if (answer.Problem is not null) return null;
        try
        {
            using var document = JsonDocument.Parse(answer.Body);
            return ReadLogits(document.RootElement);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>V2 JSON with one binary tensor: values are any bytes, which JSON text could not carry.</summary>
    private OutsideCall Call(Uri uri, GoldenVector[] values, PoolAccess? access)
    {
        var size = values.Sum(v => v.Value.Length + sizeof(int));
        var header = Encoding.UTF8.GetBytes(new JsonObject
        {
            ["inputs"] = new JsonArray(new JsonObject
            {
                ["name"] = values[0].Input,
                ["datatype"] = "BYTES",
                ["shape"] = new JsonArray(values.Length),
                ["parameters"] = new JsonObject { ["binary_data_size"] = size },
            }),
        }.ToJsonString());
        var body = new byte[header.Length + size];
        header.CopyTo(body, 0);
        var at = header.Length;
        foreach (var value in values)
        {
            BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(at), value.Value.Length);
            value.Value.Span.CopyTo(body.AsSpan(at + sizeof(int)));
            at += sizeof(int) + value.Value.Length;
        }

        return new OutsideCall(HttpMethod.Post, uri, "a comparison of pool servers")
        {
            IsToPod = true,
            Body = body,
            ContentType = "application/octet-stream",
            TimeMax = CallTimeMax,
            Headers =
            [
                new(InferenceProtocol.InferenceHeaderLength, header.Length.ToString(CultureInfo.InvariantCulture)),
                // Behind what decides over requests.
                new(InferenceProtocol.PriorityHeader, "1"),
                .. access is null ? [] : new KeyValuePair<string, string>[]
                {
                    new(PoolAccess.CallHeader, access.Call("POST", uri.AbsolutePath, body, time.GetUtcNow()).Header),
                },
            ],
        };
    }

    private static List<float>? ReadLogits(JsonElement answer)
    {
        foreach (var output in answer.Items("outputs"))
        {
            if (output.Text("name") != "logit") continue;
            return [.. output.Items("data")
                .Select(d => d.ValueKind == JsonValueKind.Number ? d.GetSingle() : float.NaN)];
        }

        return null;
    }
}
