using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using WafOperator.Console.Access;
using WafOperator.Console.Api;

namespace WafOperator.Console.Tests.Api;

/// <summary>How much one caller may have asked at once, and for how long.</summary>
public sealed class QuestionRoomTests
{
    private static readonly IServiceProvider Services = new ServiceCollection().AddLogging().BuildServiceProvider();

    [Fact]
    public async Task AQuestionThatTakesTooLong_IsGivenUp_AndSaysWhatHelps()
    {
        await using var room = new QuestionRoom(TimeSpan.FromMilliseconds(50));
        var context = From("ann");
        var wasTold = false;
        await room.AskAsync(context, async asked =>
        {
            try
            {
                await Task.Delay(Timeout.Infinite, asked.RequestAborted);
            }
            finally
            {
                wasTold = asked.RequestAborted.IsCancellationRequested;
            }
        });

        Assert.Equal((503, true), (context.Response.StatusCode, wasTold));
        Assert.Equal("5", context.Response.Headers.RetryAfter.ToString());
        Assert.Contains("ask about less (from, to, namespace)", await DetailOf(context), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACallerWithManyQuestions_Waits_AndOthersAreAnswered()
    {
        await using var room = new QuestionRoom(TimeSpan.FromMinutes(5));
        var (begun, release) = (0, new TaskCompletionSource());
        async Task Slowly(HttpContext _)
        {
            Interlocked.Increment(ref begun);
            await release.Task;
        }

        var contexts = Enumerable.Range(0, QuestionRoom.AtOnceMax + QuestionRoom.WaitingMax)
            .Select(_ => From("ann")).ToList();
        var asking = contexts.ConvertAll(context => room.AskAsync(context, Slowly));
        var oneTooMany = From("ann");
        await room.AskAsync(oneTooMany, Slowly);
        var other = From("bob");
        await room.AskAsync(other, static _ => Task.CompletedTask);

        Assert.Equal(QuestionRoom.AtOnceMax, begun);
        Assert.Equal((429, 200), (oneTooMany.Response.StatusCode, other.Response.StatusCode));
        release.SetResult();
        await Task.WhenAll(asking);
        Assert.All(contexts, context => Assert.Equal(200, context.Response.StatusCode));
        Assert.Equal(contexts.Count, begun);
    }

    [Fact]
    public async Task WhoGoesAway_IsNotAnswered_AndLeavesTheirPlace()
    {
        await using var room = new QuestionRoom(TimeSpan.FromMinutes(5));
        for (var i = 0; i < 2 * QuestionRoom.AtOnceMax; i++)
        {
            using var gone = new CancellationTokenSource();
            var context = From("ann");
            context.RequestAborted = gone.Token;
            var asking = room.AskAsync(context, static asked => Task.Delay(Timeout.Infinite, asked.RequestAborted));
            await gone.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        }
    }

    private static DefaultHttpContext From(string user)
    {
        var context = new DefaultHttpContext { RequestServices = Services };
        context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(new MemoryStream()));
        ApiAccess.SetViewer(context, new Viewer(user, []));
        return context;
    }

    private static async Task<string> DetailOf(DefaultHttpContext context)
    {
        await context.Response.CompleteAsync();
        var body = (MemoryStream)context.Features.GetRequiredFeature<IHttpResponseBodyFeature>().Stream;
        using var problem = JsonDocument.Parse(Encoding.UTF8.GetString(body.ToArray()));
        return problem.RootElement.GetProperty("detail").GetString()!;
    }
}
