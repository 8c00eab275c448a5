using System.CommandLine;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Operator.Host;

/// <summary>Arguments about the console: whose service account fetches events, and how many wait for it.</summary>
internal sealed class ConsoleFlags
{
    private readonly Option<string?> _account = new("--console-account")
    {
        Description = "NAMESPACE/NAME of the console's service account; events are kept for it. Without: only counted.",
    };

    private readonly Option<string> _folder = new("--event-folder")
    {
        Description = "Folder for events that the console has not fetched yet.",
        DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "waf-operator-events"),
    };

    private readonly Option<long> _bytes = new("--event-bytes")
    {
        Description = "Most bytes in it; compressed, a tenth of the events' own.",
        DefaultValueFactory = _ => 1L << 30,
    };

    public void AddTo(Command command)
    {
        command.Add(_account);
        command.Add(_folder);
        command.Add(_bytes);
    }

    /// <exception cref="FormatException">A value cannot be used.</exception>
    public OperatorOptions Apply(ParseResult parsed, OperatorOptions options) => options with
    {
        Console = parsed.GetValue(_account) is { Length: > 0 } account ? KeyOf(account) : null,
        EventFolder = parsed.GetRequiredValue(_folder),
        EventBytesMax = parsed.GetValue(_bytes) is > 0 and var bytes
            ? bytes : throw new FormatException("--event-bytes: a positive number of bytes"),
    };

    private static NamespacedName KeyOf(string account) =>
        account.Split('/') is [{ Length: > 0 } ns, { Length: > 0 } name]
            ? new NamespacedName(ns, name)
            : throw new FormatException($"--console-account: \"{account}\" is not NAMESPACE/NAME");
}
