using System.Text;
using System.Text.RegularExpressions;
using WafOperator.Http.Tests.Parsers;
using Xunit.Abstractions;

namespace WafOperator.Http.Tests;

/// <summary>
/// The same for JSON, forms and XML: what the readers of Node, Python, PHP, Java and .NET make of thousands of bodies,
/// written in odd ways and then changed, must be among what we show, or the body is refused.
/// </summary>
public sealed partial class StructureParserTests(ITestOutputHelper output)
{
    private const int FirstSeed = 1;
    private const int MutantsDefault = 3000;

    private static readonly int Mutants =
        int.TryParse(Environment.GetEnvironmentVariable("WAF_TEST_MUTANTS"), out var count) ? count : MutantsDefault;

    private delegate Task<IReadOnlyList<ParsedForm?>> Reader(string type, byte[] body);

    [Fact]
    public async Task EndBody_WhateverDotNetReads_IsShownOrRefused()
    {
        await CompareAsync(".NET", Structure.Json, (_, body) => One(DotNetReaders.ReadJson(body)));
        await CompareAsync(".NET", Structure.Xml, (_, body) => One(DotNetReaders.ReadXml(body)));
        await CompareAsync("ASP.NET Core", Structure.Form,
            async (type, body) => [Decoded(await AspNetForms.ReadAsync(type, body))]);
    }

    [ReaderFact("python3")]
    public async Task EndBody_WhateverPythonReads_IsShownOrRefused()
    {
        using var python = LineReader.Python();
        foreach (var structure in Enum.GetValues<Structure>())
            await CompareAsync("Python", structure, python.ReadAsync);
    }

    [ReaderFact("php")]
    public async Task EndBody_WhateverPhpReads_IsShownOrRefused()
    {
        await using var php = new PhpForms();
        await php.StartAsync();
        foreach (var structure in new[] { Structure.Json, Structure.Form })
        {
            await CompareAsync("PHP", structure,
                async (type, body) => [Decoded(await php.ReadAsync(type, body))]);
        }
    }

    [ReaderFact("node")]
    public async Task EndBody_WhateverNodeReads_IsShownOrRefused()
    {
        using var node = LineReader.Node();
        await CompareAsync("Node", Structure.Json, node.ReadAsync);
        await CompareAsync("Node", Structure.Form, node.ReadAsync);
    }

    [ReaderFact("java")]
    public async Task EndBody_WhateverJavaReads_IsShownOrRefused()
    {
        using var java = LineReader.Java();
        await CompareAsync("Java", Structure.Xml, java.ReadAsync);
    }

    private async Task CompareAsync(string parser, Structure structure, Reader readAsync)
    {
        int accepted = 0, compared = 0;
        var differences = new List<string>();
        for (var seed = FirstSeed; seed < FirstSeed + Mutants; seed++)
        {
            var mutant = StructureMutant.Of(structure, seed);
            var request = Body.Read(mutant.ContentType, mutant.Body);
            var isAccepted = request.BodyError is BodyError.None && !request.MustReject;
            if (isAccepted) accepted++;
            foreach (var reading in await readAsync(mutant.ContentType, mutant.Body))
            {
                if (reading is null || reading.Values.Count + reading.Files.Count == 0) continue;
                compared++;
                if (isAccepted && Missing(request, structure, reading) is { } missing)
                    differences.Add($"seed {seed}: {parser} reads {missing}\n{mutant}");
            }
        }

        output.WriteLine(
            $"{parser}, {structure}: {Mutants} bodies, {accepted} accepted by us, {compared} readings of it compared");
        Assert.True(differences.Count == 0, $"{differences.Count} differ\n{string.Join("\n\n", differences.Take(5))}");
        // Both sides must read many of them, or the comparison proves nothing.
        Assert.True(accepted > Mutants / 20, $"{accepted} of {Mutants} accepted");
        Assert.True(compared > Mutants / 20, $"{compared} of {Mutants} read by {parser}");
    }

    /// <summary>A text of the parser that none of ours is.</summary>
    private static string? Missing(CanonicalRequest request, Structure structure, ParsedForm reading)
    {
        if (structure is Structure.Xml) return MissingXml(request, reading);
        var shown = new HashSet<string>(StringComparer.Ordinal) { "" };
        var names = new StringBuilder();
        foreach (ref readonly var argument in request.BodyArguments)
        {
            shown.Add(Encoding.UTF8.GetString(request[argument.Value]));
            names.Append(Encoding.UTF8.GetString(request[argument.Name])).Append('\n');
        }

        var all = names.ToString();
        var missing = reading.Values.FirstOrDefault(text => CanBeCompared(text) && !shown.Contains(text)
            && !(structure is Structure.Json && all.Contains("." + text, StringComparison.Ordinal)));
        return missing is null ? null : $"\"{missing}\", we have [{string.Join('|', shown)}] as [{all}]";
    }

    /// <summary>Texts are shown joined, with white space as it came; attributes one by one.</summary>
    private static string? MissingXml(CanonicalRequest request, ParsedForm reading)
    {
        var text = Plain(Encoding.UTF8.GetString(request[request.XmlContent]));
        var attributes = new HashSet<string>(StringComparer.Ordinal) { "" };
        foreach (ref readonly var attribute in request.XmlAttributes)
            attributes.Add(Plain(Encoding.UTF8.GetString(request[attribute.Value])));
        var missing = reading.Values.Where(CanBeCompared).Select(Plain)
            .FirstOrDefault(value => !text.Contains(value, StringComparison.Ordinal));
        if (missing is not null) return $"the text \"{missing}\", we have \"{text}\"";
        var lost = reading.Files.Where(CanBeCompared).Select(Plain)
            .FirstOrDefault(value => !attributes.Contains(value));
        return lost is null ? null : $"the attribute \"{lost}\", we have [{string.Join('|', attributes)}]";
    }

    /// <summary>Line ends and tabs are changed by readers of XML; nothing hides in how.</summary>
    private static string Plain(string text) =>
        string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    /// <summary>What is no Unicode is replaced on the way here; ASP.NET Core leaves its escapes as they are.</summary>
    private static bool CanBeCompared(string text) =>
        !text.Contains('\ufffd') && !text.Any(char.IsSurrogate) && !OtherBytes().IsMatch(text);

    [GeneratedRegex("%[89A-Fa-f][0-9A-Fa-f]")]
    private static partial Regex OtherBytes();

    private static Task<IReadOnlyList<ParsedForm?>> One(ParsedForm? reading) =>
        Task.FromResult<IReadOnlyList<ParsedForm?>>([reading]);

    /// <summary>Bytes as UTF-8.</summary>
    private static ParsedForm? Decoded(ParsedForm? reading) =>
        reading is null ? null : new ParsedForm([.. reading.Values.Select(Text)], []);

    private static string Text(string bytes) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(bytes));
}
