using System.Text.Json.Nodes;
using WafOperator.Cli.Output;

namespace WafOperator.Cli.Explaining;

/// <summary>An answer in sentences: what holds, and why, in the order in which it is decided.</summary>
internal sealed class Explanation(string about)
{
    private readonly List<(string Title, List<string> Lines)> _sections = [];

    /// <summary>Begins a section.</summary>
    public Explanation Section(string title)
    {
        _sections.Add((title, []));
        return this;
    }

    /// <summary>Adds a sentence to the section; nothing for null.</summary>
    public Explanation Say(string? sentence)
    {
        if (!string.IsNullOrEmpty(sentence)) _sections[^1].Lines.Add(sentence);
        return this;
    }

    public Report ToReport(params IReadOnlyList<string> names) => new(
        new JsonObject
        {
            ["kind"] = "Explanation",
            ["about"] = about,
            ["sections"] = new JsonArray([.. _sections.Where(s => s.Lines.Count > 0).Select(section =>
                (JsonNode)new JsonObject { ["title"] = section.Title, ["lines"] = Report.Array(section.Lines) })]),
        },
        names,
        (output, paint) =>
        {
            output.WriteLine(paint.Strong(PlainText.Of(about)));
            foreach (var (title, lines) in _sections.Where(section => section.Lines.Count > 0))
            {
                output.WriteLine();
                output.WriteLine(title);
                foreach (var line in lines) output.WriteLine($"  {PlainText.Of(line, 1_000)}");
            }
        });
}
