using WafOperator.Fuzz.Detectors;
using WafOperator.Fuzz.Running;

switch (args)
{
    case ["detectors", var folder, .. var options]:
        var peer = Option(options, "--peer") is { } library ? new PeerDetector(library) : null;
        new DetectorMeasurement(folder, peer, Option(options, "--show"), Number(options, "--count", 40)).Run();
        return 0;
    case ["run", .. var options]:
        return Run(options);
    default:
        Console.Error.WriteLine(
            """
            run [--target NAME] [--inputs N] [--seconds N] [--seed N]    throw inputs at the targets until the count
                or time is used up
            detectors FOLDER [--peer LIBRARY] [--show sqli|xss] [--count N]
                measure the detectors on recorded requests
            """);
        return 2;
}

static int Run(string[] options)
{
    var seed = Number(options, "--seed", Environment.TickCount);
    var inputs = Number(options, "--inputs", int.MaxValue);
    var time = TimeSpan.FromSeconds(Number(options, "--seconds", 10));
    var only = Option(options, "--target");
    var all = 0L;
    var failures = 0;
    Console.WriteLine($"seed {seed}");
    foreach (var target in FuzzRun.Targets.Where(target =>
        only is null || target.Name.StartsWith(only, StringComparison.Ordinal)))
    {
        var report = FuzzRun.Run(target, seed, inputs, time);
        all += report.Inputs;
        Console.WriteLine($"{target.Name,-24} {report.Inputs,12:N0} inputs, slowest "
            + $"{report.Slowest.TotalMilliseconds:F1} ms");
        if (report.Failure is null) continue;
        failures++;
        Console.WriteLine($"  FAILED {report.Failure}");
    }

    Console.WriteLine($"{all:N0} inputs, {failures} targets failed");
    return failures == 0 ? 0 : 1;
}

static int Number(string[] options, string name, int otherwise) =>
    Option(options, name) is { } text ? int.Parse(text) : otherwise;

static string? Option(string[] options, string name)
{
    var index = Array.IndexOf(options, name);
    return index >= 0 && index + 1 < options.Length ? options[index + 1] : null;
}
