using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace WafOperator.Conformance;

/// <summary>
/// Reads the suite's YAML. A key it does not know is an error: a test must not pass because half of it was ignored.
/// </summary>
internal static class CrsTestReader
{
    public static IReadOnlyList<CrsTest> ReadAll(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*.yaml",
            SearchOption.AllDirectories).Order(StringComparer.Ordinal).SelectMany(ReadFile)];

    private static IEnumerable<CrsTest> ReadFile(string file)
    {
        var yaml = new YamlStream();
        using (var reader = new StreamReader(file))
        {
            yaml.Load(reader);
        }

        var root = (YamlMappingNode)yaml.Documents[0].RootNode;
        foreach (var (key, value) in Entries(root))
        {
            switch (key)
            {
                case "meta":
                    break;
                case "tests":
                    foreach (var test in ((YamlSequenceNode)value).Children.Cast<YamlMappingNode>())
                    {
                        yield return ReadTest(test, Path.GetFileName(file));
                    }

                    break;
                default:
                    throw Unknown(key, file);
            }
        }
    }

    private static CrsTest ReadTest(YamlMappingNode node, string file)
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
                case "desc" or "test_id":
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
        var inner = (YamlMappingNode)node.Children.Single(pair => Text(pair.Key) == "stage").Value;
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
                "method" => input with { Method = Text(value) },
                "uri" => input with { Uri = Text(value) },
                "version" => input with { Version = Text(value) },
                "headers" => input with { Headers = [.. Entries((YamlMappingNode)value).Select(h => (h.Key,
                    Text(h.Value)))] },
                "data" => input with { Data = Lines(value) },
                "stop_magic" => input with { StopMagic = bool.Parse(Text(value)) },
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
                "expect_error" => output with { ExpectError = bool.Parse(Text(value)) },
                "status" => output with { Status = [.. Numbers(value)] },
                _ => throw Unknown(key, file),
            };
        }

        return output;
    }

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
