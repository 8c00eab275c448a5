using System.Diagnostics;
using System.Text.Json;

namespace WafOperator.Http.Tests.Parsers;

/// <summary>The parsers of Python's standard library, in one process that answers a line for each body.</summary>
internal sealed class PythonForms : IDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly Process _python = Process.Start(new ProcessStartInfo("python3", [Script("parsers.py")])
    {
        RedirectStandardInput = true, RedirectStandardOutput = true,
    })!;

    /// <summary>What each of the parsers read.</summary>
    public async Task<IReadOnlyList<ParsedForm?>> ReadAsync(MultipartMutant mutant)
    {
        var type = Convert.ToBase64String(System.Text.Encoding.Latin1.GetBytes(mutant.ContentType));
        await _python.StandardInput.WriteLineAsync($"{type} {Convert.ToBase64String(mutant.Body)}");
        var line = await _python.StandardOutput.ReadLineAsync() ?? throw new IOException("python3 has ended");
        return JsonSerializer.Deserialize<ParsedForm?[]>(line, Json)!;
    }

    public void Dispose()
    {
        _python.StandardInput.Close();
        _python.WaitForExit();
        _python.Dispose();
    }

    internal static string Script(string name) => Path.Combine(AppContext.BaseDirectory, "Parsers", name);
}
