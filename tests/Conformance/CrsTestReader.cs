using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace WafOperator.Conformance;

/// <summary>
/// Reads a suite's YAML, in the form of CRS 3 and in that of CRS 4 (version 2 of the schema of FTW tests). A key it
/// does not know is an error: a test must not pass because half of it was ignored.
/// </summary>
internal static partial class CrsTestReader
{
    /// <param name="folder">Where the files are, with all folders below it.</param>
    /// <param name="withDisabled">
    /// Also those that their authors turned off for a server's sake; we have no server in front.
    /// </param>
    public static IReadOnlyList<CrsTest> ReadAll(string folder, bool withDisabled = true) =>
        [.. Directory.EnumerateFiles(folder, "*.yaml", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .SelectMany(file => ReadFile(file, withDisabled))];

    private static List<CrsTest> ReadFile(string file, bool withDisabled)
    {
        var yaml = new YamlStream();
        using (var reader = new StreamReader(file))
        {
            yaml.Load(reader);
        }

        return yaml.Documents.Count == 0
            ? []
            : ReadTests((YamlMappingNode)yaml.Documents[0].RootNode, Path.GetFileName(file), withDisabled);
    }

    private static List<CrsTest> ReadTests(YamlMappingNode root, string file, bool withDisabled)
    {
        var tests = new List<CrsTest>();
        var ruleId = "";
        foreach (var (key, value) in Entries(root))
        {
            switch (key)
            {
                case "author":
                    break;
                case "meta":
                    // Some files have the key and nothing behind it.
                    var facts = value is YamlMappingNode meta ? Entries(meta) : [];
                    if (!withDisabled && facts.Any(fact => fact.Key == "enabled" && !Flag(fact.Value)))
                    {
                        return [];
                    }

                    break;
                case "rule_id":
                    ruleId = Text(value);
                    break;
                case "tests":
                    tests.AddRange(((YamlSequenceNode)value).Children.Cast<YamlMappingNode>()
                        .Select(test => ReadTest(test, file, ruleId)));
                    break;
                default:
                    throw Unknown(key, file);
            }
        }

        return tests;
    }

    private static CrsTest ReadTest(YamlMappingNode node, string file, string ruleId)
    {
        var title = "";
        var stages = new List<CrsStage>();
        foreach (var (key, value) in Entries(node))
        {
            switch (key)
            {
                case "test_title":
                    title = Text(value);
                    break;
                case "test_id":
                    title = ruleId.Length > 0 && title.Length == 0 ? $"{ruleId}-{Text(value)}" : title;
                    break;
                case "desc" or "description":
                    break;
                case "stages":
                    stages.AddRange(((YamlSequenceNode)value).Children.Cast<YamlMappingNode>().Select(s => ReadStage(s,
                        file)));
                    break;
                default:
                    throw Unknown(key, file);
            }
        }

        return new CrsTest(title, file, stages);
    }

    private static CrsStage ReadStage(YamlMappingNode node, string file)
    {
        var inner = node.Children.Count == 1 && Text(node.Children[0].Key) == "stage"
            ? (YamlMappingNode)node.Children[0].Value
            : node;
        var input = new CrsInput();
        var output = new CrsOutput();
        foreach (var (key, value) in Entries(inner))
        {
            switch (key)
            {
                case "input":
                    input = ReadInput((YamlMappingNode)value, file);
                    break;
                case "output":
                    output = ReadOutput((YamlMappingNode)value, file);
                    break;
                case "description":
                    break;
                default:
                    throw Unknown(key, file);
            }
        }

        return new CrsStage(input, output);
    }

    private static CrsInput ReadInput(YamlMappingNode node, string file)
    {
        var input = new CrsInput();
        foreach (var (key, value) in Entries(node))
        {
            input = key switch
            {
                "dest_addr" or "port" or "protocol" => input,
                "save_cookie" or "follow_redirect" or "virtual_host_mode" => input,
                "method" => input with { Method = Text(value) },
                "uri" => input with { Uri = Expand(Text(value)) },
                "version" => input with { Version = Text(value) },
                "headers" => input with { Headers = [.. Entries((YamlMappingNode)value).Select(h => (h.Key,
                    Expand(Text(h.Value))))] },
                "ordered_headers" => input with { Headers = [.. OrderedHeaders((YamlSequenceNode)value, file)] },
                "data" => input with { Data = Expand(Lines(value)) },
                "encoded_data" => input with { Data = Decoded(value) },
                "stop_magic" => input with { StopMagic = Flag(value) },
                "autocomplete_headers" => input with { StopMagic = !Flag(value) },
                "response" => input with { Response = ReadResponse((YamlMappingNode)value, file) },
                "encoded_request" =>
                    input with { Raw = Text(value).Length == 0 ? null : Convert.FromBase64String(Text(value)) },
                "raw_request" => input with { Raw = System.Text.Encoding.UTF8.GetBytes(Text(value)) },
                _ => throw Unknown(key, file),
            };
        }

        return input;
    }

    private static CrsOutput ReadOutput(YamlMappingNode node, string file)
    {
        var output = new CrsOutput();
        foreach (var (key, value) in Entries(node))
        {
            output = key switch
            {
                "log_contains" => output with { LogContains = Text(value) },
                "no_log_contains" => output with { NoLogContains = Text(value) },
                "expect_error" => output with { ExpectError = Flag(value) },
                "isolated" => output with { Isolated = Flag(value) },
                "response_contains" => output with { ResponseContains = Text(value) },
                "log" => ReadLog(output, (YamlMappingNode)value, file),
                // Nothing here is lost on the way, so that a second try would tell the same.
                "retry_once" => output,
                "status" => output with { Status = [.. Numbers(value)] },
                _ => throw Unknown(key, file),
            };
        }

        return output;
    }

    private static bool Flag(YamlNode node) => bool.Parse(Text(node));

    private static IEnumerable<(string Key, YamlNode Value)> Entries(YamlMappingNode node) =>
        node.Children.Select(pair => (Text(pair.Key), pair.Value));

    private static string Text(YamlNode node) => ((YamlScalarNode)node).Value ?? "";

    private static string Lines(YamlNode node) =>
        node is YamlSequenceNode lines ? string.Join("\r\n", lines.Children.Select(Text)) : Text(node);

    private static IEnumerable<int> Numbers(YamlNode node) =>
        (node is YamlSequenceNode many ? many.Children.Select(Text) : [Text(node)])
        .Select(text => int.Parse(text, CultureInfo.InvariantCulture));

    private static InvalidDataException Unknown(string key, string file) =>
        new($"{Path.GetFileName(file)}: the runner does not know '{key}'.");
}
