using System.Diagnostics;

namespace WafOperator.Architecture.Tests;

/// <summary>
/// Programs that no build compiles parse: what a long suite finds only after an hour is found here. An interpreter that
/// the machine does not have is left out, but for bash, which every test here needs.
/// </summary>
public sealed class ScriptTests
{
    private static readonly (string Name, Func<string, bool> IsOne, string Command, string[] Arguments)[] Languages =
    [
        ("bash", IsBash, "bash", ["-n"]),
        ("JavaScript", file => file.EndsWith(".mjs", StringComparison.Ordinal), "node", ["--check"]),
        ("PHP", file => file.EndsWith(".php", StringComparison.Ordinal), "php", ["-l"]),
        ("Python", file => file.EndsWith(".py", StringComparison.Ordinal), "python3",
            ["-c", "import ast, sys; ast.parse(open(sys.argv[1], 'rb').read(), sys.argv[1])"]),
    ];

    public static TheoryData<string> Names => [.. Languages.Select(language => language.Name)];

    [Theory, MemberData(nameof(Names))]
    public void EveryScript_Parses(string name)
    {
        var language = Languages.Single(one => one.Name == name);
        var files = Repository.Files.Where(language.IsOne).ToList();
        Assert.NotEmpty(files);
        if (!IsInstalled(language.Command))
        {
            Assert.NotEqual("bash", language.Command);
            return;
        }
        var faults = new System.Collections.Concurrent.ConcurrentBag<string>();
        Parallel.ForEach(files, new ParallelOptions { MaxDegreeOfParallelism = 4 }, file =>
        {
            var (status, text) = Run(language.Command, [.. language.Arguments, Path.Combine(Repository.Root, file)]);
            if (status != 0) faults.Add($"{file}: {text}");
        });
        Expect.None(faults);
    }

    // Shell scripts here have no ending as a rule; their first line says what they are.
    private static bool IsBash(string file)
    {
        if (file.EndsWith(".sh", StringComparison.Ordinal)) return true;
        if (Path.GetExtension(file).Length > 0) return false;
        using var reader = new StreamReader(Path.Combine(Repository.Root, file));
        Span<char> start = stackalloc char[32];
        return start[..reader.Read(start)].StartsWith("#!/usr/bin/env bash", StringComparison.Ordinal);
    }

    private static bool IsInstalled(string command) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(':').Any(folder => File.Exists(Path.Combine(folder, command)));

    private static (int Status, string Text) Run(string command, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var error = process.StandardError.ReadToEndAsync();
        var text = process.StandardOutput.ReadToEnd() + error.Result;
        process.WaitForExit();
        return (process.ExitCode, text.Trim());
    }
}
