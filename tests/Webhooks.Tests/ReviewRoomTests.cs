using System.Net;
using System.Net.Http.Headers;

namespace WafOperator.Webhooks.Tests;

/// <summary>Whoever reaches the webhook's port may send what he likes; it costs a bounded amount of memory.</summary>
public sealed class ReviewRoomTests
{
    private static readonly IPAddress Stranger = IPAddress.Parse("10.0.0.66");
    private static readonly IPAddress ApiServer = IPAddress.Parse("10.0.0.1");

    [Fact]
    public async Task OneAddress_LeavesAQuarterToOthers()
    {
        var room = new ReviewRoom(1_000, TimeProvider.System);
        using var greedy = room.For(Stranger);
        using var others = room.For(ApiServer);

        Assert.True(await greedy.TakeAsync(750, CancellationToken.None));
        Assert.False(await greedy.TakeAsync(1, CancellationToken.None));
        Assert.True(await others.TakeAsync(250, CancellationToken.None));
    }

    [Fact]
    public async Task WhoFindsNoRoom_GetsItWhenOthersAreDone()
    {
        var room = new ReviewRoom(1_000, TimeProvider.System);
        var first = room.For(Stranger);
        await first.TakeAsync(750, CancellationToken.None);
        using var second = room.For(Stranger);

        var waiting = second.TakeAsync(700, CancellationToken.None);
        first.Dispose();

        Assert.True(await waiting);
        Assert.Equal(700, room.Taken);
    }

    [Fact]
    public async Task AnyNumberOfReviews_StayWithinTheBoundAndGiveEverythingBack()
    {
        var room = new ReviewRoom(10_000, TimeProvider.System);
        var most = 0L;
        await Parallel.ForEachAsync(Enumerable.Range(0, 300), async (i, token) =>
        {
            using var share = room.For(new IPAddress(new byte[] { 10, 0, 0, (byte)(i % 7) }));
            for (var part = 0; part < 5; part++)
            {
                if (!await share.TakeAsync(500, token)) break;
                InterlockedMax(ref most, room.Taken);
                await Task.Yield();
            }
        });

        Assert.InRange(most, 1, 10_000);
        Assert.Equal(0, room.Taken);
    }

    /// <summary>Before, ten of these at once ended in OutOfMemoryException at the default limit.</summary>
    [Fact]
    public async Task AHundredReviewsOfEightMegabytes_AreRefusedAndOrdinaryOnesAnswered()
    {
        await using var server = await AdmissionServer.StartAsync(MemoryCache.WithShop());
        var large = new byte[8 << 20];
        Array.Fill(large, (byte)' ');
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var most = 0L;

        var refused = await Task.WhenAll(Enumerable.Range(0, 100).Select(async i =>
        {
            using var content = new StreamContent(new MemoryStream(large, writable: false));
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var request = new HttpRequestMessage(HttpMethod.Post, AdmissionEndpoints.PodsPath)
            {
                Content = content,
            };
            // Half of them do not say how long they are.
            if (i % 2 == 0) request.Headers.TransferEncodingChunked = true;
            try
            {
                using var response = await server.Client.SendAsync(request);
                InterlockedMax(ref most, GC.GetTotalMemory(forceFullCollection: false));
                return (int)response.StatusCode;
            }
            catch (HttpRequestException)
            {
                // Refused while it was still being sent.
                return 413;
            }
        }));
        var (status, _) = await server.PostAsync(AdmissionEndpoints.PodsPath, "{}");

        Assert.All(refused, code => Assert.Contains(code, new[] { 400, 408, 413, 429 }));
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.InRange(most - before, long.MinValue, 256L << 20);
    }

    private static void InterlockedMax(ref long most, long value)
    {
        long seen;
        while (value > (seen = Interlocked.Read(ref most))) Interlocked.CompareExchange(ref most, value, seen);
    }
}
