using System.Globalization;
using Microsoft.AspNetCore.Http;
using WafOperator.Models.Server.Batching;
using WafOperator.Models.Server.Repository;
using WafOperator.Models.Server.Telemetry;
using WafOperator.Protocols.Inference;

namespace WafOperator.Models.Server.Endpoints;

/// <summary>Inference calls: body in, rows into the queue, answer out. Thread-safe.</summary>
internal sealed class InferEndpoint(
    ModelRepository repository, BatchLoop loop, ServerMeters meters, EndpointSettings settings, TimeProvider time)
{
    private readonly BodyBuffers _bodies = new(settings.Limits);

    /// <summary>Bytes of bodies that are held now.</summary>
    public long HeldBytes => _bodies.Held;

    /// <exception cref="RefusedException">The request is not answered.</exception>
    public async Task HandleAsync(HttpContext http, string model, string? version)
    {
        var started = time.GetTimestamp();
        var deadline = DeadlineOf(http.Request);
        var priority = PriorityOf(http.Request);
        var lookup = repository.Acquire(model, version);
        if (lookup.Model is not { } served) throw new RefusedException(lookup.Error, lookup.Message!);
        try
        {
            using var body = await _bodies.ReadAsync(http.Request, http.RequestAborted);
            CallerCheck.CheckBody(http, body.Bytes);
            meters.Read(time.GetElapsedTime(started));
            var reading = time.GetTimestamp();
            var call = Prepare(http.Request, body.Bytes, served);
            var now = time.GetTimestamp();
            meters.Prepared(time.GetElapsedTime(reading, now));
            var wait = call.Timeout is { } named && named > TimeSpan.Zero && named < deadline ? named : deadline;
            var job = new InferenceJob(call.Parts, call.Priority ?? priority, now, started + Ticks(wait));
            await RunAsync(job, http.RequestAborted);
            await AnswerAsync(http, call.Answer(new CallTimes(
                time.GetElapsedTime(job.EnqueuedAt, job.TakenAt), time.GetElapsedTime(0, job.ComputedTicks))));
        }
        finally
        {
            served.Release();
        }
    }

    private async Task RunAsync(InferenceJob job, CancellationToken aborted)
    {
        loop.Enqueue(job);
        using var registration = aborted.UnsafeRegister(
            static state =>
            {
                var (loop, job) = ((BatchLoop, InferenceJob))state!;
                loop.Cancel(job);
            },
            (loop, job));
        var outcome = await job.Done;
        if (outcome.Error is { } error) throw new RefusedException(error, outcome.Message!);
    }

    private PreparedCall Prepare(HttpRequest request, ReadOnlyMemory<byte> body, ServedModel model)
    {
        var type = request.ContentType.AsSpan();
        var end = type.IndexOf(';');
        if (end >= 0) type = type[..end].TrimEnd();
        if (type.Equals(InferenceProtocol.CompactMediaType, StringComparison.OrdinalIgnoreCase))
        {
            return CompactWholeRequest.IsOne(body.Span)
                ? WholeRequestCall.Prepare(body.Span, model, settings.Batching)
                : CompactCall.Prepare(body.Span, model, settings.Limits, settings.Batching);
        }

        // Clients of V2 send what they like here, some nothing at all.
        var isJson = type.IsEmpty || type.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || type.Equals("application/octet-stream", StringComparison.OrdinalIgnoreCase)
            || type.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase);
        if (!isJson)
            throw new RefusedException(
                InferenceErrorCode.UnsupportedMediaType,
                    $"send application/json or {InferenceProtocol.CompactMediaType}");
        var v2 = V2RequestReader.Read(body, JsonLengthOf(request, body.Length), settings.Limits);
        if (model.Tokenizer is not null && v2.Inputs.Any(i => i.Name == WholeRequestCall.InputName))
            return WholeRequestCall.Prepare(v2, model, settings.Batching);
        return model.TakesValues && v2.Inputs.Any(i => i.Name == ValueCall.InputName)
            ? ValueCall.Prepare(v2, model, settings.Limits, settings.Batching)
            : TensorCall.Prepare(v2, model);
    }

    private async Task AnswerAsync(HttpContext http, CallAnswer answer)
    {
        var started = time.GetTimestamp();
        var response = http.Response;
        response.ContentType = answer.ContentType;
        response.ContentLength = answer.Body.Length;
        CallerCheck.Prove(http, answer.Body.Span);
        if (answer.JsonLength is { } length)
            response.Headers[InferenceProtocol.InferenceHeaderLength] = length.ToString(CultureInfo.InvariantCulture);
        await response.BodyWriter.WriteAsync(answer.Body, http.RequestAborted);
        meters.Wrote(time.GetElapsedTime(started));
        meters.Answered(null);
    }

    private static int JsonLengthOf(HttpRequest request, int bodyLength)
    {
        var text = (string?)request.Headers[InferenceProtocol.InferenceHeaderLength];
        if (text is null) return bodyLength;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            && length <= bodyLength
            ? length
            : throw RefusedException.Malformed(
                $"{InferenceProtocol.InferenceHeaderLength} is not a length within the body");
    }

    private TimeSpan DeadlineOf(HttpRequest request)
    {
        var text = (string?)request.Headers[InferenceProtocol.DeadlineHeader];
        if (text is null) return settings.Limits.WaitMax;
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds))
            throw RefusedException.Malformed($"{InferenceProtocol.DeadlineHeader} is not a number of microseconds");
        var most = settings.Limits.WaitMax;
        return microseconds < most.TotalMicroseconds ? TimeSpan.FromMicroseconds(microseconds) : most;
    }

    private static JobPriority PriorityOf(HttpRequest request) =>
        (string?)request.Headers[InferenceProtocol.PriorityHeader] switch
    {
        null or "0" => JobPriority.Deciding,
        "1" => JobPriority.Shadow,
        _ => throw RefusedException.Malformed($"{InferenceProtocol.PriorityHeader} is 0 or 1"),
    };

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
}

/// <summary>Bounds that the endpoints keep.</summary>
internal sealed record EndpointSettings(RequestLimits Limits, BatchLimits Batching);
