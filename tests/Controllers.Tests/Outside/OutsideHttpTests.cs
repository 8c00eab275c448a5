using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Outside;

namespace WafOperator.Controllers.Tests.Outside;

/// <summary>Calls to servers that mean no good.</summary>
public sealed class OutsideHttpTests
{
    private static readonly OutsideLimits Quick = new()
    {
        SilenceMax = TimeSpan.FromMilliseconds(400), PaceMin = 4096, ConnectTimeMax = TimeSpan.FromSeconds(2),
        HeaderKibibytesMax = 8, AddressesMax = 4,
    };

    [Fact]
    public async Task AnAnswer_IsReadWhole_IntoMemoryAndIntoAFileThatGoes()
    {
        await using var server = await TestOutside.ServeAsync(c => c.Response.WriteAsync("a model package"));
        using var outside = TestOutside.Loopback(Quick, TestOutside.AddressOf(server));

        var read = await outside.Http.ReadAsync(Get(TestOutside.AddressOf(server)), default);
        var (answer, file) = await outside.Http.DownloadAsync(
            Get(TestOutside.AddressOf(server)), outside.Transport.Folder, default);

        Assert.Null(read.Problem);
        Assert.Equal("a model package"u8.ToArray(), read.Body.ToArray());
        Assert.Null(answer.Problem);
        Assert.Equal("a model package"u8.ToArray(), (await file!.ReadAllAsync(default)).ToArray());
        Assert.StartsWith("sha256:", file.Digest, StringComparison.Ordinal);
        await file.DisposeAsync();
        Assert.Empty(outside.Files);
    }

    [Theory]
    [InlineData("byte by byte")]
    [InlineData("headers and then nothing")]
    [InlineData("nothing at all")]
    public async Task AServerThatTrickles_EndsSoon_AndLeavesNoFile(string how)
    {
        await using var server = await TestOutside.ServeAsync(async context =>
        {
            var end = context.RequestAborted;
            if (how == "nothing at all") await Task.Delay(-1, end);
            await context.Response.StartAsync(end);
            for (; ; await Task.Delay(how == "byte by byte" ? 50 : -1, end))
            {
                await context.Response.WriteAsync("x", end);
                await context.Response.Body.FlushAsync(end);
            }
        });
        using var outside = TestOutside.Loopback(Quick, TestOutside.AddressOf(server));
        var clock = Stopwatch.StartNew();

        var (answer, file) = await outside.Http.DownloadAsync(
            Get(TestOutside.AddressOf(server)) with { TimeMax = TimeSpan.FromSeconds(2) }, outside.Transport.Folder,
            default);

        Assert.Equal(OutsideProblem.Unanswered, answer.Problem);
        Assert.Null(file);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        Assert.Empty(outside.Files);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AnAnswerWithoutEnd_IsCutAtItsBound(bool isDeclared)
    {
        await using var server = await TestOutside.ServeAsync(async context =>
        {
            if (isDeclared) context.Response.ContentLength = 1L << 40;
            var block = new byte[64 << 10];
            while (!context.RequestAborted.IsCancellationRequested)
                await context.Response.Body.WriteAsync(block, context.RequestAborted);
        });
        using var outside = TestOutside.Loopback(Quick, TestOutside.AddressOf(server));

        var answer = await outside.Http.ReadAsync(
            Get(TestOutside.AddressOf(server)) with { BytesMax = 200_000 }, default);

        Assert.Equal(OutsideProblem.TooLarge, answer.Problem);
        Assert.InRange(answer.Body.Length, 0, 200_000);
    }

    [Fact]
    public async Task ANameThatLeadsInside_IsNotConnectedTo_HoweverItIsWritten()
    {
        var asked = 0;
        await using var server = await TestOutside.ServeAsync(c =>
        {
            asked++;
            return Task.CompletedTask;
        });
        var port = new Uri(TestOutside.AddressOf(server)).Port;
        using var outside = TestOutside.With(OutsideRules.Parse(["*", $"*:{port}"], []), Quick);

        foreach (var host in new[]
        {
            "127.0.0.1", "localhost", "LOCALHOST", "2130706433", "0x7f.1", "017700000001", "127.1", "[::1]",
            "[::ffff:127.0.0.1]", "0.0.0.0",
        })
        {
            var answer = await outside.Http.ReadAsync(Get($"http://{host}:{port}/"), default);
            Assert.Equal((host, OutsideProblem.NotAllowed), (host, answer.Problem));
        }

        Assert.Equal(0, asked);
    }

    /// <summary>Open or closed, TLS or not, found or not: the same word, and the difference in the log.</summary>
    [Fact]
    public async Task WhatStandsAtAnAddress_CannotBeToldFromTheOutcome()
    {
        await using var server = await TestOutside.ServeAsync(context =>
        {
            context.Response.StatusCode = int.Parse(
                context.Request.Path.Value![1..], System.Globalization.CultureInfo.InvariantCulture);
            return Task.CompletedTask;
        });
        var address = TestOutside.AddressOf(server);
        var closed = $"127.0.0.1:{TestApiServer.FreePort()}";
        using var outside = TestOutside.Loopback(
            Quick, address, closed, "no-such-host.invalid", new Uri(address).Authority);
        string[] addresses =
        [
            $"{address}/400", $"{address}/401", $"{address}/403", $"{address}/404", $"{address}/500", $"{address}/302",
            $"http://{closed}/", address.Replace("http:", "https:", StringComparison.Ordinal),
            "http://no-such-host.invalid/",
        ];

        var answers = new List<OutsideAnswer>();
        foreach (var uri in addresses) answers.Add(await outside.Http.ReadAsync(Get(uri), default));

        Assert.All(answers, answer => Assert.Equal(
            (OutsideProblem.Unanswered, 0), (answer.Problem!.Value, answer.Body.Length)));
        Assert.Contains(outside.Lines, line => line.Contains("HTTP 404", StringComparison.Ordinal));
        Assert.Contains(outside.Lines, line => line.Contains("refused", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(addresses.Length, outside.Lines.Count);
    }

    [Fact]
    public async Task ARedirect_IsFollowedWhereAsked_CheckedAnew_WithoutTheCredentials()
    {
        string? seen = "never asked";
        await using var target = await TestOutside.ServeAsync(c =>
        {
            seen = c.Request.Headers.Authorization;
            return c.Response.WriteAsync("blob");
        });
        await using var first = await TestOutside.ServeAsync(c =>
        {
            c.Response.Redirect(TestOutside.AddressOf(target));
            return Task.CompletedTask;
        });
        using var both = TestOutside.Loopback(Quick, TestOutside.AddressOf(first), TestOutside.AddressOf(target));
        using var one = TestOutside.Loopback(Quick, TestOutside.AddressOf(first));
        var call = Get(TestOutside.AddressOf(first)) with { Authorization = "Bearer secret", RedirectsMax = 1 };

        Assert.Equal(OutsideProblem.NotAllowed, (await one.Http.ReadAsync(call, default)).Problem);
        Assert.Equal("never asked", seen);
        Assert.Equal(
            OutsideProblem.Unanswered, (await both.Http.ReadAsync(call with { RedirectsMax = 0 }, default)).Problem);
        Assert.Equal("never asked", seen);
        Assert.Equal("blob"u8.ToArray(), (await both.Http.ReadAsync(call, default)).Body.ToArray());
        Assert.Equal("", $"{seen}");
    }

    [Fact]
    public async Task ARedirectInACircle_Ends()
    {
        await using var server = await TestOutside.ServeAsync(c =>
        {
            c.Response.Redirect("/again");
            return Task.CompletedTask;
        });
        using var outside = TestOutside.Loopback(Quick, TestOutside.AddressOf(server));

        var answer = await outside.Http.ReadAsync(
            Get(TestOutside.AddressOf(server)) with { RedirectsMax = 3 }, default);

        Assert.Equal(OutsideProblem.Unanswered, answer.Problem);
    }

    [Fact]
    public async Task Credentials_NeverGoOverPlainHttpToAnotherMachine()
    {
        using var outside = TestOutside.With(OutsideRules.Default, Quick);

        var answer = await outside.Http.ReadAsync(
            Get("http://models.example/") with { Authorization = "Bearer secret" }, default);

        Assert.Equal(OutsideProblem.Insecure, answer.Problem);
    }

    [Fact]
    public async Task WhoeverEndsTheCall_EndsIt()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var address = $"127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
        using var outside = TestOutside.Loopback(new OutsideLimits(), address);
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => outside.Http.ReadAsync(Get($"http://{address}/"), stop.Token));
    }

    [Fact]
    public void EachProblem_HasWordsOfItsOwn_WithoutANumber() => Assert.All(
        Enum.GetValues<OutsideProblem>().Select(OutsideWords.Of), words => Assert.DoesNotContain(words, char.IsDigit));

    private static OutsideCall Get(string uri) => new(HttpMethod.Get, new Uri(uri), "a test");
}
