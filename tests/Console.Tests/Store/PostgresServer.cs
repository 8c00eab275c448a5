using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace WafOperator.Console.Tests.Store;

/// <summary>
/// A PostgreSQL server of the tests' own: Debian's programs, a folder and a port that nobody else uses, run by a user
/// that is not root, which the server refuses.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private const string Programs = "/usr/lib/postgresql";
    private static readonly string? Bin = Directory.Exists(Programs)
        ? Directory.GetDirectories(Programs).Select(d => Path.Combine(d, "bin"))
            .Where(d => File.Exists(Path.Combine(d, "initdb"))).Order(StringComparer.Ordinal).LastOrDefault()
        : null;

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"waf-postgres-{Guid.NewGuid():N}");
    private int _databases;

    public int Port { get; private set; }

    public async Task InitializeAsync()
    {
        if (Bin is null)
            throw new InvalidOperationException("these tests need PostgreSQL: apt-get install postgresql");
        Port = FreePort();
        Directory.CreateDirectory(_folder);
        if (IsRoot) await RunAsync("chown", "postgres:postgres", _folder);
        await RunAsServerAsync("initdb", "-D", Data, "-A", "trust", "-U", "waf", "-E", "UTF8", "--locale=C",
            "--no-sync");
        await File.AppendAllTextAsync(
            Path.Combine(Data, "postgresql.conf"),
            string.Create(
                CultureInfo.InvariantCulture,
                $"\nport = {Port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\n"
                + $"max_connections = 60\n"));
        await StartAsync();
    }

    public async Task DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    public Task StartAsync() => RunAsServerAsync("pg_ctl", "-D", Data, "-w", "-t", "60", "-l", _folder + "/log",
        "start");

    /// <summary>As a crash would: connections break, nothing is flushed.</summary>
    public async Task StopAsync()
    {
        await RunAsServerAsync("pg_ctl", "-D", Data, "-w", "-m", "immediate", "stop");
        // Connections to the server that was are of no use to the next test.
        NpgsqlConnection.ClearAllPools();
    }

    /// <summary>Connection string of a new, empty database.</summary>
    public async Task<string> NewDatabaseAsync()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"waf{Interlocked.Increment(ref _databases)}");
        await using var connection = new NpgsqlConnection(To("postgres"));
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = $"create database {name}";
        await command.ExecuteNonQueryAsync();
        return To(name);
    }

    private static bool IsRoot => Environment.UserName == "root";

    private string Data => Path.Combine(_folder, "data");

    private string To(string database) => string.Create(
        CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={Port};Username=waf;Database={database};Timeout=10");

    private Task RunAsServerAsync(string program, params string[] arguments)
    {
        var path = Path.Combine(Bin!, program);
        return IsRoot
            ? RunAsync("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", path, .. arguments])
            : RunAsync(path, arguments);
    }

    private async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = "/" })!;
        await process.WaitForExitAsync();
        if (process.ExitCode == 0) return;
        var log = File.Exists(_folder + "/log") ? await File.ReadAllTextAsync(_folder + "/log") : "";
        throw new InvalidOperationException($"{program} ended with {process.ExitCode}\n{log}");
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
