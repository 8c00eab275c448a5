using System.Diagnostics;

namespace WafOperator.Kubernetes.Tests.ApiServer;

/// <summary>
/// A program that ends with this process, however this process ends: a shell stands between and stops the program when
/// the pipe to us closes. Its output goes to a file.
/// </summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const string Guard = """
        exec 4<&0
        "$@" </dev/null >"$LOG" 2>&1 &
        program=$!
        ( read -r _ <&4; kill -TERM "$program" 2>/dev/null ) &
        guard=$!
        wait "$program"
        code=$?
        kill "$guard" 2>/dev/null
        exit "$code"
        """;

    private readonly Process _shell;

    private ChildProcess(Process shell, string log)
    {
        _shell = shell;
        LogPath = log;
    }

    public string LogPath { get; }

    public bool HasExited => _shell.HasExited;

    public static ChildProcess Start(string log, string program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("/bin/bash") { RedirectStandardInput = true, UseShellExecute = false };
        foreach (var argument in (IEnumerable<string>)["-c", Guard, "guard", program, .. arguments])
            start.ArgumentList.Add(argument);
        start.Environment["LOG"] = log;
        return new ChildProcess(Process.Start(start)!, log);
    }

    public string LogTail() =>
        File.Exists(LogPath) ? string.Join('\n', File.ReadLines(LogPath).TakeLast(15)) : "(no log)";

    public async ValueTask DisposeAsync()
    {
        _shell.StandardInput.Close();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            await _shell.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _shell.Kill(entireProcessTree: true);
        }

        _shell.Dispose();
    }
}
