using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using WafOperator.Console.Sinks;
using WafOperator.Outside;

namespace WafOperator.Console.Tests.Sinks;

/// <content>Authorities and certificates of Secrets.</content>
public sealed partial class WafSinkTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task LinesOverTls_AreForAServerOfTheAuthority_ThatKnowsOurCertificate(bool isItsAuthority)
    {
        await using var world = await SinkWorld.CreateAsync(server);
        using var theirs = Certificate("collector");
        using var ours = Certificate("console");
        using var other = Certificate("other");
        await world.SecretAsync(
            world.Shop, "authority", [("ca.crt", (isItsAuthority ? theirs : other).ExportCertificatePem())]);
        using var key = ours.GetECDsaPrivateKey()!;
        await world.SecretAsync(
            world.Shop, "own", [("tls.crt", ours.ExportCertificatePem()), ("tls.key", key.ExportECPrivateKeyPem())]);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var receiving = ReceiveAsync(listener, theirs);
        var spec = new JsonObject
        {
            ["protocol"] = "Syslog", ["format"] = "Rfc5424", ["url"] = $"tls://127.0.0.1:{port}",
            ["tls"] = new JsonObject { ["caSecret"] = "authority", ["clientCertificateSecret"] = "own" },
        };
        using var sink = await world.ObjectAsync(
            world.Shop, spec, TimeProvider.System, OutsideRules.Parse([$"127.0.0.1:{port}"], []));
        var e = TestEvents.Attack(DateTimeOffset.UtcNow.AddSeconds(2), world.Shop);
        await world.AddAsync(e);
        await sink.PassAsync(default);

        var (client, lines) = await receiving.WaitAsync(TimeSpan.FromSeconds(60));
        if (isItsAuthority) Assert.Equal(ours.Thumbprint, client);
        Assert.Equal(isItsAuthority, lines.Contains(e.Id, StringComparison.Ordinal));
        var status = (await world.StatusAsync(world.Shop))!;
        Assert.Equal(isItsAuthority ? "Delivering" : "Unanswered", ReasonOf(status, "Ready"));
    }

    private static async Task<(string? Client, string Lines)> ReceiveAsync(
        TcpListener listener, X509Certificate2 certificate)
    {
        using var peer = await listener.AcceptTcpClientAsync();
        await using var secure = new SslStream(peer.GetStream());
        try
        {
            await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
            {
                ServerCertificate = certificate, ClientCertificateRequired = true,
                EnabledSslProtocols = SslProtocols.Tls12,
                RemoteCertificateValidationCallback = (_, given, _, _) => given is not null,
            });
            using var bytes = new MemoryStream();
            await secure.CopyToAsync(bytes);
            var client = secure.RemoteCertificate as X509Certificate2;
            return (client?.Thumbprint, Encoding.UTF8.GetString(bytes.ToArray()));
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException)
        {
            return (null, "");
        }
    }

    private static X509Certificate2 Certificate(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(
            made.Export(X509ContentType.Pkcs12), null, X509KeyStorageFlags.Exportable);
    }
}
