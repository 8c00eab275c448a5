using System.Globalization;
using System.Threading.RateLimiting;
using WafOperator.Console.Access;

namespace WafOperator.Console.Api;

/// <summary>
/// What one caller may have asked at once, and how long a question may take: intake and everybody else's questions
/// need the same database. Thread-safe.
/// </summary>
/// <param name="timeMax">Longest time of a question; the database is told to give it up then.</param>
public sealed class QuestionRoom(TimeSpan timeMax) : IAsyncDisposable
{
    /// <summary>Questions of one caller at once.</summary>
    public const int AtOnceMax = 4;

    /// <summary>Further ones that wait for them.</summary>
    public const int WaitingMax = 16;

    private readonly PartitionedRateLimiter<string> _callers = PartitionedRateLimiter.Create<string, string>(
        static name => RateLimitPartition.GetConcurrencyLimiter(name, static _ => new ConcurrencyLimiterOptions
        {
            PermitLimit = AtOnceMax, QueueLimit = WaitingMax, QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
        }));

    /// <summary>As long as pages and programs wait.</summary>
    public static TimeSpan DefaultTimeMax { get; } = TimeSpan.FromSeconds(20);

    /// <summary>Middleware behind signing in. What has a bound of its own (analyze) is left out.</summary>
    public async Task AskAsync(HttpContext context, RequestDelegate next)
    {
        if (ApiAccess.ViewerOf(context) is not Viewer viewer || context.Request.Path == "/api/v1/analyze")
        {
            await next(context);
            return;
        }

        var aborted = context.RequestAborted;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        patience.CancelAfter(timeMax);
        try
        {
            using var lease = await _callers.AcquireAsync(viewer.Name, 1, patience.Token);
            if (!lease.IsAcquired)
            {
                await RefuseAsync(context, 429, $"you may ask {AtOnceMax} questions at once; wait for their answers");
                return;
            }

            context.RequestAborted = patience.Token;
            await next(context);
        }
        catch (OperationCanceledException) when (!aborted.IsCancellationRequested && !context.Response.HasStarted)
        {
            context.RequestAborted = aborted;
            var words = string.Create(
                CultureInfo.InvariantCulture, $"the question took more than {timeMax.TotalSeconds} s");
            await RefuseAsync(context, 503, words + " and was given up: ask about less (from, to, namespace)");
        }
        finally
        {
            context.RequestAborted = aborted;
        }
    }

    public ValueTask DisposeAsync() => _callers.DisposeAsync();

    private static Task RefuseAsync(HttpContext context, int status, string words)
    {
        context.Response.Clear();
        context.Response.Headers.RetryAfter = "5";
        return ApiAccess.Problem(status, words).ExecuteAsync(context);
    }
}
