using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using WafOperator.Protocols.Policies;

namespace WafOperator.Policies.Compilation;

/// <summary>
/// What a Secret says of a Redis. The servers stand beside the password, so that whoever writes a policy can name the
/// Secret and cannot have its password sent elsewhere. Pure.
/// </summary>
public sealed record RedisSecret
{
    /// <summary>Label (or type) of a Secret that sidecars may have.</summary>
    public const string Marker = "wafoperator.dev/redis";

    private const int ServersMax = 32;
    private const int ServerLengthMax = 260;
    private const int TextLengthMax = 512;
    private const int CaLengthMax = 64 << 10;
    private const int PasswordLengthMin = 8;

    private static readonly SearchValues<char> NotInHosts = SearchValues.Create(" \t/@\\,=");

    /// <summary>Why it cannot be used, or null.</summary>
    public string? Problem { get; private init; }

    private string[] Servers { get; init; } = [];
    private string Password { get; init; } = "";
    private string? User { get; init; }
    private string? Service { get; init; }
    private string? CaPem { get; init; }
    private bool IsPlain { get; init; }

    /// <summary>One that is not there, or not to be read.</summary>
    public static RedisSecret Missing(string name) => new()
    {
        Problem = $"Secret {name} is not there, has no label {Marker}: \"true\", or the operator may not read it "
            + "(rbac.readSecrets, or a Role in the namespace)",
    };

    /// <summary>Reads the keys of a Secret that carries the label.</summary>
    /// <param name="name">Name of the Secret, for messages.</param>
    /// <param name="value">Text of a key, or null.</param>
    public static RedisSecret Read(string name, Func<string, string?> value)
    {
        string[] servers =
        [
            .. (value("servers") ?? "").Split(
                ',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
        ];
        var secret = new RedisSecret
        {
            Servers = servers, Password = value("password")?.Trim() ?? "", User = Text(value("username")),
            Service = Text(value("service")), CaPem = Text(value("ca.crt")), IsPlain = value("tls")?.Trim() == "false",
        };
        return secret.Check() is { } problem ? new RedisSecret { Problem = $"Secret {name}: {problem}" } : secret;
    }

    /// <summary>What sidecars of a policy are told.</summary>
    public RedisPolicy ToPolicy(string ns, string policy) => new()
    {
        Servers = Servers, Service = Service, User = User, Password = Password, Tls = !IsPlain, CaPem = CaPem,
        HashKey = Convert.ToBase64String(HMACSHA256.HashData(
            Encoding.UTF8.GetBytes(Password), Encoding.UTF8.GetBytes($"waf-client-keys/v1\n{ns}\n{policy}"))),
    };

    /// <summary>Never shows the password.</summary>
    public override string ToString() => Problem ?? string.Join(',', Servers);

    private string? Check()
    {
        if (Servers.Length is 0 or > ServersMax) return $"servers names 1 to {ServersMax} servers as host:port";
        foreach (var server in Servers)
        {
            if (!IsServer(server)) return $"servers: \"{server}\" is not host:port";
        }

        if (Password.Length is < PasswordLengthMin or > TextLengthMax)
        {
            return $"password has {PasswordLengthMin} to {TextLengthMax} characters: without one everybody who "
                + "reaches the server could set limits aside";
        }

        if (User?.Length > TextLengthMax || Service?.Length > TextLengthMax || CaPem?.Length > CaLengthMax)
            return $"username and service have at most {TextLengthMax} characters, ca.crt {CaLengthMax}";
        return CaPem is null || CaPem.Contains("-----BEGIN CERTIFICATE-----", StringComparison.Ordinal)
            ? null : "ca.crt holds no certificate (PEM)";
    }

    private static bool IsServer(string text)
    {
        var colon = text.LastIndexOf(':');
        return text.Length <= ServerLengthMax && colon > 0 && !text.AsSpan(0, colon).ContainsAny(NotInHosts)
            && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            && port > 0;
    }

    private static string? Text(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
