using System.CommandLine;
using WafOperator.Console.Access;
using WafOperator.Console.Archive;
using WafOperator.Console.Intake;
using WafOperator.Console.Store;

namespace WafOperator.Console;

/// <summary>The console's command line.</summary>
internal static class ConsoleCommand
{
    private const string DefaultStore = "sqlite:waf-console.db";
    private const long KeepBytesMin = 64 << 20;

    /// <summary>Runs what the arguments say; expected failures are one line and an exit status.</summary>
    public static async Task<int> InvokeAsync(string[] arguments, TextWriter output, TextWriter errors)
    {
        var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = output, Error =
            errors };
        try
        {
            return await Build(output).Parse(arguments).InvokeAsync(invocation);
        }
        catch (Exception failure) when (failure is FormatException or StoreException or IOException
            or Kubernetes.KubernetesException or UnauthorizedAccessException)
        {
            await errors.WriteLineAsync($"waf-console: {failure.Message}");
            return 1;
        }
    }

    private static RootCommand Build(TextWriter output)
    {
        var root = new RootCommand("WAF console: keeps decisions, shows them, and tells others about them.");
        root.Add(RunCommand());
        root.Add(ImportCommand(output));
        var audit = new Command("audit", "The audit trail.");
        audit.Add(VerifyCommand(output));
        root.Add(audit);
        root.Add(BackupCommand(output));
        root.Add(RestoreCommand(output));
        return root;
    }

    private static Command RunCommand()
    {
        var store = StoreOption();
        var listen = new Option<string>("--listen") { Description = "Address of pages and API.", DefaultValueFactory =
            _ => "http://0.0.0.0:8090" };
        var certificate = new Option<string?>("--tls-certificate") { Description = "PEM file, for an https --listen." };
        var key = new Option<string?>("--tls-key") { Description = "PEM file with its key." };
        var url = new Option<string?>("--public-url") { Description =
            "Where people find it, for links in alerts; with https, cookies are for https only." };
        var outlets = new Option<string?>("--outlets") { Description =
            "JSON file with sinks, alert receivers and alert rules (docs/console.md)." };
        var keep = new Option<int>("--keep-days") { Description = "Days that events are kept.", DefaultValueFactory =
            _ => 30 };
        var keepBytes = new Option<long?>("--keep-bytes") { Description = "Bytes of events that are kept; beyond, the "
            + "oldest go before their time. 0: no bound. Default: 7 GiB in a file, 50 GiB in PostgreSQL." };
        var token = new Option<string?>("--token-file") { Description =
            "Without a cluster: file with the one token that may do everything." };
        var kubeconfig = new Option<string?>("--kubeconfig") { Description =
            "Kubeconfig; default: KUBECONFIG, the pod's service account." };
        var fetch = new FetchArguments();
        var oidc = new OidcArguments();
        var analyze = new AnalyzeArguments();
        var objects = new ObjectArguments();
        var command = new Command("run", "Run the console until it is stopped.")
        {
            store, listen, certificate, key, url, outlets, keep, keepBytes, token, kubeconfig,
        };
        fetch.AddTo(command);
        oidc.AddTo(command);
        analyze.AddTo(command);
        objects.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await ConsoleHost.RunAsync(
                new ConsoleOptions
                {
                    Store = StoreOf(parsed.GetRequiredValue(store)),
                    Listen = parsed.GetRequiredValue(listen),
                    Tls = parsed.GetValue(certificate) is { } c && parsed.GetValue(key) is { } k ? (c, k) : null,
                    PublicUrl = parsed.GetValue(url),
                    Outlets = parsed.GetValue(outlets) is { } outletFile ? Alerts.OutletOptions.Read(outletFile)
                        : new Alerts.OutletOptions(),
                    KeepFor = TimeSpan.FromDays(parsed.GetValue(keep) is > 0 and <= 3650 and var days
                        ? days : throw new FormatException("--keep-days: 1 to 3650")),
                    KeepBytes = parsed.GetValue(keepBytes) is not < KeepBytesMin or 0 ? parsed.GetValue(keepBytes)
                        : throw new FormatException("--keep-bytes: 0, or 64 MiB (67108864) and more"),
                    Token = parsed.GetValue(token) is { } file ? (await File.ReadAllTextAsync(file, cancellationToken))
                        .Trim() : null,
                    Kubeconfig = parsed.GetValue(kubeconfig),
                    Fetch = fetch.Read(parsed),
                    Oidc = oidc.Read(parsed),
                    Analyze = analyze.Read(parsed, fetch.Read(parsed)),
                    Namespace = objects.Namespace(parsed),
                    Outside = objects.Outside(parsed),
                },
                cancellationToken);
            return 0;
        });
        return command;
    }

    private static Command ImportCommand(TextWriter output)
    {
        var store = StoreOption();
        var file = new Argument<string>("file") { Description =
            "Decisions as sidecars write them on standard output, JSON lines; - is standard input." };
        var command = new Command("import", "Reads decisions of a sidecar into the store.") { store, file };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var opened = ConsoleHost.OpenStore(StoreOf(parsed.GetRequiredValue(store)));
            await opened.InitializeAsync(cancellationToken);
            var intake = new EventIntake(opened, TimeSpan.FromDays(30), TimeProvider.System);
            var path = parsed.GetRequiredValue(file);
            await using var lines = path == "-" ? System.Console.OpenStandardInput() : File.OpenRead(path);
            var result = await intake.AddAsync(lines, cancellationToken);
            await output.WriteLineAsync(
                $"{result.Added} added, {result.Duplicates} there already, {result.Refused} refused");
            return 0;
        });
        return command;
    }

    private static Command VerifyCommand(TextWriter output)
    {
        var store = StoreOption();
        var command = new Command("verify",
            "Checks that no line of the audit trail was changed, added or left out.") { store };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var opened = ConsoleHost.OpenStore(StoreOf(parsed.GetRequiredValue(store)));
            AuditEntry? last = null;
            while (await opened.ReadAuditAsync(last?.Number ?? 0, 1_000, cancellationToken) is { Count: > 0 } entries)
            {
                foreach (var entry in entries)
                {
                    if (!entry.Follows(last))
                    {
                        await output.WriteLineAsync($"line {entry.Number} was changed, or a line before it is missing");
                        return 1;
                    }

                    last = entry;
                }
            }

            // Who keeps the last hash elsewhere also notices when the end is cut off.
            await output.WriteLineAsync(last is null ? "the trail is empty"
                : $"{last.Number} lines, unbroken; the last one is {Convert.ToHexStringLower(last.Hash)}");
            return 0;
        });
        return command;
    }

    private static Command BackupCommand(TextWriter output)
    {
        var store = StoreOption();
        var file = new Argument<string>("file") { Description =
            "The archive; in a folder that is there, one named by the time." };
        var keep = new Option<int>("--keep") { Description =
            "In a folder: archives that stay, the oldest beyond go.", DefaultValueFactory = _ => 7 };
        var command = new Command("backup", "Writes everything of the store into one file.") { store, keep, file };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var opened = ConsoleHost.OpenStore(StoreOf(parsed.GetRequiredValue(store)));
            await opened.InitializeAsync(cancellationToken);
            var path = parsed.GetRequiredValue(file);
            var said = Directory.Exists(path)
                ? await ArchiveFolder.WriteAsync(
                    opened, path, parsed.GetRequiredValue(keep), TimeProvider.System, cancellationToken)
                : await StoreArchive.WriteAsync(opened, path, cancellationToken);
            await output.WriteLineAsync(said);
            return 0;
        });
        return command;
    }

    private static Command RestoreCommand(TextWriter output)
    {
        var store = StoreOption();
        var file = new Argument<string>("file") { Description = "The archive." };
        var command = new Command("restore", "Reads such a file into a store; what is there stays.") { store, file };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var opened = ConsoleHost.OpenStore(StoreOf(parsed.GetRequiredValue(store)));
            await opened.InitializeAsync(cancellationToken);
            await output.WriteLineAsync(
                await StoreArchive.ReadAsync(opened, parsed.GetRequiredValue(file), cancellationToken));
            return 0;
        });
        return command;
    }

    private static Option<string> StoreOption() => new("--store")
    {
        Description = "sqlite:FILE, a connection string of PostgreSQL, or file:FILE with one of them in it.",
        DefaultValueFactory = _ => DefaultStore,
    };

    /// <summary>A connection string holds a password, which belongs into a file and not into a process list.</summary>
    private static string StoreOf(string store) => store.StartsWith("file:", StringComparison.Ordinal)
        ? File.ReadAllText(store["file:".Length..]).Trim() : store;
}

/// <summary>Arguments that say where events are fetched.</summary>
internal sealed class FetchArguments
{
    private readonly Option<string?> _operator =
        new("--operator") { Description =
        "URL of the operator's distribution port; without it, events are imported only." };
    private readonly Option<string?> _replicas =
        new("--operator-replicas") { Description =
        "Name behind which all replicas of the operator stand; default: the URL's host." };
    private readonly Option<string?> _token =
        new("--operator-token-file") { Description = "Service-account token for the operator." };
    private readonly Option<string?> _ca = new("--operator-ca-file") { Description = "Authority of its certificate." };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _operator, _replicas, _token, _ca }) command.Add(option);
    }

    /// <exception cref="FormatException">A value cannot be used.</exception>
    public FetchOptions? Read(ParseResult parsed)
    {
        if (parsed.GetValue(_operator) is not { Length: > 0 } text) return null;
        if (!Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var url)) throw new FormatException(
            "--operator: a URL");
        return new FetchOptions(url, parsed.GetValue(_replicas) ?? url.Host, parsed.GetValue(_token),
            parsed.GetValue(_ca));
    }
}

/// <summary>Arguments about an identity provider.</summary>
internal sealed class OidcArguments
{
    private readonly Option<string?> _issuer =
        new("--oidc-issuer") { Description = "Issuer whose tokens are taken, besides the cluster's." };
    private readonly Option<string> _client = new("--oidc-client-id") { Description = "Audience of its tokens.",
        DefaultValueFactory = _ => "waf-console" };
    private readonly Option<string> _user = new("--oidc-username-claim") { Description = "Claim with the user's name.",
        DefaultValueFactory = _ => "sub" };
    private readonly Option<string> _groups = new("--oidc-groups-claim") { Description = "Claim with groups.",
        DefaultValueFactory = _ => "groups" };
    private readonly Option<string> _prefix =
        new("--oidc-prefix") { Description = "What names and groups begin with in role bindings.",
        DefaultValueFactory = _ => "oidc:" };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _issuer, _client, _user, _groups, _prefix }) command.Add(option);
    }

    /// <exception cref="FormatException">The issuer is no https URL.</exception>
    public OidcOptions? Read(ParseResult parsed)
    {
        if (parsed.GetValue(_issuer) is not { Length: > 0 } text) return null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var issuer) || issuer.Scheme != "https")
            throw new FormatException("--oidc-issuer: an https URL");
        return new OidcOptions(
            issuer, parsed.GetRequiredValue(_client), parsed.GetRequiredValue(_user), parsed.GetRequiredValue(_groups),
            parsed.GetRequiredValue(_prefix));
    }
}
