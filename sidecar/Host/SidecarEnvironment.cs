using System.Globalization;
using System.Net;
using WafOperator.Protocols.Distribution;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy;
using WafOperator.Proxy.Admin;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Sync;

namespace WafOperator.Sidecar.Host;

/// <summary>
/// Environment of an injected sidecar (crds/Protocols/Distribution.md) → options, or what is wrong with it. Pure.
/// </summary>
internal static class SidecarEnvironment
{
    public const int AdminPort = 16520;

    public static SidecarOptions? Read(Func<string, string?> variable, List<string> problems)
    {
        var ns = Required("WAF_NAMESPACE");
        var policy = Required("WAF_POLICY");
        var url = Required("WAF_OPERATOR_URL");
        var listeners = variable("WAF_FORWARD_AUTH_PORT") is { Length: > 0 }
            ? [ProxyListener.ForGateways(Endpoints.Any(Port("WAF_FORWARD_AUTH_PORT", 0)))]
            : Listeners(Required("WAF_LISTENERS"), problems);
        var admin = Port("WAF_ADMIN_PORT", AdminPort);
        if (url.Length > 0 && !(Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Scheme is "https" or "http"))
            problems.Add($"WAF_OPERATOR_URL: {url} is not a URL");
        var metrics = MetricsAccess.TryParse(variable("WAF_METRICS"));
        if (metrics is null) problems.Add("WAF_METRICS is neither open nor sha256: and 64 hexadecimal digits");
        var withoutPolicy = FailureMode.Closed;
        if (variable("WAF_WITHOUT_POLICY") is { Length: > 0 } mode && !Enum.TryParse(mode, out withoutPolicy))
            problems.Add($"WAF_WITHOUT_POLICY: {mode} is neither Open nor Closed");
        var upstream = UpstreamOf(variable, problems);
        if (problems.Count > 0) return null;
        return new SidecarOptions
        {
            Listeners = listeners,
            Admin = Endpoints.Any(admin),
            Metrics = metrics!,
            WithoutPolicy = withoutPolicy,
            Upstream = upstream,
            RulesDirectory = variable("WAF_RULES_DIR"),
            ModelsDirectory = variable("WAF_MODELS_DIR"),
            Operator = new OperatorOptions(
                new OperatorAddress(new Uri(url.EndsWith('/') ? url : url + "/"), variable("WAF_TOKEN_FILE"), variable("WAF_CA_FILE")),
                ns, policy, variable("WAF_POD"), variable("WAF_STATE_DIR")),
        };

        string Required(string name)
        {
            if (variable(name) is { Length: > 0 } value) return value;
            problems.Add($"{name} is not set");
            return "";
        }

        int Port(string name, int fallback)
        {
            if (variable(name) is not { Length: > 0 } text) return fallback;
            if (TryPort(text, out var port)) return port;
            problems.Add($"{name}: {text} is not a port");
            return fallback;
        }
    }

    private static UpstreamAccess UpstreamOf(Func<string, string?> variable, List<string> problems)
    {
        IPAddress? pod = null;
        if (variable("WAF_POD_IP") is { Length: > 0 } text && !IPAddress.TryParse(text, out pod))
            problems.Add($"WAF_POD_IP: {text} is not an address");
        return new UpstreamAccess
        {
            PodAddress = pod, Ca = variable("WAF_UPSTREAM_CA"), CaFile = variable("WAF_UPSTREAM_CA_FILE"),
        };
    }

    /// <summary><c>name=listenPort:upstreamPort</c>, separated by commas.</summary>
    private static List<ProxyListener> Listeners(string text, List<string> problems)
    {
        var listeners = new List<ProxyListener>();
        foreach (var entry in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var parts = entry.Split('=', ':');
            if (parts.Length == 3 && TryPort(parts[1], out var listen) && TryPort(parts[2], out var upstream))
                listeners.Add(new ProxyListener(parts[0], Endpoints.Any(listen), new Uri($"http://127.0.0.1:{upstream}")));
            else
                problems.Add($"WAF_LISTENERS: {entry} is not name=listenPort:upstreamPort");
        }

        if (text.Length > 0 && listeners.Count == 0) problems.Add("WAF_LISTENERS names no listener");
        return listeners;
    }

    private static bool TryPort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and < IPEndPoint.MaxPort + 1;
}
