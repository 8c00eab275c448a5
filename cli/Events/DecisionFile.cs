using WafOperator.Cli.Running;
using WafOperator.Protocols.Events;
using WafOperator.Recordings;

namespace WafOperator.Cli.Events;

/// <summary>Decision logs that were kept: one JSON line each, other lines between them are passed over.</summary>
internal static class DecisionFile
{
    /// <summary>Decisions of a file, or of standard input for <c>-</c>.</summary>
    public static IEnumerable<SecurityEvent> Read(string name, CliEnvironment environment)
    {
        if (name != "-" && !File.Exists(name)) throw new CliException($"there is no file {name}");
        using var lines = new BoundedLines(name == "-" ? environment.In() : File.OpenRead(name));
        while (lines.Read(DecisionLine.LengthMax) is { } line)
            if (DecisionLine.Read(line) is { } decision) yield return decision;
    }
}
