using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace WafOperator.Protocols.Inference;

/// <summary>
/// Who may ask a pool, and who may answer for it. Calls between sidecars and pools go without TLS; both ends have the
/// pool's key from the
/// operator, whose distribution gives it to pods of the pool's namespace only. A call carries a code (HMAC-SHA256)
/// over method, path, time
/// and the body's digest, which is checked before the body is read; an answer carries one over the call's code, the
/// status and its body. The
/// key itself never travels. What this does not do: hide values and scores from whoever reads the network.
/// </summary>
public sealed class PoolAccess
{
    /// <summary>Header of a call.</summary>
    public const string CallHeader = "Waf-Pool-Access";

    /// <summary>Header of an answer.</summary>
    public const string AnswerHeader = "Waf-Pool-Proof";

    /// <summary>How far clocks of nodes may differ; a call that was overheard can be said again for as long.</summary>
    public static readonly TimeSpan TimeTolerance = TimeSpan.FromSeconds(60);

    private const string Version = "v1";
    private const int KeyBytes = 32;

    private readonly byte[][] _keys;

    private PoolAccess(byte[][] keys) => _keys = keys;

    /// <summary>
    /// Reads keys, the one that signs first. Null where there is none that can be used: then nobody is asked for a
    /// code.
    /// </summary>
    public static PoolAccess? Of(IEnumerable<string?> keys)
    {
        var read = keys.Select(ReadKey).OfType<byte[]>().ToArray();
        return read.Length == 0 ? null : new PoolAccess(read);
    }

    /// <summary>The key of a pool, out of the installation's secret: no pool's key says anything of
    /// another's.</summary>
    public static string KeyOf(ReadOnlySpan<byte> secret, string @namespace, string pool) => Base64Url.EncodeToString(
        HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes($"waf-pool-key/v1\n{@namespace}\n{pool}")));

    /// <summary>The header of a call.</summary>
    public SignedCall Call(string method, string path, ReadOnlySpan<byte> body, DateTimeOffset now)
    {
        var time = now.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        var digest = Base64Url.EncodeToString(SHA256.HashData(body));
        var code = Code(_keys[0], method, path, time, digest);
        return new($"{Version}.{time}.{digest}.{code}", digest, code, _keys[0]);
    }

    /// <summary>What a call's header says, or why it is not believed.</summary>
    public SignedCall? Read(string? header, string method, string path, DateTimeOffset now, out string? problem)
    {
        problem = "the call carries no code of the pool's key";
        if (header?.Split('.') is not [Version, var time, var digest, var code]) return null;
        problem = "the call's code is not of the pool's key";
        if (!long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var at)) return null;
        foreach (var key in _keys)
        {
            if (!Equal(Code(key, method, path, time, digest), code)) continue;
            problem = "the call is too old, or its clock is ahead";
            var away = Math.Abs((double)at - now.ToUnixTimeMilliseconds());
            if (away > TimeTolerance.TotalMilliseconds) return null;
            problem = null;
            return new(header, digest, code, key);
        }

        return null;
    }

    private static string Code(byte[] key, string method, string path, string time, string digest) =>
        Base64Url.EncodeToString(
        HMACSHA256.HashData(key,
            Encoding.UTF8.GetBytes($"waf-pool-call/{Version}\n{method}\n{path}\n{time}\n{digest}")));

    internal static bool Equal(string one, string other) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(one), Encoding.UTF8.GetBytes(other));

    private static byte[]? ReadKey(string? text)
    {
        if (text is null || !Base64Url.IsValid(text)) return null;
        var key = Base64Url.DecodeFromChars(text);
        return key.Length == KeyBytes ? key : null;
    }
}

/// <summary>A call whose code is right, or that is to be made. Immutable.</summary>
public sealed class SignedCall
{
    private readonly string _digest;
    private readonly string _code;
    private readonly byte[] _key;

    internal SignedCall(string header, string digest, string code, byte[] key) =>
        (Header, _digest, _code, _key) = (header, digest, code, key);

    /// <summary>Value of <see cref="PoolAccess.CallHeader"/>.</summary>
    public string Header { get; }

    /// <summary>Whether the body is the one that the code is about.</summary>
    public bool IsBody(ReadOnlySpan<byte> body) => PoolAccess.Equal(Base64Url.EncodeToString(SHA256.HashData(body)),
        _digest);

    /// <summary>Value of <see cref="PoolAccess.AnswerHeader"/> for an answer.</summary>
    public string Answer(int status, ReadOnlySpan<byte> body) => Base64Url.EncodeToString(HMACSHA256.HashData(
        _key,
        Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"waf-pool-answer/v1\n{_code}\n{status}\n{Base64Url.EncodeToString(SHA256.HashData(body))}"))));

    /// <summary>Whether an answer is of somebody who has the key.</summary>
    public bool IsAnswer(string? proof, int status, ReadOnlySpan<byte> body) =>
        proof is not null && PoolAccess.Equal(Answer(status, body), proof);
}
