using System.Globalization;
using System.Text;

namespace WafOperator.Policies.Tests.Apis;

/// <summary>Documents that are small, or no larger than a ConfigMap, and would make much of a reader.</summary>
internal static class HostileDocuments
{
    private const string Begin = "openapi: 3.0.3\npaths: {/b: {post: {requestBody: {content: {application/json: "
        + "{schema: {$ref: '#/components/schemas/S0'}}}}}}}\ncomponents:\n  schemas:\n";

    public static string Of(string which) => which switch
    {
        "operations" => Operations(),
        "references" => Begin
            + Lines(1000, i => $"    S{i}: {{properties: {{a: {{$ref: '#/components/schemas/S{i + 1}'}}}}}}")
            + "    S1000: {}\n",
        "circle" => Begin + "    S0: {$ref: '#/components/schemas/S1'}\n    S1: {$ref: '#/components/schemas/S0'}\n",
        "keys" => Keys(),
        "text" => $"openapi: 3.0.3\nx: &x {new string('x', 500_000)}\ny: [{Many("*x", 100_000)}]\npaths: {{}}\n",
        "long" => $"openapi: 3.0.3\nx: {new string('x', 1 << 20)}\npaths: {{}}\n",
        "deep" => $"openapi: 3.0.3\nx-deep: {new string('[', 70)}{new string(']', 70)}\npaths: {{}}\n",
        "pattern" => Begin + "    S0: {pattern: '((a{1,99}){1,99}){1,99}'}\n",
        _ => throw new ArgumentOutOfRangeException(nameof(which), which, null),
    };

    private static string Operations()
    {
        var text = new StringBuilder("openapi: 3.0.3\npaths:\n");
        for (var i = 0; i < 10_000; i++) text.Append(CultureInfo.InvariantCulture, $"  /p{i}: {{get: {{}}}}\n");
        return text.ToString();
    }

    /// <summary>Long keys within each other: paths of the values would take the square of the text.</summary>
    private static string Keys()
    {
        var open = string.Concat(Enumerable.Repeat($"{{{new string('k', 1000)}: ", 50));
        return $"{open}[{Many("1", 150_000)}]{new string('}', 50)}";
    }

    private static string Lines(int count, Func<int, string> line) =>
        string.Concat(Enumerable.Range(0, count).Select(i => line(i) + "\n"));

    private static string Many(string item, int count) => string.Join(", ", Enumerable.Repeat(item, count));
}
