using System.Net;
using System.Net.Sockets;
using WafOperator.Models.Server.Tests.Endpoints;

namespace WafOperator.Models.Server.Tests.Hosting;

/// <summary>The program: what it says when it cannot start, and how it ends.</summary>
public sealed class ServerProgramTests
{
    [Theory]
    [InlineData(2, "there is nothing to serve")]
    [InlineData(2, "there is no folder /no/such/folder", "--models", "/no/such/folder")]
    [InlineData(2, "--public-key", "--models", ".", "--public-key", "/no/such/key")]
    [InlineData(3, "has no CUDAExecutionProvider here", "--models", ".", "--provider", "Cuda")]
    [InlineData(3, "has no TensorrtExecutionProvider here", "--models", ".", "--provider", "TensorRt")]
    [InlineData(3, "was not found at /no/such/library", "--models", ".", "--onnxruntime", "/no/such/library")]
    [InlineData(1, "none of the packages", "--models", ".")]
    public async Task ASettingThatCannotWork_EndsTheStartWithTheReason(
        int code, string reason, params string[] arguments)
    {
        using var server = ServerProcess.Start(arguments);

        Assert.Equal(code, await server.ExitAsync());
        Assert.Contains(reason, server.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APortThatIsTaken_EndsTheStartWithTheReason()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var address = new Uri($"http://{taken.LocalEndpoint}");
        using var server = ServerProcess.StartAt(address, "--models", ServerFixture.Packages);

        Assert.Equal(4, await server.ExitAsync());
        Assert.Contains("Choose another port", server.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AfterSigterm_WhatIsInFlightIsAnswered_AndTheProcessEndsWell()
    {
        using var server = ServerProcess.Start(
            "--models", ServerFixture.Packages, "--linger", "500ms", "--queue-delay-max", "5ms");
        await server.ReadyAsync();
        using var client = ServerFixture.Client(server.Address);
        var digest = ServerFixture.Package().Digest;
        var (answered, refused) = (0, 0);
        var load = Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            while (true)
            {
                try
                {
                    await CompactTests.AskAsync(client, digest, ["1 union select name from users", "hello"]);
                    Interlocked.Increment(ref answered);
                }
                catch (HttpRequestException failure)
                    when (failure.InnerException is HttpProtocolException { ErrorCode: 0 })
                {
                    // The connection ended while this was about to be sent on it: what it had taken was answered.
                }
                catch (HttpRequestException failure) when (failure.HttpRequestError is HttpRequestError.ConnectionError)
                {
                    // The port is closed: nothing was sent, so nothing was lost.
                    Interlocked.Increment(ref refused);
                    return;
                }
            }
        })).ToArray();
        await Task.Delay(300);

        server.Terminate();
        var ready = HttpStatusCode.OK;
        using (var probe = ServerFixture.Client(server.Address, http2: false))
        {
            while (ready is HttpStatusCode.OK)
                ready = (await probe.GetAsync(new Uri("/v2/health/ready", UriKind.Relative))).StatusCode;
        }

        Assert.Equal(0, await server.ExitAsync());
        // Each asks until it is refused.
        await Task.WhenAll(load).WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready);
        Assert.True(answered > 0);
        Assert.Equal(16, refused);
    }
}
