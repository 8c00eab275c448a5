using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;

namespace WafOperator.Sidecar.Host;

/// <summary>The sidecar's command line: arguments → task.</summary>
internal static class SidecarCommand
{
    private const string Description =
        """
        waf-sidecar: a web application firewall in front of one application.

        Without a cluster, from a policy file: --policy, --upstream and --listen, or --policy and --forward-auth for
        gateways that only ask. In a pod, injected by the operator: without arguments; settings come from WAF_*
        variables. Decisions are written to standard output, one JSON line
        each; everything else goes to standard error.

        Exit codes: 0 ended as asked, 1 failed while running, 2 wrong arguments or settings, 3 the policy cannot be
        used, 4 a port cannot be opened.
        """;

    /// <param name="run">Runs a task; gives the exit code.</param>
    /// <param name="environment">Reads a variable.</param>
    public static RootCommand Build(
        Func<SidecarTask, CancellationToken, Task<int>> run, Func<string, string?> environment)
    {
        var root = new RootCommand(Description) { Wait(run), Evaluate(run), Offer(run) };
        root.Options.OfType<VersionOption>().Single().Action = new PrintVersion();
        Serve(root, run, environment);
        return root;
    }

    /// <summary>Runs what the arguments say. Mistakes are named on the error output; their exit code is 2.</summary>
    public static async Task<int> InvokeAsync(
        IReadOnlyList<string> arguments, Func<SidecarTask, CancellationToken, Task<int>> run,
        Func<string, string?> environment)
    {
        // Failures that nobody expected show where they came from; and the host answers SIGTERM itself.
        var invocation = new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null,
        };
        var parsed = Build(run, environment).Parse(arguments);
        if (parsed.Action is not ParseErrorAction mistake) return await parsed.InvokeAsync(invocation);
        mistake.ShowHelp = false;
        await parsed.InvokeAsync(invocation);
        await invocation.Error.WriteLineAsync("See waf-sidecar --help.");
        return ExitCodes.Usage;
    }

    private static void Serve(
        RootCommand root, Func<SidecarTask, CancellationToken, Task<int>> run, Func<string, string?> environment)
    {
        var policy = new Option<string?>("--policy")
        {
            Description = "WafPolicy manifest, as given to kubectl; its WafExclusions and ModelVersions may be in the "
                + "same file. The file is watched: "
                + "a change is taken up at once, a mistake is reported and the last good policy stays.",
            HelpName = "FILE",
        };
        var ways = new Ways();
        var rules = Folder("--rules", "Folder with rule sets; owasp-crs is found as DIR/owasp-crs, DIR/crs-* or DIR "
            + "itself (default: "
            + "WAF_RULES_DIR, else /usr/share/modsecurity-crs when it is there).");
        var models = Folder("--models", "Folder with model packages (default: WAF_MODELS_DIR).");
        var admin = Url("--admin", "Where /healthz, /readyz, /metrics, /status and /version are served, such as "
            + "http://127.0.0.1:16520 (default: nowhere).");
        var authorities = Text("--upstream-ca", "FILE",
            "Certificates (PEM) of the authorities that spec.upstream.tls.ca of the policy stands for.");
        foreach (var option in new Option[]
            {
                policy, ways.Upstream, ways.Listen, ways.Gateways, rules, models, admin, authorities,
            })
            root.Add(option);
        root.Validators.Add(result =>
        {
            if (result.Children.OfType<CommandResult>().Any() || IsInjected(result, environment)) return;
            ways.Check(result, policy);
        });
        root.SetAction((parsed, cancellationToken) => run(
            IsInjected(parsed.RootCommandResult, environment)
                ? new SidecarTask.ServeEnvironment()
                : new SidecarTask.ServeFile(new FileSettings(
                    parsed.GetRequiredValue(policy)!, ways.Of(parsed),
                    parsed.GetValue(rules) ?? environment("WAF_RULES_DIR"),
                    parsed.GetValue(models) ?? environment("WAF_MODELS_DIR"), parsed.GetValue(admin))
                {
                    UpstreamCa = parsed.GetValue(authorities),
                }),
            cancellationToken));
    }

    private static Command Wait(Func<SidecarTask, CancellationToken, Task<int>> run)
    {
        var admin = Url("--admin", "The sidecar's admin address (default: port WAF_ADMIN_PORT of this pod).");
        var timeout = new Option<TimeSpan>("--timeout")
        {
            Description = "Seconds to wait at most.",
            HelpName = "SECONDS",
            DefaultValueFactory = _ => TimeSpan.FromMinutes(1),
            CustomParser = result =>
            {
                var isNumber = double.TryParse(result.Tokens[0].Value.TrimEnd('s'), NumberStyles.AllowDecimalPoint,
                    CultureInfo.InvariantCulture, out var seconds);
                if (!isNumber || seconds > 3600) result.AddError("--timeout: a number of seconds, at most 3600");
                return TimeSpan.FromSeconds(isNumber ? Math.Min(seconds, 3600) : 0);
            },
        };
        var command = new Command("wait", "Wait until the sidecar of this pod is ready (for hooks and probes).")
        {
            admin, timeout,
        };
        command.SetAction((parsed, cancellationToken) =>
            run(new SidecarTask.Wait(parsed.GetValue(admin), parsed.GetValue(timeout)), cancellationToken));
        return command;
    }

    private static Command Evaluate(Func<SidecarTask, CancellationToken, Task<int>> run)
    {
        var package = Text("--package", "FILE", "Model package to run on its own corpus.");
        var digest = Text("--digest", "SHA256", "The same for a package that is fetched from the operator, as "
            + "evaluation Jobs do.");
        var baseline = Text("--baseline", "SHA256", "Package to compare with.");
        var requests = Text("--requests", "FILE",
            "Labelled requests to run both packages on (lines as in a package's corpus.jsonl).");
        var command = new Command(
            "evaluate", "Run a model package and print recall, false positives and latency as JSON.")
        {
            package, digest, baseline, requests,
        };
        command.Validators.Add(result =>
        {
            var (hasPackage, hasDigest) = (result.GetResult(package) is not null, result.GetResult(digest) is not null);
            if (hasPackage == hasDigest) result.AddError("evaluate takes --package FILE or --digest SHA256");
            if (hasPackage && result.GetResult(baseline) is not null) result.AddError("--baseline goes with --digest");
            if (result.GetResult(requests) is not null && result.GetResult(baseline) is null)
                result.AddError("--requests goes with --digest and --baseline");
        });
        command.SetAction((parsed, cancellationToken) => run(
            parsed.GetValue(requests) is { } file
                ? new SidecarTask.Compare(parsed.GetRequiredValue(digest)!, parsed.GetRequiredValue(baseline)!, file)
                : new SidecarTask.Evaluate(
                    parsed.GetValue(package), parsed.GetValue(digest), parsed.GetValue(baseline)),
            cancellationToken));
        return command;
    }

    private static Command Offer(Func<SidecarTask, CancellationToken, Task<int>> run)
    {
        var file = Text("--file", "FILE", "The file.");
        var digest = Text("--digest", "SHA256", "Its digest; whoever names it may have the file.");
        (file.Required, digest.Required) = (true, true);
        var command = new Command(
            "offer", $"Offer a file by its digest at port {OfferCommand.Port} for 90 s (how the operator reads "
                + "packages off PersistentVolumeClaims).")
        {
            file, digest,
        };
        command.SetAction((parsed, cancellationToken) => run(
            new SidecarTask.Offer(parsed.GetRequiredValue(file)!, parsed.GetRequiredValue(digest)!),
                cancellationToken));
        return command;
    }

    /// <summary>Without options, the environment of an injected sidecar decides.</summary>
    private static bool IsInjected(CommandResult root, Func<string, string?> environment) =>
        environment("WAF_POLICY") is not null && !root.Children.OfType<OptionResult>().Any(option => !option.Implicit);

    private static Option<string?> Text(string name, string value, string description) =>
        new(name) { Description = description, HelpName = value };

    private static Option<string?> Folder(string name, string description)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = "DIR" };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var folder] && !Directory.Exists(folder.Value))
                result.AddError($"{name}: there is no folder {folder.Value}");
        });
        return option;
    }

    private static Option<Uri?> Url(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "URL",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            // A star or plus is how listeners are written elsewhere for every address.
            var isUrl = Uri.TryCreate(text.Replace("//*", "//0.0.0.0", StringComparison.Ordinal)
                .Replace("//+", "//0.0.0.0", StringComparison.Ordinal), UriKind.Absolute, out var url);
            if (!isUrl || url!.Scheme is not ("http" or "https"))
                result.AddError($"{name}: {text} is not a URL such as http://127.0.0.1:8080");
            else if (url.PathAndQuery != "/")
                result.AddError($"{name}: {text} must end after the port: paths are passed on as they come");
            return url;
        },
    };

    /// <summary>How requests come in: to be forwarded, or as questions of gateways.</summary>
    private sealed class Ways
    {
        public Ways() => Listen.Validators.Add(result => RefuseTls(result, "--listen"));

        public Option<Uri?> Upstream { get; } = Url("--upstream", "The application, such as http://127.0.0.1:3000.");

        public Option<Uri?> Listen { get; } = Url("--listen", "Where requests come in, such as http://0.0.0.0:8080 "
            + "(HTTP/1.1 and HTTP/2 on one port).");

        public Option<Uri?> Gateways { get; } = ForGateways();

        /// <summary>Names what is missing, and what does not go together.</summary>
        public void Check(CommandResult result, Option policy)
        {
            var asks = result.GetResult(Gateways) is not null;
            if (asks && (result.GetResult(Upstream) is not null || result.GetResult(Listen) is not null))
                result.AddError("--forward-auth goes without --upstream and --listen: it forwards nothing");
            var missing = (asks ? [policy] : new[] { policy, Upstream, Listen })
                .Where(option => result.GetResult(option) is null).Select(option => option.Name).ToList();
            if (missing.Count > 0)
                result.AddError($"{string.Join(", ", missing)} {(missing.Count == 1 ? "is" : "are")} missing");
        }

        /// <summary>Where to listen, and the application; none behind gateways.</summary>
        public (Uri Listen, Uri? Upstream) Of(ParseResult parsed) => parsed.GetValue(Gateways) is { } gateways
            ? (gateways, null)
            : (parsed.GetRequiredValue(Listen)!, parsed.GetRequiredValue(Upstream)!);

        private static Option<Uri?> ForGateways()
        {
            var option = Url("--forward-auth", "In place of --upstream and --listen: where nginx, Traefik or Envoy ask "
                + "about requests that they hold back, such as http://0.0.0.0:16530.");
            option.Validators.Add(result => RefuseTls(result, "--forward-auth"));
            return option;
        }

        // Of the text: a value that does not parse has an error of its own, and cannot be asked for.
        private static void RefuseTls(OptionResult result, string name)
        {
            if (result.Tokens is [var text] && text.Value.StartsWith("https:", StringComparison.OrdinalIgnoreCase))
                result.AddError($"{name}: only http; TLS ends at the ingress in front");
        }
    }

    /// <summary>The library's own would add the commit.</summary>
    private sealed class PrintVersion : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine(SidecarHost.Version);
            return ExitCodes.Ok;
        }
    }
}
