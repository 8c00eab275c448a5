namespace WafOperator.Architecture.Tests;

/// <summary>An assertion that prints every finding on a line of its own.</summary>
internal static class Expect
{
    public static void None(IEnumerable<string> findings)
    {
        var list = findings.Order(StringComparer.Ordinal).ToList();
        Assert.True(list.Count == 0, $"{list.Count} found:\n  {string.Join("\n  ", list)}");
    }
}
