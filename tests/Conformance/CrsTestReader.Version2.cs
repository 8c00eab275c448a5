using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace WafOperator.Conformance;

/// <summary>What version 2 of the schema adds.</summary>
internal static partial class CrsTestReader
{
    private static CrsOutput ReadLog(CrsOutput output, YamlMappingNode node, string file)
    {
        foreach (var (key, value) in Entries(node))
        {
            output = key switch
            {
                "expect_ids" => output with { ExpectIds = [.. Ids(value)] },
                "no_expect_ids" => output with { NoExpectIds = [.. Ids(value)] },
                "match_regex" => output with { LogContains = Text(value) },
                "no_match_regex" => output with { NoLogContains = Text(value) },
                _ => throw Unknown(key, file),
            };
        }

        return output;
    }

    private static CrsResponse ReadResponse(YamlMappingNode node, string file)
    {
        var response = new CrsResponse();
        foreach (var (key, value) in Entries(node))
        {
            response = key switch
            {
                "status" => response with { Status = int.Parse(Text(value), CultureInfo.InvariantCulture) },
                "headers" => response with
                {
                    Headers = [.. Entries((YamlMappingNode)value).Select(header => (header.Key, Text(header.Value)))],
                },
                "body" => response with { Body = Encoding.UTF8.GetBytes(Expand(Text(value))) },
                "encoded_body" or "encodedBody" => response with { Body = Convert.FromBase64String(Text(value)) },
                _ => throw Unknown(key, file),
            };
        }

        return response;
    }

    private static IEnumerable<(string Name, string Value)> OrderedHeaders(YamlSequenceNode list, string file)
    {
        foreach (var header in list.Children.Cast<YamlMappingNode>())
        {
            var (name, value) = ("", "");
            foreach (var (key, node) in Entries(header))
            {
                switch (key)
                {
                    case "name": name = Text(node); break;
                    case "value": value = Expand(Text(node)); break;
                    default: throw Unknown(key, file);
                }
            }

            yield return (name, value);
        }
    }

    private static IEnumerable<string> Ids(YamlNode node) => ((YamlSequenceNode)node).Children.Select(Text);

    private static string Decoded(YamlNode node) => Encoding.UTF8.GetString(Convert.FromBase64String(Text(node)));

    /// <summary>
    /// The one function of templates that suites use, in both orders. Everything else in double braces is an attack
    /// and stays.
    /// </summary>
    private static string Expand(string text) => Repeats().Replace(text, static match =>
    {
        var count = int.Parse(match.Groups["count"].Value, CultureInfo.InvariantCulture);
        return new StringBuilder().Insert(0, Regex.Unescape(match.Groups["text"].Value), count).ToString();
    });

    [GeneratedRegex("""
        \{\{-?\s*
        (?:"(?<text>[^"]*)"\s*\|\s*repeat\s+(?<count>\d{1,6})|repeat\s+(?<count>\d{1,6})\s+"(?<text>[^"]*)")
        \s*-?\}\}
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Repeats();
}
