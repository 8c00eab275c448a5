using System.Text;
using System.Text.Json;

namespace WafOperator.Conformance.Cases;

/// <summary>A request as it is sent, and whether it is an attack.</summary>
/// <param name="Id">Names it in reports.</param>
/// <param name="IsAttack">Null where nobody said.</param>
/// <param name="Request">The bytes on the wire.</param>
internal sealed record Case(string Id, bool? IsAttack, byte[] Request);

/// <summary>
/// Reads cases: a line of JSON each with <c>id</c>, <c>label</c> (1 for an attack, 0 for a harmless request) and
/// <c>raw_b64</c> (the whole request), or a file with one request. What lacks a field is an error.
/// </summary>
internal static class CaseFile
{
    public static IReadOnlyList<Case> Read(string path)
    {
        if (Directory.Exists(path))
        {
            return [.. Directory.EnumerateFiles(path, "*.http").Order(StringComparer.Ordinal).SelectMany(Read)];
        }

        return path.EndsWith(".jsonl", StringComparison.Ordinal)
            ? [.. File.ReadLines(path, Encoding.UTF8).Where(line => line.Length > 0).Select(ReadLine)]
            : [new Case(Path.GetFileNameWithoutExtension(path), null, File.ReadAllBytes(path))];
    }

    private static Case ReadLine(string line)
    {
        using var document = JsonDocument.Parse(line);
        var root = document.RootElement;
        return new Case(
            root.GetProperty("id").ToString(), root.GetProperty("label").GetInt32() != 0,
            root.GetProperty("raw_b64").GetBytesFromBase64());
    }
}
