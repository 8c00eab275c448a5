using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using WafOperator.Console.Outgoing;
using WafOperator.Console.Sinks;
using WafOperator.Protocols.Distribution;

namespace WafOperator.Console.Tests.Sinks;

/// <content>Lines over TLS.</content>
public sealed partial class SinkTests
{
    /// <summary>
    /// A server of TLS 1.3 sends tickets behind the handshake. Closing with them unread would reset the connection, and
    /// what the server has not read yet would be lost although it was counted as sent.
    /// </summary>
    [Fact]
    public async Task SyslogOverTls_LosesNothing_WhenTheServerReadsLate()
    {
        using var certificate = Certificate();
        var roots = Path.Combine(_folder, "ca.crt");
        await File.WriteAllTextAsync(roots, certificate.ExportCertificatePem());
        var sent = Enumerable.Range(0, 400).Select(_ => TestEvents.Attack()).ToArray();
        await _store.AddAsync(sent);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var receiving = Task.Run(async () =>
        {
            using var peer = await listener.AcceptTcpClientAsync();
            await using var secure = new SslStream(peer.GetStream());
            await secure.AuthenticateAsServerAsync(certificate, false, SslProtocols.Tls13, false);
            await Task.Delay(500);
            using var bytes = new MemoryStream();
            await secure.CopyToAsync(bytes);
            return Encoding.UTF8.GetString(bytes.ToArray());
        });
        using var session = new SinkSession(new Peer { Roots = new TrustedRoots(roots) });
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await Worker(Options(SinkKind.Syslog) with { Url = new Uri($"tls://127.0.0.1:{port}"), BatchMax = 1_000 })
            .SendSomeAsync(session, default);

        var received = await receiving;
        Assert.All(sent, e => Assert.Contains(e.Id, received, StringComparison.Ordinal));
    }

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=collector", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
