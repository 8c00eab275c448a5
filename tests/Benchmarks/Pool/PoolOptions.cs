using System.Globalization;

namespace WafOperator.Benchmarks.Pool;

/// <summary>What the pool's benchmark is told.</summary>
/// <param name="Networks">Folder of further networks (make-models.py), or null.</param>
/// <param name="Only">Names of the networks to measure; empty: all.</param>
/// <param name="Windows">Names of the settings to measure, beside one at a time; empty: all.</param>
/// <param name="Seconds">Length of one measurement.</param>
/// <param name="Callers">Requests under way at once.</param>
/// <param name="Page">Markdown page to write, with a plot beside it; null: only the console.</param>
internal sealed record PoolOptions(
    string? Networks, IReadOnlyList<string> Only, IReadOnlyList<string> Windows, double Seconds, int Callers,
    string? Page)
{
    public const string Usage =
        "[--networks DIR] [--only A;B] [--windows A;B] [--seconds N] [--callers N] [--page FILE]";

    public static PoolOptions Parse(string[] arguments)
    {
        string? Value(string name) => Array.IndexOf(arguments, name) is var at and >= 0 && at + 1 < arguments.Length
            ? arguments[at + 1]
            : null;
        return new PoolOptions(
            Value("--networks"), Value("--only")?.Split(';') ?? [], Value("--windows")?.Split(';') ?? [],
            double.Parse(Value("--seconds") ?? "3", CultureInfo.InvariantCulture),
            int.Parse(Value("--callers") ?? "64", CultureInfo.InvariantCulture), Value("--page"));
    }
}
