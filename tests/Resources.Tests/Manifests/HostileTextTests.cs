using WafOperator.Resources.Manifests;

namespace WafOperator.Resources.Tests.Manifests;

/// <summary>Texts that are small and would make much of a reader.</summary>
public sealed class HostileTextTests
{
    /// <summary>Bytes that reading may take for a character: events of the parser, nodes, places.</summary>
    private const int BytesACharacter = 1_000;

    [Fact]
    public void KeysThatAreLongAndDeep_TakeMemoryInProportionToTheText()
    {
        // Paths of the values, written out, would have 60,000 characters each: 20 GB.
        var key = new string('k', 1000);
        var open = string.Concat(Enumerable.Repeat($"{{{key}: ", 60));
        var items = string.Join(',', Enumerable.Repeat("1", 180_000));
        var text = $"{open}[{items}]{new string('}', 60)}";

        var before = GC.GetAllocatedBytesForCurrentThread();
        var result = ManifestReader.Read(text);
        var bytes = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Contains("is not a manifest", Assert.Single(result.Errors).Message, StringComparison.Ordinal);
        Assert.InRange(bytes, 0, (long)text.Length * BytesACharacter);
    }

    [Fact]
    public void AliasesOfALongText_AreCounted()
    {
        var text = $"a: &a {new string('x', 500_000)}\nb: [{string.Join(", ", Enumerable.Repeat("*a", 100))}]\n";

        var error = Assert.Single(ManifestReader.Read(text).Errors);

        Assert.Equal(2, error.Line);
        Assert.Contains("characters (aliases expanded)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AliasesWithinEachOther_AreNoWayAroundTheDepth()
    {
        var lines = Enumerable.Range(1, 40).Select(i =>
            $"a{i}: &a{i} {new string('[', 30)}*a{i - 1}{new string(']', 30)}");
        var text = $"a0: &a0 [1]\n{string.Join('\n', lines)}\n";

        var error = Assert.Single(ManifestReader.Read(text).Errors);

        Assert.Equal(4, error.Line);
        Assert.Contains("nested deeper than 64", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"b": [1.50, "é", "<"], "a": null}""", """{"b":[1.50,"é","<"],"a":null}""", null)]
    [InlineData("b: [1.5, é]\na: ~", """{"b":[1.5,"é"],"a":null}""", null)]
    [InlineData("\t{\n\t\"a\": 1\n}", """{"a":1}""", null)]
    [InlineData("{a: 1}", """{"a":1}""", null)]
    [InlineData("", null, "holds no document")]
    [InlineData("a: 1\n---\nb: 2", null, "line 2, column 1: holds more than 1 documents")]
    [InlineData("{\"a\": 1,\n\"a\": 2}", null, "line 2, column 1: the key a stands twice (first in line 1)")]
    [InlineData("[1, 2", null, "is not YAML")]
    public void OneDocument_IsJson_OrSaysWhereItIsNone(string text, string? json, string? problem)
    {
        var read = YamlToJson.Convert(text, new ManifestLimits { DocumentsMax = 1 });

        Assert.Equal(json, read.Json);
        if (problem is not null) Assert.Contains(problem, read.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void TextThatIsNotUnicode_IsNoException()
    {
        var limits = new ManifestLimits { DocumentsMax = 1 };
        foreach (var text in (string[])["{\"a\":\"\\ud800\"}", "a: \"\\ud800\"", "a: \ud800", "{\"\\udc00\":1}"])
        {
            var (json, problem) = YamlToJson.Convert(text, limits);
            Assert.True(json is null ^ problem is null);
        }
    }

    [Theory]
    [InlineData("a:\n  b.c: [x, {d: 1}]", "a.b.c[1].d", 2)]
    [InlineData("a:\n  b.c: [x, {d: 1}]", "a.b.c[9]", 2)]
    [InlineData("a:\n  b: 1\n  b.c: 2", "a.b.c", 3)]
    [InlineData("a:\n- 1\n- [2, 3]", "a[1][1]", 3)]
    [InlineData("a: 1\nb: 2", "c.d", 1)]
    [InlineData("a:\n  '': 1", "a.", 1)]
    public void Places_AreFoundByTheirPath_OrThatOfTheNearestParent(string text, string path, int line) =>
        Assert.Equal(
            line, new YamlReader(text, new ManifestLimits()).ReadAll().Single().Places.Find(path).Position.Line);
}
