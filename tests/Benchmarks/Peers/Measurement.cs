using System.Globalization;
using WafOperator.Benchmarks.Load;

namespace WafOperator.Benchmarks.Peers;

/// <summary>What a request of one shape cost in one proxy, round by round.</summary>
internal sealed record Measurement(string Shape, int? Paranoia, string Proxy)
{
    private readonly List<double> _microseconds = [];
    private readonly List<double> _user = [];
    private readonly List<double> _instructions = [];

    public double Minimum => _microseconds.Min();

    public double Median => MedianOf(_microseconds);

    public double Maximum => _microseconds.Max();

    /// <summary>Middle of the time outside the kernel.</summary>
    public double UserMedian => MedianOf(_user);

    /// <summary>Thousands per request, where the machine counts them.</summary>
    public double? Instructions => _instructions.Count == 0 ? null : MedianOf(_instructions) / 1000;

    public void Add(Spent spent, int requests)
    {
        _microseconds.Add(spent.Cpu.TotalMicroseconds / requests);
        _user.Add(spent.User.TotalMicroseconds / requests);
        if (spent.Instructions is { } count) _instructions.Add((double)count / requests);
    }

    /// <summary>Least, middle and most, µs of processor time.</summary>
    public override string ToString() => $"{Number(Minimum)} / {Number(Median)} / {Number(Maximum)}";

    public static string Number(double value) => value.ToString("#,0", CultureInfo.InvariantCulture);

    private static double MedianOf(IReadOnlyCollection<double> values)
    {
        var sorted = values.Order().ToList();
        var half = sorted.Count / 2;
        return sorted.Count % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }
}
