using System.Text;

namespace WafOperator.Evasion.Payloads;

/// <summary>
/// Writes attacks out of alternatives: <c>{name}</c> in a text picks one of that name. Each sentence works against
/// something.
/// </summary>
internal static class AttackGrammar
{
    private const int DepthMax = 8;

    private static readonly Dictionary<Family, string> Starts = new()
    {
        [Family.Sql] = "sql", [Family.Script] = "script", [Family.Command] = "command", [Family.Traversal] = "path",
        [Family.Template] = "template", [Family.Lookup] = "lookup", [Family.Request] = "request",
            [Family.Program] = "program",
    };

    private static readonly Dictionary<string, string[]> Rules = Read(Path.Combine(AppContext.BaseDirectory,
        "grammar.txt"));

    public static string Write(Family family, Random random) => Expand(Starts[family], random, 0);

    private static string Expand(string rule, Random random, int depth)
    {
        var alternatives = Rules[rule];
        // Deep down the first, which leads nowhere deeper.
        var text = alternatives[depth > DepthMax ? 0 : random.Next(alternatives.Length)];
        var written = new StringBuilder();
        for (var at = 0; at < text.Length; at++)
        {
            var end = text[at] == '{' ? text.IndexOf('}', at) : -1;
            var name = end > at ? text[(at + 1)..end] : "";
            if (!Rules.ContainsKey(name))
            {
                written.Append(text[at]);
                continue;
            }

            written.Append(Expand(name, random, depth + 1));
            at = end;
        }

        return written.ToString();
    }

    /// <summary>
    /// A line with a name and a colon begins a rule; each line below, indented by two, is an alternative.
    /// </summary>
    private static Dictionary<string, string[]> Read(string path)
    {
        var rules = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        List<string>? current = null;
        foreach (var line in File.ReadLines(path))
        {
            if (line.StartsWith("  ", StringComparison.Ordinal)) current!.Add(line[2..].Replace("\\n", "\n",
                StringComparison.Ordinal));
            else if (line.EndsWith(':')) rules[line[..^1]] = current = [];
        }

        return rules.ToDictionary(rule => rule.Key, rule => rule.Value.ToArray(), StringComparer.Ordinal);
    }
}
