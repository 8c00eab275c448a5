using System.Runtime.CompilerServices;

namespace WafOperator.Benchmarks.Detection;

/// <summary>Scores of all requests, and the tables made of them.</summary>
internal sealed class DetectionResults
{
    private const double CriticalThreshold = 0.9;
    private static readonly double[] Rates = [0.01, 0.005, 0.001];
    private static readonly string[] Ways = ["rules alone", "models alone", "together"];

    private readonly List<Row> _rows = [];

    private sealed record Row(string Group, string Family, bool IsAttack, bool Blocks, double[] Scores);

    public void Add(LabelledRequest request, string fold, RuleAnswer rules, double alone, double joint) =>
        _rows.Add(new Row(
            request.IsAttack ? fold : request.Source, request.Family, request.IsAttack, rules.Blocks,
            [rules.Anomaly, alone, joint]));

    /// <summary>Prints Markdown.</summary>
    public void Print(TextWriter output)
    {
        var benign = _rows.Where(row => !row.IsAttack).ToList();
        var attacks = _rows.Where(row => row.IsAttack).ToList();
        var groups = attacks.GroupBy(row => row.Group).OrderBy(group => group.Key, StringComparer.Ordinal).ToList();
        output.WriteLine(Text($"{attacks.Count} attacks of {groups.Count} left-out sources, "
            + $"{benign.Count} held-out benign requests\n"));
        foreach (var rate in Rates) PrintRate(output, rate, benign, groups);
        PrintDefaults(output, benign, groups);
        PrintFamilies(output, benign, attacks);
        output.WriteLine("| | AUC | ECE |\n| --- | --- | --- |");
        for (var way = 0; way < Ways.Length; way++)
        {
            var calibration = way == 0 ? "" : Text($"{CalibrationError(way):0.0000}");
            output.WriteLine(Text($"| {Ways[way]} | {Area(attacks, benign, way):0.0000} | {calibration} |"));
        }
    }

    private static void PrintRate(
        TextWriter output, double rate, List<Row> benign, List<IGrouping<string, Row>> groups)
    {
        var thresholds = Enumerable.Range(0, Ways.Length).Select(way => Threshold(benign, way, rate)).ToArray();
        output.WriteLine(Text($"At {rate:0.0%} false positives:\n\n| left-out source | requests | "
            + $"{string.Join(" | ", Ways)} |\n| --- | --- | --- | --- | --- |"));
        var recalls = new List<double[]>();
        foreach (var group in groups)
        {
            var recall = Enumerable.Range(0, Ways.Length).Select(way => Share(group, way, thresholds[way])).ToArray();
            recalls.Add(recall);
            output.WriteLine(Text($"| {group.Key} | {group.Count()} | {Cells(recall)} |"));
        }

        output.WriteLine(Text($"| **mean** | | {Cells(Column(recalls, Enumerable.Average))} |"));
        output.WriteLine(Text($"| **lowest** | | {Cells(Column(recalls, Enumerable.Min))} |\n"));
    }

    /// <summary>
    /// What a policy with the defaults does: rules block at 5, models at the critical threshold, either suffices.
    /// </summary>
    private static void PrintDefaults(TextWriter output, List<Row> benign, List<IGrouping<string, Row>> groups)
    {
        (string Name, Func<Row, bool> Blocks)[] policies =
        [
            ("rules alone, blocking at 5", row => row.Blocks),
            ("models alone, critical 0.9", row => row.Scores[1] >= CriticalThreshold),
            ("together, critical 0.9, rules as evidence only", row => row.Scores[2] >= CriticalThreshold),
            ("together, critical 0.9, rules also block at 5", row => row.Blocks || row.Scores[2] >= CriticalThreshold),
        ];
        output.WriteLine("With the thresholds of a policy:\n\n"
            + "| policy | false positives | recall, mean of sources | lowest |\n| --- | --- | --- | --- |");
        foreach (var (name, blocks) in policies)
        {
            var recalls = groups.Select(group => (double)group.Count(blocks) / group.Count()).ToList();
            var wrong = (double)benign.Count(blocks) / benign.Count;
            output.WriteLine(Text($"| {name} | {wrong:0.00%} | {recalls.Average():0.0000} | {recalls.Min():0.0000} |"));
        }

        output.WriteLine();
    }

    private static void PrintFamilies(TextWriter output, List<Row> benign, List<Row> attacks)
    {
        const double rate = 0.005;
        var thresholds = Enumerable.Range(0, Ways.Length).Select(way => Threshold(benign, way, rate)).ToArray();
        output.WriteLine(Text($"Families at {rate:0.0%}, all sources:\n\n| family | requests | "
            + $"{string.Join(" | ", Ways)} |\n| --- | --- | --- | --- | --- |"));
        foreach (var family in attacks.GroupBy(row => row.Family).OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            var recall = Enumerable.Range(0, Ways.Length).Select(way => Share(family, way, thresholds[way])).ToArray();
            output.WriteLine(Text($"| {family.Key} | {family.Count()} | {Cells(recall)} |"));
        }

        output.WriteLine();
    }

    /// <summary>The score that at most this share of benign requests exceeds.</summary>
    private static double Threshold(List<Row> benign, int way, double rate) =>
        benign.Select(row => row.Scores[way]).OrderDescending().ElementAt((int)(rate * benign.Count));

    private static double Share(IEnumerable<Row> rows, int way, double threshold) =>
        rows.Average(row => row.Scores[way] > threshold ? 1.0 : 0.0);

    private static double Area(List<Row> attacks, List<Row> benign, int way)
    {
        var sorted = benign.Select(row => row.Scores[way]).Order().ToArray();
        return attacks.Average(row => Rank(sorted, row.Scores[way])) / sorted.Length;
    }

    /// <summary>Benign scores below this one, ties by half.</summary>
    private static double Rank(double[] sorted, double score)
    {
        var (low, high) = (Bound(sorted, score, false), Bound(sorted, score, true));
        return (low + high) / 2.0;
    }

    private static int Bound(double[] sorted, double score, bool inclusive)
    {
        var (low, high) = (0, sorted.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (sorted[middle] < score || (inclusive && sorted[middle] <= score)) low = middle + 1;
            else high = middle;
        }

        return low;
    }

    /// <summary>Expected calibration error over 15 bins; the classes as they are in the data.</summary>
    private double CalibrationError(int way)
    {
        const int bins = 15;
        return _rows.GroupBy(row => Math.Min((int)(row.Scores[way] * bins), bins - 1)).Sum(bin =>
            Math.Abs(bin.Average(row => row.Scores[way]) - bin.Average(row => row.IsAttack ? 1.0 : 0.0))
            * bin.Count() / _rows.Count);
    }

    private static double[] Column(List<double[]> rows, Func<IEnumerable<double>, double> join) =>
        [.. Enumerable.Range(0, Ways.Length).Select(way => join(rows.Select(row => row[way])))];

    private static string Cells(double[] values) => string.Join(" | ", values.Select(value => Text($"{value:0.0000}")));

    /// <summary>Numbers do not depend on the machine's language: programs here know no other culture.</summary>
    private static string Text(ref DefaultInterpolatedStringHandler text) => text.ToStringAndClear();
}
