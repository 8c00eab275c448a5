using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using WafOperator.Protocols.Inference;
using WafOperator.Proxy.Models.Pool;

namespace WafOperator.Proxy.Tests.Models;

/// <summary>A sidecar shows the pool's key without sending it, and believes only who has it too.</summary>
public sealed class PoolLaneTests
{
    private const string Path = "/v2/models/m/versions/1.0.0/infer";
    private static readonly string Key = PoolAccess.KeyOf(new byte[32], "shop", "large");
    private static readonly string Foreign = PoolAccess.KeyOf(new byte[32], "other", "large");

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(true, false)]
    public async Task AnAnswer_IsBelieved_WhereItProvesTheKey(bool hasKey, bool proves)
    {
        var access = PoolAccess.Of([hasKey ? Key : Foreign])!;
        string? seen = null;
        await using var pool = await StartAsync(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            seen = context.Request.Headers[PoolAccess.CallHeader];
            var call = access.Read(seen, "POST", context.Request.Path.Value!, DateTimeOffset.UtcNow, out _);
            var answer = new byte[CompactResponse.SizeOf(1)];
            CompactResponse.Write(answer, [0.5f], TimeSpan.Zero, TimeSpan.Zero);
            if (call is not null) Assert.True(call.IsBody(body.ToArray()));
            if (call is not null && proves) context.Response.Headers[PoolAccess.AnswerHeader] = call.Answer(200,
                answer);
            context.Response.ContentLength = answer.Length;
            await context.Response.Body.WriteAsync(answer);
        });
        var url = new Uri(
            pool.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>()
            .Addresses.First());
        using var lane = new PoolLane(url, () => PoolAccess.Of([Key]), TimeProvider.System);

        var answer = await lane.AskAsync(new PoolCall(Path, [1, 2, 3], 1, true), TimeSpan.FromSeconds(5), default);

        Assert.Equal(hasKey && proves ? PoolOutcome.Answered : PoolOutcome.Refused, answer.Outcome);
        Assert.DoesNotContain(Key, seen!, StringComparison.Ordinal);
        var (status, page) = await lane.GetAsync("/v2/models/m", 1 << 20, default);
        Assert.Equal((HttpStatusCode.OK, null), (status, page));
    }

    private static async Task<WebApplication> StartAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http2));
        var web = builder.Build();
        web.Run(answer);
        await web.StartAsync();
        return web;
    }
}
