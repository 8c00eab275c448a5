using System.Collections;
using System.Reflection;

namespace WafOperator.SecLang.Tests;

/// <summary>Compares trees node by node, places in files aside.</summary>
internal static class TreeAssert
{
    public static void Same(SecLangDocument expected, SecLangDocument actual)
    {
        Assert.Equal(expected.Directives.Length, actual.Directives.Length);
        for (var i = 0; i < expected.Directives.Length; i++)
        {
            Assert.Equal(Describe(expected.Directives[i]), Describe(actual.Directives[i]));
        }
    }

    private static string Describe(object? node) => node switch
    {
        null => "null",
        SourceLocation => "",
        string text => $"\"{text}\"",
        IEnumerable items => "[" + string.Join(",", items.Cast<object?>().Select(Describe)) + "]",
        _ when node.GetType().IsPrimitive || node is Enum => node.ToString()!,
        _ => node.GetType().Name + "{" + string.Join(
            ",",
            node.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(p => p.Name != "EqualityContract" && p.GetIndexParameters().Length == 0)
                .Select(p => p.Name + "=" + Describe(p.GetValue(node)))) + "}",
    };
}
