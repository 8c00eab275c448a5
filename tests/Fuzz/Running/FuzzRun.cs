using System.Diagnostics;

namespace WafOperator.Fuzz.Running;

/// <summary>What a run saw.</summary>
/// <param name="Target">Name of the target.</param>
/// <param name="Inputs">Inputs checked.</param>
/// <param name="SlowestTicks">Longest check, in stopwatch ticks.</param>
/// <param name="Failure">The first failure, or null.</param>
public sealed record FuzzReport(string Target, long Inputs, long SlowestTicks, FuzzFailure? Failure)
{
    /// <summary>Longest check.</summary>
    public TimeSpan Slowest => Stopwatch.GetElapsedTime(0, SlowestTicks);
}

/// <summary>An input that broke a property, and how to get it again.</summary>
public sealed record FuzzFailure(int Seed, byte[] Input, string What)
{
    public override string ToString() =>
        $"seed {Seed}: {What}\n  input ({Input.Length} bytes, base64): {Convert.ToBase64String(Input)}";
}

/// <summary>
/// Runs targets. Input number n of a run with seed s is made from a generator seeded with s + n, so every input can be
/// made again from one number.
/// </summary>
public static class FuzzRun
{
    /// <summary>All targets of this assembly except the canary, by name.</summary>
    public static IReadOnlyList<FuzzTarget> Targets { get; } =
    [
        .. typeof(FuzzRun).Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(FuzzTarget)) && !type.IsAbstract && type != typeof(CanaryTarget))
            .Select(type => (FuzzTarget)Activator.CreateInstance(type)!)
            .OrderBy(target => target.Name, StringComparer.Ordinal),
    ];

    /// <summary>Runs until the count or the time is used up, or something fails.</summary>
    public static FuzzReport Run(FuzzTarget target, int seed, long inputsMax, TimeSpan timeMax)
    {
        var start = Stopwatch.GetTimestamp();
        var slowest = 0L;
        for (var number = 0L; number < inputsMax; number++)
        {
            if ((number & 255) == 0 && Stopwatch.GetElapsedTime(start) > timeMax)
                return new FuzzReport(target.Name, number, slowest, null);
            var before = Stopwatch.GetTimestamp();
            if (TryOnce(target, unchecked(seed + (int)number)) is { } failure)
                return new FuzzReport(target.Name, number + 1, slowest, failure);
            slowest = Math.Max(slowest, Stopwatch.GetTimestamp() - before);
        }

        return new FuzzReport(target.Name, inputsMax, slowest, null);
    }

    /// <summary>Makes and checks the one input of a seed.</summary>
    public static FuzzFailure? TryOnce(FuzzTarget target, int seed)
    {
        var random = new Random(seed);
        var input = target.Generate(random);
        try
        {
            target.Check(input, random);
            return null;
        }
        catch (Exception error)
        {
            // Whatever comes out of a target is a finding; the run goes on to report it.
            var where = error.StackTrace?.Split('\n').FirstOrDefault()?.Trim();
            return new FuzzFailure(seed, input, $"{error.GetType().Name}: {error.Message} {where}");
        }
    }
}
