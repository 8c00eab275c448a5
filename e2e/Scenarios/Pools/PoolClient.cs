using System.Text;
using System.Text.Json;
using WafOperator.E2e.Scenarios.Environment;
using WafOperator.Protocols.Inference;

namespace WafOperator.E2e.Scenarios.Pools;

/// <summary>
/// Asks a pool by its Service, as a sidecar does: each call carries a code of the pool's key, and each answer has to
/// prove that it is of somebody who has the key. The scenarios have it from the operator's Secret, as administrators.
/// </summary>
public sealed class PoolClient : IDisposable
{
    private const string Path = "/v2/models/payload-cnn/infer";
    private readonly HttpClient _http;
    private readonly PoolAccess _access;

    private PoolClient(HttpClient http, PoolAccess access) => (_http, _access) = (http, access);

    public static async Task<PoolClient> OfAsync(Shop shop, string pool)
    {
        var secret = await Shop.Operator.GetAsync("secret", "waf-operator-pools");
        var signing = Convert.FromBase64String(secret.GetProperty("data").GetProperty("key").GetString()!);
        var access = PoolAccess.Of([PoolAccess.KeyOf(signing, shop.Namespace, pool)]);
        return new PoolClient(await shop.ClientAsync(pool, 8500), access!);
    }

    /// <summary>Score of a value, over the Open Inference Protocol.</summary>
    public async Task<double> ScoreAsync(string value)
    {
        var body = BodyOf(value);
        var signed = _access.Call("POST", Path, body, DateTimeOffset.UtcNow);
        using var answer = await SendAsync(body, signed.Header);
        answer.EnsureSuccessStatusCode();
        var said = await answer.Content.ReadAsByteArrayAsync();
        var proof = answer.Headers.TryGetValues(PoolAccess.AnswerHeader, out var proofs) ? proofs.Single() : null;
        Assert.True(signed.IsAnswer(proof, (int)answer.StatusCode, said), "the answer is of somebody without the key");
        using var document = JsonDocument.Parse(said);
        return document.RootElement.GetProperty("outputs").EnumerateArray()
            .First(output => output.GetProperty("name").GetString() == "score").GetProperty("data")[0].GetDouble();
    }

    /// <summary>
    /// The same where no pod stood behind the Service a moment ago: the nodes' proxies learn of a new one after the
    /// status does.
    /// </summary>
    public async Task<double> ScoreOnceReachableAsync(string value)
    {
        var score = double.NaN;
        await Eventually.TrueAsync(TimeSpan.FromSeconds(15), "the pool's Service answers", async () =>
        {
            score = await ScoreAsync(value);
            return true;
        });
        return score;
    }

    /// <summary>Status of a call by a pod that can reach the pool and has no key.</summary>
    public async Task<System.Net.HttpStatusCode> StatusWithoutKeyAsync(string value)
    {
        using var answer = await SendAsync(BodyOf(value), null);
        return answer.StatusCode;
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(byte[] body, string? code)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new("application/json");
        using var call = new HttpRequestMessage(HttpMethod.Post, new Uri(Path, UriKind.Relative)) { Content = content };
        if (code is not null) call.Headers.Add(PoolAccess.CallHeader, code);
        return await _http.SendAsync(call);
    }

    private static byte[] BodyOf(string value) => Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new
    {
        inputs = new[] { new { name = "values", datatype = "BYTES", shape = new[] { 1 }, data = new[] { value } } },
    }));
}
