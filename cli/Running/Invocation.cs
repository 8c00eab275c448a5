using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using WafOperator.Cli.Output;
using WafOperator.Kubernetes.Authentication;
using WafOperator.Kubernetes.Client;

namespace WafOperator.Cli.Running;

/// <summary>One run of one command: its arguments, where its output goes, and the way to the cluster.</summary>
internal sealed class Invocation(ParseResult parsed, CliEnvironment environment) : IDisposable
{
    private const int NoteLineLengthMax = 2_000;

    private readonly Lock _noting = new();
    private KubernetesClient? _client;
    private ClusterConnection? _connection;

    /// <summary>Arguments and options.</summary>
    public ParseResult Parsed => parsed;

    /// <summary>Streams, variables, clock.</summary>
    public CliEnvironment Environment => environment;

    /// <summary>The time now.</summary>
    public DateTimeOffset Now => environment.Time.GetUtcNow();

    /// <summary>Colours, or none.</summary>
    public Paint Paint => new(parsed.GetValue(environment.Options.Color) switch
    {
        "always" => true,
        "never" => false,
        _ => environment.IsOutTerminal && string.IsNullOrEmpty(environment.Variable("NO_COLOR"))
            && environment.Variable("TERM") != "dumb",
    });

    /// <summary>How results are written.</summary>
    public OutputFormat Format => parsed.GetValue(environment.Options.Output);

    /// <summary>Progress, where a person looks.</summary>
    public Progress Progress => field ??= new Progress(environment.Error, environment.IsErrorTerminal);

    /// <summary>The connection that options and environment name; made when it is first asked for.</summary>
    public ClusterConnection Connection => _connection ??= ClusterLocator.Locate(new ClusterEnvironment
    {
        KubeconfigPath = parsed.GetValue(environment.Options.Kubeconfig),
        Context = parsed.GetValue(environment.Options.Context),
        KubeconfigVariable = environment.Variable("KUBECONFIG"),
        HomeDirectory = environment.Variable("HOME") ?? environment.Variable("USERPROFILE"),
        ServiceHost = environment.Variable("KUBERNETES_SERVICE_HOST"),
        ServicePort = environment.Variable("KUBERNETES_SERVICE_PORT"),
    });

    /// <summary>The API server.</summary>
    public KubernetesClient Client => _client ??= new KubernetesClient(
        Connection,
        new ClientOptions { UserAgent = $"kubectl-waf/{CliEnvironment.Version}", FieldManager = "kubectl-waf" },
        environment.Time, NullLogger<KubernetesClient>.Instance);

    /// <summary>The namespace of <c>-n</c>, or null.</summary>
    public string? NamedNamespace => parsed.GetValue(environment.Options.Namespace);

    /// <summary>The namespace of <c>-n</c>, else the context's.</summary>
    public string Namespace => NamedNamespace ?? Connection.Namespace;

    /// <summary>The namespace of <c>-n</c>, else all: for questions about the whole cluster.</summary>
    public ListOptions Wide => NamedNamespace is { } ns && !AllNamespaces ? ListOptions.In(ns) : ListOptions.All;

    /// <summary>What lists are about: all namespaces with <c>-A</c>, else one.</summary>
    public ListOptions Scope => AllNamespaces ? ListOptions.All : ListOptions.In(Namespace);

    /// <summary>Writes a result in the format that was asked for.</summary>
    public void Write(Report report)
    {
        Progress.Clear();
        report.Write(environment.Out, Format, Paint);
    }

    /// <summary>A sentence beside the result; parts of it may be a stranger's.</summary>
    public void Note(string text)
    {
        var harmless = string.Join('\n', text.Split('\n').Select(line => PlainText.Of(line, NoteLineLengthMax)));
        lock (_noting)
        {
            Progress.Clear();
            environment.Error.WriteLine(harmless);
        }
    }

    public void Dispose() => _client?.Dispose();

    private bool AllNamespaces => parsed.GetValue(environment.Options.AllNamespaces);
}
