using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace WafOperator.Cli.Support;

/// <summary>
/// Takes out of objects and logs what is nobody else's business: Secrets' content, values of environment variables,
/// tokens, keys, addresses of clients. What is taken out is marked, so that a reader sees that there was something.
/// Pure.
/// </summary>
internal static partial class Redaction
{
    private const string Gone = "(redacted)";
    private const string PemEnd = "-----END ";

    private static readonly HashSet<string> SecretFields = new(StringComparer.OrdinalIgnoreCase)
    {
        "caBundle", "token", "password", "apiKey", "secretKey", "accessKey", "authorization", "value",
        "kubectl.kubernetes.io/last-applied-configuration",
    };

    /// <summary>Fields that are objects of secrets, whole.</summary>
    private static readonly HashSet<string> SecretObjects = new(StringComparer.Ordinal) { "stringData", "binaryData" };

    /// <summary>The object without secrets; the given one is not changed.</summary>
    public static JsonNode Of(JsonNode node)
    {
        var copy = node.DeepClone();
        if (copy is JsonObject { } item && item["kind"]?.GetValue<string>() == "Secret")
        {
            foreach (var field in new[] { "data", "stringData" })
                if (item[field] is JsonObject data)
                    foreach (var (name, _) in data.ToList()) data[name] = Gone;
        }

        Walk(copy, isBelowEnv: false);
        return copy;
    }

    /// <summary>A text without tokens, keys and addresses.</summary>
    public static string Of(string text)
    {
        text = Pem().Replace(text, Gone);
        // A text that begins within a key: what stands before its end is the key's.
        if (text.LastIndexOf(PemEnd, StringComparison.Ordinal) is >= 0 and var end) text = Gone + text[end..];
        text = Token().Replace(text, Gone);
        text = KnownKey().Replace(text, Gone);
        text = UserInfo().Replace(text, match => match.Groups[1].Value + Gone + "@");
        text = Bearer().Replace(text, match => match.Groups[1].Value + Gone);
        text = Cookies().Replace(text, match => match.Groups[1].Value + Gone);
        text = Assignment().Replace(text, match => match.Groups[1].Value + Gone);
        text = LongAddress().Replace(text, static match => MaskedLong(match.Value));
        return Address().Replace(text, match => Masked(match.Value));
    }

    private static void Walk(JsonNode? node, bool isBelowEnv)
    {
        switch (node)
        {
            case JsonObject item:
                foreach (var (name, value) in item.ToList())
                {
                    if (SecretObjects.Contains(name) && value is JsonObject) item[name] = Gone;
                    else if (name == "value" && !isBelowEnv) item[name] = Text(value);
                    else if (SecretFields.Contains(name) && value is JsonValue) item[name] = Gone;
                    else if (value is JsonValue) item[name] = Text(value);
                    else Walk(value, name == "env");
                }

                break;
            case JsonArray array:
                for (var i = 0; i < array.Count; i++)
                {
                    if (array[i] is not JsonValue value) Walk(array[i], isBelowEnv);
                    else array[i] = i > 0 && IsSecretFlag(array[i - 1]) ? Gone : Text(value);
                }

                break;
        }
    }

    /// <summary><c>--token</c>, whose value is the next argument.</summary>
    private static bool IsSecretFlag(JsonNode? argument) => argument is JsonValue known
        && known.TryGetValue<string>(out var text) && SecretFlag().IsMatch(text);

    private static JsonNode? Text(JsonNode? value) =>
        value is JsonValue known && known.TryGetValue<string>(out var text) ? Of(text) : value?.DeepClone();

    /// <summary>The first two parts tell the network, and nobody.</summary>
    private static string Masked(string address)
    {
        var parts = address.Split('.');
        return parts.Length == 4 && Array.TrueForAll(parts, part => byte.TryParse(part, out _))
            && parts[0] is not ("10" or "127" or "0") ? $"{parts[0]}.{parts[1]}.x.x" : address;
    }

    /// <summary>Two groups of eight; addresses of the machine and of private networks stay.</summary>
    private static string MaskedLong(string text)
    {
        var address = text.TrimEnd(':', '.');
        // A colon may stand between a word and the address.
        if (address.StartsWith(':') && !address.StartsWith("::", StringComparison.Ordinal)) address = address[1..];
        if (!IPAddress.TryParse(address, out var parsed) || parsed.AddressFamily is not AddressFamily.InterNetworkV6)
            return text;
        if (IPAddress.IsLoopback(parsed) || parsed.IsIPv6UniqueLocal || parsed.IsIPv6LinkLocal
            || parsed.Equals(IPAddress.IPv6Any)) return text;
        var bytes = parsed.GetAddressBytes();
        var network = parsed.IsIPv4MappedToIPv6 ? $"::ffff:{bytes[12]}.{bytes[13]}.x.x"
            : $"{bytes[0] << 8 | bytes[1]:x}:{bytes[2] << 8 | bytes[3]:x}:x:x";
        return text.Replace(address, network, StringComparison.Ordinal);
    }

    // Logs are written by strangers, too: every expression works in proportion to the text, whatever it holds.
    [GeneratedRegex("-----BEGIN [A-Z ]*-----[\\s\\S]*?(?:-----END [A-Z ]*-----|\\z)", RegexOptions.NonBacktracking)]
    private static partial Regex Pem();

    [GeneratedRegex(
        "^--?[A-Za-z0-9_-]{0,64}(?:password|passwd|secret|token|key|credentials?)$",
        RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex SecretFlag();

    /// <summary>JSON web tokens.</summary>
    [GeneratedRegex(@"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*", RegexOptions.NonBacktracking)]
    private static partial Regex Token();

    /// <summary>Keys that show what they are: of AWS, GitHub, GitLab, Slack.</summary>
    [GeneratedRegex(
        "(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{20,}|glpat-[A-Za-z0-9_-]{20,}|xox[abprs]-[A-Za-z0-9-]{10,}",
        RegexOptions.NonBacktracking)]
    private static partial Regex KnownKey();

    /// <summary>Name and password in a URL.</summary>
    [GeneratedRegex("""(://)[^/@\s"']{1,512}@""", RegexOptions.NonBacktracking)]
    private static partial Regex UserInfo();

    [GeneratedRegex(
        @"((?:Bearer|Basic|Splunk) )[A-Za-z0-9+/=._~-]{8,}", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex Bearer();

    /// <summary>All cookies of a line: there are several behind one name.</summary>
    [GeneratedRegex("""
        (cookie\\?["']?\s{0,8}[=:]\s{0,8}\\?["']?)[^\r\n"]+
        """, RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex Cookies();

    [GeneratedRegex(
        "((?:password|passwd|secret|token|api[_-]?key|authorization|signature|credential)"
            + """\\?["']?\s{0,8}[=:]\s{0,8}\\?["']?)[^\s"'\\,;&(]+""",
        RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex Assignment();

    /// <summary>What may be an IPv6 address.</summary>
    [GeneratedRegex("[0-9a-fA-F]{0,4}:[0-9a-fA-F:.]{1,64}", RegexOptions.NonBacktracking)]
    private static partial Regex LongAddress();

    [GeneratedRegex(@"(?<![\d.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\d.])")]
    private static partial Regex Address();
}
