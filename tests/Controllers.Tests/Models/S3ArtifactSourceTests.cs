using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using WafOperator.Controllers.Models;
using WafOperator.Controllers.Tests.Outside;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Resources.Models;

namespace WafOperator.Controllers.Tests.Models;

/// <summary>
/// s3:// against a server that answers only what botocore, Amazon's own client library, would have signed the same way.
/// Debian has no small S3 server.
/// </summary>
[Collection(ApiServerCollection.Name)]
public sealed class S3ArtifactSourceTests(TestApiServer server)
{
    private const string Library = "/usr/lib/python3/dist-packages/botocore/auth.py";
    private const string AccessKey = "waf-access";
    private const string SecretKey = "a secret/with+signs";

    [InstalledTheory(Library, "python3-botocore")]
    [InlineData("team%20a/gate-1.0.0.tar", null)]
    [InlineData("a+b/%C3%A9~%281%29/100%25.tar", null)]
    [InlineData("gate.tar", "a session/token+of==temporary keys")]
    public async Task Fetch_WithCredentialsOfASecret_IsSignedAsBotocoreSigns(string key, string? sessionToken)
    {
        var content = "a model package"u8.ToArray();
        await using var bucket = await BucketAsync(content, sessionToken);
        using var client = server.Client();
        var ns = await server.NamespaceAsync();
        await client.CreateAsync(
            BuiltIn.Secrets,
            new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["namespace"] = ns, ["name"] = "bucket",
                    ["annotations"] = new JsonObject { ["wafoperator.dev/host"] = "127.0.0.1" },
                },
                ["type"] = ArtifactCredentials.Marker,
                ["stringData"] = new JsonObject
                {
                    ["accessKey"] = AccessKey, ["secretKey"] = SecretKey, ["sessionToken"] = sessionToken,
                },
            },
            CancellationToken.None);
        using var outside = TestOutside.Loopback(null, AddressOf(bucket));
        var source = new S3ArtifactSource(outside.Transport, new ArtifactCredentials(client));
        var uri = new Uri($"s3://models/{key}?region=eu-west-1&endpoint={AddressOf(bucket)}");

        var signed = await source.FetchAsync(
            new WantedArtifact(uri, ns, new ModelArtifact { CredentialsSecret = "bucket" }, 1 << 20),
            CancellationToken.None);
        var unsigned = await source.FetchAsync(
            new WantedArtifact(uri, ns, new ModelArtifact(), 1 << 20), CancellationToken.None);

        Assert.Null(signed.Error);
        Assert.Equal(content, (await signed.Content!.ReadAsync(CancellationToken.None)).ToArray());
        Assert.DoesNotContain("403", unsigned.Error, StringComparison.Ordinal);
        Assert.Contains(outside.Lines, line => line.Contains("403", StringComparison.Ordinal));
    }

    /// <summary>One object behind a signature, checked with the keys above.</summary>
    private static async Task<WebApplication> BucketAsync(byte[] content, string? sessionToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(async context =>
        {
            var request = context.Request;
            // As it came, not as it was understood: what is signed are bytes.
            var path = context.Features.Get<IHttpRequestFeature>()!.RawTarget.Split('?')[0];
            var expected = await SignatureAsync($"http://{request.Host}{path}", request.Query, sessionToken);
            context.Response.StatusCode = request.Query["X-Amz-Signature"] == expected ? 200 : 403;
            if (context.Response.StatusCode == 200) await context.Response.Body.WriteAsync(content);
        });
        await app.StartAsync();
        return app;
    }

    private static string AddressOf(WebApplication app) => app.Services.GetRequiredService<IServer>().Features
        .Get<IServerAddressesFeature>()!.Addresses.First();

    /// <summary>The signature that botocore puts into the address of a GET at a time.</summary>
    private static async Task<string> SignatureAsync(string url, IQueryCollection query, string? sessionToken)
    {
        const string script = """
            import datetime, sys, urllib.parse
            import botocore.auth
            from botocore.awsrequest import AWSRequest
            from botocore.credentials import Credentials
            url, date, expires, access, secret, token = sys.argv[1:]
            class Then(datetime.datetime):
                @classmethod
                def utcnow(cls):
                    return datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ")
            botocore.auth.datetime.datetime = Then
            request = AWSRequest("GET", url)
            credentials = Credentials(access, secret, token or None)
            botocore.auth.S3SigV4QueryAuth(credentials, "s3", "eu-west-1", expires=int(expires)).add_auth(request)
            print(urllib.parse.parse_qs(urllib.parse.urlsplit(request.url).query)["X-Amz-Signature"][0])
            """;
        if (query["X-Amz-Date"].ToString() is not { Length: > 0 } date) return "none";
        using var process = Process.Start(new ProcessStartInfo(
            "/usr/bin/python3",
            ["-c", script, url, date, query["X-Amz-Expires"].ToString(), AccessKey, SecretKey, sessionToken ?? ""])
        {
            RedirectStandardOutput = true, StandardOutputEncoding = Encoding.UTF8,
        })!;
        var signature = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return signature.Trim();
    }
}
