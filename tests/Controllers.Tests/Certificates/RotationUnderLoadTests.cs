using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using WafOperator.Controllers.Certificates;
using WafOperator.Operator.Host;

namespace WafOperator.Controllers.Tests.Certificates;

/// <summary>
/// Handshakes all the time while certificates and authorities change over three years: with the bundle of now, and
/// with one that is as old
/// as kubelets may leave it.
/// </summary>
public sealed class RotationUnderLoadTests
{
    private static readonly string[] Names = ["localhost"];
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task NoHandshakeFails_WithTheNewBundleOrTheOne_BeforeIt()
    {
        var serving = new ServingCertificate();
        var (state, _) = CertificateRotation.Next(null, Names, Start);
        serving.Update(CertificateSecretTests.Stored(state).Serving);
        var (bundles, now) = (new[] { state.Bundle, state.Bundle }, Start);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var stop = new CancellationTokenSource();
        var server = ServeAsync(listener, serving, stop.Token);
        var certificates = new HashSet<string>();
        var handshakes = 0;

        while (now < Start.AddDays(3 * 365))
        {
            (state, var again) = CertificateRotation.Next(state, Names, now);
            serving.Update(CertificateSecretTests.Stored(state).Serving);
            bundles = [bundles[1], state.Bundle];
            certificates.Add(state.Serving.CertificatePem);
            // A change is known to all when the next one comes, and not before.
            await Task.WhenAll(bundles.Select(bundle => ConnectAsync(listener, bundle, now)));
            handshakes += 2;
            now = again - now > TimeSpan.FromHours(1) ? again : now + CertificateRotation.Propagation;
        }

        await stop.CancelAsync();
        listener.Stop();
        await server;
        Assert.True(certificates.Count >= 12, $"{certificates.Count} certificates");
        Assert.True(handshakes >= 40, $"{handshakes} handshakes");
    }

    private static async Task ServeAsync(TcpListener listener, ServingCertificate serving, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync(stop);
                await using var stream = new SslStream(client.GetStream());
                await stream.AuthenticateAsServerAsync(
                    new SslServerAuthenticationOptions { ServerCertificate = serving.Current }, stop);
            }
        }
        catch (OperationCanceledException)
        {
            // The normal end.
        }
    }

    private static async Task ConnectAsync(TcpListener listener, string bundle, DateTimeOffset now)
    {
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        var chain = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck,
            VerificationTime = now.UtcDateTime,
        };
        chain.CustomTrustStore.ImportFromPem(bundle);
        await using var stream = new SslStream(client.GetStream());
        try
        {
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "localhost", CertificateChainPolicy = chain,
            });
        }
        catch (AuthenticationException failure)
        {
            Assert.Fail($"at {now:u}: {failure.Message}");
        }
    }
}
