using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using WafOperator.Protocols.Policies;

namespace WafOperator.Proxy.Tests.Sharing;

/// <summary>A real Redis on a port of this machine, in memory only, which tests stop, hold and start again.</summary>
internal sealed class RedisServer : IDisposable
{
    public const string Password = "a password of tests";

    private const string Program = "/usr/bin/redis-server";

    private readonly string _folder = Directory.CreateTempSubdirectory("waf-redis").FullName;
    private readonly bool _isEncrypted;
    private Process? _process;

    private RedisServer(bool isEncrypted)
    {
        _isEncrypted = isEncrypted;
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        Port = ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    public int Port { get; }

    /// <summary>Certificate of the server's authority, which is its own.</summary>
    public string? CaPem { get; private set; }

    public static async Task<RedisServer> StartAsync(bool isEncrypted = false)
    {
        Assert.True(File.Exists(Program), "these tests need redis-server: apt-get install redis-server");
        var server = new RedisServer(isEncrypted);
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>What sidecars are told of it.</summary>
    public RedisPolicy Policy(string password = Password) => new()
    {
        Servers = [$"localhost:{Port}"], Password = password, Tls = _isEncrypted, CaPem = CaPem,
        HashKey = Convert.ToBase64String(new byte[32]),
    };

    public async Task StartAgainAsync()
    {
        var port = Port.ToString(CultureInfo.InvariantCulture);
        var start = new ProcessStartInfo(Program) { RedirectStandardOutput = true };
        string[] where = _isEncrypted ? ["--port", "0", "--tls-port", port, .. Certificate()] : ["--port", port];
        foreach (var argument in (string[])[.. where, "--bind", "127.0.0.1", "--save", "", "--dir", _folder,
            "--requirepass", Password]) start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        _process.OutputDataReceived += static (_, _) => { };
        _process.BeginOutputReadLine();
        for (var i = 0; i < 200; i++)
        {
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, Port);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(50);
            }
        }

        Assert.Fail("redis-server did not open its port");
    }

    public void Stop()
    {
        if (_process is null) return;
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    /// <summary>The server keeps its connections and answers nothing.</summary>
    public void Hold() => Signal("-STOP");

    public void GoOn() => Signal("-CONT");

    public void Dispose()
    {
        Stop();
        Directory.Delete(_folder, recursive: true);
    }

    private void Signal(string signal)
    {
        using var kill = Process.Start("/bin/kill", [signal, _process!.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    private string[] Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var certificate = request.CreateSelfSigned(
            DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        CaPem = certificate.ExportCertificatePem();
        var (certificateFile, keyFile) = (Path.Combine(_folder, "tls.crt"), Path.Combine(_folder, "tls.key"));
        File.WriteAllText(certificateFile, CaPem);
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        return ["--tls-cert-file", certificateFile, "--tls-key-file", keyFile, "--tls-auth-clients", "no"];
    }
}
