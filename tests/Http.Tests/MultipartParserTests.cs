using System.Text;
using WafOperator.Http.Tests.Parsers;
using Xunit.Abstractions;

namespace WafOperator.Http.Tests;

/// <summary>
/// What the parsers of applications read must be what we read, or the body is refused: thousands of bodies, written in
/// odd ways and then mutated, are given to ASP.NET Core, PHP, Python's standard library, busboy on Node and Java's
/// commons-fileupload, and to our reader.
/// </summary>
public sealed class MultipartParserTests(ITestOutputHelper output)
{
    private const int FirstSeed = 1;
    private const int MutantsDefault = 3000;

    private static readonly int Mutants =
        int.TryParse(Environment.GetEnvironmentVariable("WAF_TEST_MUTANTS"), out var count) ? count : MutantsDefault;

    [Fact]
    public async Task EndBody_WhateverAspNetCoreReads_IsShownOrRefused() =>
        await CompareAsync("ASP.NET Core", async (type, body) => [await AspNetForms.ReadAsync(type, body)]);

    [ReaderFact("python3")]
    public async Task EndBody_WhateverPythonReads_IsShownOrRefused()
    {
        using var python = LineReader.Python();
        await CompareAsync("Python", python.ReadAsync);
    }

    [ReaderFact("php")]
    public async Task EndBody_WhateverPhpReads_IsShownOrRefused()
    {
        await using var php = new PhpForms();
        await php.StartAsync();
        await CompareAsync("PHP", async (type, body) => [await php.ReadAsync(type, body)]);
    }

    [ReaderFact("node")]
    public async Task EndBody_WhateverNodeReads_IsShownOrRefused()
    {
        using var node = LineReader.Node();
        await CompareAsync("Node", node.ReadAsync);
    }

    [ReaderFact("java")]
    public async Task EndBody_WhateverJavaReads_IsShownOrRefused()
    {
        using var java = LineReader.Java();
        await CompareAsync("Java", java.ReadAsync);
    }

    private async Task CompareAsync(string parser, Func<string, byte[], Task<IReadOnlyList<ParsedForm?>>> readAsync)
    {
        int accepted = 0, compared = 0;
        var differences = new List<string>();
        for (var seed = FirstSeed; seed < FirstSeed + Mutants; seed++)
        {
            var mutant = MultipartMutant.Of(seed);
            var request = Body.Read(mutant.ContentType, mutant.Body);
            var isAccepted = request.BodyError is BodyError.None && !request.MustReject;
            if (isAccepted) accepted++;
            foreach (var form in await readAsync(mutant.ContentType, mutant.Body))
            {
                if (form is null || form.Values.Count + form.Files.Count == 0) continue;
                compared++;
                if (isAccepted && Missing(request, form) is { } missing)
                    differences.Add($"seed {seed}: {parser} reads {missing}\n{mutant}");
            }
        }

        output.WriteLine($"{parser}: {Mutants} bodies, {accepted} accepted by us, {compared} readings of it compared");
        Assert.True(differences.Count == 0, $"{differences.Count} differ\n{string.Join("\n\n", differences.Take(5))}");
        // Both sides must read many of them, or the comparison proves nothing.
        Assert.True(accepted > Mutants / 20, $"{accepted} of {Mutants} accepted");
        Assert.True(compared > Mutants / 20, $"{compared} of {Mutants} read by {parser}");
    }

    /// <summary>A value or file of the parser that no argument or file of ours holds.</summary>
    private static string? Missing(CanonicalRequest request, ParsedForm form)
    {
        var values = new HashSet<string>(StringComparer.Ordinal) { "" };
        foreach (ref readonly var argument in request.BodyArguments)
            values.Add(Encoding.Latin1.GetString(request[argument.Value]));
        var files = new HashSet<string>(StringComparer.Ordinal) { "" };
        foreach (ref readonly var file in request.Files) files.Add(Encoding.Latin1.GetString(request[file.Content]));
        var value = form.Values.FirstOrDefault(one => !values.Contains(one));
        if (value is not null) return $"the value \"{value}\", we have [{string.Join("|", values)}]";
        // What a program takes for a file may be an argument of ours: rules see it better there.
        var content = form.Files.FirstOrDefault(one => !files.Contains(one) && !values.Contains(one));
        return content is null ? null : $"the file \"{content}\", we have [{string.Join("|", files)}]";
    }
}
