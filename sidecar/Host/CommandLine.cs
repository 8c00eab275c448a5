using System.Globalization;

namespace WafOperator.Sidecar.Host;

/// <summary>What the program was asked to do.</summary>
internal abstract record Command
{
    /// <summary>Print the help text.</summary>
    internal sealed record Help : Command;

    /// <summary>Print the version.</summary>
    internal sealed record Version : Command;

    /// <summary>Serve a policy file.</summary>
    internal sealed record ServeFile(FileSettings Settings) : Command;

    /// <summary>Serve what the environment of an injected sidecar says.</summary>
    internal sealed record ServeEnvironment : Command;

    /// <summary>Wait until the sidecar in this pod is ready.</summary>
    internal sealed record Wait(Uri? Admin, TimeSpan Timeout) : Command;

    /// <summary>Run a model package on its own corpus.</summary>
    internal sealed record Evaluate(string? File, string? Digest, string? Baseline = null) : Command;

    /// <summary>Run a package and its baseline on the same labelled requests.</summary>
    internal sealed record Compare(string Digest, string Baseline, string Requests) : Command;

    /// <summary>Offer one file by its digest for a while.</summary>
    internal sealed record Offer(string File, string Digest, int Port = OfferCommand.Port) : Command;

    /// <summary>The arguments make no sense.</summary>
    internal sealed record Invalid(string Problem) : Command;
}

/// <summary>Settings of the mode without a cluster.</summary>
internal sealed record FileSettings(
    string Policy, Uri Upstream, Uri Listen, string? Rules, string? Models, Uri? Admin);

/// <summary>Arguments → command. Pure.</summary>
internal static class CommandLine
{
    public const string HelpText =
        """
        waf-sidecar: a web application firewall in front of one application.

        Without a cluster, from a policy file:
          waf-sidecar --policy FILE --upstream URL --listen URL [--rules DIR] [--models DIR] [--admin URL]

            --policy FILE    WafPolicy manifest, as given to kubectl; its WafExclusions and ModelVersions may be in
                             the same file. The file is watched: a change is taken up at once, a mistake is reported
                             and the last good policy stays.
            --upstream URL   the application, such as http://127.0.0.1:3000
            --listen URL     where requests come in, such as http://0.0.0.0:8080 (HTTP/1.1 and HTTP/2 on one port)
            --rules DIR      folder with rule sets; owasp-crs is found as DIR/owasp-crs, DIR/crs-* or DIR itself
                             (default: $WAF_RULES_DIR, else /usr/share/modsecurity-crs when it is there)
            --models DIR     folder with model packages (default: $WAF_MODELS_DIR)
            --admin URL      where /healthz, /readyz, /metrics, /status and /version are served, such as
                             http://127.0.0.1:16520 (default: nowhere)

        In a pod, injected by the operator: without arguments; settings come from WAF_* variables.

          waf-sidecar wait [--admin URL] [--timeout SECONDS]
                             waits until the sidecar of this pod is ready (for hooks and probes; default 60 s)
          waf-sidecar evaluate --package FILE | --digest SHA256 [--baseline SHA256]
                             runs a model package on its own corpus and prints recall, false positives and latency as
                             JSON (--digest: fetched from the operator, as evaluation Jobs do)
          waf-sidecar evaluate --digest SHA256 --baseline SHA256 --requests FILE
                             runs two packages on the same labelled requests (lines as in a package's corpus.jsonl)
          waf-sidecar offer --file FILE --digest SHA256
                             gives a file to whoever asks port 16521 for its digest, for 90 s (how the operator reads
                             packages off PersistentVolumeClaims)
          waf-sidecar --version
          waf-sidecar --help

        Decisions are written to standard output, one JSON line each; everything else goes to standard error.

        Exit codes: 0 ended as asked, 1 failed while running, 2 wrong arguments or settings, 3 the policy cannot be
        used, 4 a port cannot be opened.
        """;

    public static Command Parse(IReadOnlyList<string> arguments, Func<string, string?> environment)
    {
        if (arguments.Any(argument => argument is "--help" or "-h" or "help")) return new Command.Help();
        if (arguments is ["--version"] or ["version"]) return new Command.Version();
        if (arguments is ["evaluate", "--package", var package]) return new Command.Evaluate(package, null);
        if (arguments is ["evaluate", "--digest", var digest]) return new Command.Evaluate(null, digest);
        if (arguments is ["evaluate", "--digest", var beside, "--baseline", var promoted])
            return new Command.Evaluate(null, beside, promoted);
        if (arguments is ["offer", "--file", var file, "--digest", var offered]) return new Command.Offer(file, offered);
        if (arguments is ["offer", ..]) return new Command.Invalid("offer takes --file FILE --digest SHA256");
        if (arguments is ["evaluate", "--digest", var next, "--baseline", var baseline, "--requests", var requests])
            return new Command.Compare(next, baseline, requests);
        if (arguments is ["evaluate", ..]) return new Command.Invalid("evaluate takes --package FILE or --digest SHA256");
        var isWait = arguments is ["wait", ..];
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        var known = isWait ? WaitOptions : ServeOptions;
        for (var i = isWait ? 1 : 0; i < arguments.Count; i++)
        {
            var (name, value) = Split(arguments[i]);
            if (!known.Contains(name))
                return new Command.Invalid($"there is no option {name}; there are {string.Join(", ", known)}");
            if (value is null && ++i < arguments.Count) value = arguments[i];
            if (value is null) return new Command.Invalid($"{name} needs a value");
            if (!options.TryAdd(name, value)) return new Command.Invalid($"{name} was given twice");
        }

        if (isWait) return ParseWait(options);
        if (options.Count == 0 && environment("WAF_POLICY") is not null) return new Command.ServeEnvironment();
        return ParseServe(options, environment);
    }

    private static readonly string[] ServeOptions = ["--policy", "--upstream", "--listen", "--rules", "--models", "--admin"];
    private static readonly string[] WaitOptions = ["--admin", "--timeout"];

    private static Command ParseServe(Dictionary<string, string> options, Func<string, string?> environment)
    {
        string[] required = ["--policy", "--upstream", "--listen"];
        var missing = required.Where(name => !options.ContainsKey(name)).ToList();
        if (missing.Count > 0)
            return new Command.Invalid($"{string.Join(", ", missing)} {(missing.Count == 1 ? "is" : "are")} missing");
        Uri? admin = null;
        if (!TryUrl(options["--upstream"], out var upstream, out var problem))
            return new Command.Invalid($"--upstream: {problem}");
        if (!TryUrl(options["--listen"], out var listen, out problem)) return new Command.Invalid($"--listen: {problem}");
        if (options.TryGetValue("--admin", out var adminText) && !TryUrl(adminText, out admin, out problem))
            return new Command.Invalid($"--admin: {problem}");
        if (listen.Scheme != "http") return new Command.Invalid("--listen: only http; TLS ends at the ingress in front");
        foreach (var name in new[] { "--rules", "--models" })
        {
            if (options.TryGetValue(name, out var folder) && !Directory.Exists(folder))
                return new Command.Invalid($"{name}: there is no folder {folder}");
        }

        return new Command.ServeFile(new FileSettings(
            options["--policy"], upstream, listen,
            options.GetValueOrDefault("--rules") ?? environment("WAF_RULES_DIR"),
            options.GetValueOrDefault("--models") ?? environment("WAF_MODELS_DIR"), admin));
    }

    private static Command ParseWait(Dictionary<string, string> options)
    {
        Uri? admin = null;
        if (options.TryGetValue("--admin", out var text) && !TryUrl(text, out admin, out var problem))
            return new Command.Invalid($"--admin: {problem}");
        var timeout = 60d;
        if (options.TryGetValue("--timeout", out var seconds) && (!double.TryParse(
            seconds.TrimEnd('s'), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out timeout) || timeout > 3600))
            return new Command.Invalid("--timeout: a number of seconds, at most 3600");
        return new Command.Wait(admin, TimeSpan.FromSeconds(timeout));
    }

    private static (string Name, string? Value) Split(string argument)
    {
        var equals = argument.IndexOf('=', StringComparison.Ordinal);
        return argument.StartsWith("--", StringComparison.Ordinal) && equals > 0
            ? (argument[..equals], argument[(equals + 1)..])
            : (argument, null);
    }

    private static bool TryUrl(string text, out Uri url, out string? problem)
    {
        // A star or plus is how listeners are written elsewhere for every address.
        var isUrl = Uri.TryCreate(text.Replace("//*", "//0.0.0.0", StringComparison.Ordinal)
            .Replace("//+", "//0.0.0.0", StringComparison.Ordinal), UriKind.Absolute, out url!);
        problem = !isUrl || url.Scheme is not ("http" or "https") ? $"{text} is not a URL such as http://127.0.0.1:8080"
            : url.PathAndQuery != "/" ? $"{text} must end after the port: paths are passed on as they come"
            : null;
        return problem is null;
    }
}
