using System.Globalization;
using System.Text.Json;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Client;

/// <summary>An answer of kind Status: why a request was refused.</summary>
public sealed record ApiStatus
{
    private const int MessageCharsMax = 1000;

    /// <summary>The HTTP status code.</summary>
    public required int Code { get; init; }

    /// <summary>A stable word such as <c>NotFound</c>, <c>Conflict</c> or <c>Invalid</c>.</summary>
    public required string Reason { get; init; }

    /// <summary>One line for a person, at most 1000 characters.</summary>
    public required string Message { get; init; }

    /// <summary>How long the server asks to wait, if it does.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The single causes (fields and what is wrong with them).</summary>
    public IReadOnlyList<ApiStatusCause> Causes { get; init; } = [];

    /// <summary>A 403 of the authorizer, as opposed to one of admission (quota, policy).</summary>
    internal bool IsAuthorizationDenial =>
        Code == 403 && Message.Contains(" cannot ", StringComparison.Ordinal);

    /// <summary>Reads a Status object; anything else becomes a status made of the code and the text.</summary>
    internal static ApiStatus Read(int code, string body, TimeSpan? retryAfterHeader)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.Text("kind") == "Status")
                return Read(document.RootElement, code, retryAfterHeader);
        }
        catch (JsonException)
        {
            // Proxies and load balancers answer in HTML or plain text.
        }

        return new ApiStatus
        {
            Code = code,
            Reason = "Unknown",
            Message = body.Length == 0 ? "no explanation given" : OneLine(body),
            RetryAfter = retryAfterHeader,
        };
    }

    internal static ApiStatus Read(JsonElement status, int fallbackCode, TimeSpan? retryAfterHeader = null)
    {
        var code = (int)Math.Clamp(status.Number("code") ?? fallbackCode, 0, 999);
        var seconds = status.Number("details", "retryAfterSeconds");
        var causes = new List<ApiStatusCause>();
        foreach (var cause in status.Items("details", "causes"))
        {
            causes.Add(new ApiStatusCause(
                cause.Text("reason") ?? "", cause.Text("field") ?? "", OneLine(cause.Text("message") ?? "")));
        }

        return new ApiStatus
        {
            Code = code,
            Reason = status.Text("reason") is { Length: > 0 } reason
                ? reason
                : code.ToString(CultureInfo.InvariantCulture),
            Message = OneLine(status.Text("message") ?? ""),
            RetryAfter = retryAfterHeader ?? (seconds is > 0 and < 3600 ? TimeSpan.FromSeconds(seconds.Value) : null),
            Causes = causes,
        };
    }

    private static string OneLine(string text)
    {
        var line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= MessageCharsMax ? line : line[..MessageCharsMax] + "…";
    }
}
