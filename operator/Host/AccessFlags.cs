using System.CommandLine;
using System.Security.Cryptography;
using System.Text;

namespace WafOperator.Operator.Host;

/// <summary>Flags that say who may call: webhooks, and the metrics of sidecars.</summary>
internal sealed class AccessFlags
{
    private const int TokenLengthMin = 16;

    private readonly Option<bool> _openMetrics = new("--sidecar-metrics-open")
    {
        Description = "Let everybody in the cluster read sidecars' /metrics.",
    };

    private readonly Option<string?> _tokenFile = new("--sidecar-metrics-token-file")
    {
        Description = "File with the token that sidecars' /metrics asks for; without it only the pod reads it.",
    };

    private readonly Option<string?> _clientCa = new("--webhook-client-ca")
    {
        Description = "PEM file: webhooks take calls only from clients with a certificate of this authority.",
    };

    public void AddTo(Command command)
    {
        command.Add(_openMetrics);
        command.Add(_tokenFile);
        command.Add(_clientCa);
    }

    /// <exception cref="FormatException">The token's file is of no use.</exception>
    public OperatorOptions Apply(ParseResult parsed, OperatorOptions options) => options with
    {
        SidecarMetrics = parsed.GetValue(_openMetrics) ? "open"
            : parsed.GetValue(_tokenFile) is { } file ? DigestOf(file) : null,
        WebhookClientCa = parsed.GetValue(_clientCa),
    };

    /// <summary>Pods carry the digest only: who reads a pod's spec cannot scrape.</summary>
    private static string DigestOf(string file)
    {
        string token;
        try
        {
            token = File.ReadAllText(file).Trim();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new FormatException($"--sidecar-metrics-token-file cannot be read: {failure.Message}", failure);
        }

        if (token.Length < TokenLengthMin)
            throw new FormatException($"--sidecar-metrics-token-file: a token has {TokenLengthMin} characters or more");
        return "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
    }
}
