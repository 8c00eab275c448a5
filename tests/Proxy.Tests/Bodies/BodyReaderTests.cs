using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using WafOperator.Http;
using WafOperator.Proxy.Bodies;
using WafOperator.Proxy.Inspection;
using WafOperator.Proxy.Listening;

namespace WafOperator.Proxy.Tests.Bodies;

public sealed class BodyReaderTests : IDisposable
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(50);

    private readonly Pipe _pipe = new();
    private readonly CanonicalRequest _canonical = new();
    private readonly HeldBody _held = new(new FairBudget(1024 * 1024), 1);

    public void Dispose() => _held.Dispose();

    [Fact]
    public async Task Peek_ClientFallsSilent_WhatCameIsHeldAndTheRestCanStillBeRead()
    {
        await _pipe.Writer.WriteAsync("first"u8.ToArray());

        var reading = await ReadAsync(new BodyPlan(BodyHandling.Peek, 100));
        await _pipe.Writer.WriteAsync(" second"u8.ToArray());
        await _pipe.Writer.CompleteAsync();

        Assert.Equal(BodyReading.Paused, reading);
        Assert.Equal("first second", await ReplayAsync(rest: true));
    }

    [Fact]
    public async Task Peek_WithoutAnEndOfPatience_WaitsForTheRestOfTheWindow()
    {
        await _pipe.Writer.WriteAsync("first"u8.ToArray());

        var reading = BodyReader.ReadAsync(
            ContextOf(_pipe), new BodyPlan(BodyHandling.Peek, 100), _canonical, _held, peekMax: null).AsTask();
        Assert.NotSame(reading, await Task.WhenAny(reading, Task.Delay(5 * Moment)));
        await _pipe.Writer.WriteAsync(" second"u8.ToArray());
        await _pipe.Writer.CompleteAsync();

        Assert.Equal(BodyReading.Whole, await reading);
        Assert.Equal("first second", await ReplayAsync(rest: false));
    }

    [Theory]
    [InlineData(5, true)]
    [InlineData(4, false)]
    public async Task HoldOrRefuse_AtTheLimitAndOneBeyond(int limit, bool fits)
    {
        await _pipe.Writer.WriteAsync("12345"u8.ToArray());
        await _pipe.Writer.CompleteAsync();

        Assert.Equal(
            fits ? BodyReading.Whole : BodyReading.TooLong, await ReadAsync(new BodyPlan(BodyHandling.HoldOrRefuse, limit)));
    }

    [Fact]
    public async Task HoldThenStream_CutsWhereTheLimitIs()
    {
        await _pipe.Writer.WriteAsync("12345"u8.ToArray());
        await _pipe.Writer.CompleteAsync();

        Assert.Equal(BodyReading.Beginning, await ReadAsync(new BodyPlan(BodyHandling.HoldThenStream, 3)));
        Assert.Equal(3, _held.Length);
        Assert.Equal("12345", await ReplayAsync(rest: true));
    }

    [Fact]
    public void HeldBody_AnyWayOfCutting_GivesBackWhatWasTaken()
    {
        var random = new Random(17);
        for (var round = 0; round < 50; round++)
        {
            var budget = new FairBudget(10 * 1024 * 1024);
            using var held = new HeldBody(budget, 1);
            var bytes = new byte[random.Next(200_000)];
            random.NextBytes(bytes);
            for (var at = 0; at < bytes.Length;)
            {
                var count = Math.Min(random.Next(1, 40_000), bytes.Length - at);
                Assert.True(held.TryAppend(bytes.AsSpan(at, count)));
                at += count;
            }

            var back = new List<byte>();
            var buffer = new byte[random.Next(1, 50_000)];
            int taken;
            while ((taken = held.Take(buffer)) > 0) back.AddRange(buffer.AsSpan(0, taken));
            Assert.Equal(bytes, back);
            Assert.Equal(0, budget.Taken);
        }
    }

    [Fact]
    public void HeldBody_NotSentOn_ReturnsItsShareOfTheBudget()
    {
        var budget = new FairBudget(24_000);
        using (var held = new HeldBody(budget, 1))
        {
            Assert.True(held.TryAppend(new byte[10_000]));
            Assert.False(held.TryAppend(new byte[10_000]));
        }

        Assert.Equal(0, budget.Taken);
    }

    private ValueTask<BodyReading> ReadAsync(BodyPlan plan) =>
        BodyReader.ReadAsync(ContextOf(_pipe), plan, _canonical, _held, Moment);

    private static DefaultHttpContext ContextOf(Pipe pipe)
    {
        var context = new DefaultHttpContext();
        context.Features.Set<IRequestBodyPipeFeature>(new PipeFeature(pipe.Reader));
        return context;
    }

    private async Task<string> ReplayAsync(bool rest)
    {
        using var reader = new StreamReader(new ReplayStream(_held, rest ? _pipe.Reader.AsStream() : null), Encoding.ASCII);
        return await reader.ReadToEndAsync();
    }

    private sealed record PipeFeature(PipeReader Reader) : IRequestBodyPipeFeature;
}
