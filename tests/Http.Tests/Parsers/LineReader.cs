using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace WafOperator.Http.Tests.Parsers;

/// <summary>Readers of another language, in one process that answers a line for each body.</summary>
internal sealed class LineReader : IDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly Process _process;

    private LineReader(string program, params string[] arguments) =>
        _process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        })!;

    /// <summary>Where <c>./test</c> puts what npm installs.</summary>
    public static string NodeModules { get; } = Path.Combine(
        Environment.GetEnvironmentVariable("WAF_CACHE")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache/waf-operator"),
        "readers", "node_modules");

    /// <summary>Jars as Debian installs them.</summary>
    public static string[] Jars { get; } =
    [
        "/usr/share/java/commons-fileupload.jar", "/usr/share/java/commons-io.jar", "/usr/share/java/servlet-api.jar",
    ];

    public static LineReader Python() => new("python3", Script("parsers.py"));

    public static LineReader Node() => new("node", Script("readers.js"), NodeModules);

    public static LineReader Java() => new("java", "-cp", string.Join(':', Jars), Script("Readers.java"));

    /// <summary>What each of the readers for that type made of the body.</summary>
    public async Task<IReadOnlyList<ParsedForm?>> ReadAsync(string type, byte[] body)
    {
        var line = $"{Convert.ToBase64String(Encoding.Latin1.GetBytes(type))} {Convert.ToBase64String(body)}";
        await _process.StandardInput.WriteLineAsync(line);
        var answer = await _process.StandardOutput.ReadLineAsync()
            ?? throw new IOException($"{_process.StartInfo.FileName} has ended");
        return JsonSerializer.Deserialize<ParsedForm?[]>(answer, Json)!;
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    internal static string Script(string name) => Path.Combine(AppContext.BaseDirectory, "Parsers", name);
}

/// <summary>A test that needs a reader of another language, and says so where it is not there.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ReaderFactAttribute : FactAttribute
{
    public ReaderFactAttribute(string program)
    {
        var isThere = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .Any(folder => File.Exists(Path.Combine(folder, program)));
        string[] needed = program switch
        {
            "node" => [Path.Combine(LineReader.NodeModules, "busboy")],
            "java" => LineReader.Jars,
            _ => [],
        };
        var missing = isThere ? needed.FirstOrDefault(path => !Path.Exists(path)) : program;
        if (missing is not null) Skip = $"not run: needs {missing}, which ./test installs";
    }
}
